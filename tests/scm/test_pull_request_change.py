"""What a pull request changes, as one diff in git's form with the texts beside it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from forge_imitation import ImitatedFile, shown_lines
from forges import FILES, GONE, NEW, PAIRS, SERVERS, Server, with_forge
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import UsageError
from genloom.tools.scm.diff import read_diff
from genloom.tools.scm.forge import ChangedFile
from genloom.tools.scm.patches import diff_of
from genloom.tools.scm.pull_request_change import PullRequestChange, read_change


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with SERVERS[request.param](*FILES) as running:
        yield running


def read(server: Server, clone: Path | None = None) -> PullRequestChange:
    return with_forge(server, lambda forge: read_change(forge, 7, clone=clone))


def test_changes_texts_and_what_is_missing_are_told(server: Server) -> None:
    """Renamed and deleted files too; a binary one is named in a remark, and its Python neighbours are read."""
    server.files.append(ImitatedFile("logo.png", None, ""))
    server.files.append(ImitatedFile("big.py", "@@ -0,0 +1,1 @@\n+x", "x" * 1_000_001, status="added"))
    change = read(server)
    kinds = {file.path: file.change for file in change.changes}
    assert kinds == {
        PAIRS.path: "modified",
        NEW.path: "added",
        "src/new.py": "renamed",
        GONE.path: "deleted",
        "big.py": "added",
        "logo.png": "modified",
    }
    assert [file.path for file in change.changes if file.binary] == ["logo.png"]
    assert change.texts[PAIRS.path] == PAIRS.text
    assert set(change.texts) == {PAIRS.path, "src/new.py"}
    assert read_diff(change.diff) == change.changes
    hidden, missing = change.remarks
    assert "logo.png" in hidden
    assert "big.py" in missing


def test_lines_are_those_that_the_patch_shows(server: Server) -> None:
    """Both parts of the file, with the right numbers: compared with another reading of the same patch."""
    (pairs,) = (file for file in read(server).changes if file.path == PAIRS.path)
    assert set(pairs.new_lines) == set(shown_lines(PAIRS.patch))
    assert set(pairs.added) == {line for line, old in shown_lines(PAIRS.patch).items() if old is None}


def test_texts_come_from_the_clone_where_it_has_the_commit(server: Server, tmp_path: Path) -> None:
    """Then the host is not asked for them."""
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "init", "--quiet", tmp_path / "clone"], check=True)
    (tmp_path / "clone" / "src").mkdir()
    (tmp_path / "clone" / PAIRS.path).write_text("from the clone\n")
    for command in (["add", "."], ["commit", "--quiet", "-m", "first"]):
        subprocess.run([*git, *command], cwd=tmp_path / "clone", check=True)
    head = subprocess.run(
        [*git, "rev-parse", "HEAD"], cwd=tmp_path / "clone", capture_output=True, text=True, check=True
    )
    (tmp_path / "clone" / PAIRS.path).write_text("changed since, which does not count\n")
    server.push(head.stdout.strip())
    server.files[:] = [PAIRS]
    assert read(server, tmp_path / "clone").texts == {PAIRS.path: "from the clone\n"}
    assert not [request for request in server.requests if "/contents/" in request.path or "/raw" in request.path]
    server.push("e" * 40)
    assert read(server, tmp_path / "clone").texts == {PAIRS.path: PAIRS.text}


@pytest.mark.parametrize("patch", ["@@ -1,9 +1,9 @@\n x", "no hunk", "@@ nonsense @@\n+x"])
def test_a_patch_that_cannot_be_read_is_one_that_is_not_shown(server: Server, patch: str) -> None:
    """The other files are reviewed; where there are none, that is an error with the link."""
    server.files[:] = [ImitatedFile("odd.py", patch, "x"), NEW]
    change = read(server)
    assert {file.path: file.binary for file in change.changes} == {NEW.path: False, "odd.py": True}
    assert read_diff(change.diff) == change.changes
    assert "odd.py" in change.remarks[0]
    server.files[:] = [ImitatedFile("odd.py", patch, "x")]
    with pytest.raises(UsageError, match="no text") as caught:
        read(server)
    assert server.base_url in caught.value.hint


def test_an_empty_file_is_no_hidden_one(server: Server) -> None:
    """The host shows no lines of it, and there are none."""
    server.files.append(ImitatedFile("pkg/__init__.py", None, "", status="added"))
    server.files.append(ImitatedFile("bin/tool", "@@ -2 +2 @@\n-echo a\n+echo b", "#!/bin/sh\necho b\n"))
    change = read(server)
    assert "pkg/__init__.py" not in {file.path for file in change.changes}
    assert not change.remarks
    assert change.texts["bin/tool"].startswith("#!")


def test_names_that_lead_out_of_the_repository_are_left_alone(server: Server) -> None:
    """They come from the host, which says what a pull request's author made it say."""
    server.files[:] = [ImitatedFile("../../etc/passwd.py", "@@ -0,0 +1,1 @@\n+x", "x", status="added"), PAIRS]
    assert set(read(server).texts) == {PAIRS.path}
    server.files[0] = ImitatedFile("../../etc/passwd.py", None, "x", status="added")
    assert [file.path for file in read(server).changes] == [PAIRS.path]
    assert not [request for request in server.requests if "passwd" in request.path]


NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/") | st.sampled_from('\t"\\ \n'), min_size=1
).filter(lambda name: name not in (".", "..") and "\0" not in name)


@given(st.lists(NAMES, min_size=1, max_size=3), st.sampled_from(["added", "modified", "deleted", "renamed"]))
def test_any_name_comes_back_from_the_diff(parts: list[str], change: str) -> None:
    """Quotes, blanks, tabs, line breaks, letters of any script."""
    path = "/".join(parts)
    old = f"old-{path}" if change == "renamed" else path
    (read,) = read_diff(diff_of([ChangedFile(path=path, old_path=old, change=change, patch="@@ -1 +1 @@\n-a\n+b")]))  # type: ignore[arg-type]
    assert (read.path, read.old_path) == (path, old)
    assert read.change == change
