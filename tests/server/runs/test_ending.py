"""How a leg's end is told: what the result is worth first, and a diff that can be applied."""

from __future__ import annotations

from pathlib import Path

import pytest

from genloom.errors import ModelError, RequestError
from genloom.interfaces.result import GenerationResult
from genloom.interfaces.server.runs.ending import MAX_DIFF, diff_of, ending_of, failed_by
from genloom.interfaces.told import sentences
from genloom.state import Draft, FileChange, Passed


def draft(path: str, content: str | None) -> Draft:
    return Draft(changes=(FileChange(path=path, content=content),), generator="model", name="net")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 1\nb = 2\n", "a = 1\nb = 3\n"),
        ("a = 1", "a = 2\n"),
        ("a = 1\n", "a = 1"),
        (None, "new = True\n"),
        ("gone = True\n", None),
        ("x = '\x0c'\ny = 1\n", "x = '\x0c'\ny = 2\n"),
        ("r = 1\r\ns = 2\r\n", "r = 1\r\ns = 3\r\n"),
    ],
)
def test_git_applies_the_diff(tmp_path: Path, git, before: str | None, after: str | None) -> None:
    file = tmp_path / "pkg" / "prices.py"
    file.parent.mkdir()
    if before is not None:
        file.write_bytes(before.encode())
    (tmp_path / "the.diff").write_bytes(diff_of(draft("pkg/prices.py", after), tmp_path).encode())
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "apply", "--whitespace=nowarn", "the.diff")
    assert (file.read_bytes().decode() if file.exists() else None) == after


def test_a_link_that_leads_out_of_the_repository_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret\n")
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "prices.py").symlink_to(tmp_path / "secret")
    assert "the secret" not in diff_of(draft("prices.py", "a = 1\n"), repository)
    assert "the secret" not in diff_of(draft("../secret", "a = 1\n"), repository)


def test_a_diff_is_bounded(tmp_path: Path) -> None:
    assert len(diff_of(draft("a.py", "x = 1\n" * MAX_DIFF), tmp_path)) < MAX_DIFF + 20


@pytest.mark.parametrize(
    ("outcome", "status", "begins"),
    [
        ("passed", "completed", "Passed:"),
        ("unverified", "completed", "Unverified: nothing proves this code."),
        ("failed", "failed", "Failed:"),
        ("needs_model", "failed", "Needs model:"),
        ("error", "failed", "Error:"),
        ("pending", "paused", "Waiting:"),
        ("cancelled", "failed", "Cancelled: "),
    ],
)
def test_the_outcome_decides_the_status_and_the_first_word(outcome: str, status: str, begins: str) -> None:
    result = GenerationResult(name="net", outcome=outcome, draft=draft("net.py", "def net(): ...\n"), verdict=Passed())
    ending = ending_of(result, None)
    assert ending.status == status
    assert ending.summary.startswith(begins)
    assert (ending.result is not None) == (status == "completed")


def test_an_error_is_told_with_its_hint_and_without_secrets() -> None:
    ending = failed_by(RequestError("No.", hint="Ask otherwise."))
    assert (ending.status, ending.summary) == ("failed", "Error: No. Ask otherwise.")
    key = "sk-" + "a1B2c3D4e5F6" * 4
    assert key not in failed_by(ModelError(f"Incorrect key {key}.", kind="bad_request")).summary
    assert key not in failed_by(ValueError(key)).summary


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (("No model", "Set one"), "No model. Set one."),
        (("It waits.", ""), "It waits."),
        (("What? Yes!", "No …"), "What? Yes! No …"),
        (("It failed.", "First this. It failed.", "It failed"), "First this. It failed."),
        ((), ""),
    ],
)
def test_sentences_end_and_are_said_once(texts: tuple[str, ...], told: str) -> None:
    assert sentences(*texts) == told


def test_a_run_that_waits_says_where_its_draft_is_seen() -> None:
    result = GenerationResult(name="net", outcome="pending", draft=draft("net.py", "def net(): ...\n"))
    assert "run's page" in ending_of(result, None).summary
