"""The plan of a run or of a warm server: what the launcher is told about a job."""

from __future__ import annotations

import marshal
import math
import os
import secrets
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile

from genloom.tools.sandbox.bubblewrap import free_scratch, own_namespaces
from genloom.tools.sandbox.job import Job
from genloom.tools.sandbox.launcher.plan import Plan
from genloom.tools.sandbox.seatbelt import seatbelt_plan

__all__ = ["make_plan", "memory_file", "plan_file", "run_of_server", "scratch_inside"]

WORKER_FOLDER = str(Path(__file__).parent / "worker")
_WORKER = str(Path(WORKER_FOLDER) / "__main__.py")

_MARSHAL_VERSION = 4
"""The newest that every interpreter which may read a plan knows."""

_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "USER": "sandbox",
    "LOGNAME": "sandbox",
    "NO_COLOR": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    # genloom's own import hook does nothing inside: generated modules are plain files there
    "GENLOOM_IN_SANDBOX": "1",
    # each reserves address space for every core or thread, which is bounded here
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}

_SYSTEM = (
    *("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime"),
    *("/etc/timezone", "/etc/mime.types", "/etc/ssl/openssl.cnf", "/etc/ssl/certs"),
)
"""What programs on this system need besides the interpreter; all of it is open to every user anyway."""


_FOR_NAMES = ("/etc/hosts", "/etc/nsswitch.conf")
"""What it takes for `localhost` to be known."""


def make_plan(job: Job, *, role: str, scratch: str, channel: list[int]) -> Plan:
    """Return what the launcher is to do for a job; `role` and `channel` are as in `Plan`."""
    limits = job.limits
    plan = Plan(
        role=role,
        confined=job.confined,
        namespaces=job.namespaces,
        outside=own_namespaces() if job.bubblewrap else {},
        grants=[*job.grants.names, *(["unix_sockets"] if job.unix_sockets else [])],
        executable=job.interpreter.executable,
        arguments=_arguments(job),
        environment={**_ENVIRONMENT, "HOME": scratch, "TMPDIR": scratch},
        scratch=scratch,
        files=dict(job.files),
        view=list(job.view),
        readable=_readable(job),
        system_readable=[*_SYSTEM, *(_FOR_NAMES if job.grants.loopback else ())],
        channel=channel,
        wall_seconds=limits.wall_seconds,
        cpu_seconds=math.ceil(limits.cpu_seconds),
        memory=limits.memory_megabytes << 20,
        processes=limits.processes,
        file_size=limits.file_megabytes << 20,
    )
    return plan if sys.platform == "linux" or not job.confined else seatbelt_plan(plan, job.grants)


def run_of_server(common: Plan, job: Job, *, channel: list[int]) -> Plan:
    """Return the plan of one of a server's runs, which have `common` in common."""
    limits = job.limits
    plan = common.copy()
    plan["arguments"] = _arguments(job)
    plan["files"] = dict(job.files)
    plan["channel"] = channel
    plan["wall_seconds"] = limits.wall_seconds
    plan["cpu_seconds"] = math.ceil(limits.cpu_seconds)
    plan["memory"] = limits.memory_megabytes << 20
    plan["processes"] = limits.processes
    return plan


def _arguments(job: Job) -> list[str]:
    return [job.interpreter.command, "-s", "-B", _WORKER, *job.task]


def _readable(job: Job) -> list[str]:
    return list(dict.fromkeys([*job.interpreter.readable, WORKER_FOLDER, *job.readable]))


def scratch_inside(job: Job) -> str:
    """Return a path for a scratch folder that is there only in the view that bubblewrap makes for the job."""
    return free_scratch(f"genloom-{secrets.token_hex(8)}", [*_readable(job), *_SYSTEM])


def plan_file(plan: Plan, stack: ExitStack) -> int:
    """Return a descriptor of the plan as a file in memory."""
    return memory_file(marshal.dumps(dict(plan), _MARSHAL_VERSION), stack)


def memory_file(content: bytes, stack: ExitStack) -> int:
    """Return a descriptor of a file in memory, at its start; the stack closes it."""
    if sys.platform == "linux":
        number = os.memfd_create("genloom")
    else:
        file = stack.enter_context(TemporaryFile())  # noqa: SIM115 - the stack closes it
        number = os.dup(file.fileno())
    stack.callback(os.close, number)
    view = memoryview(content)
    while view:
        view = view[os.write(number, view) :]
    os.lseek(number, 0, os.SEEK_SET)
    return number
