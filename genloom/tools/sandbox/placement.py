"""The placement of a run in its repository: by a mounted view where that works here, else by a copy."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

from genloom.tools.sandbox.interpreter import Unavailable
from genloom.tools.sandbox.job import Ending, Job
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.repository_view import RepositoryView, copied_files
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
    if await _mounts(job, view, covered):
        return _viewing(job, view, covered)
    copied = await asyncio.to_thread(copied_files, view, job.limits.file_megabytes)
    return copied if isinstance(copied, Unavailable) else replace(job, files={**copied, **job.files})


def _viewing(job: Job, view: RepositoryView, covered: tuple[str, ...]) -> Job:
    return replace(job, view=(view.folder, *covered), readable=(*job.readable, view.folder))


_found: dict[tuple[object, ...], bool] = {}
"""Whether a view could be mounted, by folder and way of running, for this process."""


async def _mounts(job: Job, view: RepositoryView, covered: tuple[str, ...]) -> bool:
    """Try a view out: this depends on the kernel, on the tier and on the file system that the repository lies on."""
    if not job.namespaces:
        return False
    key = (view.folder, covered, job.interpreter.command, job.bubblewrap, job.confined, os.geteuid())
    if key not in _found:
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
        _found[key] = isinstance(ending, Ending) and ending.ended == "normal"
    return _found[key]
