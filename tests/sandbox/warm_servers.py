"""What the tests of warm servers share: which servers there are, and runs that can be waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from descendants import descendants

from genloom.tools.sandbox import CallReport, Limits, Returned

__all__ = ["HERE", "LIMITS", "command", "has_name", "named", "parent", "servers", "value", "wait_until"]

LIMITS = Limits(
    wall_seconds=20, cpu_seconds=8, memory_megabytes=256, processes=24, file_megabytes=4, output_kilobytes=64
)
HERE = "import os\ndef here(): return os.getcwd()\n"


def value(report: CallReport) -> object:
    """Return what the only call of a report gave."""
    (result,) = report.results
    assert isinstance(result, Returned), report
    return result.value


def servers() -> list[int]:
    """Return the servers' own processes: not those that lead to them, nor those that they made."""
    serving = [number for number in descendants() if b"\0serve\0" in command(number)]
    return [number for number in serving if parent(number) not in serving]


def command(number: int) -> bytes:
    """Return the command line of a process that is not a launcher's; empty for others, and for one that is gone."""
    try:
        found = Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return b""
    return b"" if b"launcher" in found else found


def parent(number: int) -> int:
    """Return the parent of a process; 0 for one that is gone."""
    try:
        return int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Return whether something comes true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def named(name: str) -> str:
    """Return a line of source that gives the process a name to be waited for."""
    return f"__import__('ctypes').CDLL(None).prctl(15, {name.encode()!r}, 0, 0, 0)\n"


def has_name(name: str, count: int = 1) -> Callable[[], bool]:
    """Return a question: whether so many descendants of this process have a name now."""
    return lambda: [*descendants().values()].count(name) == count
