"""What the launcher is told to do: plain values that cross a pipe."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["Plan"]


class Plan(TypedDict):
    """One run. Sizes are in bytes, times in seconds; `files` are relative path -> content for the
    working directory, `None` to remove one."""

    role: str
    """`run`; `server`: a process that makes runs of forked copies of itself; `forked`: one of those runs."""
    confined: bool
    """Landlock and seccomp, or resource limits alone."""
    namespaces: bool
    """Private process, mount, ipc, uts and network namespaces."""
    outside: dict[str, str]
    """The namespaces that bubblewrap must have left, by kind; empty where it was not asked to make the outer view."""
    grants: list[str]
    """`loopback`, `unix_sockets` beside it, `shared_memory`: what of this the run may have, all of it private."""
    executable: str
    arguments: list[str]
    environment: dict[str, str]
    scratch: str
    files: dict[str, str | bytes | None]
    view: list[str]
    """A folder to be shown copy-on-write at its own path and worked in, then the relative paths in it that are not to be
    seen; empty for none."""
    readable: list[str]
    """What the caller and the interpreter need: must be there and be readable."""
    system_readable: list[str]
    """What is granted where it is there."""
    channel: list[int]
    """Descriptors to read calls from and to write records to, or nothing."""
    wall_seconds: float
    cpu_seconds: int
    memory: int
    processes: int
    file_size: int
