"""Reading diffs: git's own, of real repositories, in all their forms; and what is none."""

from __future__ import annotations

import difflib
import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genloom.errors import RepositoryError, RequestError
from genloom.portal import run_sync
from genloom.state.diff import FileDiff
from genloom.tools.scm.changes import git_changes
from genloom.tools.scm.diff import read_diff
from genloom.tools.scm.work_tree import find_work_tree

NAMES = st.text(st.sampled_from('ab/ b"\\\tä→\n'), min_size=1, max_size=12).filter(
    lambda name: all(part.strip(" ") and part.strip(".") for part in name.split("/"))
)
LINES = st.lists(
    st.sampled_from(["", "a", "-- b", "++ b", "@@ -1 +1 @@", "diff --git a/x b/x", "\\ x", "ä\x0c\x85"]), max_size=12
)
TEXTS = st.tuples(LINES, st.sampled_from(["", "\n"])).map(lambda given: "\n".join(given[0]) + given[1])


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody without any settings."""
    nobody = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        cwd=folder,
        env=nobody,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode("utf-8", "replace")


def lines_of(text: str) -> list[str]:
    """A text's lines as git counts them."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def patched(old: str, file: FileDiff) -> list[str]:
    """The new file's lines, by laying the hunks over the old ones."""
    before, made, at = lines_of(old), [], 0
    for hunk in file.hunks:
        gone = [line[1:] for line in hunk.lines if not line.startswith("+")]
        start = hunk.old_start - 1 if gone else hunk.old_start
        assert before[start : start + len(gone)] == gone
        made += [*before[at:start], *(line[1:] for line in hunk.lines if not line.startswith("-"))]
        at = start + len(gone)
    return [*made, *before[at:]]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(name=NAMES, old=TEXTS, new=TEXTS, prefix=st.sampled_from(["--default-prefix", "--no-prefix", "--src-prefix=i/"]))
def test_what_git_prints_is_read_as_what_was_changed(name: str, old: str, new: str, prefix: str) -> None:
    """Any name, any text: the hunks turn the old text into the new one, and number the new one's lines."""
    options = [] if prefix == "--default-prefix" else [prefix]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "1").mkdir()
        (Path(folder) / "2").mkdir()
        for side, text in (("1", old), ("2", new)):
            place = Path(folder) / side / "w" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, newline="")
        git(Path(folder) / "1", "init", "-q", ".")
        git(Path(folder) / "1", "add", "--", ".")
        git(Path(folder) / "1", "commit", "-qm", "one")
        (Path(folder) / "1" / "w" / name).write_text(new, newline="")
        told = git(Path(folder) / "1", "diff", *options)
    files = read_diff(told)
    if old == new:
        assert files == ()
        return
    (file,) = files
    assert (file.path, file.old_path, file.change) == (
        os.path.normpath(f"w/{name}"),
        os.path.normpath(f"w/{name}"),
        "modified",
    )
    assert patched(old, file) == lines_of(new)
    after = lines_of(new)
    assert all(after[number - 1] == text for number, text in file.new_lines.items())
    assert set(file.added) <= set(file.new_lines)


@settings(max_examples=60, deadline=None)
@given(old=LINES, new=LINES)
def test_plain_diffs_are_read_as_well(old: list[str], new: list[str]) -> None:
    """What Python's difflib prints."""
    old, new = [line.splitlines()[0] if line else "" for line in old], [line.replace("\x0c\x85", "") for line in new]
    old = [line.replace("\x0c", "") for line in old]
    told = "\n".join(difflib.unified_diff(old, new, "a/x.py", "b/x.py", lineterm=""))
    files = read_diff(told)
    assert [file.path for file in files] == (["x.py"] if old != new else [])
    for file in files:
        assert patched("".join(f"{line}\n" for line in old), file) == new


@given(st.text(max_size=300) | LINES.map("\n".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but an error of ours comes out of what is no diff."""
    with suppress(RequestError):
        assert all(file.path for file in read_diff(text))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with some files, committed once."""
    git(tmp_path, "init", "-q", "-b", "main", ".")
    (tmp_path / "kept.py").write_text("x = 1\n")
    (tmp_path / "old name.py").write_text("".join(f"line_{n} = {n}\n" for n in range(20)))
    (tmp_path / "gone.py").write_text("y = 2\n")
    (tmp_path / "script.sh").write_text("echo\n")
    (tmp_path / "data.bin").write_bytes(b"\0\1\2")
    (tmp_path / ".gitignore").write_text("made.py\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def changed(folder: Path, revision: str) -> dict[str, FileDiff]:
    return {file.path: file for file in run_sync(git_changes(folder, revision))}


def test_a_work_tree_is_told_whole(repository: Path) -> None:
    """Renamed, deleted, new and binary files, a changed mode, files that git does not know; none that it ignores."""
    git(repository, "mv", "old name.py", "new name.py")
    (repository / "new name.py").write_text(
        (repository / "new name.py").read_text().replace("line_3 = 3", "line_3 = 4")
    )
    (repository / "gone.py").unlink()
    (repository / "script.sh").chmod(0o755)
    (repository / "data.bin").write_bytes(b"\0\1\3")
    (repository / "fresh.py").write_text("a = 1\nb = 2")
    (repository / "made.py").write_text("c = 1\n")
    found = changed(repository, "HEAD")
    assert {path: file.change for path, file in found.items()} == {
        "data.bin": "modified",
        "fresh.py": "added",
        "gone.py": "deleted",
        "new name.py": "renamed",
        "script.sh": "modified",
    }
    assert found["data.bin"].binary
    assert found["new name.py"].old_path == "old name.py"
    assert found["new name.py"].added == {4: "line_3 = 4"}
    assert found["fresh.py"].added == {1: "a = 1", 2: "b = 2"}
    assert found["script.sh"].hunks == ()


def test_a_branch_is_told_from_where_it_began(repository: Path) -> None:
    """`main...` leaves out what happened on main meanwhile."""
    git(repository, "switch", "-qc", "work")
    (repository / "kept.py").write_text("x = 2\n")
    git(repository, "commit", "-qam", "work")
    git(repository, "switch", "-q", "main")
    (repository / "gone.py").write_text("y = 3\n")
    git(repository, "commit", "-qam", "main")
    git(repository, "switch", "-q", "work")
    assert set(changed(repository, "main")) == {"kept.py", "gone.py"}
    assert set(changed(repository, "main...")) == {"kept.py"}


def test_a_merge_is_told_against_its_first_parent(repository: Path) -> None:
    """Git's combined diff."""
    git(repository, "switch", "-qc", "work")
    (repository / "kept.py").write_text("x = 2\nz = 1\n")
    git(repository, "commit", "-qam", "work")
    git(repository, "switch", "-q", "main")
    (repository / "kept.py").write_text("x = 3\n")
    git(repository, "commit", "-qam", "main")
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "merge", "-q", "work"],
        cwd=repository,
        check=False,
        capture_output=True,
    )
    (repository / "kept.py").write_text("x = 5\nz = 1\n")
    git(repository, "commit", "-qam", "merged")
    for option in ("--cc", "-c"):
        (file,) = read_diff(git(repository, "show", option))
        assert file.path == "kept.py"
        assert patched("x = 3\n", file) == ["x = 5", "z = 1"]


@pytest.mark.parametrize("revision", ["", "--all", "nowhere", "main..work", "a\nb", "-O/etc/passwd", "x" * 300])
def test_what_names_no_revision_is_refused(repository: Path, revision: str) -> None:
    """With a hint, and without git reading it as an option."""
    with pytest.raises(RepositoryError) as told:
        run_sync(git_changes(repository, revision))
    assert told.value.hint


def test_settings_of_the_repository_run_nothing(repository: Path) -> None:
    """Neither as a program that makes the diff nor as one that makes text of a file."""
    flag = repository / "ran"
    git(repository, "config", "diff.external", f"touch {flag}")
    git(repository, "config", "diff.x.textconv", f"touch {flag}; cat")
    git(repository, "config", "diff.noprefix", "true")
    (repository / ".gitattributes").write_text("*.py diff=x\n")
    (repository / "kept.py").write_text("x = 2\n")
    assert "kept.py" in changed(repository, "HEAD")
    assert not flag.exists()


@pytest.mark.parametrize("name", ["evil", "a.b", 'a"b', ""])
@pytest.mark.parametrize("program", ["clean", "process"])
def test_filters_of_the_repository_run_nothing(repository: Path, name: str, program: str) -> None:
    """Whatever they are called; a required one, too."""
    flag = repository.parent / f"{repository.name}.ran"
    git(repository, "config", f"filter.{name}.{program}", f"touch {flag}; cat")
    git(repository, "config", f"filter.{name}.required", "true")
    attribute = f"filter={name}" if name else "filter="
    (repository / ".git" / "info" / "attributes").write_text(f"*.py {attribute}\n")
    (repository / "kept.py").write_text("x = 2\n")
    assert changed(repository, "HEAD")["kept.py"].added == {1: "x = 2"}
    assert not flag.exists()


@pytest.mark.parametrize("name", [b"a=b", b"\xff"])
def test_a_filter_that_cannot_be_switched_off_is_refused(repository: Path, name: bytes) -> None:
    """Its name would be another one on git's command line."""
    flag = repository.parent / f"{repository.name}.ran"
    with (repository / ".git" / "config").open("ab") as settings_file:
        settings_file.write(b'[filter "%b"]\n\tclean = "touch %b; cat"\n' % (name, os.fsencode(flag)))
    (repository / ".gitattributes").write_bytes(b"*.py filter=%b\n" % name)
    (repository / "kept.py").write_text("x = 2\n")
    with pytest.raises(RepositoryError, match="switched off"):
        changed(repository, "HEAD")
    assert not flag.exists()


def test_filters_of_a_file_that_the_settings_include_run_nothing(repository: Path) -> None:
    """Also where they hold for this work tree alone."""
    flag = repository.parent / f"{repository.name}.ran"
    (repository / ".git" / "more").write_text(f'[filter "evil"]\n\tclean = "touch {flag}; cat"\n')
    git(repository, "config", "includeIf.onbranch:main.path", "more")
    (repository / ".gitattributes").write_text("*.py filter=evil\n")
    (repository / "kept.py").write_text("x = 2\n")
    assert "kept.py" in changed(repository, "HEAD")
    assert not flag.exists()


def test_settings_of_a_submodule_run_nothing(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Git would run in it to know whether it changed; a new commit of it is told."""
    inner = tmp_path_factory.mktemp("inner")
    git(inner, "init", "-q", ".")
    (inner / "part.py").write_text("x = 1\n")
    git(inner, "add", ".")
    git(inner, "commit", "-qm", "first")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "part")
    git(repository, "commit", "-qm", "part")
    part, flag = repository / "part", repository.parent / f"{repository.name}.ran"
    git(part, "config", "filter.evil.clean", f"touch {flag}; cat")
    (part / ".gitattributes").write_text("*.py filter=evil\n")
    (part / "part.py").write_text("x = 2\n")
    assert changed(repository, "HEAD") == {}
    assert not flag.exists()
    git(part, "-c", "filter.evil.clean=", "commit", "-qam", "second")
    assert set(changed(repository, "HEAD")) == {"part"}
    assert not flag.exists()


def test_the_settings_name_no_other_work_tree(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whose files would be read, and shown."""
    other = tmp_path_factory.mktemp("other")
    (other / "kept.py").write_text("private = 1\n")
    git(repository, "config", "core.worktree", str(other))
    (repository / "kept.py").write_text("x = 2\n")
    assert {path: file.added for path, file in changed(repository, "HEAD").items()} == {"kept.py": {1: "x = 2"}}


def test_a_linked_work_tree_is_told(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Its `.git` is a file."""
    linked = tmp_path_factory.mktemp("linked") / "tree"
    git(repository, "worktree", "add", "-q", str(linked))
    (linked / "kept.py").write_text("x = 2\n")
    assert set(changed(linked, "HEAD")) == {"kept.py"}
    assert changed(repository, "HEAD") == {}


def test_nothing_of_the_repository_is_written(repository: Path) -> None:
    """Not the index either, which git would refresh where only a file's time changed."""
    os.utime(repository / "kept.py", (1, 1))
    index = (repository / ".git" / "index").read_bytes()
    assert changed(repository, "HEAD") == {}
    assert (repository / ".git" / "index").read_bytes() == index


@pytest.mark.parametrize("place", [".gitconfig", ".config/git/config", "named", "xdg"])
def test_what_the_user_ignores_is_not_told(repository: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A diary is nobody's business; by the user's own settings, wherever they stand."""
    home = repository.parent / f"{repository.name}.home"
    (home / ".config" / "git").mkdir(parents=True)
    (home / "xdg" / "git").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    (repository / "diary.txt").write_text("dear diary\n")
    assert "diary.txt" in changed(repository, "HEAD")
    if place == "xdg":
        monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
        (home / "xdg" / "git" / "ignore").write_text("diary.txt\n")
    else:
        (home / "mine").write_text("diary.txt\n")
        (home / place).write_text("[include]\n\tpath = further\n")
        (home / place).with_name("further").write_text("[core]\n\texcludesFile = ~/mine\n")
    if place == "named":
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / place))
    assert "diary.txt" not in changed(repository, "HEAD")


def test_line_ends_are_the_users_unless_the_repository_says(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One changed line is one changed line."""
    home = repository.parent / f"{repository.name}.home"
    home.mkdir()
    (home / ".gitconfig").write_text("[core]\n\tautocrlf = true\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    text = (repository / "old name.py").read_text().replace("line_3 = 3", "line_3 = 4")
    (repository / "old name.py").write_text(text, newline="\r\n")
    assert changed(repository, "HEAD")["old name.py"].added == {4: "line_3 = 4"}
    git(repository, "config", "core.autocrlf", "false")
    assert len(changed(repository, "HEAD")["old name.py"].added) == 20


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_work_tree_of_another_user_is_told_where_it_is_trusted(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As CI machines mount it into containers; else with what to set, and nothing of it is read."""
    (repository / "kept.py").write_text("x = 2\n")
    for path in (repository, repository / ".git"):
        os.chown(path, 12345, 12345)
    home = repository.parent / f"{repository.name}.home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    with pytest.raises(RepositoryError, match="dubious ownership") as told:
        changed(repository, "HEAD")
    assert "safe.directory" in told.value.hint
    (home / ".gitconfig").write_text(f"[safe]\n\tdirectory = {repository}\n")
    assert set(changed(repository, "HEAD")) == {"kept.py"}


def test_a_difference_that_is_too_large_is_told_as_that(repository: Path) -> None:
    """Not as a repository that cannot be read."""
    (repository / "kept.py").write_text("x = 'a rather long line of text that stands here often'\n" * 400_000)
    with pytest.raises(RepositoryError, match="git diff had more to tell than 20 MB") as told:
        changed(repository, "HEAD")
    assert "readable" not in told.value.hint


def test_the_work_tree_is_found_from_below(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """And that there is none is told."""
    (repository / "a" / "b").mkdir(parents=True)
    assert find_work_tree(repository / "a" / "b") == repository
    with pytest.raises(RepositoryError):
        find_work_tree(tmp_path_factory.mktemp("elsewhere"))


@pytest.mark.parametrize(
    "text",
    [
        "just words",
        "@@ -1 +1 @@\n-a\n+b\n",
        "--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n-a\n",
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n-b\n+c\n",
        "--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n",
        "--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-a\n+b\n",
        "diff --git one two three\n",
    ],
)
def test_what_is_no_whole_diff_is_refused(text: str) -> None:
    """Words, a passage of no file, one cut short, one too long, and names that lead elsewhere."""
    with pytest.raises(RequestError):
        read_diff(text)


def test_words_around_are_passed_over() -> None:
    """A mail with a commit's message and a signature."""
    mail = (
        "From a\nSubject: x\n---\n x.py | 2 +-\n\ndiff --git a/x.py b/x.py\nindex 1..2 100644\n--- a/x.py\n+++ b/x.py\n"
    )
    (file,) = read_diff(mail + "@@ -1 +1 @@ def f():\n-a\n+b\n-- \n2.40\n")
    assert (file.path, file.added, file.hunks[0].heading) == ("x.py", {1: "b"}, "def f():")
