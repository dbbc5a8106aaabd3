"""The engine run by itself: without the sandbox, in this process or as the worker program. Only blocks of its own run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genloom.state import parse_example
from genloom.tools.synthesis import Abstained, SearchTask
from genloom.tools.synthesis.calls import read_calls
from genloom.tools.synthesis.engine.drafting import Draft
from genloom.tools.synthesis.engine.problem import read_problem
from genloom.tools.synthesis.engine.session import answer
from genloom.tools.synthesis.engine.strategies import run_strategy
from genloom.tools.synthesis.holdout import hold_back
from genloom.tools.synthesis.protocol import encode_task

__all__ = ["answered", "best_of", "encoded", "holds", "worker_answer"]

WORKER = Path(__file__).parents[2] / "genloom" / "tools" / "synthesis" / "engine" / "worker.py"
SECONDS = 120.0


def encoded(name: str, prompt: str, examples: Sequence[str], *, holding: bool = True, **more: Any) -> bytes:
    """The task as the worker reads it; the clock is wide, so that the budget decides."""
    task = SearchTask(name=name, prompt=prompt, examples=tuple(map(parse_example, examples)), **more)
    read = read_calls(task.name, task.prompt, task.signature, task.examples)
    assert not isinstance(read, Abstained), read
    signature, calls = read
    fit, held = hold_back(calls) if holding else (calls, ())
    return encode_task("search", task, signature, fit, held, SECONDS)


def answered(name: str, prompt: str, examples: Sequence[str], **more: Any) -> dict[str, Any]:
    """The engine's answer, found in this process."""
    return answer(json.loads(encoded(name, prompt, examples, **more)), lambda _: None, time.monotonic())


def best_of(strategy: str, name: str, prompt: str, examples: Sequence[str]) -> Draft | None:
    """The best draft of one strategy, fitted to all examples."""
    problem = read_problem(json.loads(encoded(name, prompt, examples, holding=False)))
    outcome = run_strategy(strategy, problem, (), time.monotonic() + SECONDS, lambda _size, _count: None)
    return min(outcome.drafts, key=lambda draft: draft.order, default=None)


def holds(draft: Draft, checks: Sequence[str]) -> bool:
    """Whether a draft gives what checks say that it was never shown."""
    space = {draft.program.name: draft.program.function()}
    return all(eval(check, space) for check in checks)


def worker_answer(stdin: bytes, hash_seed: str) -> dict[str, Any]:
    """The last line of the worker program, run with one seed of Python's hashes."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    # not isolated, since that would ignore the seed
    done = subprocess.run([sys.executable, str(WORKER)], input=stdin, capture_output=True, check=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
