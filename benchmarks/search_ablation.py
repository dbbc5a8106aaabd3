"""What each technique of the search is worth: tasks right without it.

Command:

    GENLOOM_DATA=../shared/data python benchmarks/search_ablation.py [--tasks FILE ...] [--techniques NAME ...]
        [--limit N] [--only NAME ...] [--seconds 20] [--candidates N] [--json FILE]

Default: the small tasks and those of tests/synthesis. Each task is searched for once with everything and once without each
technique (`SearchTask.without`), one after the other in the sandbox; right is by hidden checks. The budget in candidates
decides, the clock is generous, so the counts do not hang on how busy the machine is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from conditions import data_folder
from searching import Result, add_options, chosen, holds, limits_line, read_tasks, searched, small_task, table, totals

from genloom.tools.sandbox import Sandbox

TECHNIQUES = (
    *("forms", "guidance", "decomposition", "penalty", "conditionals"),
    *("fits", "folds", "loops", "recursion", "probes"),
)
OWN = Path(__file__).resolve().parents[1] / "tests" / "synthesis"


async def solve(task: dict[str, Any], without: str, options: argparse.Namespace, sandbox: Sandbox) -> Result:
    """Search for one task's program without a technique ("" for none left out)."""
    asked = replace(small_task(task, options), without=frozenset({without} - {""}))
    result, source = await searched(asked, sandbox)
    return replace(result, right=await holds(task["name"], source, task["hidden"], sandbox)) if source else result


async def run(tasks: Sequence[dict[str, Any]], options: argparse.Namespace) -> dict[str, list[Result]]:
    """All tasks, without each technique."""
    sandbox = Sandbox()
    results: dict[str, list[Result]] = {}
    for without in ("", *options.techniques):
        results[without] = [await solve(task, without, options, sandbox) for task in tasks]
        sys.stderr.write(f"{without or 'everything'}: {sum(r.right is True for r in results[without])} right\n")
    return results


def rows_of(results: dict[str, list[Result]]) -> list[tuple[Any, ...]]:
    """One row for each technique; `lost` are the names of tasks that only with it are right, `won` the opposite."""
    whole = {result.name for result in results[""] if result.right}
    rows = []
    for without, found in results.items():
        counted, right = totals(found), {result.name for result in found if result.right}
        lost, won = sorted(whole - right), sorted(right - whole)
        names = ", ".join([*lost, *(f"+{name}" for name in won)])
        numbers = (counted[key] for key in ("right", "wrong", "abstained", "passed", "passed and wrong"))
        tried = sum(result.candidates for result in found)
        rows.append((without or "(nothing left out)", *numbers, f"{tried:,}", names))
    return rows


def main() -> int:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--techniques", nargs="+", default=TECHNIQUES, choices=TECHNIQUES)
    add_options(parser)
    parser.set_defaults(seconds=20.0)
    options = parser.parse_args()
    own = [OWN / "known_tasks.json", OWN / "unseen_tasks.json", OWN / "loop_tasks.json"]
    files = options.tasks or [data_folder() / "small_tasks.jsonl", *own]
    tasks = [task for file in files for task in read_tasks(file)]
    tasks = [tasks[place] for place in chosen([task["name"] for task in tasks], options)]
    results = asyncio.run(run(tasks, options))
    if options.json:
        told = {without: list(map(asdict, found)) for without, found in results.items()}
        options.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    header = ("without", "right", "wrong", "abstained", "passed", "passed and wrong", "candidates", "lost (+ won)")
    sys.stdout.write(f"{len(tasks)} tasks. {limits_line(options)}" + table(header, rows_of(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
