"""The tree of processes below one: how much memory it holds, and how all of it is ended."""

from __future__ import annotations

import os
import select
import time

from genloom.tools.sandbox.launcher.refusal import RefusalError

__all__ = ["check_visible", "descendants", "end_tree", "memory_held", "wait_for_end"]

_SIGKILL = 9
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MOST_SEEN = 20_000
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.0001, 0.002


def check_visible() -> None:
    """Raise `RefusalError` when this machine does not show a process's children: the limit of memory rests on it."""
    if not os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
        raise RefusalError("proc", "/proc is not mounted, or does not show the children of a process")


def descendants(root: int) -> list[int]:
    """Return the ids of `root` and of every process below it, as far as they can be seen right now."""
    seen = [root]
    for process in seen:
        seen.extend(_children(process))
        if len(seen) > _MOST_SEEN:
            break
    return seen


def _children(process: int) -> list[int]:
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{process}/task")
    except OSError:
        return found
    for thread in threads:
        try:
            with open(f"/proc/{process}/task/{thread}/children", "rb") as file:
                found.extend(int(number) for number in file.read().split())
        except OSError:
            continue
    return found


def memory_held(processes: list[int], limit: int) -> int:
    """Return the bytes of memory that the processes hold together.

    Resident sizes are added up; only when they pass `limit` is the exact share taken (pages that forked processes
    still have in common are then counted once), which costs more.
    """
    resident = sum(_resident(process) for process in processes)
    if resident <= limit:
        return resident
    return sum(_share(process) for process in processes)


def _resident(process: int) -> int:
    try:
        with open(f"/proc/{process}/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _share(process: int) -> int:
    try:
        with open(f"/proc/{process}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return _resident(process)


def end_tree(patience: float = 10.0) -> bool:
    """Kill every process below this one and reap it; orphans come to this process when it is a subreaper.

    Return whether none is left; `patience` bounds the wait in seconds.
    """
    deadline, pause = time.monotonic() + patience, _SHORTEST_PAUSE
    while time.monotonic() < deadline:
        for process in descendants(os.getpid())[1:]:
            _kill(process)
        if not _reap():
            return True
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    return False


def wait_for_end(process: int, patience: float = 10.0) -> None:
    """Wait until a child has ended, where this kernel and interpreter can tell at once; leave it to be reaped."""
    try:
        end = os.pidfd_open(process)
    except (AttributeError, OSError):
        return
    waiting = select.poll()
    waiting.register(end, select.POLLIN)
    waiting.poll(patience * 1000)
    os.close(end)


def _kill(process: int) -> None:
    try:
        os.kill(process, _SIGKILL)
    except OSError:
        pass  # it ended meanwhile


def _reap() -> bool:
    """Collect ended children; return whether some still live."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True
