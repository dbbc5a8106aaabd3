"""What a warm server is for: jobs with the same key can come from the same one."""

from __future__ import annotations

import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

from genloom.tools.sandbox.job import Job

__all__ = ["ServerKey", "server_key"]

ServerKey = tuple[Any, ...]  # Any: whatever a job's fields hold

_LIBRARIES = ("lib", "lib64")
_PACKAGES = ("site-packages", "dist-packages")

_OF_ONE_RUN = {"task", "limits", "files", "stdin", "channel", "on_line", "warm"}


def server_key(job: Job) -> ServerKey:
    """Return all that makes a difference to the server: what a field added later holds is part of it, too."""
    shared = (getattr(job, field.name) for field in fields(job) if field.name not in _OF_ONE_RUN)
    return (job.task[0], job.limits.file_megabytes, tempfile.gettempdir(), _identities(job), *shared)


def _identities(job: Job) -> ServerKey:
    """Return what tells that a path which a server was started with has become another: folders made anew, installations
    that got or lost a package."""
    found: list[ServerKey] = []
    for path in (*job.interpreter.readable, *job.readable):
        found.append(_identity(path))
        if Path(path).name in _LIBRARIES:
            places = [f"{version}/{name}" for version in sorted(Path(path).glob("python3*")) for name in _PACKAGES]
            found += [(*_identity(place), _changed(place)) for place in places]
    return tuple(found)


def _identity(path: str) -> ServerKey:
    try:
        status = Path(path).stat()
    except OSError:
        return ()
    return (status.st_dev, status.st_ino)


def _changed(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0
