"""Ejecting: what was generated lives on without genloom."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from genloom_program import Program

from genloom.interfaces.importer.asked import GeneratedSource
from genloom.interfaces.importer.library.library import Library

ALONE = "import sys\n\nsys.modules['genloom'] = None\n"
"""Makes every import of genloom fail."""


def alone(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the interpreter in a folder, with nothing on its path but that."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts}


def test_a_copy_is_a_plain_package_with_tests(program: Program, library: Library, made: GeneratedSource) -> None:
    """Sub-packages too; the copy's tests pass where genloom cannot be imported; the library itself stays as it was."""
    inner = replace(
        made, source="from ..text import double\n\nTWICE = double(1)\n", names=("TWICE",), checks=(), tests=""
    )
    library.pin("myapp.gen.deep.inner", inner)
    before = files(library.directory)
    done = program("lib", "eject", "--out", "plain", "--json")
    assert done.code == 0, done.err
    plain = program.folder / "plain"
    assert files(plain) == {
        "myapp/__init__.py",
        "myapp/gen/__init__.py",
        "myapp/gen/py.typed",
        "myapp/gen/text.py",
        "myapp/gen/deep/__init__.py",
        "myapp/gen/deep/inner.py",
        "tests/test_myapp_gen_text.py",
        "tests/test_myapp_gen_text_examples.py",
    }
    assert files(library.directory) == before
    assert not [path for path in plain.rglob("*.py") if "genloom" in path.read_text()]
    (plain / "conftest.py").write_text(ALONE)
    ran = alone(plain, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert "3 passed" in ran.stdout, ran.stdout
    assert alone(plain, "-c", f"{ALONE}from myapp.gen.deep.inner import TWICE; print(TWICE)").stdout == "2\n"


def test_in_place_the_hook_and_the_lock_file_go(program: Program, library: Library) -> None:
    """The modules stay where they are, under their names; the tests come beside the project's own."""
    done = program("lib", "eject", "myapp.gen")
    assert done.code == 0, done.err
    assert files(library.directory) == {"__init__.py", "py.typed", "text.py"}
    assert (program.folder / "tests" / "test_myapp_gen_text_examples.py").is_file()
    found = alone(program.folder, "-c", f"{ALONE}from myapp.gen.text import double; print(double(4))")
    assert found.stdout == "8\n", found.stderr


def test_nothing_is_ejected_that_is_not_settled(program: Program, library: Library, made: GeneratedSource) -> None:
    """An edit that nobody adopted, or a file that is there already: an error, and everything as before."""
    (program.folder / "tests").mkdir()
    mine = program.folder / "tests" / "test_myapp_gen_text.py"
    mine.write_text("# mine\n")
    refused = program("lib", "eject")
    assert refused.code == 2
    assert "is there already" in refused.err
    assert mine.read_text() == "# mine\n"
    assert (library.directory / "genloom.lock").exists()
    mine.unlink()
    library.path("myapp.gen.text").write_text(made.source + "# edited\n")
    refused = program("lib", "eject")
    assert refused.code == 2
    assert "was edited" in refused.err
    assert "install_import_hook" in (library.directory / "__init__.py").read_text()
