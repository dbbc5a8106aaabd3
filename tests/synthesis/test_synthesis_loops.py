"""Loops and recursion that the engine finds, how they are written, and that they always end."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from engine_runs import answered, best_of, holds

from genloom.tools.synthesis.engine.fuel import OutOfFuelError, compiled
from genloom.tools.synthesis.engine.statements import statements_of
from genloom.tools.synthesis.engine.writer import Program

TASKS = json.loads((Path(__file__).parent / "loop_tasks.json").read_text())
NOTATION = {"fold", "fold_two", "scan", "peak", "low", "orbit", "track", "settle", "settle_two"}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: f"{task['strategy']}-{task['name']}")
def test_a_strategy_finds_what_is_meant(task: dict[str, Any]) -> None:
    """By the strategy alone, and right beyond the examples."""
    found = best_of(task["strategy"], task["name"], task["prompt"], task["examples"])
    assert found is not None
    assert holds(found, task["hidden"]), found.program.body
    names = {node.id for node in ast.walk(ast.parse("\n".join(found.program.body))) if isinstance(node, ast.Name)}
    assert not names & NOTATION


def run(body: list[str], *arguments: Any) -> Any:
    return Program("f", ("xs",), tuple(body), (), "").outcome(arguments)


@pytest.mark.parametrize(
    ("code", "lines", "value"),
    [
        (
            "fold(xs, 0, lambda total, x: total + x)",
            ["total = 0", "for x in xs:", "    total += x", "return total"],
            6,
        ),
        (
            "fold(xs, [], lambda found, x: found + [x] if x > 1 else found)",
            ["found = []", "for x in xs:", "    if x > 1:", "        found.append(x)", "return found"],
            [2, 3],
        ),
        (
            "peak(xs, 0, lambda total, x: x - total)",
            ["total = best = 0", "for x in xs:", "    total = x - total", "    best = max(best, total)", "return best"],
            2,
        ),
        (
            "fold_two(list(range(3)), (0, 1), lambda total, last, x: (last, total + last))",
            ["total, last = 0, 1", "for _ in range(3):", "    total, last = last, total + last", "return total"],
            2,
        ),
        (
            "len(orbit(len(xs), lambda n: n > 0, lambda n: n // 2))",
            ["count = 0", "n = len(xs)", "while n > 0:", "    count += 1", "    n //= 2", "return count"],
            2,
        ),
        (
            "track(len(xs), lambda n: n > 1, lambda n: n - 1)",
            [
                "numbers = [len(xs)]",
                "n = len(xs)",
                "while n > 1:",
                "    n -= 1",
                "    numbers.append(n)",
                "return numbers",
            ],
            [3, 2, 1],
        ),
        (
            "settle_two((len(xs), 2), lambda a, b: b != 0, lambda a, b: (b, a % b))",
            ["a, b = len(xs), 2", "while b != 0:", "    a, b = b, a % b", "return a"],
            1,
        ),
        (
            "0 if not xs else fold(xs[1:], xs[0], lambda total, x: total * x)",
            ["if not xs:", "    return 0", "total = xs[0]", "for x in xs[1:]:", "    total *= x", "return total"],
            6,
        ),
    ],
)
def test_a_loop_is_written_as_a_person_would(code: str, lines: list[str], value: Any) -> None:
    """Statements with names of their own, which do what the notation says."""
    assert statements_of(code, {"xs"}) == lines
    assert run(lines, [1, 2, 3]) == value


def test_names_of_a_loop_are_free() -> None:
    """A parameter keeps its name and its value."""
    lines = statements_of("fold(total, 0, lambda total, x: total + x) + len(total)", {"total"})
    assert Program("f", ("total",), tuple(lines), (), "").outcome(([4, 5],)) == 11


@pytest.mark.parametrize(
    "source",
    [
        "def f(n):\n    while True:\n        n += 1\n",
        "def f(n):\n    for _ in iter(int, 1):\n        pass\n",
        "def f(n):\n    return 0 if n == 0 else f(n - 1) + f(n - 1)\n",
    ],
)
def test_a_program_that_does_not_end_is_ended(source: str) -> None:
    """Loops and calls burn fuel; the next call has a full tank."""
    function = compiled(source, "f")
    for _ in range(2):
        with pytest.raises(OutOfFuelError):
            function(40)


@pytest.mark.parametrize("technique", ["folds", "loops", "recursion"])
def test_a_technique_left_out_is_not_used(technique: str) -> None:
    """What only that technique finds is not found, or in another way."""
    task = next(task for task in TASKS if task["strategy"] == technique)
    leaving = frozenset({"folds", "loops", "recursion"})
    found = answered(task["name"], task["prompt"], task["examples"], without=leaving, candidates=20_000)
    body = "".join(f"    {line}\n" for line in found.get("body", ("pass",)))
    nodes = list(ast.walk(ast.parse(f"def _():\n{body}")))
    assert not any(isinstance(node, ast.For | ast.While) for node in nodes)
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    assert not any(isinstance(called, ast.Name) and called.id == task["name"] for called in calls)
