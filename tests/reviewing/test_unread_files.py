"""What nobody read is not approved: files that machines run, texts that are not at hand, models that were not heard."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from genloom import GraphContext
from genloom.graphs import build_review_graph
from genloom.state import Review
from genloom.state.diff import FileDiff
from genloom.state.review import UNHEARD
from genloom.testing import ScriptedChatModel

EVIL = "import os\nos.system(input())\n"


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
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main", ".")
    (tmp_path / "shop.py").write_text("def total(words):\n    return len(words)\n")
    (tmp_path / "tool").write_text("#!/bin/sh\n" + "echo one\n" * 20)
    (tmp_path / "moved.txt").write_text(EVIL)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def reviewed(folder: Path, model: Any = None) -> Review:
    graph = build_review_graph(model, reviewers=("security",) if model is not None else (), judge=False)
    given: Any = {"revision": "HEAD"}
    review: Review = graph.invoke(given, context=GraphContext(repository=str(folder)))["review"]
    return review


def unread(review: Review) -> dict[str, str]:
    return {finding.path: finding.severity for finding in review.findings if finding.rule == "unread"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("evil.pth", 'import os; os.system("id")\n'),
        ("run.sh", "echo hello\n"),
        ("page.js", "eval(name)\n"),
        ("play.ipynb", '{"cells": []}\n'),
        ("Makefile", "all:\n\trm -rf build\n"),
        (".github/workflows/test.yml", "on: push\n"),
        ("noext", "#!/bin/sh\necho hello\n"),
        ("notes.txt", "#!/usr/bin/env -S perl -w\nprint 1;\n"),
    ],
)
def test_a_new_file_that_machines_run_and_no_pass_reads_is_an_error(repository: Path, name: str, text: str) -> None:
    (repository / name).parent.mkdir(parents=True, exist_ok=True)
    (repository / name).write_text(text)
    review = reviewed(repository)
    assert unread(review) == {name: "error"}
    assert review.decision == "revise"


def test_a_changed_script_is_known_by_a_first_line_that_the_change_does_not_show(repository: Path) -> None:
    (repository / "tool").write_text("#!/bin/sh\n" + "echo one\n" * 19 + "echo two\n")
    assert unread(reviewed(repository)) == {"tool": "error"}


def test_python_without_an_ending_is_read_as_python(repository: Path) -> None:
    """By its first line, also where the change does not show that; what is harmless there is approved."""
    (repository / "start").write_text("#!/usr/bin/env python3\nexec(input())\n")
    review = reviewed(repository)
    assert ("start", "capability:dynamic_code", 2) in {(f.path, f.rule, f.line) for f in review.findings}
    (repository / "start").write_text("#!/usr/bin/env python3\nVALUE = 1\n")
    review = reviewed(repository)
    assert (review.decision, unread(review)) == ("approve", {})


def test_a_text_that_becomes_python_by_its_name_is_read(repository: Path) -> None:
    git(repository, "mv", "moved.txt", "moved.py")
    review = reviewed(repository)
    assert "capability:processes" in {finding.rule for finding in review.findings if finding.path == "moved.py"}
    assert review.decision != "approve"


def test_what_was_passed_over_is_named(repository: Path) -> None:
    """A page, a picture: no error, but nobody shall think that they were read."""
    (repository / "page.md").write_text("# Page\n")
    (repository / "logo.png").write_bytes(b"\x89PNG\0\0")
    review = reviewed(repository)
    assert (review.decision, review.findings) == ("approve", ())
    assert review.summary == "Looked through for secrets alone, read by nobody: logo.png, page.md."


def test_models_read_what_programs_do_not_where_they_are_heard_and_shown_all(repository: Path) -> None:
    """A line too long to be shown, a notebook, and a reviewer that answers prose leave a file unread."""
    (repository / "run.sh").write_text("echo hello\n")
    (repository / "page.md").write_text("# Page\n")
    heard = reviewed(repository, ScriptedChatModel(rule=lambda messages: {"findings": []}))
    assert (heard.decision, unread(heard), heard.summary) == ("approve", {}, "")
    (repository / "play.ipynb").write_text('{"cells": []}\n')
    (repository / "long.sh").write_text("echo " + "a" * 600 + "; id\n")
    partly = reviewed(repository, ScriptedChatModel(rule=lambda messages: {"findings": []}))
    assert unread(partly) == {"play.ipynb": "error", "long.sh": "error"}
    prose = reviewed(repository, ScriptedChatModel(rule=lambda messages: "LGTM"))
    assert unread(prose) == {"run.sh": "error", "play.ipynb": "error", "long.sh": "error"}


@pytest.mark.parametrize("texts", [{}, {"other.py": "x = 1\n"}, {"a.py": "x = 1\n"}])
def test_a_changed_text_that_is_not_at_hand_is_no_approval(texts: dict[str, str]) -> None:
    """Nor one that is another than the change speaks of; also where a model reads the changed lines."""
    diff = "--- a/a.py\n+++ b/a.py\n@@ -3 +3 @@\n-x = 1\n+x = exec(input())\n"
    for model in (None, ScriptedChatModel(rule=lambda messages: {"findings": []})):
        graph = build_review_graph(model, judge=False)
        review = graph.invoke({"diff": diff, "texts": texts})["review"]
        assert unread(review) == {"a.py": "error"}
        assert review.decision == "revise"


@pytest.mark.parametrize(
    ("name", "data"),
    [("nul.py", b"x = 1\0\n"), ("large.py", b"#\n" * 1_100_000), ("wide.py", EVIL.encode("utf-16"))],
)
def test_python_that_cannot_be_read_is_an_error(repository: Path, name: str, data: bytes) -> None:
    (repository / name).write_bytes(data)
    assert unread(reviewed(repository)) == {name: "error"}


def test_python_that_the_change_hides_is_an_error(repository: Path) -> None:
    """An attribute of the same change makes git tell no lines of it."""
    (repository / ".gitattributes").write_text("*.py -diff\n")
    (repository / "shop.py").write_text(EVIL)
    assert unread(reviewed(repository)) == {"shop.py": "error"}


@pytest.mark.parametrize(
    "data",
    [b"\xef\xbb\xbfimport os\n\nos.system(input())\n", b"# coding: latin-1\nimport os\n\nos.system(input())  # \xe9\n"],
)
def test_a_mark_at_the_start_and_another_encoding_switch_no_pass_off(repository: Path, data: bytes) -> None:
    path = repository / "old.py"
    path.write_bytes(data.replace(b"input()", b"'id'"))
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "second")
    path.write_bytes(data)
    review = reviewed(repository)
    assert unread(review) == {}
    assert "capability:processes" in {finding.rule for finding in review.findings}


def test_nothing_to_read_is_nothing_unread() -> None:
    """An empty file, one that goes, one that only moves: a change of their names alone."""
    diff = (
        "diff --git a/e.py b/e.py\nnew file mode 100644\n"
        "diff --git a/a.sh b/b.sh\nsimilarity index 100%\nrename from a.sh\nrename to b.sh\n"
        "diff --git a/g.sh b/g.sh\ndeleted file mode 100644\n--- a/g.sh\n+++ /dev/null\n@@ -1 +0,0 @@\n-echo\n"
    )
    review = build_review_graph().invoke({"diff": diff})["review"]
    assert (review.decision, unread(review), review.summary) == ("approve", {}, "")


def test_where_no_model_was_heard_nothing_is_approved() -> None:
    """One that is heard suffices; a single silent one is a warning, as before."""
    diff = "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-a\n+b\n"
    prose = build_review_graph(ScriptedChatModel(rule=lambda messages: "LGTM"), judge=False)
    review = prose.invoke({"diff": diff})["review"]
    assert review.decision == "revise"
    (error,) = [finding for finding in review.findings if finding.severity == "error"]
    assert error.rule == UNHEARD
    assert "by programs alone" in error.message
    some = ScriptedChatModel(rule=lambda m: {"findings": []} if "attack" in str(m[0].content).lower() else "LGTM")
    review = build_review_graph(some, judge=False).invoke({"diff": diff})["review"]
    assert 0 < len(review.reviewers) < 6
    assert review.decision == "approve"
    assert {finding.severity for finding in review.findings} == {"warning"}


def test_a_moved_file_of_another_kind_counts_as_new() -> None:
    """Its old text was no Python: nothing of it stood there before as code."""
    file = FileDiff(path="a.py", old_path="a.txt", change="renamed")
    diff = "diff --git a/a.txt b/a.py\nsimilarity index 100%\nrename from a.txt\nrename to a.py\n"
    review = build_review_graph().invoke({"diff": diff})["review"]
    assert unread(review) == {file.path: "error"}
