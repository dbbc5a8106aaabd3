"""Plain files under `genloom verify`: what can be read, and what is said of the rest."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from scripted_sandbox import ScriptedSandbox, value

from genloom.errors import ExampleError, StorageError
from genloom.state import Failed, NotRun, Passed
from genloom.tools.checks import verify_file

SOURCE = 'def area(r):\n    """Area.\n\n    >>> area(3)\n    9\n    """\n    return r * r\n'


def written(folder: Path, content: bytes | str, name: str = "area.py") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


async def test_examples_and_the_file_s_own_doctests_are_run(tmp_path: Path) -> None:
    """In a file of the user's, doctests are the user's checks."""
    sandbox = ScriptedSandbox({"area(2)": value(4), "area(3)": value(9)})
    verdict = await verify_file(written(tmp_path, SOURCE), ["area(2) == 4"], None, sandbox)
    assert isinstance(verdict, Passed)
    assert [(c.source, c.proves) for c in verdict.checks[1:]] == [("example", True), ("doctest", True)]


async def test_an_example_that_repeats_a_doctest_is_the_example(tmp_path: Path) -> None:
    """The same text is run once."""
    sandbox = ScriptedSandbox({"area(3)": value(9)})
    verdict = await verify_file(written(tmp_path, SOURCE), ["area(3) == 9"], None, sandbox)
    assert [check.source for check in verdict.checks] == ["import", "example"]


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ([">>> area(3)", "9"], 0),
        ([">>> from math import pi", ">>> area(3)", "9"], 2),
        ([">>> area(3)", "9", ">>> x = area(2)", ">>> x", "5"], 2),
        ([">>> area(3)  # doctest: +SKIP", "9"], 1),
        ([">>> print(area(3))", "9"], 0),
        ([">>> area(3)", "9", "", ">>> area(", "... 2)", "4", ">>> area(object())", "Traceback", "TypeError"], 1),
    ],
)
async def test_doctests_that_are_left_out_are_counted(tmp_path: Path, lines: list[str], count: int) -> None:
    """They decide nothing, and who reads the verdict learns of them."""
    doc = "\n    ".join(lines)
    sandbox = ScriptedSandbox({"area(3)": value(9), "area(2)": value(4), "print(area(3))": value(9)})
    source = f'def area(r):\n    """Area.\n\n    {doc}\n    """\n    return r * r\n'
    verdict = await verify_file(written(tmp_path, source), ["area(3) == 9"], None, sandbox)
    assert isinstance(verdict, Passed)
    left = [check.detail for check in verdict.checks if check.advisory]
    assert [int(each.split()[0]) for each in left] == ([count] if count else [])


@pytest.mark.parametrize(
    ("content", "name", "kind", "words"),
    [
        (b"x = '\xff\xfe'\n", "a.py", Failed, "UTF-8"),
        (b"x = 1\n\0\n", "a.py", Failed, "NUL"),
        (b"def f(:\n", "a.py", Failed, "line 1"),
        (b"x = " + b"(" * 4000, "a.py", Failed, "not valid Python"),
        (b"# coding: latin-1\nx = 1\n", "a.py", NotRun, "iso-8859-1"),
        (b"# coding: latin-1\nx = '\xe9'\n", "a.py", NotRun, "iso-8859-1"),
        (b"x = " + b"-" * 200_000 + b"1\n", "a.py", Failed, "the parser gave up on it: "),
        (b"# coding: nonsense\n", "a.py", Failed, "nonsense"),
        (b"# " + b"x" * 10_000_000, "a.py", NotRun, "larger"),
        (b"let x = 1;\n", "a.js", NotRun, "not Python"),
        (b"\x89PNG\r\n\x1a\n\xff", "a.py", Failed, "UTF-8"),
    ],
)
async def test_files_that_are_not_python_get_a_verdict(
    tmp_path: Path, content: bytes, name: str, kind: Any, words: str
) -> None:
    """What cannot be read as Python is told, and nothing is run."""
    sandbox = ScriptedSandbox()
    verdict = await verify_file(written(tmp_path, content, name), [], None, sandbox)
    assert isinstance(verdict, kind)
    assert words in verdict.reason
    assert sandbox.asked == []


async def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    """A file with a UTF-8 mark is checked like any other."""
    sandbox = ScriptedSandbox()
    await verify_file(written(tmp_path, b"\xef\xbb\xbfx = 1\n"), [], None, sandbox)
    assert sandbox.shown == [{"area.py": "x = 1\n"}]


async def test_a_name_that_is_no_identifier_is_made_one(tmp_path: Path) -> None:
    """A script with a hyphen can still be loaded."""
    sandbox = ScriptedSandbox()
    await verify_file(written(tmp_path, "x = 1\n", "my-script.py"), [], None, sandbox)
    assert sandbox.asked == [("my_script",)]


@pytest.mark.parametrize("make", ["missing", "folder", "pipe"])
async def test_what_is_no_file_is_the_caller_s_mistake(tmp_path: Path, make: str) -> None:
    """A missing file, a folder or a pipe raises with a hint, and nothing waits for a writer."""
    path = tmp_path / "thing.py"
    if make == "folder":
        path.mkdir()
    elif make == "pipe":
        os.mkfifo(path)
    with pytest.raises(StorageError) as caught:
        await verify_file(path, [], None, ScriptedSandbox())
    assert caught.value.hint


async def test_an_example_that_is_none_raises(tmp_path: Path) -> None:
    """The example is judged before the file is read."""
    with pytest.raises(ExampleError):
        await verify_file(tmp_path / "missing.py", ["area(2)"], None, ScriptedSandbox())
