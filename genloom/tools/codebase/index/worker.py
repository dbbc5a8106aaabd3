"""What a worker process of indexing runs: it prepares the files that it is told to, until its input ends.

Messages are pickles on pipes that only the two processes hold. It ignores Ctrl-C, which the starting process handles, and
ends with its input: however the starting process ends, no worker stays.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
from pathlib import Path

from genloom.tools.codebase.index.preparing import prepare
from genloom.tools.codebase.index.words import Stemmer

__all__ = ["serve"]


def serve() -> None:
    """Answer each (root, files) with the prepared files; say `None` first, when ready."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not come between the answers
    stemmer = Stemmer()
    gc.disable()  # preparing makes no cycles to look for
    try:
        _answer(output, None)
        while True:
            root, files = pickle.load(sys.stdin.buffer)  # noqa: S301 # from the process that started this one
            _answer(output, [prepare(Path(root), file, stemmer) for file in files])
    except (EOFError, OSError, pickle.UnpicklingError):  # the starting process is gone
        return


def _answer(output: object, message: object) -> None:
    output.write(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))  # type: ignore[attr-defined] # a binary file
    output.flush()  # type: ignore[attr-defined] # a binary file
