"""Small tasks: how many functions the offline search writes from a few examples, how surely and how fast.

Command:

    GENLOOM_DATA=../shared/data python benchmarks/small_tasks.py [--tasks FILE] [--json]

FILE holds tasks as JSON lines or as a JSON list: `name`, `prompt`, `examples` and `hidden` (checks that the search never
sees). Default: `$GENLOOM_DATA/small_tasks.jsonl`. The outcome follows genloom's rules: `passed` when examples that the
search did not see hold and no program of like cost differs, `unverified` otherwise, `needs_model` when it abstains.
Every search runs in the sandbox; the time is that of the whole search, the worker's start included.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from genloom.state import parse_example
from genloom.tools.sandbox import CallReport, Returned, Sandbox
from genloom.tools.synthesis import Abstained, SearchTask, search


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of one task."""

    name: str
    outcome: str
    right: bool
    seconds: float
    candidates: int
    program: str


async def solve(task: dict[str, Any], sandbox: Sandbox) -> Result:
    """Search for one task's program and try it on the hidden checks, in the sandbox as well."""
    examples = tuple(map(parse_example, task["examples"]))
    started = time.perf_counter()
    answer = await search(SearchTask(name=task["name"], prompt=task["prompt"], examples=examples), sandbox)
    seconds = time.perf_counter() - started
    if isinstance(answer, Abstained):
        return Result(
            name=task["name"],
            outcome="needs_model",
            right=False,
            seconds=seconds,
            candidates=answer.candidates,
            program=answer.reason,
        )
    return Result(
        name=task["name"],
        outcome="passed" if answer.held_out and not answer.rivals else "unverified",
        right=await holds(task["name"], answer.source, task["hidden"], sandbox),
        seconds=seconds,
        candidates=answer.candidates,
        program=answer.expression,
    )


async def holds(name: str, source: str, checks: list[str], sandbox: Sandbox) -> bool:
    """Whether a module meets all checks."""
    examples = [parse_example(check) for check in checks]
    report: CallReport = await sandbox.acall({f"{name}.py": source}, name, [example.call for example in examples])
    return len(report.results) == len(examples) and all(
        isinstance(result, Returned) and result.value == example.expected_value()
        for result, example in zip(report.results, examples, strict=True)
    )


async def run(tasks: list[dict[str, Any]]) -> list[Result]:
    """Solve the tasks one after the other."""
    sandbox = Sandbox()
    return [await solve(task, sandbox) for task in tasks]


def totals(results: list[Result]) -> dict[str, Any]:
    """The numbers that count, with the conditions they were measured under."""
    times = [result.seconds for result in results]
    return {
        "tasks": len(results),
        "right": sum(result.right for result in results),
        "passed": sum(result.outcome == "passed" for result in results),
        "passed_and_wrong": sum(result.outcome == "passed" and not result.right for result in results),
        "unverified": sum(result.outcome == "unverified" for result in results),
        "needs_model": sum(result.outcome == "needs_model" for result in results),
        "seconds_median": round(statistics.median(times), 3),
        "seconds_max": round(max(times), 3),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
    }


def read_tasks(path: Path) -> list[dict[str, Any]]:
    """Read tasks from a JSON list or from JSON lines."""
    text = path.read_text(encoding="utf-8")
    if text.lstrip().startswith("["):
        return list(json.loads(text))
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def main() -> int:
    """Run the benchmark and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    data = os.environ.get("GENLOOM_DATA")
    path = options.tasks or (Path(data) / "small_tasks.jsonl" if data else None)
    if path is None or not path.is_file():
        sys.stderr.write("No tasks: set GENLOOM_DATA to the folder that holds small_tasks.jsonl, or give --tasks.\n")
        return 2
    results = asyncio.run(run(read_tasks(path)))
    if options.json:
        sys.stdout.write(json.dumps({"results": list(map(asdict, results)), "totals": totals(results)}) + "\n")
        return 0
    for result in results:
        right = "right" if result.right else "-"
        counted = f"{result.seconds:6.2f} s {result.candidates:8}"
        sys.stdout.write(f"{result.name:20} {result.outcome:12} {right:6} {counted}  {result.program[:70]}\n")
    sys.stdout.write(", ".join(f"{key} {value}" for key, value in totals(results).items()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
