"""A run that a test can kill: prints each event, and kills its own process at a chosen one.

python durable_run.py THREAD [KIND NODE]
"""

import json
import os
import signal
import sys

from scenarios import REQUEST

import genloom

thread_id, *stop_at = sys.argv[1:]


def on_event(event):
    """Tell the event, then die if it is the one."""
    node = getattr(event, "node", "")
    print(json.dumps([event.kind, node]), flush=True)
    if [event.kind, node] == stop_at:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
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
