"""`genloom review --pr N [--post]`: the real program against imitations of both hosts on loopback."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from forge_imitation import Account, ImitatedFile
from forges import SERVERS, Server

from genloom.errors import CredentialError, UsageError
from genloom.interfaces.cli.ending import end_of
from genloom.interfaces.cli.review_pull_request import review_pull_request
from genloom.interfaces.cli.signals import Stops
from genloom.testing import Fault, OpenAIServer
from genloom.testing.exchange import RecordedRequest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))  # where the program's own tests have it
from genloom_program import Program

PATCH = '@@ -1,3 +1,4 @@\n import re\n \n-x = 1\n+x = eval("1")\n+print(re, x)'
FILES = (
    ImitatedFile("src/pairs.py", PATCH, 'import re\n\nx = eval("1")\nprint(re, x)\n'),
    ImitatedFile("logo.png", None, ""),
)
GOOD = (ImitatedFile("docs/a.md", "@@ -0,0 +1,1 @@\n+# Title", "# Title\n", status="added"),)


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with SERVERS[request.param](*FILES) as running:
        yield running


@pytest.fixture
def clone(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty clone, the current folder, with the server's token in the environment."""
    folder = tmp_path / "clone"
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    subprocess.run(["git", "remote", "add", "origin", server.origin], cwd=folder, check=True)
    kind = next(kind for kind, imitation in SERVERS.items() if isinstance(server, imitation))
    monkeypatch.setenv(f"GENLOOM_{kind.upper()}_URL", server.base_url)
    monkeypatch.setenv(f"{kind.upper()}_TOKEN", server.token)
    monkeypatch.chdir(folder)
    return folder


def test_without_post_the_review_is_printed_and_nothing_changes(
    server: Server, clone: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With what would be posted, and what was not looked at."""
    assert review_pull_request(7) == 1
    out = capfd.readouterr().out
    assert "revise: 2 files, " in out
    assert "read by nobody: logo.png" in out
    assert "src/pairs.py:3" in out
    assert "note: The host shows no changed lines" in out
    assert "not posted: " in out
    assert "--post posts them" in out
    assert {request.method for request in server.requests} == {"GET"}


def test_a_review_is_posted_once(server: Server, clone: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With its findings on their lines; a second run finds all of it there, and says so also without posting."""
    assert review_pull_request(7, post=True, as_json=True) == 1
    first = json.loads(capfd.readouterr().out)
    assert first["decision"] == "revise"
    assert first["posted"] == {"new": first["comments"], "refused": 0, "summary": "created"}
    assert first["comments"] >= 1
    assert first["pull_request"]["number"] == 7
    assert any("dynamic_code" in html.unescape(comment["body"]) for comment in server.comments)
    assert len(server.notes) == 1
    assert "logo.png" in server.notes[0]["body"]
    before = (len(server.comments), len(server.notes))
    assert review_pull_request(7, post=True, as_json=True) == 1
    again = json.loads(capfd.readouterr().out)
    assert again["posted"] == {"new": 0, "refused": 0, "summary": "unchanged"}
    assert again["already_posted"] == first["comments"]
    assert review_pull_request(7) == 1
    assert "there already" in capfd.readouterr().out
    assert (len(server.comments), len(server.notes)) == before


def test_a_good_change_is_approved_and_told_so(server: Server, clone: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """There is a summary, so that people see that somebody looked."""
    server.files[:] = GOOD
    assert review_pull_request(7, post=True, markdown=True) == 0
    printed = capfd.readouterr()
    assert "approve" in printed.out
    assert "posted: 0 new comments on lines" in printed.err
    assert "### genloom review: approve" in server.notes[0]["body"]


def test_sarif_has_the_findings_with_their_lines(
    server: Server, clone: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing but SARIF on standard output; it does not claim to be complete where a file was not shown."""
    assert review_pull_request(7, sarif=True) == 1
    sarif = json.loads(capfd.readouterr().out)
    places = [result["locations"][0]["physicalLocation"] for result in sarif["runs"][0]["results"]]
    assert ("src/pairs.py", 3) in {(p["artifactLocation"]["uri"], p.get("region", {}).get("startLine")) for p in places}


def test_python_of_which_the_host_shows_no_lines_is_no_approval(
    server: Server, clone: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Too large, or hidden by an attribute of the same change: SARIF does not claim to be complete either."""
    server.files[:] = [*GOOD, ImitatedFile("src/big.py", None, "eval(input())\n")]
    assert review_pull_request(7, sarif=True) == 1
    (run,) = json.loads(capfd.readouterr().out)["runs"]
    assert [(each["ruleId"], each["level"]) for each in run["results"]] == [("unread", "error")]
    assert run["invocations"][0]["executionSuccessful"] is False


def test_house_rules_are_those_that_lie_here(server: Server, clone: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Not those that the pull request brings along; a named file may loosen."""
    loose = ImitatedFile(".genloom/policy.toml", '@@ -0,0 +1 @@\n+granted = ["dynamic_code"]', "", status="added")
    server.files.append(loose)
    assert review_pull_request(7) == 1
    (clone / "house.toml").write_text('granted = ["dynamic_code"]\n[rules]\n"S*" = "note"\n')
    capfd.readouterr()
    assert review_pull_request(7, policy="house.toml") == 0


def test_what_a_model_says_is_posted_inert(
    server: Server, clone: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It read the change, which may have told it what to write: it calls nobody, and carries no secret out."""
    hostile = f"@octocat see https://evil.example <!-- genloom:review --> token {server.token}"
    found = {"path": "src/pairs.py", "line": 4, "quote": "print(re, x)", "severity": "warning", "message": hostile}
    with OpenAIServer(lambda _: json.dumps({"findings": [found]})) as model:
        monkeypatch.setenv("OPENAI_BASE_URL", model.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef0123456789abcdef")
        review_pull_request(7, post=True, model="openai:test-model")
        prompts = json.dumps(model.chats)
    assert "print(re, x)" in prompts
    assert server.token not in prompts
    told = "".join(item["body"] for item in [*server.comments, *server.notes])
    assert "see https" in told
    assert not re.search(r"@\w|://", told)
    assert server.token not in told + "".join(capfd.readouterr())


def test_commits_that_come_while_the_model_reads_are_told(
    server: Server, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is posted then."""

    def pushing(_: object) -> str:
        server.push("d" * 40)
        return json.dumps({"findings": []})

    with OpenAIServer(pushing) as model:
        monkeypatch.setenv("OPENAI_BASE_URL", model.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef0123456789abcdef")
        with pytest.raises(UsageError, match="nothing was posted"):
            review_pull_request(7, post=True, model="openai:test-model")
    assert (server.comments, server.notes) == ([], [])


@pytest.mark.parametrize("form", ["text", "json", "sarif", "markdown"])
def test_a_review_that_cannot_be_posted_is_printed(
    server: Server, clone: Path, form: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is made, and models may have been paid for it; as JSON it comes with the error, as one object."""
    server.accounts[server.token] = Account(1, "reader", writes=False)
    with pytest.raises(CredentialError) as told:
        review_pull_request(7, post=True, as_json=form == "json", sarif=form == "sarif", markdown=form == "markdown")
    out = capfd.readouterr().out
    if form == "json":
        assert out == ""
        code, _ = end_of(told.value, ["review", "--pr", "7", "--json"], Stops())
        shown = json.loads(capfd.readouterr().out)
        assert (code, shown["outcome"], shown["decision"], shown["posted"]) == (3, "error", "revise", None)
        assert "src/pairs.py" in {finding["path"] for finding in shown["findings"]}
    elif form == "sarif":
        assert json.loads(out)["runs"][0]["results"]
    else:
        assert "src/pairs.py" in html.unescape(out)
        assert ("not posted, or not all of it" in out) == (form == "text")


def test_a_host_that_does_not_tell_what_is_posted_keeps_no_review_back(
    server: Server, clone: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without --post, what is there already is one number less."""

    def untold(request: RecordedRequest) -> Fault | None:
        asked = request.target.partition("?")[0]
        return Fault(status=403) if asked.endswith(("/comments", "/discussions")) else None

    server.set_faults(untold)
    assert review_pull_request(7) == 1
    told = capfd.readouterr()
    assert "src/pairs.py:3" in told.out
    assert "could not be looked up" in told.err


@pytest.mark.slow
@pytest.mark.parametrize("server", ["github"], indirect=True)
def test_the_program_ends_with_the_right_exit_code_and_no_token(server: Server, clone: Path) -> None:
    """3 without a token, or with one that may not write; 2 for a number that is not there; 1 for a review that asks for
    changes."""
    token, program = server.token, Program(clone)
    without = program("review", "--pr", "7", GITHUB_TOKEN="")
    assert (without.code, "GENLOOM_GITHUB_TOKEN" in without.err) == (3, True)
    missing = program("review", "--pr", "99", "--json")
    assert (missing.code, missing.json["outcome"]) == (2, "error")
    posted = program("review", "--pr", "7", "--post")
    assert posted.code == 1
    assert "posted: " in posted.out
    server.accounts[token] = Account(1, "reader", writes=False)
    server.notes.clear()
    refused = program("review", "--pr", "7", "--post", GENLOOM_DEBUG="0")
    assert refused.code == 3
    for done in (without, missing, posted, refused):
        assert token not in done.out + done.err
