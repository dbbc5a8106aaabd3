"""Fixtures of the tests of dynamic import."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "cli"))  # the real program, as the command line's tests run it

from genloom_program import Program

from genloom.interfaces.importer.anchor import make_anchor
from genloom.interfaces.importer.asked import GeneratedSource
from genloom.interfaces.importer.library import Library, library_in

DOUBLE = 'def double(n: int) -> int:\n    """Return twice n."""\n    return 2 * n\n'
TESTS = "from myapp.gen.text import double\n\n\ndef test_double_of_zero() -> None:\n    assert double(0) == 0\n"


@pytest.fixture
def made() -> GeneratedSource:
    """What a generation gives back for a module with one function."""
    return GeneratedSource(
        source=DOUBLE,
        names=("double",),
        verdict="passed",
        checks=("double(2) == 4", "double(-3) == -6"),
        tests=TESTS,
        tier="bubblewrap",
        model="openai:test-model",
        generator="model",
        request="Write double",
        accepted_by="checks",
    )


@pytest.fixture
def library(program: Program, made: GeneratedSource) -> Library:
    """An anchor package `myapp.gen` in the program's folder, with one pinned module, `myapp.gen.text`."""
    (program.folder / "pyproject.toml").write_text('[project]\nname = "myapp"\n')
    anchor = make_anchor("myapp.gen", program.folder)
    library = library_in(anchor.directory)
    library.pin("myapp.gen.text", made)
    return library


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The command line, in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    return Program(folder)
