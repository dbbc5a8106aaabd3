"""Stubs of names that are not written yet."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from genloom.interfaces.importer.library.library import Library
from genloom.interfaces.importer.library.requested_names import requested_names
from genloom.interfaces.importer.library.stubs import STUB_MARK, is_own_stub, stub_text, write_stub

SOURCE = '''"""Texts."""

import re
from collections.abc import Iterator

LIMIT = 3
NAMES: tuple[str, ...] = ("a", "b")
PATTERN = re.compile("x")


class Box(list[int], metaclass=type):
    """Holds numbers."""

    size: int = 0

    def add(self, number: int, *more: int, why: str = "none", **rest: object) -> None:
        self.append(number)

    @property
    def first(self) -> int:
        return self[0]


class Empty:
    pass


async def wait(seconds: float) -> None: ...


def words(text: str, /, *, limit: int = LIMIT) -> Iterator[str]:
    yield from text.split()[:limit]
'''


def test_what_a_function_of_the_module_keeps_to_itself_is_no_name_of_the_module(library: Library) -> None:
    """Nor is what a class or a comprehension binds: those names are not written."""
    inner = (
        "class Box:\n    size = 1\n\n\ndef outer(given: int) -> int:\n    local = given\n"
        "    import json\n\n    return local + len(json.dumps([each for each in 'ab']))\n"
    )
    library.path("myapp.gen.text").write_text(inner)
    asked = ["Box", "each", "json", "local", "outer", "size"]
    (library.repository / "program.py").write_text(f"from myapp.gen.text import {', '.join(asked)}\n")
    assert requested_names(library) == {"myapp.gen.text": ("each", "json", "local", "size")}


def test_a_stub_repeats_what_is_there_and_adds_what_is_not_written() -> None:
    """Signatures, classes and constants stay visible; an unwritten name is Any; the text is valid Python."""
    text = stub_text(SOURCE, ["slugify", "words", "slugify"])
    ast.parse(text)
    assert text.splitlines()[0] == STUB_MARK
    assert "def words(text: str, /, *, limit: int=LIMIT) -> Iterator[str]: ..." in text
    assert "async def wait(seconds: float) -> None: ..." in text
    assert "LIMIT: int" in text
    assert "    def add(self, number: int, *more: int, why: str='none', **rest: object) -> None: ..." in text
    assert "    @property\n    def first(self) -> int: ..." in text
    assert "class Empty: ..." in text
    assert text.count("slugify: _Any") == 1
    assert "words: _Any" not in text


@pytest.mark.slow
def test_a_type_checker_takes_a_stub(tmp_path: Path) -> None:
    """mypy finds nothing wrong in a program that uses written and unwritten names, and still sees a wrong use."""
    package = tmp_path / "gen"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "text.py").write_text(SOURCE)
    write_stub(package / "text.py", SOURCE, ["slugify"])
    program = "from gen.text import Box, slugify, words\n\nprint(slugify('A b'), list(words('a b')), Box().first)\n"
    (tmp_path / "main.py").write_text(program)
    assert _mypy(tmp_path).returncode == 0
    (tmp_path / "main.py").write_text(f"{program}words(3)\n")
    assert "arg-type" in _mypy(tmp_path).stdout


def _mypy(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder / "cache"), "main.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def test_a_stub_of_nothing_is_removed_and_foreign_ones_stay(tmp_path: Path) -> None:
    """What genloom wrote it may remove; what a person wrote it leaves alone."""
    module = tmp_path / "gen" / "text.py"
    written = write_stub(module, "", ["slugify"])
    assert written is not None
    assert is_own_stub(written)
    assert write_stub(module, "", []) is None
    assert not written.exists()
    written.write_text("def slugify(text: str) -> str: ...\n")
    assert write_stub(module, "", ["slugify"]) is None
    assert written.read_text() == "def slugify(text: str) -> str: ...\n"
