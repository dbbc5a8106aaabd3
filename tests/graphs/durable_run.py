"""A run that a test can kill: prints each event, and kills its own process at a chosen one."""

import json
import os
import signal
from collections.abc import Mapping

import langchain_openai  # noqa: F401 - with the next, what a run needs: who is forked from this process has it
from scenarios import REQUEST

import genloom
import genloom.graphs.generation
import genloom.interfaces.thread


def run(thread_id: str, stop_at: list[str], environment: Mapping[str, str], output: str) -> None:
    """Run a thread in a process that has nothing else to do, with this environment and its output in a file."""
    os.environ.clear()
    os.environ.update(environment)
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)

    def on_event(event: object) -> None:
        """Tell the event, then die if it is the one."""
        told = [event.kind, getattr(event, "node", "")]
        print(json.dumps(told), flush=True)
        if told == stop_at:
            os.kill(os.getpid(), signal.SIGKILL)

    result = genloom.generate(
        {**REQUEST},
        model="openai:test-model",
        generators=["model"],
        max_attempts=1,
        allow_fallback=True,
        thread_id=thread_id,
        on_event=on_event,
    )
    print(json.dumps(["result", result.outcome, result.generator]), flush=True)
