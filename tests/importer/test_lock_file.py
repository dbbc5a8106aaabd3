"""The lock file: what is written is read again, what is damaged is said, nothing in it is trusted."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import StorageError
from genloom.interfaces.importer.pins.lock_file import LockFile, PinEntry, file_names, read_lock, render_lock

SHA = "0" * 64
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(lambda text: text.replace("\r\n", "\n"))
NAMES = st.sampled_from(["text", "pkg", "pkg.mod", "pkg.mod.deep", "naïve", "_x"])


@st.composite
def locks(draw: st.DrawFn) -> LockFile:
    entries = {
        name: PinEntry(
            file=draw(st.sampled_from(file_names(name))),
            sha256=draw(st.text("0123456789abcdef", min_size=64, max_size=64)),
            names=tuple(draw(st.lists(TEXTS, max_size=3))),
            request=draw(TEXTS),
            checks=tuple(draw(st.lists(TEXTS, max_size=3))),
            tests=draw(TEXTS),
        )
        for name in draw(st.sets(NAMES))
    }
    return LockFile(namespace=draw(TEXTS), entries=entries)


@given(locks())
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, lock: LockFile) -> None:
    """Whatever stands in requests, checks and tests."""
    path = tmp_path_factory.mktemp("lock") / "genloom.lock"
    path.write_bytes(render_lock(lock).encode())
    assert read_lock(path) == lock
    assert render_lock(read_lock(path)) == render_lock(lock)


def test_line_ends_become_plain_ones(tmp_path: Path) -> None:
    """The file holds none but those, whatever a caller's checks had."""
    path = tmp_path / "genloom.lock"
    entry = PinEntry(file="text.py", sha256=SHA, request="a\r\nb", checks=("c\r\nd\re",))
    path.write_bytes(render_lock(LockFile(entries={"text": entry})).encode())
    assert b"\r" not in path.read_bytes()
    again = read_lock(path).entries["text"]
    assert (again.request, again.checks) == ("a\nb", ("c\nd\re",))


def test_the_order_of_entries_does_not_depend_on_when_they_came(tmp_path: Path) -> None:
    """Sorted by name, so that a diff in version control shows what changed."""
    one, two = (PinEntry(file=f"{name}.py", sha256=SHA) for name in ("a", "b"))
    forwards = render_lock(LockFile(entries={"a": one, "b": two}))
    assert forwards == render_lock(LockFile(entries={"b": two, "a": one}))
    assert forwards.index("[modules.a]") < forwards.index("[modules.b]")
    assert tomllib.loads(forwards)["schema"] == 1


def test_no_lock_file_is_an_empty_one(tmp_path: Path) -> None:
    """A namespace in which nothing is pinned yet."""
    assert read_lock(tmp_path / "genloom.lock") == LockFile()


ENTRY = f'schema = 1\n[modules.text]\nfile = "text.py"\nsha256 = "{SHA}"\n'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"schema = 1\n[modules", "line 2"),
        (b"schema = 1\n\nx = \n", "line 3"),
        (b"schema = 1\n<<<<<<< HEAD\n[modules.a]\n", "line 2 is a mark of a merge conflict"),
        (b"schema = 1\n# \xff\n", "line 2 is not UTF-8"),
        (b"schema = 2\n", "schema 2"),
        (b"", "schema None"),
        (b'schema = 1\nmodules = "x"\n', "another type"),
        (b"schema = 1\n[modules]\ntext = 3\n", "no module"),
        (ENTRY.replace("modules.text", 'modules."../text"').encode(), "no module"),
        (ENTRY.replace('"text.py"', '"/etc/passwd"').encode(), "not its own"),
        (ENTRY.replace('"text.py"', '"../text.py"').encode(), "not its own"),
        (ENTRY.replace('"text.py"', '"other.py"').encode(), "not its own"),
        (ENTRY.replace(SHA, "00").encode(), "sha256"),
        (ENTRY.replace(SHA, "G" * 64).encode(), "sha256"),
        (f"{ENTRY}names = 3\n".encode(), "`names`"),
        (f"{ENTRY}names = [3]\n".encode(), "`names`"),
        (f"{ENTRY}request = []\n".encode(), "`request`"),
        (b"a = " + b"[" * 50_000, "damaged"),
        (b"schema = 1\na = " + b"9" * 10_000, "damaged"),
        (ENTRY.replace("modules.text", "modules.__init__").replace("text.py", "__init__.py").encode(), "no module"),
    ],
)
def test_damage_is_said_with_the_file_the_place_and_what_to_do(tmp_path: Path, content: bytes, said: str) -> None:
    """Truncated, in conflict, of another schema, with a path that leads elsewhere."""
    path = tmp_path / "genloom.lock"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=said) as caught:
        read_lock(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


@given(st.integers(0, 400), st.binary(max_size=3))
def test_any_cut_or_change_is_read_or_said(tmp_path_factory: pytest.TempPathFactory, place: int, bytes_: bytes) -> None:
    """Never another error."""
    path = tmp_path_factory.mktemp("lock") / "genloom.lock"
    whole = render_lock(LockFile(namespace="a.b", entries={"text": PinEntry(file="text.py", sha256=SHA)})).encode()
    for content in (whole[:place], whole[:place] + bytes_ + whole[place + len(bytes_) :]):
        path.write_bytes(content)
        with suppress(StorageError):
            assert isinstance(read_lock(path), LockFile)


def test_unknown_fields_of_a_newer_genloom_are_left_alone(tmp_path: Path) -> None:
    """The schema says whether a file can be read."""
    path = tmp_path / "genloom.lock"
    path.write_text(f"{ENTRY}colour = 'blue'\n")
    assert read_lock(path).entries["text"].file == "text.py"
