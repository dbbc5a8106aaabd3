"""Negative controls: runs of the same tests that must fail where the draft and its tests are honest. Pure.

pytest shares the draft's interpreter, so that a test passed is what the draft lets it say. Two kinds of runs put that to
the proof (negative controls, as in any experiment): the test file with a wrong expectation in each test, which is the same
file in all else, and the file with a stub in the draft's place. Code that makes every test pass makes these pass too.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from genloom.state import CheckResult
from genloom.tools.checks.controls.assertions import Assertion, TestFunction, test_functions
from genloom.tools.checks.controls.stub import calls_of, stub_files
from genloom.tools.checks.controls.wrong_expectation import Edit, SourceText, wrong_expectation
from genloom.tools.checks.judging import check_text
from genloom.tools.checks.subject import MAX_SOURCE_BYTES, SyntaxProblem, parse_source
from genloom.tools.sandbox.report import TestReport

__all__ = ["ControlRun", "Controls", "judge_controls", "plan_controls"]

MIN_RUNS, MAX_RUNS = 2, 3
"""Runs with wrong expectations. Of a test with more assertions, as many as there are runs are put wrong, drawn at random; a
single run would leave code that forges its report now and then, by chance, too good a prospect."""

FORGED = "its control passed: the test cannot tell right from wrong, or the code forges its report"
WRONG = "a wrong expectation"
STUB = "a stub in the code's place"
UNREPORTED = "the session did not report this test"


@dataclass(frozen=True)
class ControlRun:
    """One more run of the tests. A test of `must_fail` that passes in it shows nothing; one of `may_fail` is controlled if
    it fails and left open if not."""

    files: Mapping[str, str]
    tests: str
    must_fail: frozenset[str]
    may_fail: frozenset[str]
    kind: str


@dataclass(frozen=True)
class Controls:
    """The runs for one test file, and the tests that its session has to report."""

    runs: tuple[ControlRun, ...] = ()
    expected: frozenset[str] = frozenset()


def plan_controls(tests: str, files: Mapping[str, str], chance: Random, *, roots: tuple[str, ...] = ("",)) -> Controls:
    """Return the runs that must fail, in an order of chance; at most `MAX_RUNS` with wrong expectations, and one stub.

    What cannot be read has no controls. `files` are what the tests run beside: the draft's own alone, of a repository
    around it nothing is changed. `roots` are the folders that they are imported from.
    """
    tree = parse_source(tests) if len(tests) <= MAX_SOURCE_BYTES else SyntaxProblem("too large")
    if isinstance(tree, SyntaxProblem):
        return Controls()
    functions = test_functions(tree)
    runs = [*_wrong_runs(tests, files, functions, chance), *_stub_runs(tests, files, functions, tree, roots)]
    chance.shuffle(runs)
    return Controls(tuple(runs), frozenset(each.name for each in functions if each.collected))


def judge_controls(
    results: Sequence[CheckResult], controls: Controls, reports: Sequence[TestReport | None]
) -> tuple[CheckResult, ...]:
    """Return the results of tests that passed, judged by what the control runs reported: in their order, `None` for one
    that did not run.

    A test whose control passed though it had to fail becomes a failed one; the detail of any other says which controls
    failed as they must, or that it is uncontrolled. Tests of the file that the session kept silent about did not run.
    """
    pairs = [(run, report) for run, report in zip(controls.runs, reports, strict=True) if report is not None]
    judged = [_judge(check, pairs, unfinished=len(pairs) < len(controls.runs)) for check in results]
    silent = sorted(controls.expected - {_key(check.check) for check in results})
    return (*judged, *(_unreported(name) for name in silent))


def _wrong_runs(
    tests: str, files: Mapping[str, str], functions: Sequence[TestFunction], chance: Random
) -> list[ControlRun]:
    source = SourceText(tests)
    chosen = {each.name: _chosen(each.assertions, chance) for each in functions if each.assertions}
    runs = []
    for number in range(max(MIN_RUNS, *map(len, chosen.values())) if chosen else 0):
        targets = {name: picked[number % len(picked)] for name, picked in chosen.items()}
        edits = {name: wrong_expectation(target.node, source, chance) for name, target in targets.items()}
        run = _wrong_run(source, files, targets, {name: edit for name, edit in edits.items() if edit})
        runs += [run] if run else []
    return runs


def _stub_runs(
    tests: str,
    files: Mapping[str, str],
    functions: Sequence[TestFunction],
    tree: ast.Module,
    roots: tuple[str, ...],
) -> list[ControlRun]:
    try:
        calling = frozenset(each.name for each in functions if calls_of(each, tree, files, roots))
        stubs = stub_files(files) if calling else {}
    except RecursionError:  # the draft's nesting; the runs with wrong expectations do not depend on it
        return []
    others = frozenset(each.name for each in functions) - calling
    return [ControlRun(stubs, tests, calling, others, STUB)] if calling else []


def _chosen(assertions: Sequence[Assertion], chance: Random) -> list[Assertion]:
    """Some assertions, those first that a test is sure to reach."""
    drawn = chance.sample(list(assertions), len(assertions))
    return sorted(drawn, key=lambda assertion: not assertion.sure)[:MAX_RUNS]


def _wrong_run(
    source: SourceText, files: Mapping[str, str], targets: Mapping[str, Assertion], edits: Mapping[str, Edit]
) -> ControlRun | None:
    text = source.edited(list(edits.values()))
    if not edits or isinstance(parse_source(text), SyntaxProblem):
        return None
    sure = frozenset(name for name in edits if targets[name].sure)
    return ControlRun(files, text, sure, frozenset(edits) - sure, WRONG)


def _judge(check: CheckResult, pairs: Sequence[tuple[ControlRun, TestReport]], *, unfinished: bool) -> CheckResult:
    name, failed = _key(check.check), []
    for run, report in pairs:
        cases = [(_own_name(case.name), case.result) for case in report.cases]
        if name in run.must_fail and any(_key(each) == name and result == "passed" for each, result in cases):
            return check.model_copy(update={"result": "failed", "detail": f"{FORGED} ({run.kind})"})
        own = {result for each, result in cases if check_text(each) == check.check}
        if own and own <= {"failed", "error"} and name in run.must_fail | run.may_fail:
            failed.append(run.kind)
    return check.model_copy(update={"detail": "\n".join(filter(None, [_told(failed, unfinished), check.detail]))})


def _told(failed: Sequence[str], unfinished: bool) -> str:
    wrong, stubbed = failed.count(WRONG), STUB in failed
    if wrong:
        also = f", and with {STUB}" if stubbed else ""
        return f"controlled: it fails with {WRONG} ({wrong} {'run' if wrong == 1 else 'runs'}){also}"
    why = "its controls found no time to run" if unfinished else "no assertion of it could be put wrong"
    return f"uncontrolled: {why}{f'; it fails with {STUB}' if stubbed else ''}"


def _unreported(name: str) -> CheckResult:
    return CheckResult(check=name, source="test", evidence="test_report", result="not_run", detail=UNREPORTED)


def _own_name(case_name: str) -> str:
    return case_name.partition("::")[2] or case_name


def _key(name: str) -> str:
    """A test's name without its parameters."""
    return name.partition("[")[0]
