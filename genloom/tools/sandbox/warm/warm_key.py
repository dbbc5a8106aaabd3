"""What a warm server is for: jobs with the same key can come from the same one."""

from __future__ import annotations

import os
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

from genloom.tools.sandbox.job import Job

__all__ = ["ServerKey", "server_key"]

ServerKey = tuple[Any, ...]  # Any: whatever a job's fields hold

_LIBRARIES = ("/lib", "/lib64")
_PACKAGES = ("site-packages", "dist-packages")
_MOST_LISTED = 64

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
        if path.endswith(_LIBRARIES):
            found += [_identity(place) for place in _versions(path)]
            found += [_state(place) for version in _versions(path) for place in _places(version)]
    return tuple(found)


def _places(version: str) -> tuple[str, ...]:
    return tuple(f"{version}/{name}" for name in _PACKAGES)


_listed: dict[str, tuple[ServerKey, tuple[str, ...]]] = {}
"""The versions of Python that have their packages in a folder, as long as nothing comes into it."""


def _versions(library: str) -> tuple[str, ...]:
    state = _state(library)
    known = _listed.get(library)
    if known and known[0] == state:
        return known[1]
    versions = tuple(str(path) for path in sorted(Path(library).glob("python3*")))
    if len(_listed) >= _MOST_LISTED:
        _listed.clear()
    _listed[library] = (state, versions)
    return versions


def _identity(path: str) -> ServerKey:
    return _state(path)[:2]


def _state(path: str) -> ServerKey:
    try:
        status = os.stat(path)  # noqa: PTH116 - made for each run
    except OSError:
        return ()
    return (status.st_dev, status.st_ino, status.st_mtime_ns)
