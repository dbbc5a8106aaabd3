"""Which lines of a draft's functions ran: a claim that is right for honest code, and that changes nothing else."""

from __future__ import annotations

import sys
import trace
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_sandbox_interpreters import interpreter

from genloom.errors import UsageError
from genloom.tools.sandbox import Limits, Returned, Sandbox
from genloom.tools.sandbox.conversation.line_coverage import FileLines, LineCoverage, read_coverage
from genloom.tools.sandbox.worker.code_lines import function_lines

DRAFT = '''import functools

LIMIT = [n
         for n in range(3)]


@functools.lru_cache(
    maxsize=None)
def sign(x):
    """Doc.

    More.
    """
    if x > 0:
        return "+"
    if x < 0:
        return (
            "-")
    return ""


def never():
    return [
        n for n in LIMIT]


class Box:
    size = 3

    def grow(self): self.size += 1

    async def wait(self):
        for n in range(2):
            yield n


if __name__ == "__main__":
    sign(1)
'''
LINES = {14, 15, 16, 17, 18, 19, 23, 24, 30, 33, 34}
SIGN = {14, 15, 16, 19}


def lines_of(coverage: LineCoverage | None) -> tuple[set[int], set[int]]:
    assert coverage is not None
    assert coverage.unknown == ""
    (file,) = coverage.files
    return _numbers(file.lines), _numbers(file.reached)


def _numbers(bits: int) -> set[int]:
    return {number for number in range(bits.bit_length()) if bits >> number & 1}


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def test_lines_that_calls_ran_are_told_in_every_python(version: str) -> None:
    """Lines of functions count, docstrings and what only loading ran do not; several calls are taken together."""
    sandbox = Sandbox(python=interpreter(version))
    report = sandbox.call({"draft.py": DRAFT}, "draft", ["sign(1)", "sign(0)"], record_lines=["draft.py"])
    assert [result for result in report.results if isinstance(result, Returned)] == [*report.results], report
    assert lines_of(report.coverage) == (LINES, SIGN)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_lines_that_tests_ran_are_told(version: str) -> None:
    """What runs while the test file is collected is no test's doing; fixtures and tests are."""
    tests = """
import pytest
from draft import Box, never, sign
never()
@pytest.fixture
def box():
    box = Box()
    box.grow()
    return box
def test_it(box): assert sign(1) == '+'
"""
    report = Sandbox(python=interpreter(version)).test({"draft.py": DRAFT}, tests, record_lines=["draft.py"])
    assert [case.result for case in report.cases] == ["passed"], report
    assert lines_of(report.coverage) == (LINES, {14, 15, 30})


def test_nothing_is_recorded_unless_asked(sandbox: Sandbox) -> None:
    """Without a file to record there is no coverage, and no trace function either."""
    draft = {"draft.py": "import sys\ndef f(): return sys.gettrace() is None\n"}
    report = sandbox.call(draft, "draft", ["f()"])
    assert report.results == (Returned(value=True),)
    assert report.coverage is None
    with pytest.raises(UsageError):
        sandbox.call(draft, "draft", ["f()"], record_lines=["other.py"])


def test_several_files_and_late_imports_are_told_apart(sandbox: Sandbox) -> None:
    """Each file has its own lines; a module that a call imports has run no line of a function by that."""
    files = {
        "one.py": "def f():\n    import pack.two\n    return pack.two.g(0)\n",
        "pack/__init__.py": "",
        "pack/two.py": "def g(x):\n    if x:\n        return 1\n    return 2\n",
    }
    recorded = ["one.py", "pack/two.py", "pack/__init__.py"]
    report = sandbox.call(files, "one", ["f()"], record_lines=recorded)
    assert report.results == (Returned(value=2),)
    assert report.coverage is not None
    told = {file.path: (_numbers(file.lines), _numbers(file.reached)) for file in report.coverage.files}
    assert told == {"one.py": ({2, 3}, {2, 3}), "pack/two.py": ({2, 3, 4}, {2, 4}), "pack/__init__.py": (set(), set())}


def test_threads_of_the_draft_are_followed(sandbox: Sandbox) -> None:
    """A line that another thread runs is reached."""
    source = (
        "import threading\n"
        "def work():\n    done.append(1)\n"
        "done = []\n"
        "def f():\n    t = threading.Thread(target=work)\n    t.start()\n    t.join()\n    return done\n"
    )
    report = sandbox.call({"draft.py": source}, "draft", ["f()"], record_lines=["draft.py"])
    lines, reached = lines_of(report.coverage)
    assert (report.results, reached) == ((Returned(value=[1]),), lines)


HOT = "def f(n):\n    t = 0\n    for i in range(n):\n        t += i\n    return t\n"


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_long_run_is_followed_or_said_to_be_too_long(version: str) -> None:
    """Where each line costs time, following ends after so many; the value comes out all the same."""
    sandbox = Sandbox(python=interpreter(version), limits=Limits(wall_seconds=20))
    report = sandbox.call({"draft.py": HOT}, "draft", ["f(3000000)"], record_lines=["draft.py"])
    assert report.results == (Returned(value=4499998500000),)
    assert report.coverage is not None
    if version == "3.11":
        assert "too long" in report.coverage.unknown
    else:
        assert lines_of(report.coverage) == ({2, 3, 4, 5}, {2, 3, 4, 5})


HOSTILE = {
    "sets a trace function": "import sys\ndef f(x):\n    getattr(sys, 'set' + 'trace')(lambda *a: None)\n    return x\n",
    "sets one at once": "import sys\ngetattr(sys, 'set' + 'trace')(lambda *a: None)\ndef f(x): return x\n",
    "deletes its file": "import os\ndef f(x):\n    os.path.exists(__file__) and os.remove(__file__)\n    return x\n",
    "writes itself anew": "def f(x):\n    open(__file__, 'w').write('(' * 90)\n    return x\n",
    "breaks what records": """
import gc
def f(x):
    for found in gc.get_objects():
        if type(found).__name__ in ('LineRecorder', '_Tracing'):
            for name in list(vars(found)):
                setattr(found, name, None)
    return x
""",
    "lies in what records": """
import gc
def f(x):
    for found in gc.get_objects():
        if type(found).__name__ == 'LineRecorder':
            found.finish = lambda: '"]' + chr(27) + chr(10) + '["'
    return x
""",
    "raises where it records": """
import gc, sys
class Set(set):
    def add(self, x): raise KeyboardInterrupt
    def __rand__(self, other): raise type('a"\\n', (Exception,), {})
def f(x):
    for found in gc.get_objects():
        if type(found).__name__ == 'LineRecorder':
            reached = found._reached
            for name in reached: reached[name] = Set()
    return x
""",
    "takes the names away": """
import builtins
def f(x):
    builtins.open = builtins.compile = builtins.max = None
    return x
""",
}


@pytest.mark.parametrize("version", ["3.11", "3.13"])
@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_tampering_with_the_recorder_harms_only_its_own_report(source: str, version: str) -> None:
    """The values come out as they would without a recorder; at worst the coverage is unknown or made up."""
    sandbox = Sandbox(python=interpreter(version))
    report = sandbox.call({"draft.py": source}, "draft", ["f(1)", "f(2)"], record_lines=["draft.py"])
    bare = sandbox.call({"draft.py": source}, "draft", ["f(1)", "f(2)"])
    assert (report.results, report.ended) == (bare.results, bare.ended)
    assert report.coverage is not None
    assert report.coverage.unknown.isprintable()


def test_records_are_as_strict_as_they_were(sandbox: Sandbox) -> None:
    """A second record beside the closing one still spoils the run."""
    source = """
import gc, os
def f(x):
    for found in gc.get_objects():
        if type(found).__name__ == 'LineRecorder':
            found.finish = lambda: os.write(4, b'0' * 32 + b' ["closed",1,""]\\n') and ''
    return x
"""
    report = sandbox.call({"draft.py": source}, "draft", ["f(1)"], record_lines=["draft.py"])
    assert not any(isinstance(result, Returned) for result in report.results)


def test_run_that_is_stopped_has_no_known_coverage(sandbox: Sandbox) -> None:
    """A killed run tells nothing of its lines."""
    source = "import os\ndef f():\n    os._exit(0)\n"
    report = sandbox.call({"draft.py": source}, "draft", ["f()"], record_lines=["draft.py"])
    assert report.coverage == LineCoverage(unknown="the run did not come to its end")


texts = st.text(max_size=5) | st.text("= 0123abc/x", max_size=12).map("= ".__add__)
records = st.recursive(st.none() | st.booleans() | st.integers() | texts, st.lists, max_leaves=6)


@given(st.lists(records, max_size=2))
def test_whatever_a_record_holds_is_read_without_an_error(told: list[Any]) -> None:
    """What makes no sense is unknown, and says so in plain text."""
    coverage = read_coverage(told, ["a.py"])
    assert coverage is not None
    assert coverage.files == () or coverage.files[0].reached & ~coverage.files[0].lines == 0
    assert coverage.unknown.isascii()
    assert coverage.unknown.isprintable()
    assert read_coverage(told, []) is None


@given(st.sets(st.integers(1, 99)), st.sets(st.integers(1, 99)))
def test_lines_survive_the_record(lines: set[int], more: set[int]) -> None:
    """Two numbers in hexadecimal are read back; lines that ran and are none of the file's are refused."""
    bits, ran = sum(1 << n for n in lines), sum(1 << n for n in lines & more)
    assert read_coverage([f"= {bits:x}/{ran:x}"], ["a"]) == LineCoverage(files=(FileLines("a", bits, ran),))
    stray = read_coverage([f"= {ran:x}/{bits | 1 << 100:x}"], ["a"])
    assert stray is not None
    assert stray.unknown


# statements of which every line runs, so that Python's own tracing tells each of them
STATEMENTS = (
    "x = 1",
    "x = [\n    1,\n    y,\n]",
    "for y in (1, 2):\n    x = y",
    "y = 1\nwhile y:\n    y = 0",
    "if y == y:\n    x = 2",
    "try:\n    raise ValueError\nexcept ValueError:\n    x = 3\nfinally:\n    x = 4",
    "with context():\n    x = 5",
    "def inner(a=1,\n          b=2):\n    'doc'\n    return x\ninner()",
    "x = [z\n     for z in (1, 2)]",
    "class Inner:\n    'doc'\n    z = 1\n    def m(self): return self\nInner().m()",
    "x = (lambda:\n     1)()",
    "x = y if y else 3",
    "'a text alone'",
    "async def later():\n    return 1\nrun(later())",
    "def each():\n    yield 1\n    yield 2\nlist(each())",
    "x = f'{y}' \\\n    'z'",
    "assert True, (\n    x)",
)


@given(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=8), st.booleans())
def test_lines_of_functions_are_those_that_tracing_tells_of(statements: list[str], decorated: bool) -> None:
    """When every line of a function runs, the lines counted from its code are exactly those that were traced."""
    body = "\n".join(statements).replace("\n", "\n    ")
    head = "@same\n@same\n" if decorated else ""
    code = compile(f"{head}def f(y):\n    'doc'\n    x = y\n    {body}\n    return x\n", "<made>", "exec")
    names = {
        "same": lambda f: f,
        "context": Context,
        "run": lambda c: c.close() if sys.gettrace() is None else drive(c),
    }
    exec(code, names)
    ran = traced(names["f"])
    assert function_lines(code) == ran


class Context:
    def __enter__(self) -> None: ...
    def __exit__(self, *args: object) -> None: ...


def drive(coroutine: Any) -> None:
    with pytest.raises(StopIteration):
        coroutine.send(None)


def traced(function: Any) -> set[int]:
    ran: set[int] = set()

    def step(frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename != "<made>":
            return None
        if event == "line":
            ran.add(frame.f_lineno)
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        function(1)
    finally:
        sys.settrace(before)
    return ran


def test_lines_of_this_library_are_among_those_of_python_s_own_trace() -> None:
    """On real files, no line is counted that the standard library's `trace` does not count."""
    for path in Path(function_lines.__code__.co_filename).parent.glob("*.py"):
        code = compile(path.read_text(), str(path), "exec")
        assert isinstance(code, CodeType)
        known = set(trace._find_executable_linenos(str(path)))  # type: ignore[attr-defined]  # it has no public name
        assert function_lines(code) <= known
