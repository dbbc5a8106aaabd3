"""Small tasks: how many functions the offline search writes from a few examples, how surely and how fast.

Command:

    GENLOOM_DATA=../shared/data python benchmarks/small_tasks.py [--tasks FILE ...] [--limit N] [--only NAME ...]
        [--seconds 5] [--candidates N] [--cores 1] [--inputs 200] [--json FILE]

FILE holds tasks as JSON lines or as a JSON list: `name`, `prompt`, `examples`, `hidden` (checks that the search never
sees) and, where there is one, `reference` (a module with the function as it was meant). Default:
`$GENLOOM_DATA/small_tasks.jsonl`. *Right* is by the hidden checks. *As the reference* is by a differential test: up to
`--inputs` generated calls, which vary the arguments of examples and hidden checks in their kind (seeded by the task's
name); those that the reference raises for are left out, and the results compared by `==`, floats to nine digits. Everything
runs in the sandbox, one task after the other; a search's time is that of the whole, the worker's start included.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Any

from differential import difference, varied_calls
from searching import (
    Result,
    add_options,
    by_cost,
    chosen,
    holds,
    limits_line,
    read_tasks,
    searched,
    small_task,
    table,
    told,
    totals,
)

from genloom.state import parse_example
from genloom.syntax import parse_expression
from genloom.tools.checks import Comparison
from genloom.tools.sandbox import Sandbox

NEAR = Comparison(tolerance=1e-9)


async def solve(task: dict[str, Any], options: argparse.Namespace, sandbox: Sandbox) -> Result:
    """Search for one task's program; try it on the hidden checks, and beside the reference on generated calls."""
    result, source = await searched(small_task(task, options), sandbox)
    if not source:
        return replace(result, alike=False if "reference" in task else None)
    result = replace(result, right=await holds(task["name"], source, task["hidden"], sandbox))
    if "reference" not in task:
        return result
    calls = varied_calls(task["name"], samples(task), options.inputs, Random(task["name"]))
    call, answered = await difference(task["name"], task["reference"], source, calls, sandbox, NEAR)
    return replace(result, alike=not call and answered > 0, difference=call)


def samples(task: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The arguments of a task's examples and hidden checks."""
    calls = [parse_expression(parse_example(text).call) for text in (*task["examples"], *task["hidden"])]
    return [tuple(map(ast.literal_eval, call.args)) for call in calls if isinstance(call, ast.Call)]


async def run(tasks: Sequence[dict[str, Any]], options: argparse.Namespace) -> list[Result]:
    """Solve the tasks one after the other."""
    sandbox = Sandbox()
    return [told(await solve(task, options, sandbox)) for task in tasks]


def main() -> int:
    """Run the benchmark and print a table for each file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--inputs", type=int, default=200, help="generated calls of a differential test")
    add_options(parser)
    options = parser.parse_args()
    data = os.environ.get("GENLOOM_DATA")
    files = options.tasks or ([Path(data) / "small_tasks.jsonl"] if data else [])
    if not files or not all(file.is_file() for file in files):
        sys.stderr.write("No tasks: set GENLOOM_DATA to the folder that holds small_tasks.jsonl, or give --tasks.\n")
        return 2
    rows, results = [], []
    for file in files:
        tasks = read_tasks(file)
        found = asyncio.run(run([tasks[place] for place in chosen([t["name"] for t in tasks], options)], options))
        rows.append({"file": file.name, "as the reference": "", **totals(found)})
        results += found
    if options.json:
        options.json.write_text(json.dumps(list(map(asdict, results)), indent=1), encoding="utf-8")
    sys.stdout.write(limits_line(options) + table(list(rows[0]), [list(row.values()) for row in rows]) + "\n")
    sys.stdout.write(table(("cost up to", "right", "answers", "passed and wrong"), by_cost(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
