"""Coverage of a draft by its checks: combined over the runs, shown everywhere, and deciding nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_sandbox import CALLS, TESTS, ScriptedSandbox, cases, value

from genloom.state import Coverage, Failed, FileCoverage, GenerationRequest, NotRun, Passed, module_draft
from genloom.tools.checks import verdict_to_json, verify_draft
from genloom.tools.checks.coverage import combined_coverage, recordable_files
from genloom.tools.sandbox import Limits, Sandbox
from genloom.tools.sandbox.conversation.line_coverage import FileLines, LineCoverage

SOURCE = """def double(x):
    if x is None:
        return None
    if x == 3:
        return 6
    return x + x


def never():
    return 0
"""
TESTS_OF_THREE = "from double import double\n\n\ndef test_three():\n    assert double(3) == 6\n"


async def verdict_on(
    sandbox: Sandbox | ScriptedSandbox, *examples: str, source: str = SOURCE, tests: str | None = None
) -> Passed | Failed | NotRun:
    draft = module_draft(source, path="double.py", name="double", generator="model")
    request = GenerationRequest(prompt="double it", name="double", examples=examples, tests=tests)
    return await verify_draft(draft, request, sandbox)


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    made = Sandbox(limits=Limits(wall_seconds=20))
    status = made.status()
    if status.tier is None:
        pytest.skip(f"no sandbox here: {status.reason}")
    return made


async def test_lines_no_check_reached_are_those_that_neither_values_nor_tests_ran(sandbox: Sandbox) -> None:
    """Examples and tests count together; what the controls ran does not count."""
    verdict = await verdict_on(sandbox, "double(2) == 4", tests=TESTS_OF_THREE)
    assert isinstance(verdict, Passed), verdict
    assert verdict.coverage == Coverage(
        files=(FileCoverage(path="double.py", lines=6, reached=4, missed=((3, 3), (10, 10))),)
    )
    assert verdict.coverage.missed == "3, 10"
    alone = await verdict_on(sandbox, "double(2) == 4")
    assert alone.coverage is not None
    assert alone.coverage.missed == "3, 5, 10"
    assert verdict_to_json(alone)["coverage"] == {
        "lines": 6,
        "reached": 3,
        "files": [{"path": "double.py", "lines": 6, "reached": 3, "missed": [[3, 3], [5, 5], [10, 10]]}],
        "unknown": "",
    }


async def test_held_out_and_failing_examples_count_as_reaching(sandbox: Sandbox) -> None:
    """A failed verdict has a coverage too."""
    failed = await verdict_on(sandbox, "double(3) == 7", "double(None) == None")
    assert isinstance(failed, Failed)
    assert failed.coverage is not None
    assert failed.coverage.missed == "6-10"


LYING = """
import gc
for found in gc.get_objects():
    if type(found).__name__ == 'LineRecorder':
        found.finish = lambda: {text!r}
"""


@pytest.mark.parametrize(
    "text", ["made up", "= ffff/ffff", "=", "= 4/4 4/4", "= 4/6", "", None, "\x1b\n\ud800", '"]\n["']
)
async def test_made_up_coverage_changes_no_verdict(sandbox: Sandbox, text: str) -> None:
    """What a draft says of its lines is unknown where it makes no sense; right stays right, and wrong stays wrong."""
    right = await verdict_on(sandbox, "double(2) == 4", source=LYING.format(text=text) + SOURCE, tests=TESTS_OF_THREE)
    assert isinstance(right, Passed), right
    assert right.coverage is not None
    assert right.coverage.unknown
    wrong = LYING.format(text=text) + "def double(x): return 0\n"
    assert isinstance(await verdict_on(sandbox, "double(2) == 4", source=wrong), Failed)


@pytest.mark.parametrize(
    "source",
    [
        "import sys\ndef double(x): return x + x if sys.gettrace() is None else 0\n",
        "import sys\nsys.settrace(None)\ndef double(x): return x + x\n",
        "from sys import monitoring\ndef double(x): return x + x\n",
        "import pdb\ndef double(x): return x + x\n",
        "import trace\ndef double(x): return trace.Trace(count=0, trace=0).runfunc(lambda: x + x)\n",
    ],
)
async def test_code_that_asks_for_tracing_itself_runs_without_a_recorder(source: str) -> None:
    """Nothing is recorded in any of its runs, and the verdict says why."""
    scripted = ScriptedSandbox({"double(2)": value(4)}, tests=replace(TESTS, cases=cases("passed")))
    verdict = await verdict_on(scripted, "double(2) == 4", source=source, tests="def test_0(): assert 1 == 1\n")
    assert {*scripted.recorded} == {()}
    assert verdict.coverage is not None
    assert "trace functions" in verdict.coverage.unknown


async def test_traced_code_keeps_its_verdict(sandbox: Sandbox) -> None:
    """Code that works only where nothing traces it passes, and so does code that traces itself."""
    alone = "import sys\ndef double(x): return x + x if sys.gettrace() is None else 0\n"
    tracing = "import sys\ndef double(x):\n    sys.settrace(lambda *a: None)\n    return x + x\n"
    for source in (alone, tracing):
        assert isinstance(await verdict_on(sandbox, "double(2) == 4", source=source), Passed)


async def test_every_run_of_the_tests_records_the_same_files() -> None:
    """A draft cannot tell a control from the true run by what is recorded."""
    scripted = ScriptedSandbox(tests=replace(TESTS, cases=cases("passed")))
    await verdict_on(scripted, tests="from double import double\ndef test_0(): assert double(1) == 2\n")
    assert len(scripted.recorded) >= 4
    assert {*scripted.recorded} == {("double.py",)}


async def test_one_run_that_does_not_tell_makes_all_unknown() -> None:
    """Lines that one run missed may have been reached in another."""
    known = LineCoverage(files=(FileLines("double.py", 4, 4),))
    scripted = ScriptedSandbox(
        {"double(2)": value(4)},
        calls=replace(CALLS, coverage=known),
        tests=replace(TESTS, coverage=LineCoverage(unknown="it was too long")),
    )
    verdict = await verdict_on(scripted, "double(2) == 4", tests="def test_0(): pass\n")
    assert verdict.coverage == Coverage(unknown="it was too long")


async def test_nothing_is_told_where_nothing_ran() -> None:
    """A sandbox that is missing gives no coverage."""
    nothing = replace(CALLS, not_run="no sandbox", not_run_cause="no_sandbox", tier=None)
    verdict = await verdict_on(ScriptedSandbox(calls=nothing), "double(2) == 4")
    assert verdict.coverage is None
    assert verdict_to_json(verdict)["coverage"] is None


def test_tests_of_a_draft_are_not_part_of_what_is_covered() -> None:
    """Test files, a conftest and data are left out."""
    files = {"pack/a.py": "", "tests/test_a.py": "", "conftest.py": "", "data.json": ""}
    assert recordable_files(files, "def test_a(): pass\n") == ("pack/a.py",)
    assert recordable_files(files, "import pdb\n") == ()


numbers = st.sets(st.integers(1, 60))


@given(st.lists(numbers, min_size=1, max_size=4), numbers)
def test_missed_ranges_hold_exactly_the_lines_that_no_run_reached(runs: list[set[int]], lines: set[int]) -> None:
    """Ranges are in order, apart, start and end with a missed line, and skip over lines without code only."""
    files = {"a.py": "\n" * 60}
    told = [LineCoverage(files=(FileLines("a.py", _bits(lines), _bits(run & lines)),)) for run in runs]
    coverage = combined_coverage(told, files)
    assert coverage is not None
    (file,) = coverage.files
    missed = lines.difference(*runs)
    within = {n for first, last in file.missed for n in range(first, last + 1)}
    assert within & lines == missed
    assert {n for pair in file.missed for n in pair} <= missed
    assert (file.lines, file.reached) == (len(lines), len(lines) - len(missed))
    assert list(file.missed) == sorted(file.missed)
    beyond = combined_coverage(told, {"a.py": "\n" * 5})
    assert beyond is not None
    assert bool(beyond.unknown) == (max(lines, default=0) > 5)


def _bits(lines: set[int]) -> int:
    return sum(1 << line for line in lines)
