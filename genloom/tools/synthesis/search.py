"""The search, seen from outside: a task goes to the worker in the sandbox, and an answer comes back."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, Protocol

from genloom.events import EventEmitter, SearchProgress, ignore_events
from genloom.state.example import find_contradiction
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.report import ProgramReport
from genloom.tools.synthesis.answer import Abstained, Found, SearchAnswer
from genloom.tools.synthesis.calls import Call, Signature, read_calls
from genloom.tools.synthesis.holdout import hold_back, proves
from genloom.tools.synthesis.module import write_module
from genloom.tools.synthesis.protocol import AbstainedLine, FoundLine, ProgressLine, Rival, encode_task, read_line
from genloom.tools.synthesis.task import SearchTask

__all__ = ["ProgramRunner", "find_existing", "search"]

ENGINE = Path(__file__).parent / "engine"
WORKER = ENGINE / "worker.py"
CLOCK_SHARE = 0.8
"""Of the time allowed from outside, what the worker allows itself: the rest is for starting and answering."""
MAX_CORES = 32
"""Processes of one search at most: the sandbox bounds them, too."""


class ProgramRunner(Protocol):
    """What runs the worker: the sandbox, or a stand-in for it."""

    async def arun_program(
        self,
        program: Path,
        *,
        stdin: bytes = b"",
        readable: Sequence[Path] = (),
        on_line: Callable[[bytes], None] | None = None,
        limits: Limits | None = None,
    ) -> ProgramReport: ...


async def search(task: SearchTask, run: ProgramRunner, emit: EventEmitter = ignore_events) -> SearchAnswer:
    """Search for a program that gives what the task's examples say.

    With two examples or more some are held back: the answer's `held_out` holds them when the program meets them unseen;
    otherwise it was fitted to all. Nothing is found -> `Abstained` with the reason. The same task gives the same answer
    unless it was cut by the clock.
    """
    return await _ask("search", task, run, emit)


async def find_existing(task: SearchTask, run: ProgramRunner, emit: EventEmitter = ignore_events) -> SearchAnswer:
    """Look for one function of the repository or of the standard library that gives what the examples say as it stands,
    or with its arguments in another order. The module imports it under the asked name."""
    return await _ask("reuse", task, run, emit)


async def _ask(
    mode: Literal["search", "reuse"], task: SearchTask, run: ProgramRunner, emit: EventEmitter
) -> SearchAnswer:
    started = time.monotonic()
    read = read_calls(task.name, task.prompt, task.signature, task.examples)
    if isinstance(read, Abstained):
        return read
    signature, calls = read
    if (clash := _contradiction(task.name, calls)) is not None:
        return Abstained(reason=f"the examples contradict each other: {clash}")
    fit, held = hold_back(_distinct(task.name, calls))
    task = replace(task, cores=min(task.cores or _cores(), MAX_CORES))
    stdin = encode_task(mode, task, signature, fit, held, task.seconds * CLOCK_SHARE)
    report = await run.arun_program(
        WORKER,
        stdin=stdin,
        readable=[ENGINE, *dict.fromkeys(Path(component.import_from) for component in task.components)],
        on_line=lambda line: _tell(line, emit),
        limits=Limits(wall_seconds=task.seconds, cpu_seconds=task.seconds + 1, memory_megabytes=task.megabytes),
    )
    answer = _last_answer(report)
    seconds = time.monotonic() - started
    if isinstance(answer, FoundLine):
        return await _found(task, signature, answer, fit, held, seconds)
    if isinstance(answer, AbstainedLine):
        return Abstained(
            reason=answer.reason, candidates=answer.candidates, seconds=seconds, cut_by_clock=answer.cut_by_clock
        )
    return Abstained(
        reason=_broken(report), candidates=_tried(report), seconds=seconds, cut_by_clock=report.ended == "timeout"
    )


def _plainly(name: str, call: Call) -> str:
    """What is called, with its arguments in their order."""
    around = call.example.call.partition(f"{name}(")[0]  # `list(` of `list(f(3))`
    return f"{around}{name}({', '.join(call.arguments)})"


def _contradiction(name: str, calls: Sequence[Call]) -> str | None:
    """Name two examples that ask different results of the same arguments, however these are written."""
    alike = {call.example.model_copy(update={"call": _plainly(name, call)}): call for call in calls}
    clash = find_contradiction(tuple(alike))
    return None if clash is None else " and ".join(f"`{alike[example].example.text}`" for example in clash)


def _distinct(name: str, calls: Sequence[Call]) -> tuple[Call, ...]:
    """Each call once: an example that is given twice would prove what was fitted to it."""
    return tuple({_plainly(name, call): call for call in reversed(calls)}.values())[::-1]


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tell(line: bytes, emit: EventEmitter) -> None:
    read = read_line(line)
    if isinstance(read, ProgressLine):
        emit(SearchProgress(size=read.size, candidates=read.candidates))


def _last_answer(report: ProgramReport) -> FoundLine | AbstainedLine | None:
    """The worker's answer: its last line, and the only one that is no progress."""
    lines = [read_line(line) for line in report.stdout.splitlines()]
    answers = [line for line in lines if isinstance(line, FoundLine | AbstainedLine)]
    return answers[0] if len(answers) == 1 and lines[-1] is answers[0] and report.ended == "normal" else None


def _tried(report: ProgramReport) -> int:
    lines = [read_line(line) for line in report.stdout.splitlines()]
    return max((line.candidates for line in lines if isinstance(line, ProgressLine)), default=0)


def _broken(report: ProgramReport) -> str:
    """Why no answer came out."""
    if report.not_run:
        return f"the search could not run: {report.not_run} {report.hint}".strip()
    reasons = {
        "timeout": "the time ran out",
        "memory": "the memory ran out",
        "output": "it wrote too much",
        "killed": "it was killed",
    }
    if report.ended in reasons:
        return reasons[report.ended]
    last = report.stderr.strip().splitlines()[-1:] or ["no answer came out"]
    return f"the search broke off: {last[0][:300]}"


async def _found(
    task: SearchTask, signature: Signature, line: FoundLine, fit: Sequence[Call], held: Sequence[Call], seconds: float
) -> Found:
    # the source is shown to whoever writes or repairs the next draft: what was held back must not stand in it
    proof = tuple(held) if line.held_back and proves(held, line.cost) else ()
    seen = fit if proof else (*fit, *held)
    written = await asyncio.to_thread(write_module, task.name, task.prompt, signature, line, seen)
    proofs = tuple(call.example.text for call in proof)
    fitted = tuple(example.text for example in task.examples if example.text not in proofs)
    notes = [*line.notes, *([written.note] if written.note else [])]
    if line.held_back and not proof:
        notes.append("what was held back proves no program of this size: give more examples, of each kind of result")
    if task.constraints:
        notes.append("the search does not read constraints: check them yourself")
    return Found(
        source=written.source,
        expression=line.expression,
        fitted=fitted,
        held_out=proofs,
        rivals=_rivals(task.name, line.rivals),
        deciding=_deciding(task.name, line),
        outputs=tuple(f"{task.name}({', '.join(one.arguments)}) -> {one.gives}" for one in line.outputs),
        cost=line.cost,
        candidates=line.candidates,
        seconds=seconds,
        cut_by_clock=line.cut_by_clock,
        notes=tuple(notes),
    )


def _deciding(name: str, line: FoundLine) -> str:
    """The call that decides best: the worker's, or the input of the first rival."""
    if not line.rivals:
        return ""
    return line.deciding or f"{name}({', '.join(line.rivals[0].arguments)})"


def _rivals(name: str, rivals: Sequence[Rival]) -> tuple[str, ...]:
    """What to say of each rival."""
    return tuple(
        f"on {name}({', '.join(rival.arguments)}) this gives {rival.answer}, a candidate of like cost ({rival.code}) "
        f"gives {rival.rival}"
        for rival in rivals
    )
