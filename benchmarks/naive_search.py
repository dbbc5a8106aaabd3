"""The search beside a naive enumerator: candidates a second, and tasks solved in the same time.

Command:

    GENLOOM_DATA=../shared/data python benchmarks/naive_search.py [--tasks FILE ...] [--limit N] [--only NAME ...]
        [--seconds 5] [--candidates N] [--json FILE]

The naive enumerator (`naive_worker.py`) goes bottom-up by size over the same blocks and the same constants, without types,
equivalence, guidance, forms or goals. On each task both are run in turn in the same sandbox under the same limits; the naive
one has no budget in candidates, only the time. It looks at all examples; it stops at the first expression that fits them.
Right is by the hidden checks. A second is one of the whole run, the worker's start included.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from conditions import data_folder
from processor import ProcessorTime
from searching import Result, add_options, chosen, holds, limits_line, read_tasks, searched, small_task, table, told

from genloom.tools.sandbox import Limits, Sandbox
from genloom.tools.synthesis.answer import Abstained
from genloom.tools.synthesis.calls import read_calls
from genloom.tools.synthesis.protocol import encode_task
from genloom.tools.synthesis.search import CLOCK_SHARE, ENGINE
from genloom.tools.synthesis.task import SearchTask

WORKER = Path(__file__).parent.resolve() / "naive_worker.py"


async def searched_naively(task: SearchTask, sandbox: Sandbox) -> tuple[Result, str]:
    """Enumerate naively for one task; the result, not yet judged, and the module ("" for none)."""
    read = read_calls(task.name, task.prompt, task.signature, task.examples)
    if isinstance(read, Abstained):
        return Result(name=task.name, outcome="needs_model", program=read.reason), ""
    signature, calls = read
    asked = json.loads(encode_task("search", task, signature, calls, (), task.seconds * CLOCK_SHARE))
    started = time.perf_counter()
    async with ProcessorTime() as processor:
        report = await sandbox.arun_program(
            WORKER,
            stdin=json.dumps({**asked, "engine": str(ENGINE)}).encode(),
            readable=[ENGINE],
            limits=Limits(wall_seconds=task.seconds, cpu_seconds=task.seconds + 1, memory_megabytes=task.megabytes),
        )
    seconds = time.perf_counter() - started
    answer = json.loads(report.stdout) if report.ended == "normal" else {"code": "", "candidates": 0}
    found = bool(answer["code"])
    result = Result(
        name=task.name,
        outcome="unverified" if found else "needs_model",
        seconds=seconds,
        cpu_seconds=processor.seconds,
        megabytes=report.peak_megabytes,
        candidates=answer["candidates"],
        program=answer["code"] or f"nothing found ({answer.get('kept', 0):,} gave values) {report.stderr[-200:]}",
    )
    head = "\n".join(answer.get("imports", ()))
    body = f"def {task.name}({', '.join(signature.parameters)}):\n    return {answer['code']}\n"
    return result, f"{head}\n{body}" if found else ""


async def run(tasks: Sequence[dict[str, Any]], options: argparse.Namespace) -> dict[str, list[Result]]:
    """Run both on each task, in turn."""
    sandbox = Sandbox()
    results: dict[str, list[Result]] = {"genloom": [], "naive": []}
    for task in tasks:
        for name, way in (("genloom", searched), ("naive", searched_naively)):
            result, source = await way(small_task(task, options), sandbox)
            right = await holds(task["name"], source, task["hidden"], sandbox) if source else None
            results[name].append(told(Result(**{**asdict(result), "right": right})))
    return results


def rows_of(results: dict[str, list[Result]]) -> list[tuple[Any, ...]]:
    """One row for each of the two. What they needed is compared where both are right."""
    both = [
        place for place, pair in enumerate(zip(*results.values(), strict=True)) if all(result.right for result in pair)
    ]
    rows = []
    for name, found in results.items():
        tried, seconds = sum(result.candidates for result in found), sum(result.seconds for result in found)
        processor = sum(result.cpu_seconds for result in found)
        needed = [found[place].candidates for place in both]
        rows.append(
            (
                name,
                len(found),
                sum(result.right is True for result in found),
                sum(result.right is False for result in found),
                f"{tried:,}",
                f"{tried / seconds:,.0f}" if seconds else "",
                f"{tried / processor:,.0f}" if processor else "",
                f"{statistics.median(needed):,.0f}" if needed else "",
                round(statistics.median(result.seconds for result in found), 2),
                max(result.megabytes for result in found),
            )
        )
    return rows


def main() -> int:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=Path, nargs="+", metavar="FILE")
    add_options(parser)
    options = parser.parse_args()
    tasks = [task for file in options.tasks or [data_folder() / "small_tasks.jsonl"] for task in read_tasks(file)]
    tasks = [tasks[place] for place in chosen([task["name"] for task in tasks], options)]
    results = asyncio.run(run(tasks, options))
    if options.json:
        told_all = {name: list(map(asdict, found)) for name, found in results.items()}
        options.json.write_text(json.dumps(told_all, indent=1), encoding="utf-8")
    header = ("enumerator", "tasks", "right", "wrong", "candidates", "a second", "a CPU second")
    more = ("candidates where both are right, median", "median, s", "most memory, MB")
    sys.stdout.write(limits_line(options) + table((*header, *more), rows_of(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
