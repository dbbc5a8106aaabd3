"""The command that starts the launcher for a job: by itself, or inside the view that its tier makes."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

from genloom.tools.sandbox.bubblewrap import bubblewrap_command, resolve
from genloom.tools.sandbox.interpreter import Interpreter, find_interpreter
from genloom.tools.sandbox.job import Job
from genloom.tools.sandbox.launcher.plan import Plan

__all__ = ["LAUNCHER_FOLDER", "start_command"]

LAUNCHER_FOLDER = str(Path(__file__).parent / "launcher")
_LAUNCHER = str(Path(LAUNCHER_FOLDER) / "__main__.py")


def start_command(
    job: Job, plan: Plan, *, control: int, status: int, plan_descriptor: int, view: str = ""
) -> list[str]:
    """Return the whole command. It reads the disk. Of `view`, where the plan has none, the runs of a server will have one.

    The three descriptors, standard input and output and the plan's channel must be inherited under the numbers that they
    have here; the environment must be empty. With bubblewrap the process is killed when the *thread* that started it
    ends (`--die-with-parent`).
    """
    descriptors = [str(number) for number in (control, status, plan_descriptor)]
    if not job.bubblewrap:
        return [*_python(sys.executable), *descriptors]
    own = _own_interpreter()
    needed = [
        *(plan["executable"], *plan["readable"]),
        *(job.interpreter.command, LAUNCHER_FOLDER, *own.readable),
    ]
    root = os.geteuid() == 0
    from genloom.tools.sandbox.launcher.mounts import closed_to_others  # imported here: it exists on Linux alone

    system = [path for path in plan["system_readable"] if Path(path).exists() and not (root and closed_to_others(path))]
    enclosing = bubblewrap_command(
        job.bubblewrap,
        [*needed, *system],
        scratch=plan["scratch"],
        size=plan["file_size"],
        flat=not plan["namespaces"] and plan["role"] == "run",
    )
    command = [*enclosing, *_python(own.executable), *descriptors]
    if not root:
        return command
    # root's rights are left before bubblewrap starts: it then works as for anybody else
    real = dict.fromkeys(resolve(path)[0] for path in (job.bubblewrap, *needed))
    return [*_python(sys.executable), "descend", str(status), "".join(plan["view"][:1]) or view, *real, "--", *command]


def _python(executable: str) -> list[str]:
    return [executable, "-I", "-S", _LAUNCHER]


@cache
def _own_interpreter() -> Interpreter:
    """The installation that genloom runs on, without the environment around it: the launcher needs nothing of that."""
    found = find_interpreter(Path(sys.executable).resolve())
    if not isinstance(found, Interpreter):
        raise OSError(found.reason)
    return found
