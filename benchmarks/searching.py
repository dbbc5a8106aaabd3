"""Searching: tasks searched for in the sandbox, judged, counted and told. Shared by the benchmarks of the search.

The outcome follows genloom's rules: `passed` when examples that the search did not see hold and no program of like cost
differs, `unverified` otherwise, `needs_model` when it abstains. The time is that of the whole search, the worker's start
included; CPU seconds are those of the processes that it started, which a busy machine changes less; the memory is what the
sandbox saw its processes hold.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from conditions import conditions
from processor import ProcessorTime

from genloom.state import parse_example
from genloom.tools.sandbox import CallReport, Limits, ProgramReport, Returned, Sandbox
from genloom.tools.synthesis import DEFAULT_CANDIDATES, Found, SearchTask, search

__all__ = [
    "Result",
    "add_options",
    "by_cost",
    "chosen",
    "holds",
    "limits_line",
    "limits_of",
    "read_tasks",
    "searched",
    "small_task",
    "table",
    "told",
    "totals",
]

Outcome = Literal["passed", "unverified", "needs_model"]
COSTS = (6, 8, 10, 12, 15)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of one task. `right` and `alike` (as the reference) are `None` where nothing was given or compared;
    `program` is the found expression, or why there is none."""

    name: str
    outcome: Outcome
    right: bool | None = None
    alike: bool | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    megabytes: float = 0.0
    candidates: int = 0
    cost: int = 0
    cut_by_clock: bool = False
    program: str = ""
    difference: str = ""


class _Watched:
    """The sandbox as the search runs it; keeps the most memory that a run held."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox, self.megabytes = sandbox, 0.0

    async def arun_program(
        self,
        program: Path,
        *,
        stdin: bytes = b"",
        readable: Sequence[Path] = (),
        on_line: Callable[[bytes], None] | None = None,
        limits: Limits | None = None,
    ) -> ProgramReport:
        report = await self._sandbox.arun_program(
            program, stdin=stdin, readable=readable, on_line=on_line, limits=limits
        )
        self.megabytes = max(self.megabytes, report.peak_megabytes)
        return report


async def searched(task: SearchTask, sandbox: Sandbox) -> tuple[Result, str]:
    """Search for one task's program; the result, not yet judged, and the module ("" for none)."""
    watched = _Watched(sandbox)
    started = time.perf_counter()
    async with ProcessorTime() as processor:
        answer = await search(task, watched)
    seconds = time.perf_counter() - started
    result = Result(
        name=task.name,
        outcome="needs_model",
        seconds=seconds,
        cpu_seconds=processor.seconds,
        megabytes=watched.megabytes,
        candidates=answer.candidates,
        cut_by_clock=answer.cut_by_clock,
    )
    if not isinstance(answer, Found):
        return replace(result, program=answer.reason), ""
    outcome: Outcome = "passed" if answer.held_out and not answer.rivals else "unverified"
    return replace(result, outcome=outcome, cost=answer.cost, program=answer.expression), answer.source


async def holds(name: str, source: str, checks: Sequence[str], sandbox: Sandbox) -> bool:
    """Whether a module meets all checks, in the sandbox."""
    examples = [parse_example(check) for check in checks]
    report: CallReport = await sandbox.acall({f"{name}.py": source}, name, [example.call for example in examples])
    return len(report.results) == len(examples) and all(
        isinstance(result, Returned) and result.value == example.expected_value()
        for result, example in zip(report.results, examples, strict=True)
    )


# -- tasks and options ---------------------------------------------------------------------------------------------------


def read_tasks(path: Path) -> list[dict[str, Any]]:
    """Read tasks from a JSON list or from JSON lines."""
    text = path.read_text(encoding="utf-8")
    if text.lstrip().startswith("["):
        return list(json.loads(text))
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def small_task(task: dict[str, Any], options: Namespace) -> SearchTask:
    """A task of a file as the search takes it, within the limits that the options give."""
    examples = tuple(map(parse_example, task["examples"]))
    return SearchTask(name=task["name"], prompt=task["prompt"], examples=examples, **limits_of(options))


def add_options(parser: ArgumentParser) -> None:
    """The options that all these benchmarks have."""
    parser.add_argument("--limit", type=int, help="only the first so many tasks")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these tasks, by name or by number")
    parser.add_argument("--seconds", type=float, default=5.0, help="the limit of one search")
    parser.add_argument("--megabytes", type=int, default=512)
    parser.add_argument("--candidates", type=int, default=DEFAULT_CANDIDATES, help="the budget of one search")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all results there")


def limits_of(options: Namespace) -> dict[str, Any]:
    """The fields of a search task that the options give."""
    return {name: getattr(options, name) for name in ("seconds", "megabytes", "candidates", "cores")}


def chosen(names: Sequence[str], options: Namespace) -> list[int]:
    """The places of the tasks that `--only` and `--limit` leave."""
    wanted = set(options.only or ())
    places = [place for place, name in enumerate(names) if not wanted or name in wanted or str(place) in wanted]
    return places[: options.limit]


# -- what is told --------------------------------------------------------------------------------------------------------


def line_of(result: Result) -> str:
    """One result in one line."""
    right = {True: "right", False: "WRONG", None: "-"}[result.right]
    alike = {True: "", False: "differs", None: ""}[result.alike]
    clock = "clock" if result.cut_by_clock else ""
    counted = f"{result.seconds:6.2f} s {result.cpu_seconds:5.2f} CPU {result.megabytes:4.0f} MB {result.candidates:8}"
    judged = f"{result.name:26} {result.outcome:12} {right:5} {alike:7} {clock:5}"
    return f"{judged} {counted} {result.cost or '':3}  {result.program[:80]}"


def totals(results: Sequence[Result]) -> dict[str, Any]:
    """The numbers that count."""
    answered = [result for result in results if result.outcome != "needs_model"]
    times = [result.seconds for result in results] or [0.0]
    processor = [result.cpu_seconds for result in results] or [0.0]
    compared = [result for result in results if result.alike is not None]
    proven = [result for result in answered if result.outcome == "passed"]
    return {
        "tasks": len(results),
        "right": sum(result.right is True for result in answered),
        "wrong": sum(result.right is False for result in answered),
        "abstained": len(results) - len(answered),
        "passed": len(proven),
        "passed and wrong": sum(result.right is False for result in proven),
        "unverified": len(answered) - len(proven),
        **({"as the reference": sum(result.alike is True for result in compared)} if compared else {}),
        "median, s": round(statistics.median(times), 2),
        "longest, s": round(max(times), 2),
        "median, CPU s": round(statistics.median(processor), 2),
        "longest, CPU s": round(max(processor), 2),
        "most memory, MB": max((result.megabytes for result in results), default=0.0),
        "cut by the clock": sum(result.cut_by_clock for result in results),
    }


def by_cost(results: Sequence[Result]) -> list[tuple[str, int, int, int]]:
    """Answers by cost, from the cheapest: up to a cost, how many are right, how many are given, and what is passed and
    wrong."""
    answered = [result for result in results if result.outcome != "needs_model"]
    rows = []
    for most in (*COSTS, max([*COSTS, *(result.cost for result in answered)])):
        given = [result for result in answered if result.cost <= most]
        bad = sum(result.outcome == "passed" and result.right is False for result in given)
        rows.append((f"{most}", sum(result.right is True for result in given), len(given), bad))
    return list(dict.fromkeys(rows))


def told(result: Result) -> Result:
    """Tell a person, on stderr, what came of a task."""
    sys.stderr.write(line_of(result) + "\n")
    return result


def limits_line(options: Namespace) -> str:
    """The conditions of a run in one line."""
    given = limits_of(options)
    limits = (
        f"{given['seconds']:g} s, {given['megabytes']} MB, {given['candidates']:,} candidates, {given['cores']} core(s)"
    )
    return f"Each search: {limits}. " + ", ".join(f"{key} {value}" for key, value in conditions().items()) + "\n"


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table as Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"
