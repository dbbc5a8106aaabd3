"""What a sandbox reported becomes a verdict; reports are written by hand here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_sandbox import CALLS, TESTS, ScriptedSandbox, cases, error, value

from genloom.events import CheckFinished, Event
from genloom.portal import run_sync
from genloom.state import Draft, Failed, FileChange, GenerationRequest, NotRun, Passed, Verdict
from genloom.tools.checks import Comparison, verify_draft
from genloom.tools.sandbox import Limits
from genloom.tools.sandbox.report import NoRecord, Opaque

SOURCE = "def area(r):\n    return r * r\n"


def draft(source: str = SOURCE, **fields: Any) -> Draft:
    base = {"changes": (FileChange(path="area.py", content=source),), "generator": "model", "name": "area"}
    return Draft.model_validate(base | fields)


def request(*examples: str, **fields: Any) -> GenerationRequest:
    return GenerationRequest.model_validate({"prompt": "the area", "name": "area", "examples": examples} | fields)


def verify(sandbox: ScriptedSandbox, asked: GenerationRequest, made: Draft | None = None, **options: Any) -> Verdict:
    return run_sync(verify_draft(made or draft(), asked, sandbox, **options))


def test_values_that_agree_pass_and_are_shown() -> None:
    """Every check carries its own text, evidence, expected and actual value and how they were compared."""
    verdict = verify(ScriptedSandbox({"area(2)": value(4.0)}), request("area(2) == 4"))
    assert isinstance(verdict, Passed)
    assert (verdict.sandbox, verdict.limits, verdict.seconds, verdict.evidence) == ("landlock", "1 s", 0.5, "values")
    loads, check = verdict.checks
    assert (loads.source, loads.result, loads.evidence) == ("import", "passed", "none")
    assert (check.check, check.expected, check.actual, check.detail) == ("area(2) == 4", "4", "4.0", "compared by ==")
    assert check.proves


def test_another_value_fails_with_the_first_failure_as_the_reason() -> None:
    """The reason names the call, what was expected and what came."""
    answers = {"area(2)": value(4), "area(3)": value(6), "area(4)": value(0)}
    verdict = verify(ScriptedSandbox(answers), request("area(2) == 4", "area(3) == 9", "area(4) == 16"))
    assert isinstance(verdict, Failed)
    assert verdict.reason == "`area(3) == 9`: expected 9, got 6."
    assert [check.result for check in verdict.checks] == ["passed", "passed", "failed", "failed"]


def test_comparison_options_reach_the_checks() -> None:
    """A stricter comparison fails what `==` would accept, and says so."""
    verdict = verify(
        ScriptedSandbox({"area(2)": value(4.0)}), request("area(2) == 4"), comparison=Comparison(exact_type=True)
    )
    assert isinstance(verdict, Failed)
    assert "exact types" in verdict.checks[1].detail


@pytest.mark.parametrize("lie", [Opaque(type_name="Yes", text="4"), "4", None, True, [4]])
def test_what_only_looks_like_the_value_fails(lie: Any) -> None:
    """An opaque object whose text is right proves nothing."""
    assert isinstance(verify(ScriptedSandbox({"area(2)": value(lie)}), request("area(2) == 4")), Failed)


def test_a_generator_in_place_of_a_list_comes_with_advice() -> None:
    """The detail says how to compare what a generator yields."""
    lazy = Opaque(type_name="generator", text="<generator object>")
    verdict = verify(ScriptedSandbox({"area(2)": value(lazy)}), request("area(2) == [4]"))
    assert "list(...)" in verdict.checks[1].detail


def test_raises_holds_for_the_error_and_its_bases_only() -> None:
    """`raises(LookupError, …)` holds for a KeyError that names its bases, not for a value or another error."""
    key_error = replace(error("KeyError", "'x'"), types=("builtins.KeyError", "builtins.LookupError", "Exception"))
    asked = request("raises(LookupError, area(2))")
    assert isinstance(verify(ScriptedSandbox({"area(2)": key_error}), asked), Passed)
    assert isinstance(verify(ScriptedSandbox({"area(2)": error("TypeError")}), asked), Failed)
    assert isinstance(verify(ScriptedSandbox({"area(2)": value(None)}), asked), Failed)


def test_an_exception_is_told_with_its_line() -> None:
    """A call that raises shows the exception's type, message and line of the draft."""
    verdict = verify(ScriptedSandbox({"area(2)": error("TypeError", "no", 2)}), request("area(2) == 4"))
    assert verdict.checks[1].actual == "TypeError: no (line 2)"


@pytest.mark.parametrize("ended", ["exit", "timeout", "memory", "output", "killed"])
def test_a_run_that_does_not_end_by_itself_fails_whatever_it_recorded(ended: Any) -> None:
    """Right values of a run that was stopped, or that left early, are not enough."""
    sandbox = ScriptedSandbox({"area(2)": value(4)}, calls=replace(CALLS, ended=ended))
    assert isinstance(verify(sandbox, request("area(2) == 4")), Failed)


@pytest.mark.parametrize(
    "results",
    [
        (value(None), value(4)),
        (value(None), value(4), value(9), value(16)),
        (value(None), NoRecord(why="malformed"), value(9)),
        (),
    ],
    ids=["one missing", "one too many", "one malformed", "none"],
)
def test_missing_extra_and_malformed_records_fail(results: Any) -> None:
    """There is one good record for the probe and for each call, or the draft fails."""
    sandbox = ScriptedSandbox(calls=replace(CALLS, results=results, stdout="x"))
    if not results:
        sandbox = ScriptedSandbox({c: NoRecord(why="gone") for c in ("area", "area(2)", "area(3)")})
    assert isinstance(verify(sandbox, request("area(2) == 4", "area(3) == 9")), Failed)


def test_a_module_that_does_not_load_fails_with_what_it_raised_and_printed() -> None:
    """Loading errors are the reason, output is shown, and the examples count as not run."""
    sandbox = ScriptedSandbox(calls=replace(CALLS, loading=error("ValueError", "no", 3), stdout="hello\x1b[31m"))
    verdict = verify(sandbox, request("area(2) == 4", tests="def test(): ..."))
    assert isinstance(verdict, Failed)
    assert verdict.reason == "The module does not load: ValueError: no (line 3)."
    assert "printed: hello\\x1b[31m" in verdict.checks[0].detail
    assert verdict.checks[1].result == "not_run"
    assert len(sandbox.asked) == 1


def test_a_module_without_the_asked_name_fails_and_tells_what_it_defines() -> None:
    """The asked name is looked for even where there is nothing else to check."""
    sandbox = ScriptedSandbox({"area": error("NameError", "name 'area' is not defined")})
    verdict = verify(sandbox, request(), draft("def surface(r): ...\n"))
    assert isinstance(verdict, Failed)
    assert verdict.reason == "The module does not define `area`; it defines `surface`."


def test_a_missing_package_is_named_and_the_code_is_not_blamed() -> None:
    """`NotRun` when the draft imports what the interpreter lacks, at loading or inside a call."""
    source = "import numpy as np\n" + SOURCE
    lacking = error("ModuleNotFoundError", "No module named 'numpy'", 1)
    for sandbox in (ScriptedSandbox(calls=replace(CALLS, loading=lacking)), ScriptedSandbox({"area(2)": lacking})):
        verdict = verify(sandbox, request("area(2) == 4"), draft(source))
        assert isinstance(verdict, NotRun)
        assert verdict.cause == "missing_package"
        assert "`numpy`" in verdict.reason


@pytest.mark.parametrize("missing", ["area", "area.parts", "os.nothing", "never_imported"])
def test_a_wrong_import_of_the_draft_s_own_making_fails(missing: str) -> None:
    """Its own name, a part of a package that is there, and a name that it never imports are the code's fault."""
    source = f"import os, area\n{SOURCE}"
    loading = error("ModuleNotFoundError", f"No module named '{missing}'")
    assert isinstance(verify(ScriptedSandbox(calls=replace(CALLS, loading=loading)), request(), draft(source)), Failed)


def test_an_expected_import_error_is_no_missing_package() -> None:
    """Where the example asks for the error, the error is right."""
    sandbox = ScriptedSandbox({"area(2)": error("ModuleNotFoundError", "No module named 'numpy'")})
    asked = request("raises(ModuleNotFoundError, area(2))")
    assert isinstance(verify(sandbox, asked, draft("import numpy\n" + SOURCE)), Passed)


@pytest.mark.parametrize("cause", ["no_sandbox", "no_interpreter"])
def test_nothing_started_is_not_run_with_the_hint(cause: Any) -> None:
    """Without a sandbox or interpreter nothing is claimed, and the examples stand as not run."""
    report = replace(CALLS, tier=None, not_run="No sandbox.", not_run_cause=cause, hint="Do this.")
    verdict = verify(ScriptedSandbox(calls=report), request("area(2) == 4"))
    assert isinstance(verdict, NotRun)
    assert (verdict.cause, verdict.reason, verdict.hint) == (cause, "No sandbox.", "Do this.")
    assert [check.result for check in verdict.checks] == ["not_run"]


def test_tests_without_pytest_are_a_missing_package() -> None:
    """What the caller's tests would have shown is open, whatever the examples showed; the hint says what to install."""
    report = replace(TESTS, complete=False, not_run="It has no pytest.", not_run_cause="no_pytest", hint="Install it.")
    sandbox = ScriptedSandbox({"area(2)": value(4)}, tests=report)
    verdict = verify(sandbox, request("area(2) == 4", tests="def test(): ..."))
    assert isinstance(verdict, NotRun)
    assert (verdict.cause, verdict.reason, verdict.hint) == ("missing_package", "It has no pytest.", "Install it.")
    assert [check.result for check in verdict.checks] == ["passed", "passed", "not_run"]
    failed = verify(sandbox, request("area(2) == 5", tests="def test(): ..."))
    assert isinstance(failed, Failed)


def test_a_later_run_that_cannot_start_keeps_its_cause() -> None:
    """An interpreter that goes away between two runs is told as that."""
    made = draft(generator="search", fitted_to=("area(2) == 4",), held_out=("area(3) == 9",))
    later = replace(CALLS, tier=None, not_run="Gone.", not_run_cause="no_interpreter", hint="Give another.")
    sandbox = ScriptedSandbox({"area(2)": value(4)}, later=later)
    verdict = verify(sandbox, request("area(2) == 4", "area(3) == 9"), made)
    assert isinstance(verdict, NotRun)
    assert (verdict.cause, verdict.hint) == ("no_interpreter", "Give another.")


def test_wall_seconds_are_for_all_runs_together() -> None:
    """Examples, held-out examples and tests each get what the runs before them left; the verdict tells the whole limit."""
    made = draft(generator="search", fitted_to=("area(2) == 4",), held_out=("area(3) == 9",))
    sandbox = ScriptedSandbox(
        {"area(2)": value(4), "area(3)": value(9)},
        calls=replace(CALLS, seconds=1.5),
        later=replace(CALLS, seconds=2.0, limits="less"),
        limits=Limits(wall_seconds=4, memory_megabytes=99),
    )
    verdict = verify(sandbox, request("area(2) == 4", "area(3) == 9", tests="def test(): ..."), made)
    given = [limits for limits in sandbox.given if limits]
    assert [limits.wall_seconds for limits in given] == pytest.approx([4.0, 2.5, 0.5], abs=0.4)
    assert {limits.memory_megabytes for limits in given} == {99}
    assert verdict.limits == "1 s"


def test_a_run_with_no_time_left_is_stopped_at_once() -> None:
    """Time that is used up leaves a later run next to nothing, never the whole limit again."""
    sandbox = ScriptedSandbox({"area(2)": value(4)}, calls=replace(CALLS, seconds=9.0))
    verify(sandbox, request("area(2) == 4", tests="def test(): ..."))
    last = sandbox.given[-1]
    assert last is not None
    assert last.wall_seconds < 0.1


def test_nothing_to_check_is_not_run_though_it_loads() -> None:
    """A module that loads and defines the name proves nothing by that."""
    verdict = verify(ScriptedSandbox(), request())
    assert isinstance(verdict, NotRun)
    assert verdict.cause == "no_checks"
    assert verdict.evidence == "none"


def test_proposed_checks_alone_never_pass() -> None:
    """They are run and shown; when all hold there is still nothing that proves the draft."""
    made = draft(proposed_checks=("area(2) == 4",))
    verdict = verify(ScriptedSandbox({"area(2)": value(4)}), request(), made)
    assert isinstance(verdict, NotRun)
    assert verdict.cause == "no_checks"
    assert [(c.source, c.result, c.proves) for c in verdict.checks[1:]] == [("proposed", "passed", False)]


def test_a_failed_proposed_check_fails_an_unproven_draft_and_is_advice_to_a_proven_one() -> None:
    """Where the caller's checks prove the draft, the generator's own claims are shown and change nothing."""
    made = draft(proposed_checks=("area(3) == 8",))
    sandbox = ScriptedSandbox({"area(2)": value(4), "area(3)": value(9)})
    unproven = verify(sandbox, request(), made)
    assert isinstance(unproven, Failed)
    assert unproven.reason.startswith("The proposed check `area(3) == 8`")
    proven = verify(sandbox, request("area(2) == 4"), made)
    assert isinstance(proven, Passed)
    assert [c.result for c in proven.checks] == ["passed", "passed", "failed"]


def test_held_out_examples_run_apart_and_last() -> None:
    """They go into a run of their own, so that nothing of them reaches what the other checks show."""
    made = draft(generator="search", fitted_to=("area(2) == 4",), held_out=("area(3) == 9",))
    sandbox = ScriptedSandbox({"area(2)": value(4), "area(3)": value(9)})
    verdict = verify(sandbox, request("area(2) == 4", "area(3) == 9"), made)
    assert isinstance(verdict, Passed)
    assert sandbox.asked == [("area", "area", "area(2)"), ("area", "area(3)")]
    hidden = [check for check in verdict.checks if check.hidden]
    assert [(check.source, check.result, check.proves) for check in hidden] == [("held_out", "passed", True)]


def test_a_failed_held_out_example_is_not_told_in_the_reason() -> None:
    """The reason is read by others than the user: it holds no hidden value."""
    made = draft(generator="search", fitted_to=("area(2) == 4",), held_out=("area(3) == 9",))
    verdict = verify(
        ScriptedSandbox({"area(2)": value(4), "area(3)": value(6)}), request("area(2) == 4", "area(3) == 9"), made
    )
    assert isinstance(verdict, Failed)
    assert "9" not in verdict.reason
    assert "area(3)" not in verdict.reason


def test_held_out_examples_do_not_run_when_others_failed() -> None:
    """A draft that fails a visible check never sees a hidden one."""
    made = draft(generator="search", held_out=("area(3) == 9",))
    sandbox = ScriptedSandbox({"area(2)": value(5)})
    verdict = verify(sandbox, request("area(2) == 4", "area(3) == 9"), made)
    assert isinstance(verdict, Failed)
    assert len(sandbox.asked) == 1


@pytest.mark.parametrize(
    "later",
    [
        replace(CALLS, stdout="area of 3", ended="exit"),
        replace(CALLS, stdout="area of 3", loading=error("ValueError", "area of 3")),
        replace(CALLS, tier=None, not_run="area of 3"),
    ],
    ids=["left early", "did not load", "not started"],
)
def test_trouble_of_the_hidden_run_is_told_without_its_output(later: Any) -> None:
    """What the code prints or raises while hidden examples run could carry their values; it never passes either."""
    made = draft(generator="search", held_out=("area(3) == 9",))
    verdict = verify(ScriptedSandbox({"area(3)": value(9)}, later=later), request("area(3) == 9"), made)
    assert not isinstance(verdict, Passed)
    assert any(check.hidden for check in verdict.checks)
    assert "area of 3" not in verdict.model_dump_json()


def test_tests_pass_as_a_test_report() -> None:
    """What pytest says is a claim of the draft's own interpreter; the weakest evidence stands on top."""
    sandbox = ScriptedSandbox({"area(2)": value(4)}, tests=replace(TESTS, cases=cases("passed", "passed")))
    verdict = verify(sandbox, request("area(2) == 4", tests="def test_0(): ...\ndef test_1(): ..."))
    assert isinstance(verdict, Passed)
    assert verdict.evidence == "test_report"
    assert 0.5 <= verdict.seconds < 5


def test_a_test_that_the_session_keeps_silent_about_is_not_run() -> None:
    """A complete session without one of the file's own tests is no pass."""
    sandbox = ScriptedSandbox(tests=replace(TESTS, cases=cases("passed")))
    verdict = verify(sandbox, request(tests="def test_0(): ...\ndef test_other(): ..."))
    assert isinstance(verdict, NotRun)
    assert "`test_other`" in verdict.reason


def test_controls_without_time_leave_a_test_uncontrolled() -> None:
    """Where there is hardly any time, the tests run and no control is started, and the check says so."""
    sandbox = ScriptedSandbox(calls=replace(CALLS, seconds=9.0), tests=replace(TESTS, cases=cases("passed")))
    verdict = verify(sandbox, request(tests="from area import area\ndef test_0(): assert area(2) == 4"))
    assert isinstance(verdict, Passed)
    assert len(sandbox.asked) == 2
    assert verdict.checks[-1].detail.startswith("uncontrolled: its controls found no time")


def test_a_session_that_reports_the_same_of_every_file_fails() -> None:
    """The same tests with wrong expectations pass too: their report is worth nothing."""
    sandbox = ScriptedSandbox(tests=replace(TESTS, cases=cases("passed")))
    verdict = verify(sandbox, request(tests="def test_0(): assert area(2) == 4"))
    assert isinstance(verdict, Failed)
    assert verdict.reason.startswith("The test `test_0` failed: its control passed")


@pytest.mark.parametrize("bad", ["failed", "error"])
def test_a_failed_test_fails(bad: str) -> None:
    """A failed or broken test is the reason, with its detail."""
    verdict = verify(
        ScriptedSandbox(tests=replace(TESTS, cases=cases("passed", bad))), request(tests="def test(): ...")
    )
    assert isinstance(verdict, Failed)
    assert verdict.reason == "The test `test_1` failed: why 1"


@pytest.mark.parametrize("other", ["skipped", "xfailed", "xpassed"])
def test_a_test_that_shows_nothing_is_no_pass(other: str) -> None:
    """One skipped or expectedly failing test keeps the draft from `Passed`."""
    verdict = verify(
        ScriptedSandbox(tests=replace(TESTS, cases=cases("passed", other))), request(tests="def test(): ...")
    )
    assert isinstance(verdict, NotRun)
    assert verdict.cause == "incomplete"
    assert "`test_1`" in verdict.reason


def test_the_reason_of_a_failed_test_is_the_line_that_pytest_marks() -> None:
    """A long report comes down to its error, under the test's own name."""
    broken = replace(
        cases("failed")[0], name="f.py::test_a", detail="def test_a():\n>   assert 1 == 2\nE   assert 1 == 2"
    )
    verdict = verify(ScriptedSandbox(tests=replace(TESTS, cases=(broken,))), request(tests="def test(): ..."))
    assert isinstance(verdict, Failed)
    assert verdict.reason == "The test `test_a` failed: assert 1 == 2"


def test_tests_do_not_run_after_a_run_that_was_stopped() -> None:
    """Code that hangs would only hang again."""
    sandbox = ScriptedSandbox({"area(2)": value(4)}, calls=replace(CALLS, ended="timeout"))
    verify(sandbox, request("area(2) == 4", tests="def test(): ..."))
    assert [asked[0] for asked in sandbox.asked] == ["area"]


def test_a_session_without_tests_is_not_run() -> None:
    """No test collected proves nothing, even beside an example that holds."""
    verdict = verify(ScriptedSandbox({"area(2)": value(4)}), request("area(2) == 4", tests="x = 1"))
    assert isinstance(verdict, NotRun)
    assert "no test" in verdict.reason


def test_an_incomplete_session_fails_though_every_report_says_passed() -> None:
    """A session that did not close properly may have lost its failures."""
    report = replace(TESTS, cases=cases("passed"), complete=False, ended="exit")
    verdict = verify(ScriptedSandbox(tests=report), request(tests="def test(): ..."))
    assert isinstance(verdict, Failed)
    assert "left before its work was done" in verdict.reason


def test_a_package_that_only_the_tests_lack_is_named() -> None:
    """Tests that import what is not installed could not run."""
    broken = replace(cases("error")[0], detail="ModuleNotFoundError: No module named 'numpy'")
    sandbox = ScriptedSandbox(tests=replace(TESTS, cases=(broken,)))
    verdict = verify(sandbox, request(tests="import numpy\ndef test(): ..."))
    assert isinstance(verdict, NotRun)
    assert verdict.cause == "missing_package"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def area(r:\n", "line 1"),
        ("x = 1\n\0", "NUL"),
        ("x = " + "(" * 5000 + ")" * 5000, "nested"),
        ("# " + "x" * 1_100_000, "bytes"),
        ("return 1", ""),
    ],
    ids=["syntax", "nul", "nested", "large", "return outside"],
)
def test_sources_that_cannot_be_run_fail_before_the_sandbox(source: str, words: str) -> None:
    """Bad sources give a clear `Failed` and never reach the sandbox."""
    sandbox = ScriptedSandbox(calls=replace(CALLS, loading=error("SyntaxError", "'return' outside function", 1)))
    verdict = verify(sandbox, request(), draft(source))
    assert isinstance(verdict, Failed)
    assert words in verdict.reason
    assert bool(sandbox.asked) == (source == "return 1")


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ((), "no_draft"),
        ((FileChange(path="a.py", content=None),), "no_draft"),
        ((FileChange(path="a.js", content="let a = 1"),), "unsupported"),
        ((FileChange(path="../a.py", content="a = 1"),), "unsupported"),
        ((FileChange(path="a.py", content="a = 1"), FileChange(path="b.py", content=None)), "unsupported"),
        ((FileChange(path="a.py", content="from . import b"),), "unsupported"),
    ],
)
def test_drafts_that_cannot_be_shown_to_the_sandbox_are_not_run(changes: Any, cause: str) -> None:
    """Another language, a path outside, a deletion or a missing package around it: nothing is claimed."""
    verdict = verify(ScriptedSandbox(), request(), draft(changes=changes))
    assert isinstance(verdict, NotRun)
    assert verdict.cause == cause


def test_a_single_module_stands_under_the_name_that_tests_import() -> None:
    """The draft's own path does not matter; the request's module name does."""
    sandbox = ScriptedSandbox()
    verify(sandbox, request(target="geometry/shapes.py"), draft())
    assert list(sandbox.shown[0]) == ["shapes.py"]
    assert sandbox.asked[0][0] == "shapes"


def test_several_files_keep_their_paths_and_the_one_with_the_name_is_asked() -> None:
    """The module under check is the one that defines the asked name."""
    changes = (FileChange(path="pkg/__init__.py", content=""), FileChange(path="pkg/shapes.py", content=SOURCE))
    sandbox = ScriptedSandbox()
    verify(sandbox, request(), draft(changes=changes))
    assert sorted(sandbox.shown[0]) == ["pkg/__init__.py", "pkg/shapes.py"]
    assert sandbox.asked[0][0] == "pkg.shapes"


def test_every_check_is_told_as_an_event() -> None:
    """One event for each check, in order."""
    events: list[Event] = []
    verdict = verify(ScriptedSandbox({"area(2)": value(4)}), request("area(2) == 4"), emit=events.append)
    told = [event for event in events if isinstance(event, CheckFinished)]
    assert [event.check for event in told] == [check.check for check in verdict.checks]


ANSWERS = st.one_of(
    st.builds(value, st.integers() | st.text() | st.none() | st.lists(st.floats())),
    st.builds(value, st.just(Opaque(type_name="T", text="\udcff"))),
    st.builds(error, st.sampled_from(["ValueError", "NameError", "ModuleNotFoundError", ""]), st.text()),
    st.builds(NoRecord, why=st.text()),
)


@given(
    results=st.lists(ANSWERS, max_size=4),
    ended=st.sampled_from(["normal", "normal", "exit", "timeout", "killed"]),
    loading=st.none() | st.builds(error, st.just("ValueError")) | st.builds(NoRecord, why=st.text()),
    output=st.text(),
)
def test_no_report_passes_unless_every_value_is_right(results: Any, ended: Any, loading: Any, output: str) -> None:
    """Whatever is reported, judging never raises, and `Passed` means that exactly the right values came out."""
    report = replace(CALLS, results=tuple(results), ended=ended, loading=loading, stdout=output)
    report = report if results else replace(report, loading=loading or NoRecord(why="nothing"))
    verdict = verify(ScriptedSandbox(calls=report), request("area(2) == 4", "area(3) == 9"))
    values = [getattr(result, "value", None) for result in results]
    right = loading is None and ended == "normal" and values[1:] == [4, 9]
    assert isinstance(verdict, Passed) <= right
