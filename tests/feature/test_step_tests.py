"""What the tests of a step must show, on a branch in git, with the real sandbox and no agents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from feature_repository import DOUBLED, DOUBLED_TESTS, PRICES, make_repository

from genloom.config import load_settings
from genloom.nodes.feature.check_step import check_step
from genloom.nodes.feature.step_tests import demanded_paths, run_tests
from genloom.nodes.policies import NodePolicy
from genloom.nodes.runtime import NodeRuntime
from genloom.state import GraphContext
from genloom.state.feature import FeaturePlan, FeatureRequest, FeatureStep, SuiteRun
from genloom.tools.coding.stubs import stubbed
from genloom.tools.coding.suite import judge_suite
from genloom.tools.sandbox import Sandbox
from genloom.tools.scm.feature_branch import BranchWork

HELD = SuiteRun(ran=True, exit_code=0, passed=("test_prices.py::test_total",))
PROVED = HELD.model_copy(update={"passed": (*HELD.passed, "test_doubled.py::test_doubled")})
HOLLOW = "from prices import doubled\n\n\ndef test_doubled():\n    assert doubled\n"
TRUE = "def test_doubled():\n    assert True\n"


def _runtime(repository: Path) -> NodeRuntime:
    return NodeRuntime(
        context=GraphContext(repository=str(repository)),
        settings=load_settings(),
        emit=lambda event: None,
        task_id="t",
        thread_id=None,
        this_try=1,
        policy=NodePolicy(),
        memory={},
    )


async def _checked(
    tmp_path: Path,
    step: FeatureStep,
    files: Mapping[str, str | None],
    there: Mapping[str, str] | None = None,
    committed: Mapping[str, str] | None = None,
    **state: Any,
) -> Any:
    """What checking a step says that leaves these files, on those that an earlier step committed."""
    if not (sandbox := Sandbox()).status().tier:
        pytest.skip(sandbox.status().reason)
    repository = make_repository(tmp_path / "shop", there)
    work = await BranchWork.begin(tmp_path / "home", str(repository), "genloom/doubled-1", None)
    for number, part in enumerate(({"prices.py": DOUBLED, **(committed or {})}, files)):
        if number or step != "code":
            for path, text in part.items():
                (work.worktree / path).unlink() if text is None else (work.worktree / path).write_text(text)
            work = BranchWork(await work.snapshot())
            work = work if number else BranchWork(await work.commit("code"))
    request = FeatureRequest(specification="Double prices.")
    given: Any = {"feature": request, "branch": work.branch, "baseline": HELD, "step": step, "attempt": 1, **state}
    return await check_step(2).core(given, _runtime(repository))


@pytest.mark.parametrize(
    ("files", "there", "reason"),
    [
        ({"test_doubled.py": HOLLOW}, {}, "pass with functions that do nothing"),
        (
            {"check_doubled.py": TRUE},
            {"pytest.ini": "[pytest]\npython_files = test_*.py check_*.py\n"},
            "pass without the feature's code",
        ),
        ({"prices.py": PRICES, "test_doubled.py": TRUE}, {}, "no code beside its tests"),
    ],
)
async def test_tests_that_show_nothing_of_the_code_do_not_hold(
    tmp_path: Path, files: Mapping[str, str], there: Mapping[str, str], reason: str
) -> None:
    verdict = (await _checked(tmp_path, "tests", files, there))["verdict"]
    assert verdict.result == "failed"
    assert reason in verdict.reason


async def test_tests_of_something_that_no_stub_stands_for_hold_with_a_remark(tmp_path: Path) -> None:
    files = {
        "rates.py": "RATE = 2\n",
        "test_rates.py": "from rates import RATE\n\n\ndef test_rate():\n    assert RATE == 2\n",
    }
    done = await _checked(tmp_path, "tests", files)
    assert done["verdict"].result == "passed"
    assert "could not be tried" in done["verdict"].reason
    assert "test_rates.py::test_rate" in done["proved"].passed


async def test_a_planner_that_changes_far_too_much_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genloom.tools.scm.feature_branch.MOST_FILES", 1)
    plan = FeaturePlan(tasks=("write",))
    verdict = (await _checked(tmp_path, "plan", {"a.txt": "a", "b.txt": "b"}, plan=plan))["verdict"]
    assert verdict.result == "failed"
    assert "2 files were changed; 1 are taken" in verdict.reason


async def test_the_step_of_the_code_must_change_code(tmp_path: Path) -> None:
    verdict = (await _checked(tmp_path, "code", {"test_x.py": TRUE}))["verdict"]
    assert (verdict.result, verdict.reason) == ("failed", "No code was changed, but tests.")


async def test_changed_tests_that_were_there_are_told_with_what_fails_of_them_as_they_were(tmp_path: Path) -> None:
    files = {
        "prices.py": DOUBLED.replace("sum(prices)", "7"),
        "test_prices.py": "from prices import total\n\n\ndef test_total():\n    assert total\n",
    }
    done = await _checked(tmp_path, "code", files)
    assert done["verdict"].result == "passed"
    assert "changes tests that were there: test_prices.py. As they were, 1 of them fail" in done["told"][0]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"test_doubled.py": None}, "not run any more"),
        ({"prices.py": PRICES, "test_doubled.py": TRUE}, "no code beside its tests"),
        ({"prices.py": PRICES, "test_doubled.py": None}, "Nothing of the feature is left"),
    ],
)
async def test_the_documentation_takes_nothing_back(
    tmp_path: Path, files: Mapping[str, str | None], reason: str
) -> None:
    done = await _checked(tmp_path, "docs", files, committed={"test_doubled.py": DOUBLED_TESTS}, proved=PROVED)
    assert done["verdict"].result == "failed"
    assert reason in done["verdict"].reason


async def test_one_file_that_cannot_be_loaded_does_not_hide_the_others(tmp_path: Path) -> None:
    if not (sandbox := Sandbox()).status().tier:
        pytest.skip(sandbox.status().reason)
    repository = make_repository(tmp_path / "shop", {"test_opt.py": "import not_installed_here\n"})
    work = await BranchWork.begin(tmp_path / "home", str(repository), "genloom/a-1", None)
    before = await run_tests(work, [], _runtime(repository))
    assert (before.passed, before.failed) == (HELD.passed, ("test_opt.py",))
    after = await run_tests(work, [], _runtime(repository), {"prices.py": PRICES.replace("sum(prices)", "7")})
    assert "test_prices.py::test_total" in judge_suite(after, before).reason


async def test_tests_that_are_not_there_yet_are_told_apart(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "shop")
    work = await BranchWork.begin(tmp_path / "home", str(repository), "genloom/a-1", None)
    asked = ["test_prices.py::test_total", "test_doubled.py"]
    assert await demanded_paths(work, asked) == (asked[:1], asked[1:])


def test_a_stub_does_nothing_where_functions_are_new_and_is_none_where_more_is() -> None:
    assert (
        stubbed(PRICES, DOUBLED) == f"{PRICES}\ndef doubled(prices: list[int]) -> list[int]:\n    return None".rstrip()
    )
    scope = {"__name__": "shop"}
    code = "import re\nclass A:\n    '''Words.'''\n    def b(self):\n        return 1\n    def c(self):\n        return 2\n"
    stub = stubbed("class A:\n    def b(self):\n        return 1\n", code)
    assert stub is not None
    exec(stub, scope)  # our own text
    one: Any = scope["A"]
    assert (one().b(), one().c()) == (1, None)
    assert stubbed(None, "RATE = 2\n") is None
    assert stubbed("class A:\n    pass\n", "class A:\n    rate = 2\n") is None
    assert stubbed(None, "def (") is None
