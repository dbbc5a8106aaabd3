"""The worker program: one JSON task on stdin, JSON lines on stdout (progress, then one answer).

It is started by its path with `python -I`, needs only this folder, and imports nothing else of genloom: the packages above
this one are stood in for by empty ones, so that its modules import one another by their full names.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
import traceback
import types
from pathlib import Path
from typing import Any  # Any: plain JSON

__all__ = ["main"]

PACKAGE = "genloom.tools.synthesis.engine"
RECURSION = 3_000


def _stand_in() -> None:
    names = PACKAGE.split(".")
    for length in range(1, len(names) + 1):
        name = ".".join(names[:length])
        package = types.ModuleType(name)
        package.__path__ = [str(Path(__file__).parent)] if length == len(names) else []
        sys.modules[name] = package


def main() -> int:
    """Answer the task; what the task's own code prints goes nowhere, so that it cannot be taken for an answer."""
    started = time.monotonic()
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for the life of the process
    sys.setrecursionlimit(RECURSION)
    gc.disable()  # a search makes many long-lived values and no cycles to speak of
    if __package__ != PACKAGE:
        _stand_in()
    from genloom.tools.synthesis.engine.session import answer

    def emit(record: dict[str, Any]) -> None:
        channel.write(json.dumps(record) + "\n")
        channel.flush()

    try:
        emit(answer(json.load(sys.stdin), emit, started))
    except Exception as error:  # noqa: BLE001 - the process's edge: whatever broke is told
        traceback.print_exc()
        reason = f"the search broke off: {type(error).__name__}: {error}"[:300]
        emit({"type": "abstained", "reason": reason, "candidates": 0, "cut_by_clock": False})
    return 0


if __name__ == "__main__":
    code = main()
    # at once: to free some hundred thousand expressions one by one takes longer than many a search
    os._exit(code)
