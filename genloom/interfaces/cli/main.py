"""The way into the command line, and out of it: whatever happens, a clear message and an exit code, no bare traceback."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # little is imported here: before `run`, Ctrl-C still makes a traceback
    from collections.abc import Sequence
    from typing import NoReturn

__all__ = ["run"]


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process with its exit code. `arguments` default to those of the process."""
    try:
        code, at_once = _perform(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:  # in the first milliseconds, or again while the end was told
        code, at_once = 130, True
        with suppress(OSError):
            os.write(2, b"genloom: Interrupted.\n")
    if at_once:  # threads that cannot be stopped (an index being built) must not hold up Ctrl-C
        os._exit(code)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # from here on Ctrl-C could only make a traceback
    sys.exit(code)


def _perform(arguments: list[str]) -> tuple[int, bool]:
    """Run the command; return its exit code, and whether the process must not wait for its own threads."""
    from genloom.interfaces.cli.signals import listening_for_stops

    with listening_for_stops() as stops:
        from genloom.interfaces.cli.ending import end_of

        try:
            from genloom.interfaces.cli.commands import genloom
            from genloom.interfaces.cli.quiet_process import keep_tracebacks_away

            keep_tracebacks_away()
            return genloom.main(arguments, prog_name="genloom", standalone_mode=False) or 0, False
        except BaseException as error:  # noqa: BLE001 - the process's edge
            return end_of(error, arguments, stops)
