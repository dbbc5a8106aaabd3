"""Pinned modules: what is compiled is what was accepted, and Python's tools see real files and lines."""

from __future__ import annotations

import importlib
import inspect
import linecache
import os
import pickle
import py_compile
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from hooked import Hooked

from genloom.errors import GeneratedImportError

SHAPES = '''"""Shapes."""

from __future__ import annotations

import contextlib
import functools

LIMIT = 3


class Box:
    """A box."""

    def __init__(self, size: Size) -> None:
        self.size = size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Box) and other.size == self.size


def twice(function):
    @functools.wraps(function)
    def inner(*args):
        return [function(*args), function(*args)]

    return inner


@contextlib.contextmanager
def opened():
    yield LIMIT


async def later():
    return LIMIT


def fails():
    raise ValueError("here")
'''


@pytest.fixture
def shapes(hooked: Hooked) -> Hooked:
    hooked.write = lambda request: (
        SHAPES if not request.existing else "def more(box: Undefined):\n    raise KeyError(box)\n"
    )
    hooked.run("from space.shapes import Box, LIMIT, twice, opened, later, fails")
    hooked.run("from space.shapes import more")
    return hooked


def test_a_file_that_was_edited_or_is_gone_is_not_imported(hooked: Hooked) -> None:
    """Whoever asks, by a statement or not; nothing of it has run; put back, it is imported."""
    hooked.run("from space.text import a")
    path = hooked.pins.path_of(f"{hooked.space}.text")
    good = path.read_bytes()
    for change in (lambda: path.write_bytes(b"import sys\nsys.ran_here = True\n" + good), path.unlink):
        hooked.forget()
        change()
        with pytest.raises(GeneratedImportError, match=r"text\.py"):
            hooked.run("from space.text import a")
        with pytest.raises(GeneratedImportError, match=r"text\.py"):
            importlib.import_module(f"{hooked.space}.text")
        assert hooked.loaded == []
    assert not hasattr(sys, "ran_here")
    path.write_bytes(good)
    assert hooked.run("from space.text import a")["a"]() == "a"
    assert len(hooked.requests) == 1


def test_compiled_files_of_others_are_neither_read_nor_written(hooked: Hooked, tmp_path: Path) -> None:
    """A `.pyc` beside the module that says something else, with the module's own time and size, is ignored."""
    hooked.run("from space.text import a")
    path = hooked.pins.path_of(f"{hooked.space}.text")
    assert not (path.parent / "__pycache__").exists()
    evil, good = path.read_text().replace("'a'", "'x'").replace('"a"', '"x"'), path.read_bytes()
    stat = path.stat()
    path.write_text(evil)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    py_compile.compile(str(path), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    path.write_bytes(good)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    hooked.forget()
    assert hooked.run("from space.text import a")["a"]() == "a"


def test_pinned_code_that_raises_leaves_no_module(hooked: Hooked) -> None:
    """Its own error, as from any file."""
    hooked.write = lambda request: (
        "import sys\n\nif hasattr(sys, 'fail_here'):\n    raise OSError('today')\n\n\ndef a(): pass\n"
    )
    hooked.run("from space.text import a")
    hooked.forget()
    sys.fail_here = True  # type: ignore[attr-defined]
    try:
        with pytest.raises(OSError, match="today"):
            hooked.run("from space.text import a")
    finally:
        del sys.fail_here  # type: ignore[attr-defined]
    assert hooked.loaded == []
    hooked.run("from space.text import a")


@pytest.mark.parametrize("fresh", [True, False])
def test_source_lines_and_tracebacks_are_the_files(shapes: Hooked, fresh: bool) -> None:
    """Of what was there first and of what was appended, in the process that wrote it and in the next."""
    if fresh:
        shapes.forget()
    known = shapes.run("from space.shapes import Box, fails, more")
    path = shapes.pins.path_of(f"{shapes.space}.shapes")
    lines = path.read_text().splitlines()
    for name in ("Box", "fails", "more"):
        source, line = inspect.getsourcelines(known[name])
        assert source[0].rstrip("\n") == lines[line - 1]
        assert inspect.getsourcefile(known[name]) == str(path)
    assert "__future__" not in lines[20:]
    for name, arguments in (("fails", ()), ("more", (1,))):
        try:
            known[name](*arguments)
        except (ValueError, KeyError) as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            assert frame.filename == str(path)
            assert frame.line == lines[(frame.lineno or 0) - 1].strip()
    linecache.clearcache()


def test_every_kind_of_definition_works_as_from_a_plain_file(shapes: Hooked) -> None:
    """Classes, constants, coroutines, context managers, decorators; annotations of the appended code are not run."""
    known = shapes.run(
        "import asyncio\nfrom space.shapes import Box, LIMIT, twice, opened, later\n"
        "with opened() as got: assert got == LIMIT == asyncio.run(later())\n"
        "assert twice(lambda: Box(1))() == [Box(1), Box(1)]\nbox = Box(2)"
    )
    again = pickle.loads(pickle.dumps(known["box"]))
    assert again == known["box"]
    assert type(again) is known["Box"]
    assert pickle.loads(pickle.dumps(known["twice"])) is known["twice"]


def test_another_process_unpickles_what_this_one_pickled(shapes: Hooked) -> None:
    """By the module's name, with the hook and without any statement."""
    box = pickle.dumps(shapes.run("from space.shapes import Box\nbox = Box(7)")["box"])
    program = (
        "import sys, pickle, genloom\n"
        f"genloom.install_import_hook({shapes.space!r}, directory=sys.argv[1], mode='frozen')\n"
        "print(pickle.loads(bytes.fromhex(sys.argv[2])).size)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(shapes.folder), box.hex()],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout == "7\n", done.stderr


def test_a_pinned_module_is_a_plain_module_without_genloom(shapes: Hooked) -> None:
    """The folder is a package of ordinary files for a Python that knows nothing of genloom."""
    shapes.write = lambda request: "from .shapes import Box\n\n\ndef box():\n    return Box(4)\n"
    shapes.run("from space.boxes import box")
    program = f"from {shapes.space}.boxes import box; from {shapes.space}.shapes import more; print(box().size)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(shapes.programs)!r}); {program}"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout == "4\n", done.stderr


def test_reload_takes_the_pinned_text_anew(shapes: Hooked) -> None:
    """In the same module object, which can still grow."""
    module = shapes.run("import space.shapes as module")["module"]
    shapes.run("import importlib, space.shapes\nimportlib.reload(space.shapes)")
    assert sys.modules[f"{shapes.space}.shapes"] is module
    assert len(shapes.requests) == 2
    shapes.write = lambda request: "def last(): return 1\n"
    assert shapes.run("from space.shapes import last")["last"]() == 1


def test_doctests_and_coverage_see_the_module(hooked: Hooked) -> None:
    """Both go by its file and its lines."""
    import doctest

    import coverage

    hooked.write = lambda request: 'def a(n):\n    """Return it.\n\n    >>> a(1)\n    1\n    """\n    return n\n'
    module = hooked.run("import space.text as module\nmodule.a")["module"]
    assert doctest.testmod(module) == (0, 1)
    hooked.forget()
    measured = coverage.Coverage(data_file=None, include=[f"{hooked.folder}/*"])
    with measured.collect():
        hooked.run("from space.text import a\na(1)")
    _, statements, _, missing, _ = measured.analysis2(str(hooked.pins.path_of(f"{hooked.space}.text")))
    assert statements == [1, 7]
    assert missing == []
