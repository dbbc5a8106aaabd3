"""The tools by which agents read issues and pull requests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from forges import FILES, SERVERS, Server, settings_for

from genloom.tools.effects import effect_of
from genloom.tools.scm.agent_tools import scm_tools


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with SERVERS[request.param](*FILES) as running:
        yield running


@pytest.fixture
def clone(server: Server, tmp_path: Path) -> Path:
    """A repository whose origin is the server's project, with a password in its address as CI machines leave it."""
    folder = tmp_path / "clone"
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    origin = server.origin.replace("http://", "http://ci:pass-word-1234@")
    subprocess.run(["git", "remote", "add", "origin", origin], cwd=folder, check=True)
    return folder


def ask(server: Server, clone: Path, name: str, **given: object) -> str:
    (tool,) = scm_tools(clone, settings=settings_for(server), only=[name])  # type: ignore[list-item]
    assert effect_of(tool) == "read"
    return str(tool.invoke(given))


def test_issues_and_pull_requests_are_read(server: Server, clone: Path) -> None:
    """Their text, their comments with who said them, the changed files, the diff; a subfolder of the clone does, too."""
    server.issues[0]["notes"] = [
        {"id": 5, "body": "Me too.", "user": {"login": "eve"}, "author": {"id": 4, "username": "eve"}}
    ]
    issue = ask(server, clone, "read_issue", number=3)
    for sign in ("It fails", "Here is how.", "bug", "eve", "Me too."):
        assert sign in issue
    overview = ask(server, clone, "read_pull_request", number=7)
    for sign in ("Add pairs", "Please look.", "from pairs to main", "added docs/naïve name.md", "deleted src/gone.py"):
        assert sign in overview
    (clone / "sub").mkdir()
    assert "+y = eval('1')" in ask(server, clone / "sub", "read_pull_request", number=7, part="diff")
    assert "no comments" in ask(server, clone, "read_pull_request", number=7, part="comments")
    assert "7: Add pairs (open)" in ask(server, clone, "list_pull_requests")
    listed = ask(server, clone, "list_issues")
    assert "3: It fails" in listed
    assert "7:" not in listed.partition("\n")[2], "a pull request is no issue"


def test_answers_are_bounded_and_hold_no_secret(server: Server, clone: Path) -> None:
    """Also where somebody pasted the very token that is used."""
    server.body = f"{server.token} AKIAIOSFODNN7EXAMPLE " + "x" * 200_000
    told = ask(server, clone, "read_pull_request", number=7)
    assert server.token not in told
    assert "AKIAIOSFODNN7EXAMPLE" not in told
    assert len(told) < 20_000
    server.files[0].patch = "@@ -0,0 +1,9000 @@\n" + "\n".join(["+y = 1"] * 9000)
    assert len(ask(server, clone, "read_pull_request", number=7, part="diff")) < 20_000


def test_what_cannot_be_read_is_an_answer_that_says_why(server: Server, clone: Path) -> None:
    """No such number, no token, no remote, another host; nothing of the remote's password."""
    assert "404" in ask(server, clone, "read_issue", number=99)
    kind = next(kind for kind, imitation in SERVERS.items() if isinstance(server, imitation))
    without = settings_for(server, **{f"{kind}_token": None})
    (tool,) = scm_tools(clone, settings=without, only=["read_issue"])
    assert f"GENLOOM_{kind.upper()}_TOKEN" in tool.invoke({"number": 3})
    elsewhere = settings_for(server, **{f"{kind}_url": None})
    (tool,) = scm_tools(clone, settings=elsewhere, only=["read_issue"])
    told = tool.invoke({"number": 3})
    assert "no code host that is known" in told
    assert "pass-word-1234" not in told
    subprocess.run(["git", "remote", "remove", "origin"], cwd=clone, check=True)
    assert "no remote named origin" in ask(server, clone, "read_issue", number=3)
    assert "no git repository" in ask(server, clone.parent, "read_issue", number=3)


@pytest.mark.parametrize("given", [{"number": "x"}, {"number": 0}, {}, {"number": 7, "path": "/etc/passwd"}])
def test_wrong_arguments_are_answers(server: Server, clone: Path, given: dict[str, object]) -> None:
    """Nothing is asked of the host."""
    assert ask(server, clone, "read_pull_request", **given).startswith("Not read: ")
    assert server.requests == ()


def test_everything_a_tool_asks_only_reads(server: Server, clone: Path) -> None:
    """The whole set, one after the other."""
    for tool in scm_tools(clone, settings=settings_for(server)):
        tool.invoke({"number": 3 if "issue" in tool.name else 7} if tool.name.startswith("read") else {})
    assert {request.method for request in server.requests} == {"GET"}
    assert json.dumps([request.target for request in server.requests]).count(server.token) == 0
