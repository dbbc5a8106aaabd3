"""`genloom review --diff` on real git history, and options that do not go together."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from genloom_program import Program

from genloom.testing import OpenAIServer

SCHEMA = json.loads((Path(__file__).parents[1] / "checks" / "sarif" / "sarif-schema-2.1.0.json").read_text())


def git(folder: Path, *arguments: str) -> None:
    nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        cwd=folder,
        env=nobody,
        capture_output=True,
        check=True,
    )


@pytest.fixture
def changed(program: Program) -> Program:
    """A repository whose last commit adds a call of eval, and whose work tree holds a new file."""
    folder = program.folder
    git(folder, "init", "-q", "-b", "main", ".")
    (folder / "sums.py").write_text("import json\n\n\ndef total(words):\n    return sum(int(word) for word in words)\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    (folder / "sums.py").write_text(
        "import json\n\n\ndef total(words):\n    return sum(eval(word) for word in words)\n"
    )
    git(folder, "commit", "-qam", "second")
    (folder / "fresh.py").write_text("def f(:\n")
    return program


def found(done: Any) -> set[tuple[str, str, int]]:
    return {(f["path"], f["rule"], f["line"]) for f in done.json["findings"]}


@pytest.mark.slow
def test_a_change_is_reviewed_in_every_form(changed: Program) -> None:
    """What the commit caused and what is new; not the unused import that stood before. From a folder below, too."""
    (changed.folder / "docs").mkdir()
    done = Program(changed.folder / "docs")("review", "--diff", "HEAD~1", "--json")
    assert done.code == 1
    assert {("sums.py", "capability:dynamic_code", 5), ("fresh.py", "syntax", 1)} <= found(done)
    assert not any(rule == "F401" for _, rule, _ in found(done))
    assert done.json["files"] == 2
    text = changed("review", "--diff", "HEAD~1")
    assert text.out.splitlines()[0].startswith("revise: 2 files, ")
    assert "sums.py:5" in text.out
    sarif = changed("review", "--diff", "HEAD~1", "--sarif").json
    jsonschema.validate(sarif, SCHEMA)
    assert {r["ruleId"] for r in sarif["runs"][0]["results"]} == {rule for _, rule, _ in found(done)}
    markdown = changed("review", "--diff", "HEAD~1", "--markdown")
    assert markdown.out.startswith("# Review: revise\n")
    assert "`sums.py`" in markdown.out


def test_nothing_changed_is_approved(changed: Program) -> None:
    (changed.folder / "fresh.py").unlink()
    done = changed("review", "--diff", "HEAD")
    assert (done.code, done.out) == (0, "approve: 0 files, 0 findings\n")


@pytest.mark.slow
def test_models_review_a_change_where_one_is_named(changed: Program) -> None:
    """By name, with what they say on a line of the change; `none` keeps the environment's out."""
    remark = {"path": "sums.py", "line": 1, "quote": "return sum(eval(word)", "severity": "error", "message": "Quux"}
    with OpenAIServer(lambda chat: json.dumps({"findings": [remark]})) as server:
        env = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-test-0123456789abcdef0123456789abcdef"}
        done = changed("review", "--diff", "HEAD~1", "--json", "--model", "openai:test-model", **env)
        assert len(server.chats) == 5
        assert ("sums.py", "model:correctness", 5) in found(done)
        assert "correctness" in done.json["reviewers"]
        changed("review", "--diff", "HEAD~1", "--model", "none", GENLOOM_MODEL="openai:test-model", **env)
        assert len(server.chats) == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--diff", "HEAD", "sums.py"), "go not together"),
        (("--diff", "HEAD", "--pr", "3"), "go not together"),
        (("--diff", "HEAD", "--post"), "--pr"),
        (("--json", "--markdown"), "go not together"),
        (("--diff", "nowhere"), "no revision 'nowhere'"),
        (("--diff", "main..HEAD"), "no single revision"),
        (("--diff", ""), "names no revision"),
        (("--pr", "0"), "0"),
    ],
)
def test_what_cannot_be_asked_exits_with_2(changed: Program, arguments: tuple[str, ...], said: str) -> None:
    """And says what to do instead."""
    done = changed("review", *arguments)
    assert done.code == 2
    assert said in done.err


def test_a_folder_without_git_is_told(program: Program) -> None:
    done = program("review", "--diff", "HEAD")
    assert done.code == 2
    assert "git" in done.err


def test_models_review_files_of_this_folder_alone(program: Program) -> None:
    """A path that leads out of it is refused, before any model is asked."""
    (program.folder.parent / "elsewhere.py").write_text("x = 1\n")
    done = program("review", "../elsewhere.py", "--model", "openai:test-model")
    assert done.code == 2
    assert "outside of this folder" in done.err


@pytest.mark.slow
def test_what_nobody_read_and_models_that_were_not_heard_are_no_approval(changed: Program) -> None:
    """The file is named, SARIF does not claim to be complete, and the head says that no model was heard."""
    (changed.folder / "fresh.py").unlink()
    (changed.folder / "evil.pth").write_text('import os; os.system("id")\n')
    done = changed("review", "--diff", "HEAD")
    assert done.code == 1
    assert "evil.pth" in done.out
    (run,) = changed("review", "--diff", "HEAD", "--sarif").json["runs"]
    assert [each["executionSuccessful"] for each in run["invocations"]] == [False]
    (changed.folder / "evil.pth").unlink()
    (changed.folder / "page.md").write_text("# Page\n")
    with OpenAIServer(["LGTM"] * 20) as server:
        env = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "k"}
        done = changed("review", "--diff", "HEAD", "--model", "openai:test-model", **env)
    assert done.code == 1
    assert done.out.splitlines()[0].startswith("revise: 1 file, ")
    assert done.out.splitlines()[0].endswith(", by programs alone")
    done = changed("review", "--diff", "HEAD", "--model", "none")
    assert done.code == 0
    assert "page.md" in done.out
