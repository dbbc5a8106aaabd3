"""From diffs, as git makes them, to file changes."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genloom.state import FileChange, NotRun
from genloom.tools.codegen.drafts.pull_request_diff import changes_of_diff

Files = dict[str, str | None]

LINES = st.lists(
    st.sampled_from(["a", "b", "", "x = 1", "--- a", "+++ b", "@@ -1 +1 @@", "é", "\x0c", "\u2028", "c\r"])
)
TEXTS = st.tuples(LINES, st.booleans()).map(lambda made: "\n".join(made[0]) + ("\n" if made[1] else ""))
STATES = st.dictionaries(st.sampled_from(["a.py", "b/c.py", "a/a.py", "with blank.py"]), TEXTS)


def git(folder: Path, *arguments: str) -> str:
    """What a git command prints, with nothing of this machine's configuration."""
    return subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "core.autocrlf=false", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"},
    ).stdout.decode()


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())


def diff_between(folder: Path, before: dict[str, str], after: dict[str, str]) -> str:
    """The diff of two states, made by git in a folder that then holds the first."""
    git(folder, "init", "-q")
    write(folder, before)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "before", "--allow-empty")
    for path in before:
        (folder / path).unlink()
    write(folder, after)
    git(folder, "add", "-A")
    diff = git(folder, "diff", "--cached", "--find-renames")
    git(folder, "reset", "-q", "--hard")
    return diff


@settings(max_examples=25, deadline=None)
@given(before=STATES, after=STATES)
def test_a_diff_of_git_leads_from_one_state_to_the_other(before: dict[str, str], after: dict[str, str]) -> None:
    """New, changed, deleted and renamed files, whatever their lines hold and however they end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        diff = diff_between(folder, before, after)
        changes = changes_of_diff(diff, folder)
        if before == after:
            assert isinstance(changes, NotRun)
            return
        assert not isinstance(changes, NotRun), (changes, diff)
        state = dict(before)
        for change in changes:
            old = state.get(change.path)
            assert change.base_sha256 == (None if old is None else hashlib.sha256(old.encode()).hexdigest())
            if change.content is None:
                del state[change.path]
            else:
                state[change.path] = change.content
        assert state == after


@given(st.text(max_size=200) | LINES.map("\n".join))
def test_whatever_is_no_diff_is_told(text: str) -> None:
    """Any text at all gives changes or a reason, never an exception."""
    with tempfile.TemporaryDirectory() as name:
        found = changes_of_diff(text, Path(name))
    assert isinstance(found, NotRun | tuple)


NEW = "diff --git a/{0} b/{0}\nnew file mode {1}\nindex 0000000..1111111\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n"
REFUSED = {
    "empty": ("", "changes 0 files"),
    "prose": ("I made the change.\n", "changes 0 files"),
    "binary": ("diff --git a/x.bin b/x.bin\nindex 1..2 100644\nBinary files a/x.bin and b/x.bin differ\n", "is binary"),
    "link": (NEW.format("l", "120000"), "is a link"),
    "submodule": (NEW.format("s", "160000"), "is a link or a submodule"),
    "upwards": (NEW.format("../up.py", "100644"), "which is not taken"),
    "absolute": (NEW.format("/etc/passwd", "100644"), "which is not taken"),
    "quoted": (NEW.format("x", "100644").replace("b/x", '"b/\\303\\251.py"'), "cannot be parsed|not taken"),
    "twice": (NEW.format("x.py", "100644") * 2, "twice"),
    "many": ("".join(NEW.format(f"f{n}.py", "100644") for n in range(101)), "changes 101 files"),
    "long header": ("diff --git a/" + "x b/" * 3000 + "\n", "absurd"),
    "cut off": (NEW.format("x.py", "100644").replace("+1 @@", "+1,5 @@"), "cannot be parsed"),
    "mode only": ("diff --git a/x.py b/x.py\nold mode 100644\nnew mode 100755\n", "no file's text"),
}


@pytest.mark.parametrize(("diff", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_taken_says_why(diff: str, words: str, tmp_path: Path) -> None:
    """Binary files, links, submodules, paths that lead out, too much: no draft, and the reason."""
    found = changes_of_diff(diff, tmp_path)
    assert isinstance(found, NotRun)
    assert found.cause == "unsupported"
    assert any(word in found.reason for word in words.split("|")), found.reason


EDIT = "diff --git a/m.py b/m.py\nindex 1..2 100644\n--- a/m.py\n+++ b/m.py\n@@ -2,2 +2,2 @@\n b = 2\n-c = 3\n+c = 4\n"


@pytest.mark.parametrize("now", ["a = 1\nb = 2\nc = 5\n", "b = 2\nc = 3\n", "a = 1\n", "", None])
def test_a_file_that_is_another_by_now_is_stale(now: str | None, tmp_path: Path) -> None:
    """Changed lines, moved lines, missing lines, no file: never guessed at."""
    if now is not None:
        (tmp_path / "m.py").write_text(now)
    found = changes_of_diff(EDIT, tmp_path)
    assert isinstance(found, NotRun)
    assert found.cause == "stale"


def test_a_file_changed_elsewhere_still_takes_the_diff(tmp_path: Path) -> None:
    """The lines that the diff names are there; the base that is named is the repository's own."""
    text = "a = 9\nb = 2\nc = 3\nd = 4\n"
    (tmp_path / "m.py").write_text(text)
    assert changes_of_diff(EDIT, tmp_path) == (
        FileChange(
            path="m.py", content="a = 9\nb = 2\nc = 4\nd = 4\n", base_sha256=hashlib.sha256(text.encode()).hexdigest()
        ),
    )


def test_a_link_out_of_the_repository_is_not_read(tmp_path: Path) -> None:
    """What a link leads to is no file of the repository."""
    (tmp_path / "outside.py").write_text("a = 1\nb = 2\nc = 3\n")
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "m.py").symlink_to(tmp_path / "outside.py")
    found = changes_of_diff(EDIT, repository)
    assert isinstance(found, NotRun)


def test_without_a_repository_only_new_files_are_taken() -> None:
    """A change needs what it changes."""
    assert changes_of_diff(NEW.format("x.py", "100644"), None) == (FileChange(path="x.py", content="x\n"),)
    found = changes_of_diff(EDIT, None)
    assert isinstance(found, NotRun)
    assert "no repository" in found.reason


def test_what_is_new_must_not_be_there(tmp_path: Path) -> None:
    """A pull request that adds a file that exists was made for another version."""
    (tmp_path / "x.py").write_text("mine\n")
    found = changes_of_diff(NEW.format("x.py", "100644"), tmp_path)
    assert isinstance(found, NotRun)
    assert found.cause == "stale"
