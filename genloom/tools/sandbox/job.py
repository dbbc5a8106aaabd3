"""The border between the sandbox's face and the tiers: what is to be run, and how it ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from genloom.tools.sandbox.grants import NO_GRANTS, Grants
from genloom.tools.sandbox.interpreter import Interpreter
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.report import Ended

__all__ = ["Ending", "Job", "Refused"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of the worker in an interpreter.

    `task` are the worker's arguments; `files` are relative path -> content for the working directory, which is the
    scratch folder, or the first of `view` (see `Plan`); `None` removes a file there; `readable` are absolute paths.
    `channel` asks for the private pipe. `on_line` gets each line of standard output as it comes, without its end.
    `bubblewrap` is the program that makes the outer view, "" for none. `unix_sockets` are
    those beside granted loopback ones. With `warm` a server may make the run, for which it
    loads ahead what `preload` tells the worker.
    """

    interpreter: Interpreter
    task: tuple[str, ...]
    limits: Limits
    files: Mapping[str, str | bytes | None] = field(default_factory=dict)
    readable: tuple[str, ...] = ()
    stdin: bytes = b""
    channel: bool = False
    confined: bool = True
    namespaces: bool = True
    bubblewrap: str = ""
    grants: Grants = NO_GRANTS
    unix_sockets: bool = False
    view: tuple[str, ...] = ()
    warm: bool = False
    preload: tuple[str, ...] = ()
    on_line: Callable[[bytes], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The run could not be started: the stage of the set-up that failed, and why."""

    stage: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run ended. `cause` is `itself`, `timeout`, `memory`, `output` or `stopped`; `wait_status` is as of
    waitpid(2), -1 when it was stopped; `peak` is the tree's memory in bytes as far as it was seen."""

    cause: str
    wait_status: int
    peak: int
    seconds: float
    stdout: bytes
    stderr: bytes

    @property
    def exit_code(self) -> int | None:
        """The exit code; `None` when a signal or a limit ended the run."""
        if self.cause != "itself" or not os.WIFEXITED(self.wait_status) or self.wait_status < 0:
            return None
        return os.WEXITSTATUS(self.wait_status)

    @property
    def ended(self) -> Ended:
        """The end in a report's words."""
        match self.cause:
            case "timeout" | "memory" | "output":
                return self.cause
            case "itself" if self.exit_code is not None:
                return "exit" if self.exit_code else "normal"
            case "itself" if self.wait_status >= 0 and os.WTERMSIG(self.wait_status) == signal.SIGXCPU:
                return "timeout"
            case _:
                return "killed"
