"""Right solutions of HumanEval pass, and plainly wrong ones do not, by the full checks in a real sandbox."""

from __future__ import annotations

import pytest
from humaneval import Problem, read_problems, verify_solution

from genloom.state import Failed, Passed
from genloom.tools.checks import CheckRunner
from genloom.tools.sandbox import Limits, Sandbox

SAMPLE = 12
"""Every twelfth problem, and those without an example or with tests of an unusual form."""
UNUSUAL = {"HumanEval/4", "HumanEval/32", "HumanEval/38", "HumanEval/50", "HumanEval/53"}


def sample() -> list[object]:
    problems = read_problems()
    if problems is None:
        reason = pytest.mark.skip(reason="GENLOOM_DATA does not name the folder of problems")
        return [pytest.param(None, id="humaneval", marks=reason)]
    chosen = [each for number, each in enumerate(problems) if number % SAMPLE == 0 or each.task_id in UNUSUAL]
    return [pytest.param(each, id=each.task_id) for each in chosen]


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    made = Sandbox(limits=Limits(wall_seconds=60))
    status = made.status()
    if status.tier is None:
        pytest.skip(f"no sandbox here: {status.reason}")
    return made


@pytest.mark.slow
@pytest.mark.parametrize("problem", sample())
async def test_canonical_solution_passes_and_its_tests_are_controlled(problem: Problem, sandbox: CheckRunner) -> None:
    """All examples and tests hold, and wrong expectations make the tests fail."""
    verdict = await verify_solution(problem, problem.solution, sandbox)
    assert isinstance(verdict, Passed), verdict
    examples = [check for check in verdict.checks if check.source == "example"]
    assert len(examples) == len(problem.examples)
    assert all(check.result == "passed" and check.evidence == "values" for check in examples)
    assert any(check.source == "test" and check.result == "passed" for check in verdict.checks)


@pytest.mark.slow
@pytest.mark.parametrize("problem", sample())
async def test_solution_that_returns_nothing_fails(problem: Problem, sandbox: CheckRunner) -> None:
    """A body that only returns `None` is rejected by the same checks."""
    assert isinstance(await verify_solution(problem, f"{problem.prompt}\n    return None\n", sandbox), Failed)
