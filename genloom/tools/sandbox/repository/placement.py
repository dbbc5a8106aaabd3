"""The placement of a run in its repository: by a mounted view where that works here, else by a copy."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from genloom.tools.sandbox.interpreter import Unavailable
from genloom.tools.sandbox.job import Ending, Job
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.repository.repository_view import RepositoryView, copied_files
from genloom.tools.sandbox.runner import run_job

__all__ = ["placed"]

_PROBE = "genloom_view_probe.py"
_LIMITS = Limits(wall_seconds=20.0)
_MOST_FOUND = 64


async def placed(job: Job, view: RepositoryView) -> Job | Unavailable:
    """Return the job with the repository as its working directory, or why that is not possible."""
    problem = await asyncio.to_thread(lambda: view.problem)
    if problem:
        return problem
    covered = await asyncio.to_thread(lambda: view.covered)
    own = await asyncio.to_thread(_is_callers, view.folder, tuple(job.files))
    if own and await _mounts(job, view, covered):
        return _viewing(job, view, covered)
    copied = await asyncio.to_thread(copied_files, view, job.limits.file_megabytes)
    return copied if isinstance(copied, Unavailable) else replace(job, files={**copied, **job.files})


def _is_callers(folder: str, names: Iterable[str]) -> bool:
    """Whether what lies at these places of a folder, and on the way there, can be replaced in a mounted view.

    In the user namespace of an ordinary user there is nobody else: what has another owner or group cannot be written,
    not even in a layer above it. Root has the owner's files shown as the run's.
    """
    if os.geteuid() == 0:
        return True
    caller = (os.geteuid(), os.getegid())
    places = {Path(folder)}
    for name in names:
        places |= {Path(folder, name), *(Path(folder, above) for above in PurePosixPath(name).parents)}
    return all(owner in (None, caller) for owner in map(_owner, places))


def _owner(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_uid, status.st_gid


def _viewing(job: Job, view: RepositoryView, covered: tuple[str, ...]) -> Job:
    return replace(job, view=(view.folder, *covered), readable=(*job.readable, view.folder))


_found: dict[tuple[object, ...], float] = {}
"""Until when it is known whether a view can be mounted, by folder and way of running: always where one could be, after a
failure, which a busy machine may cause, for a minute."""

_FAILURE_SECONDS = 60.0


async def _mounts(job: Job, view: RepositoryView, covered: tuple[str, ...]) -> bool:
    """Try a view out: this depends on the kernel, on the tier and on the file system that the repository lies on."""
    if not job.namespaces:
        return False
    key = (view.folder, covered, job.interpreter.command, job.bubblewrap, job.confined, os.geteuid())
    known = _found.get(key, 0.0)
    if known < time.monotonic():
        probe = replace(
            _viewing(job, view, covered),
            task=("program", _PROBE),
            limits=_LIMITS,
            files={_PROBE: "import os\nos.remove(__file__)\nopen(__file__, 'x').close()\n"},
            stdin=b"",
            channel=False,
            on_line=None,
        )
        ending = await run_job(probe)
        if len(_found) >= _MOST_FOUND:
            _found.clear()
        mounted = isinstance(ending, Ending) and ending.ended == "normal"
        known = _found[key] = math.inf if mounted else time.monotonic() + _FAILURE_SECONDS
    return known == math.inf
