"""What found modules look like, over many found programs."""

from __future__ import annotations

import ast
import asyncio
import doctest
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from ruff import find_ruff_bin

from genloom.tools.checks import review_source
from genloom.tools.synthesis import Found

TASKS = [
    task
    for name in ("known_tasks.json", "unseen_tasks.json")
    for task in json.loads((Path(__file__).parent / name).read_text())
]


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task["name"])
async def test_a_found_module_is_as_one_would_have_written_it(solve: Callable, task: dict[str, str]) -> None:
    """Our review has nothing to say, ruff nothing to change; it is typed, its doctests hold, its lines are short."""
    answer = await solve(task["name"], task["prompt"], *task["examples"])
    if not isinstance(answer, Found):
        pytest.skip(f"nothing was found: {answer.reason}")
    review = await review_source(answer.source, f"{task['name']}.py")
    assert (review.decision, review.findings) == ("approve", ()), answer.source
    done = await asyncio.to_thread(
        subprocess.run,
        [find_ruff_bin(), "format", "--isolated", "--check", "-"],
        input=answer.source,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, answer.source
    function = next(node for node in ast.parse(answer.source).body if isinstance(node, ast.FunctionDef))
    assert function.returns is not None
    assert all(argument.annotation is not None for argument in function.args.args)
    module = ModuleType("found")
    exec(answer.source, module.__dict__)
    found = doctest.DocTestFinder().find(getattr(module, task["name"]), globs=module.__dict__)
    results = [doctest.DocTestRunner(verbose=False).run(test) for test in found]
    assert sum(result.attempted for result in results) == min(5, len(answer.fitted))
    assert not any(result.failed for result in results), answer.source
