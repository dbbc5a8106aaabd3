"""Writing a file: whole or not at all, and never over what somebody changed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import genloom
from genloom.errors import StorageError
from genloom.tools.store.atomic_file import OVERWRITE, file_sha256, write_atomically


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@given(text=st.text())
@settings(max_examples=30, deadline=None)
def test_the_text_arrives_as_it_is(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """The bytes are the text in UTF-8, line ends untouched, and the hash returned is theirs."""
    path = tmp_path_factory.mktemp("out") / "a.py"
    written = write_atomically(path, text, expected_sha256=None)
    assert path.read_bytes() == text.encode()
    assert written == _sha(text) == file_sha256(path)


def test_a_new_file_does_not_replace_one_that_is_there(tmp_path: Path) -> None:
    """What was not there when it was read must not be there when it is written."""
    path = tmp_path / "a.py"
    path.write_text("mine")
    with pytest.raises(StorageError, match="exists already"):
        write_atomically(path, "new", expected_sha256=None)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_changed_is_left_alone(tmp_path: Path) -> None:
    """A file is replaced only while it is what the caller read; a file that went away is not made again."""
    path = tmp_path / "a.py"
    path.write_text("old")
    assert write_atomically(path, "new", expected_sha256=_sha("old")) == _sha("new")
    with pytest.raises(StorageError, match="has changed since"):
        write_atomically(path, "newer", expected_sha256=_sha("old"))
    assert path.read_text() == "new"
    path.unlink()
    with pytest.raises(StorageError, match="is gone since"):
        write_atomically(path, "newer", expected_sha256=_sha("new"))
    assert list(tmp_path.iterdir()) == []


def test_overwriting_takes_what_is_there(tmp_path: Path) -> None:
    """With `OVERWRITE` an old file or none is replaced alike."""
    path = tmp_path / "a.py"
    for text in ("one", "two"):
        write_atomically(path, text, expected_sha256=OVERWRITE)
        assert path.read_text() == text


@pytest.mark.parametrize("mode", [0o600, 0o755, 0o444])
def test_permission_bits_are_kept(tmp_path: Path, mode: int) -> None:
    """A replaced file keeps who may read, write and run it."""
    path = tmp_path / "a.py"
    path.write_text("old")
    path.chmod(mode)
    write_atomically(path, "new", expected_sha256=_sha("old"))
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)


def test_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    """A new file gets the permissions that any other program's new file gets."""
    (tmp_path / "plain").write_text("")
    write_atomically(tmp_path / "a.py", "new", expected_sha256=None)
    assert (tmp_path / "a.py").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("expected", [None, OVERWRITE, _sha("kept")])
def test_a_symbolic_link_is_refused(tmp_path: Path, expected: str | None) -> None:
    """Neither the link nor what it points to is changed."""
    (tmp_path / "target").write_text("kept")
    link = tmp_path / "a.py"
    link.symlink_to("target")
    with pytest.raises(StorageError, match="symbolic link"):
        write_atomically(link, "new", expected_sha256=expected)
    assert (link.is_symlink(), (tmp_path / "target").read_text()) == (True, "kept")


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_only_a_regular_file_is_replaced(tmp_path: Path, kind: str) -> None:
    """A folder or a pipe of that name is refused without waiting for anybody."""
    path = tmp_path / "a.py"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(StorageError, match="not a regular file"):
        write_atomically(path, "new", expected_sha256=OVERWRITE)


def test_a_missing_folder_is_said_so(tmp_path: Path) -> None:
    """The error names the path and says what to check."""
    with pytest.raises(StorageError, match=r"a\.py cannot be written: No such file") as caught:
        write_atomically(tmp_path / "missing" / "a.py", "new", expected_sha256=None)
    assert caught.value.hint
    assert not (tmp_path / "missing").exists()


def test_text_that_is_no_unicode_is_refused(tmp_path: Path) -> None:
    """A lone surrogate cannot be written, and nothing is."""
    with pytest.raises(StorageError, match="Unicode"):
        write_atomically(tmp_path / "a.py", "\ud800", expected_sha256=None)
    assert list(tmp_path.iterdir()) == []


FULL = """
import resource, sys
from pathlib import Path
from genloom.errors import StorageError
from genloom.tools.store.atomic_file import OVERWRITE, write_atomically
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(Path(sys.argv[1]), "x" * 5000, expected_sha256=OVERWRITE)
except StorageError as error:
    print(error.message)
"""


def test_a_write_that_fails_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    """When the system takes only a part of the data, the old file stays and no part stays beside it."""
    path = tmp_path / "a.py"
    path.write_text("old")
    environment = {**os.environ, "PYTHONPATH": str(Path(genloom.__path__[0]).parent)}
    done = subprocess.run(
        [sys.executable, "-c", FULL, path], capture_output=True, text=True, env=environment, timeout=30
    )
    assert "a.py cannot be written: File too large" in done.stdout
    assert (path.read_text(), list(tmp_path.iterdir())) == ("old", [path])
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000


def test_one_of_many_writers_makes_the_new_file(tmp_path: Path) -> None:
    """Of several that each make a new file, exactly one succeeds and its text stands there whole."""
    path = tmp_path / "a.py"
    results: list[str] = []

    def write(number: int) -> None:
        with contextlib.suppress(StorageError):
            results.append(write_atomically(path, f"{number}" * 10_000, expected_sha256=None))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [file_sha256(path)]
    assert list(tmp_path.iterdir()) == [path]
