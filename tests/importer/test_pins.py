"""Pins: files and lock file change together, stay in their folder, and are what was accepted."""

from __future__ import annotations

import ast
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import GeneratedImportError, StorageError
from genloom.interfaces.importer import GeneratedSource, PinEntry, PinStore
from genloom.interfaces.importer.modules.growth import grown
from genloom.interfaces.importer.pins.packages import one_level_down


@pytest.fixture
def pins(tmp_path: Path) -> PinStore:
    return PinStore(tmp_path / "gen", "app.gen")


def of(text: str, *names: str, **fields: object) -> GeneratedSource:
    return GeneratedSource(source=text, names=names, **fields)  # type: ignore[arg-type]  # fields by name


def files(pins: PinStore) -> dict[str, bytes]:
    found = (path for path in pins.directory.rglob("*") if path.is_file() and ".genloom" not in path.parts)
    return {str(path.relative_to(pins.directory)): path.read_bytes() for path in found}


def test_a_pin_is_a_plain_file_and_an_entry(pins: PinStore) -> None:
    """The file holds the text and nothing else; the entry says how it came about."""
    path = pins.pin(
        "app.gen.text", of("a = 1\n", "a", verdict="passed", tier="bubblewrap", model="m", checks=("a == 1",))
    )
    entry = pins.entry("app.gen.text")
    assert path == pins.directory / "text.py"
    assert path.read_text() == "a = 1\n"
    assert entry is not None
    assert (entry.names, entry.tier, entry.model, entry.checks) == (("a",), "bubblewrap", "m", ("a == 1",))
    assert pins.verified("app.gen.text") == b"a = 1\n"
    assert PinStore(pins.directory).entries() == {"app.gen.text": entry}


def test_modules_below_make_packages_whose_relative_imports_stay_right(pins: PinStore) -> None:
    """The module moves into its folder; what is between is an empty package."""
    pins.pin("app.gen.text", of("from .other import x\nfrom . import y\nimport re\n", "x"))
    pins.pin("app.gen.text.deep.sub", of("z = 1\n", "z"))
    assert set(files(pins)) == {"genloom.lock", "text/__init__.py", "text/deep/__init__.py", "text/deep/sub.py"}
    assert pins.read("app.gen.text") == "from ..other import x\nfrom .. import y\nimport re\n"
    assert not pins.edited("app.gen.text")
    assert pins.has_modules_below("app.gen.text")
    pins.pin("app.gen.text.deep", of("w = 1\n", "w"))
    assert pins.path_of("app.gen.text.deep") == pins.directory / "text" / "deep" / "__init__.py"


def test_moving_a_module_goes_by_its_lines_as_python_counts_them() -> None:
    """A form feed or a line separator in a string ends no line; the dot may stand on the next one."""
    text = "S = 'a\u2028b\x0cc'\nfrom .other import o\nfrom \\\n    . import p; from .. import q\n"
    moved = "S = 'a\u2028b\x0cc'\nfrom ..other import o\nfrom \\\n    .. import p; from ... import q\n"
    assert one_level_down(text.encode()).decode() == moved


def test_an_edit_is_noticed_and_can_be_taken_up(pins: PinStore) -> None:
    """The loader's error says how; adopting pins exactly the text that was verified."""
    path = pins.pin("app.gen.text", of("a = 1\n", "a"))
    path.write_text("a = 2\n")
    assert pins.edited("app.gen.text")
    with pytest.raises(GeneratedImportError, match=r"genloom lib adopt app\.gen\.text"):
        pins.verified("app.gen.text")
    with pytest.raises(StorageError, match="changed since"):
        pins.adopt("app.gen.text", "a = 3\n", PinEntry(sha256="", names=("a",)))
    pins.adopt("app.gen.text", "a = 2\n", PinEntry(sha256="", names=("a",), accepted_by="adopted"))
    assert pins.verified("app.gen.text") == b"a = 2\n"
    path.unlink()
    assert pins.edited("app.gen.text")
    with pytest.raises(GeneratedImportError, match="cannot be read"):
        pins.verified("app.gen.text")


def test_removing_takes_file_and_entry(pins: PinStore) -> None:
    """And nothing else."""
    pins.pin("app.gen.a", of("a = 1\n", "a"))
    pins.pin("app.gen.b", of("b = 1\n", "b"))
    pins.remove("app.gen.a")
    assert set(pins.entries()) == {"app.gen.b"}
    assert set(files(pins)) == {"genloom.lock", "b.py"}
    with pytest.raises(StorageError, match="not pinned"):
        pins.remove("app.gen.a")


@pytest.mark.parametrize(
    "module", ["app.gen...x", "app.gen.../text", "app.gen.", "app.gen.a/b", "app.gen.class", "other.text", "app.gen"]
)
def test_what_is_no_module_of_the_namespace_has_no_path(pins: PinStore, module: str) -> None:
    """No name leads out of the folder."""
    for ask in (pins.path_of, pins.entry, pins.remove, lambda name: pins.pin(name, of("x = 1\n", "x"))):
        with pytest.raises(StorageError):
            ask(module)
    assert not pins.directory.exists() or files(pins) == {}


def test_links_that_lead_out_of_the_folder_are_not_followed(pins: PinStore, tmp_path: Path) -> None:
    """Neither a linked file nor a linked folder is written through."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "victim.py").write_text("mine")
    pins.directory.mkdir()
    (pins.directory / "pkg").symlink_to(elsewhere)
    (elsewhere / "__init__.py").write_text("")
    (pins.directory / "text.py").symlink_to(elsewhere / "victim.py")
    for module in ("app.gen.pkg.mod", "app.gen.text"):
        with pytest.raises(StorageError):
            pins.pin(module, of("x = 1\n", "x"))
    assert sorted(path.name for path in elsewhere.iterdir()) == ["__init__.py", "victim.py"]
    assert (elsewhere / "victim.py").read_text() == "mine"


def test_a_users_own_file_is_never_written_over(pins: PinStore) -> None:
    """Nor moved into a package."""
    pins.directory.mkdir()
    (pins.directory / "text.py").write_text("mine = 1\n")
    for module in ("app.gen.text", "app.gen.text.sub"):
        with pytest.raises(StorageError, match="genloom did not write it"):
            pins.pin(module, of("x = 1\n", "x"))
    assert files(pins) == {"text.py": b"mine = 1\n"}


def test_a_change_that_fails_halfway_is_undone(pins: PinStore) -> None:
    """The lock file cannot be replaced, a folder stands there: module and package are as before."""
    pins.pin("app.gen.text", of("a = 1\n", "a"))
    before = files(pins)
    lock = pins.lock_path.read_bytes()
    pins.lock_path.unlink()
    store = PinStore(pins.directory, "app.gen")
    (pins.lock_path / "in the way").mkdir(parents=True)
    with pytest.raises(StorageError):
        store.pin("app.gen.other.sub", of("b = 1\n", "b"))
    (pins.lock_path / "in the way").rmdir()
    pins.lock_path.rmdir()
    pins.lock_path.write_bytes(lock)
    assert files(pins) == before
    assert not (pins.directory / "other").exists()


def test_a_stub_beside_a_module_goes_when_the_module_is_written(pins: PinStore) -> None:
    """Only one that genloom wrote."""
    pins.directory.mkdir()
    (pins.directory / "text.pyi").write_text("# genloom: stub\ndef a(): ...\n")
    (pins.directory / "own.pyi").write_text("def a(): ...\n")
    pins.pin("app.gen.text", of("a = 1\n", "a"))
    pins.pin("app.gen.own", of("a = 1\n", "a"))
    assert {path.name for path in pins.directory.glob("*.pyi")} == {"own.pyi"}


def test_writers_at_the_same_time_lose_nothing(pins: PinStore) -> None:
    """Each has a store of its own, as processes have."""
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(4):
                PinStore(pins.directory, "app.gen").pin(f"app.gen.m{number}_{turn}", of(f"x = {number}\n", "x"))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []
    assert len(pins.entries()) == 20
    assert not any(pins.edited(module) for module in pins.entries())


def test_a_module_that_grows_keeps_its_record() -> None:
    """Names, checks and tests of both generations; tests of one name stand beside each other; the weaker verdict."""
    entry = PinEntry(
        sha256="", names=("a",), checks=("a() == 1",), verdict="unverified", request="first",
        tests="from m import a\n\n\ndef test_1():\n    assert a() == 1\n",
    )  # fmt: skip
    new = of(
        "…", "b", checks=("b() == 2", "a() == 1"), verdict="passed", request="second",
        tests="from m import b\n\n\ndef test_1():\n    assert b() == 2\n",
    )  # fmt: skip
    after = grown(entry, new, ("b",))
    assert (after.names, after.checks, after.verdict) == (("a", "b"), ("a() == 1", "b() == 2"), "unverified")
    assert after.request == "first\n\nsecond"
    functions = [node.name for node in ast.parse(after.tests).body if isinstance(node, ast.FunctionDef)]
    assert functions == ["test_1", "test_1_2"]
    assert grown(None, new, ("b",)) == new


@given(
    st.lists(
        st.sampled_from(
            [
                "from . import a",
                "from .b import c",
                "from ..d import (e,\n  f)",
                "x = 'from .y import z'",
                "import q",
                "é = 1; from .é import g",
            ]
        ),
        max_size=5,
    )
)
def test_relative_imports_go_one_level_further_up_and_nothing_else_changes(lines: list[str]) -> None:
    """Every relative import gains one level; the rest of the text is the same."""
    text = "\n".join(lines) + "\n"
    levels = [node.level for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    moved = one_level_down(text.encode()).decode()
    assert [n.level for n in ast.walk(ast.parse(moved)) if isinstance(n, ast.ImportFrom)] == [
        level + 1 for level in levels
    ]
    assert len(moved) == len(text) + len(levels)
