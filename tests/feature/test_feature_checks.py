"""What decides whether a step held: the tests against those before, and what a changed file brings in."""

from __future__ import annotations

from pathlib import Path

import pytest
from feature_repository import PRICES, make_repository
from hypothesis import given
from hypothesis import strategies as st

from genloom.nodes.feature.plan_tool import PlanTool, plan_in_text
from genloom.state.feature import FeaturePlan, SuiteRun
from genloom.tools.checks.changed_files import is_test_file, new_findings, secret_findings
from genloom.tools.coding import Workspace
from genloom.tools.coding.suite import judge_suite, run_suite
from genloom.tools.sandbox import Sandbox
from genloom.tools.security import Redactor

NAMES = st.frozensets(st.sampled_from("abcdef"), max_size=6)


def _run(passed: str = "", failed: str = "", code: int | None = None, **more: str) -> SuiteRun:
    code = code if code is not None else 1 if failed else 0 if passed else 5
    return SuiteRun(ran=True, exit_code=code, passed=tuple(passed), failed=tuple(failed), **more)


@pytest.mark.parametrize(
    ("now", "before", "result", "reason"),
    [
        (_run("ab"), _run("a"), "passed", "2 tests pass"),
        (_run(), _run(), "passed", "no tests"),
        (_run("a", "b"), _run("ab"), "failed", "1 tests fail, the first: b"),
        (_run("a", "b"), _run("a", "b"), "passed", "1 tests pass"),
        (_run("a", "c"), _run("a", "b"), "failed", "the first: c"),
        (_run("b"), _run("ab"), "failed", "not run any more, or are skipped, the first: a"),
        (_run("a", code=3), _run("a"), "failed", "exit code 3"),
        (_run("a", reason="The tests were stopped."), _run("a"), "failed", "were stopped"),
        (SuiteRun(ran=False, reason="No sandbox."), _run("a"), "not_run", "No sandbox."),
    ],
)
def test_tests_are_judged_against_those_before(now: SuiteRun, before: SuiteRun, result: str, reason: str) -> None:
    verdict = judge_suite(now, before)
    assert verdict.result == result
    assert reason in verdict.reason


@given(NAMES, NAMES, NAMES, NAMES)
def test_nothing_that_passed_may_fail_or_go_and_what_failed_may_stay(
    now: frozenset[str], broken: frozenset[str], before: frozenset[str], known: frozenset[str]
) -> None:
    passed, earlier = now - broken, before - known
    verdict = judge_suite(
        _run("".join(sorted(passed)), "".join(sorted(broken))), _run("".join(sorted(earlier)), "".join(sorted(known)))
    )
    assert (verdict.result == "passed") == (broken <= known and earlier <= passed | broken)


@pytest.mark.slow
async def test_a_suite_is_run_in_the_sandbox_and_tells_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that passes, one that fails, one that cannot be loaded, one that writes; files that stand in for others."""
    if not (sandbox := Sandbox()).status().tier:
        pytest.skip(sandbox.status().reason)
    texts = {
        "test_more.py": "from pathlib import Path\n\n\ndef test_bad():\n    Path('left').touch()\n    assert 1 == 2\n",
        "test_broken.py": "import nothing_of_that_name\n",
    }
    root = make_repository(tmp_path / "shop", texts)
    sandbox, workspace = Sandbox(repository=root), Workspace(root)
    run = await run_suite(sandbox, workspace)
    assert (run.passed, run.failed) == (("test_prices.py::test_total",), ("test_broken.py", "test_more.py::test_bad"))
    run = await run_suite(sandbox, workspace, ["test_prices.py", "test_more.py::test_bad"])
    assert (run.ran, run.exit_code) == (True, 1)
    assert (run.passed, run.failed) == (("test_prices.py::test_total",), ("test_more.py::test_bad",))
    assert "assert 1 == 2" in run.output
    assert "genloom-" not in run.output
    assert not (root / "left").exists()
    run = await run_suite(
        sandbox, workspace, ["test_prices.py"], files={"prices.py": "import os\nos._exit(0)\n", "test_more.py": None}
    )
    assert "without pytest's report" in run.reason
    monkeypatch.setattr("genloom.tools.coding.suite.MOST_TESTS", 1)
    run = await run_suite(sandbox, workspace)
    assert "More than 1 tests ran" in run.reason
    assert judge_suite(run, run).result == "failed"
    assert (root / "prices.py").read_text() == PRICES


async def test_only_findings_that_were_not_there_before_count() -> None:
    old = "import subprocess\n\nsubprocess.run(['a'], check=True)\n"
    assert [f.rule for f in await new_findings("a.py", None, old)] == ["capability:processes"]
    assert await new_findings("a.py", old, f"{old}subprocess.run(['b'], check=True)\n") == ()
    added = await new_findings("a.py", old, f"{old}print(eval('1'))\n")
    assert any(finding.rule == "capability:dynamic_code" for finding in added)
    assert not any(finding.rule == "capability:processes" for finding in added)


async def test_code_may_do_what_the_specification_asks_for_and_tests_may_use_files() -> None:
    source = "from pathlib import Path\n\n\ndef load(path: str) -> str:\n    return Path(path).read_text()\n"
    asks = "Add a function that reads a text file and returns its lines."
    refused = await new_findings("a.py", None, source, specification="Add a function.")
    assert [(f.rule, f.severity) for f in refused if f.severity != "note"] != []
    assert not [
        f for f in await new_findings("a.py", None, source, specification=asks) if f.severity in ("error", "blocker")
    ]
    assert not [f for f in await new_findings("tests/test_a.py", None, source) if f.severity in ("error", "blocker")]


def test_added_lines_with_secrets_are_told_and_old_ones_are_not() -> None:
    key = 'KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyzABCD"\n'
    assert [f.line for f in secret_findings("a.py", "x = 1\n", f"x = 1\n{key}")] == [2]
    assert secret_findings("a.py", key, f"{key}x = 1\n") == ()
    assert [f.line for f in secret_findings("a.py", None, "y = 'tomato-42'\n", ["tomato-42"])] == [1]


@pytest.mark.parametrize(
    ("path", "is_test"),
    [
        ("tests/helper.py", True),
        ("a/test/b.py", True),
        ("test_a.py", True),
        ("a_test.py", True),
        ("a/conftest.py", True),
        ("tests.py", False),
        ("latest.py", False),
        ("contest.py", False),
    ],
)
def test_test_files_are_told_by_their_names(path: str, is_test: bool) -> None:
    assert is_test_file(path) == is_test


def test_a_plan_is_taken_from_a_tool_or_from_a_result() -> None:
    plan = FeaturePlan(tasks=("do it",), files=("a.py",))
    assert plan_in_text(plan.model_dump_json()) == plan
    assert plan_in_text(f"Here:\n```json\n{plan.model_dump_json()}\n```\n") == plan
    assert plan_in_text("First this.\nThen that.") == FeaturePlan(tasks=("First this.\nThen that.",))
    assert plan_in_text(" \n") is None
    planner = PlanTool(Redactor(secrets=("tomato-42",)))
    planner.made().invoke({"tasks": ["use tomato-42"]})
    assert planner.plan is not None
    assert "tomato" not in planner.plan.tasks[0]
