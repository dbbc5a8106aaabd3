"""An agent's draft: its result, else its pull request's diff, else why there is none. GitHub is imitated on loopback."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from github_server import GitHubServer

from genloom.config import load_settings
from genloom.errors import AgentError, UsageError
from genloom.state import AgentRun, Draft, GenerationRequest, NotRun
from genloom.testing import Fault
from genloom.tools.codegen import Pacing, agent_draft
from genloom.tools.codegen.drafts.pull_request import FETCH_PACING, PullRequest, fetch_diff, find_pull_request

TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
MODULE = "def double(x):\n    return x * 2\n"
DIFF = (
    "diff --git a/pkg/double.py b/pkg/double.py\nindex 1..2 100644\n--- a/pkg/double.py\n+++ b/pkg/double.py\n"
    "@@ -1,2 +1,2 @@\n def double(x):\n-    return x\n+    return x * 2\n"
    "diff --git a/pkg/more.py b/pkg/more.py\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/pkg/more.py\n"
    "@@ -0,0 +1 @@\n+FACTOR = 2\n"
)
REQUEST = GenerationRequest(prompt="double a number", name="double", examples=("double(2) == 4",))


def settings_for(server: GitHubServer | None, token: str | None = None) -> Any:
    env = {"GENLOOM_HOME": "/nonexistent"}
    if server is not None:
        env["GENLOOM_GITHUB_URL"] = server.base_url
    if token is not None:
        env["GENLOOM_GITHUB_TOKEN"] = token
    return load_settings(env)


def run_with(*pull_requests: str, result: str | None = "I opened a pull request.") -> AgentRun:
    return AgentRun(id=3, status="completed", result=result, web_url="https://x/3", pull_requests=pull_requests)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that the diff was made for."""
    folder = tmp_path / "repository"
    (folder / "pkg").mkdir(parents=True)
    (folder / "pkg" / "__init__.py").write_text("")
    (folder / "pkg" / "double.py").write_text("def double(x):\n    return x\n")
    return folder


async def test_a_module_in_the_result_comes_before_the_pull_request(repository: Path) -> None:
    """GitHub is not even asked."""
    with GitHubServer(DIFF) as server:
        run = run_with(server.pull_request, result=MODULE)
        draft = await agent_draft(run, REQUEST, settings=settings_for(server), repository=repository)
        assert isinstance(draft, Draft)
        assert draft.source == MODULE
        assert server.requests == ()


async def test_else_the_pull_requests_diff_is_the_draft(repository: Path) -> None:
    """Both files, the changed one against the hash of what is there, with the token sent to that server."""
    with GitHubServer(DIFF, token=TOKEN) as server:
        run = run_with(server.pull_request, "https://github.com/o/r/pull/8")
        draft = await agent_draft(run, REQUEST, settings=settings_for(server, TOKEN), repository=repository)
        assert isinstance(draft, Draft)
        assert [(change.path, change.base_sha256 is None) for change in draft.changes] == [
            ("pkg/double.py", False),
            ("pkg/more.py", True),
        ]
        assert draft.generator == "agent"
        assert any(server.pull_request in note for note in draft.notes)
        assert any("pull/8" in note and "no part" in note for note in draft.notes)


NO_DRAFT = {
    "no pull request": ((), None, "not one Python module"),
    "elsewhere": (("https://gitlab.com/o/r/-/merge_requests/1",), None, "no server that is asked"),
    "look-alike": (("https://github.com.evil.example/o/r/pull/1",), None, "no server that is asked"),
    "no token": (("",), Fault(status=404), "answered 404"),
    "web page": (("",), Fault(body="<html>"), "is no diff"),
    "redirect": (("",), Fault(status=301, headers={"Location": "https://elsewhere.example"}), "sends elsewhere"),
    "too large": (("",), Fault(status=406), "too large"),
}


@pytest.mark.parametrize(("links", "fault", "words"), NO_DRAFT.values(), ids=NO_DRAFT)
async def test_otherwise_the_link_is_what_is_left(
    links: tuple[str, ...], fault: Fault | None, words: str, repository: Path
) -> None:
    """NotRun says why, and where the work is."""
    with GitHubServer(DIFF, faults=lambda _: fault) as server:
        run = run_with(*(link or server.pull_request for link in links))
        found = await agent_draft(run, REQUEST, settings=settings_for(server), repository=repository)
        assert isinstance(found, NotRun)
        assert found.cause == "no_draft"
        assert words in found.reason
        assert (run.pull_requests[0] if links else "https://x/3") in found.hint
        assert len(server.requests) <= 1


async def test_a_stale_pull_request_is_told_as_such(repository: Path) -> None:
    """The repository has moved on: no draft, and the link."""
    (repository / "pkg" / "double.py").write_text("def double(y):\n    return y\n")
    with GitHubServer(DIFF) as server:
        found = await agent_draft(
            run_with(server.pull_request), REQUEST, settings=settings_for(server), repository=repository
        )
        assert isinstance(found, NotRun)
        assert found.cause == "stale"
        assert server.pull_request in found.hint


@pytest.mark.parametrize("fault", [Fault(status=502), Fault(cut=True), Fault(truncate=True), Fault(status=429)])
async def test_transient_failures_are_tried_again_a_few_times(fault: Fault, pace: Pacing) -> None:
    """Once does no harm; for ever ends in three tries."""
    quick = replace(pace, attempts=3)
    with GitHubServer(DIFF, faults=[fault]) as server:
        request = find_pull_request(server.pull_request, settings_for(server))
        assert request is not None
        assert await fetch_diff(request, settings_for(server), pacing=quick) == DIFF
    with GitHubServer(DIFF, faults=lambda _: fault) as server:
        request = find_pull_request(server.pull_request, settings_for(server))
        assert request is not None
        with pytest.raises(AgentError, match="could not be read"):
            await fetch_diff(request, settings_for(server), pacing=quick)
        assert len(server.requests) == 3
    assert FETCH_PACING.attempts == 3


async def test_a_diff_without_end_is_cut_off_and_odd_bytes_are_told() -> None:
    """More than 4 MB and bytes that are no text end as typed errors."""
    for content, words in ((b"x" * (5 << 20), "longer than"), (b"\xff\xfe", "not UTF-8")):
        with GitHubServer(content) as server:
            request = find_pull_request(server.pull_request, settings_for(server))
            assert request is not None
            with pytest.raises(AgentError, match=words):
                await fetch_diff(request, settings_for(server))


async def test_the_token_is_in_no_error_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """With every logger at its chattiest."""
    caplog.set_level(logging.DEBUG)
    with GitHubServer(DIFF, token="another") as server:
        settings = settings_for(server, TOKEN)
        request = find_pull_request(server.pull_request, settings)
        assert request is not None
        with pytest.raises(AgentError) as caught:
            await fetch_diff(request, settings)
        assert server.requests[0].authorization == f"Bearer {TOKEN}"
    assert TOKEN not in f"{caught.value.message}{caught.value.hint}{settings!r}{caplog.text}"
    assert "GENLOOM_GITHUB_TOKEN" in caught.value.hint


def test_addresses_of_pull_requests() -> None:
    """github.com's API and an Enterprise server's; nothing but a pull request's own path."""
    settings = load_settings({"GENLOOM_HOME": "/x", "GENLOOM_GITHUB_URL": "https://git.example.com/"})
    public = find_pull_request("https://github.com/octo/re.po/pull/12/files", settings)
    assert public == PullRequest(root="https://github.com", owner="octo", repository="re.po", number=12)
    assert public.api_url == "https://api.github.com/repos/octo/re.po/pulls/12"
    own = find_pull_request("https://git.example.com/octo/repo/pull/3", settings)
    assert own is not None
    assert own.api_url == "https://git.example.com/api/v3/repos/octo/repo/pulls/3"
    for url in (
        "http://github.com/o/r/pull/1",
        "https://github.com/o/../pull/1",
        "https://github.com/o/r/pull/1?x=1",
        "https://github.com/o/r/issues/1",
        "https://user@github.com/o/r/pull/1",
        "https://github.com@evil.example/o/r/pull/1",
        "https://git.example.com.evil/o/r/pull/1",
        "/o/r/pull/1",
        "",
    ):
        assert find_pull_request(url, settings) is None, url


@pytest.mark.parametrize("url", ["http://git.example.com", "https://user:pw@git.example.com", "git.example.com"])
def test_an_unusable_server_is_refused_without_showing_it(url: str) -> None:
    """No token goes over the network in the clear."""
    with pytest.raises(UsageError) as caught:
        find_pull_request("https://x/o/r/pull/1", load_settings({"GENLOOM_HOME": "/x", "GENLOOM_GITHUB_URL": url}))
    assert "pw" not in caught.value.message
