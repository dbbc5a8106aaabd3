"""The live self-test: a harmless program tries, inside the sandbox, what must not work."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from genloom.state import SandboxTier
from genloom.tools.sandbox.bubblewrap import find_bubblewrap
from genloom.tools.sandbox.interpreter import Interpreter, Unavailable
from genloom.tools.sandbox.job import Ending, Job, Refused
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.report import SandboxStatus
from genloom.tools.sandbox.runner import run_job

__all__ = ["described", "explain_refusal", "find_tier", "try_tier"]

_LIMITS = Limits(wall_seconds=20.0)
_WAYS = (True, False)  # with private namespaces, else without

_PROBE = """
import json, os, socket, sys

outside = json.load(sys.stdin)


def works(action, *arguments):
    try:
        action(*arguments)
    except OSError:
        return False
    return True


def keep(path):
    with open(path, "w") as file:
        file.write("kept")


tried = {
    "become root": os.getuid() == 0 or os.geteuid() == 0 or works(os.setuid, 0),
    "read another user's file": works(open, outside + "/canary"),
    "list a folder outside": works(os.listdir, outside),
    "write outside": works(open, outside + "/written", "a"),
    "open a kernel setting for writing": works(open, "/proc/sys/kernel/hostname", "a"),
    "open a socket": works(socket.socket),
    "see processes": os.path.exists("/proc/self") and works(os.listdir, "/proc"),
}
print(json.dumps({
    "leaks": [name for name, worked in tried.items() if worked],
    "scratch": works(keep, "kept"),
    "python": ".".join(map(str, sys.version_info[:3])),
}))
"""

_HINTS = {
    "proc": "Mount /proc where genloom runs.",
    "start": "Check that this machine has processes, memory and open files to spare.",
    "scratch": "Set TMPDIR to a folder that has space and that every user may pass, such as /tmp.",
    "files": "Check the names of the files, and raise the limit file_megabytes if they are large.",
    "bubblewrap": "Install bubblewrap (package bubblewrap), and let ordinary users have user namespaces.",
    "namespaces": "Allow user namespaces, or run as root, or as a user on a kernel with Landlock.",
    "mounts": "Run genloom as an ordinary user, or as root with the right to mount in a private namespace.",
    "readable": "Put the interpreter and the code where other users can read them (for example under /opt), or run "
    "genloom as an ordinary user.",
    "landlock": "Use Linux 5.13 or newer with Landlock switched on (lsm=landlock,…), or allow the weak sandbox.",
    "seccomp": "Use x86_64 or aarch64, or allow the weak sandbox.",
    "grants": "Install bubblewrap, or allow user namespaces.",
    "user": "Run genloom as an ordinary user.",
    "exec": "Give the path of a working interpreter.",
}


def explain_refusal(refused: Refused) -> Unavailable:
    """Return in plain words why a run could not be started, and what to do."""
    reason = f"The sandbox could not be set up ({refused.stage}): {refused.why}"
    return Unavailable(
        reason=reason,
        cause="no_interpreter" if refused.stage == "exec" else "no_sandbox",
        hint=_HINTS.get(refused.stage, ""),
        stage=refused.stage,
    )


async def find_tier(interpreter: Interpreter, allowed: Sequence[SandboxTier]) -> SandboxStatus:
    """Return the first of the allowed tiers that holds here, tried by running; the status says why if none does."""
    problems: dict[SandboxTier, Unavailable] = {}
    for tier in allowed:
        found = await try_tier(interpreter, tier)
        if isinstance(found, SandboxStatus):
            return found
        problems[tier] = found
    return _none(problems)


async def try_tier(interpreter: Interpreter, tier: SandboxTier) -> SandboxStatus | Unavailable:
    """Try one tier by running in it, at its strongest first; return how it holds, or why it does not."""
    system = "darwin" if tier == "seatbelt" else "linux"
    if not sys.platform.startswith(system):
        return _of_another_system(tier)
    problems: list[Unavailable] = []
    for namespaces in _WAYS:
        found = await _try(interpreter, tier, namespaces)
        if isinstance(found, SandboxStatus):
            return found
        problems.append(found)
        if found.stage == "absent":
            break
    # the first problem that another way, without namespaces, did not get around
    telling = [problem for problem in problems if problem.stage not in ("namespaces", "mounts")]
    return [*telling, *problems][0]


def _of_another_system(tier: SandboxTier) -> Unavailable:
    if sys.platform == "win32":
        return Unavailable(
            reason=f"Windows has no sandbox for genloom: {tier} does not exist there.",
            hint="Install WSL 2 (wsl --install) and run genloom in it.",
        )
    return Unavailable(
        reason=f"The sandbox {tier} does not exist on {sys.platform}.", hint="Leave the choice of a tier open."
    )


def _none(problems: Mapping[SandboxTier, Unavailable]) -> SandboxStatus:
    """Tell an unusable interpreter first, else what keeps each tier from being used."""
    if not problems:
        return _none({"rlimits": _of_another_system("rlimits")})
    of_interpreter = [why for why in problems.values() if why.cause == "no_interpreter"]
    told = of_interpreter[:1] or list(problems.values())
    reason = " ".join(dict.fromkeys(why.reason for why in told))
    hint = " ".join(dict.fromkeys(why.hint for why in told if why.hint))
    return SandboxStatus(tier=None, reason=reason, cause=told[0].cause, hint=hint)


def _open_folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder that is open to every user, so that only the sandbox can keep it closed."""
    folder = tempfile.TemporaryDirectory(prefix="genloom-outside-")
    outside = Path(folder.name)
    outside.chmod(0o777)
    (outside / "canary").write_text("canary")
    return folder


async def _try(interpreter: Interpreter, tier: SandboxTier, namespaces: bool) -> SandboxStatus | Unavailable:
    bubblewrap = await asyncio.to_thread(find_bubblewrap) if tier == "bubblewrap" else ""
    if bubblewrap is None:
        return Unavailable(
            reason="bubblewrap: there is no program bwrap on the PATH.", hint=_HINTS["bubblewrap"], stage="absent"
        )
    folder = await asyncio.to_thread(_open_folder)
    job = Job(
        interpreter=interpreter,
        task=("program", "probe.py"),
        limits=_LIMITS,
        files={"probe.py": _PROBE},
        stdin=json.dumps(folder.name).encode(),
        confined=tier != "rlimits",
        namespaces=namespaces,
        bubblewrap=bubblewrap,
    )
    try:
        ending = await run_job(job)
    finally:
        await asyncio.shield(asyncio.to_thread(folder.cleanup))
    if isinstance(ending, Refused):
        return explain_refusal(ending)
    return _judge(ending, job, tier)


def _judge(ending: Ending, job: Job, tier: SandboxTier) -> SandboxStatus | Unavailable:
    try:
        seen = json.loads(ending.stdout)
        leaks, scratch, python = list(seen["leaks"]), bool(seen["scratch"]), str(seen["python"])
    except (ValueError, KeyError, TypeError):
        said = ending.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return Unavailable(
            reason=f"{job.interpreter.command} did not run the self-test's program ({ending.ended}): {' '.join(said)}",
            cause="no_interpreter",
            hint="Check that the interpreter starts: PYTHON -c 'print(1)'.",
        )
    if not scratch:
        return Unavailable(reason="The self-test could not write to its own scratch folder.")
    if "become root" in leaks or (tier != "rlimits" and leaks):
        return Unavailable(reason=f"The sandbox {tier} does not hold here: a program could {', '.join(leaks)}.")
    return SandboxStatus(
        tier=tier,
        reason=described(tier, job.namespaces),
        python=python,
        namespaces=job.namespaces,
        bubblewrap=job.bubblewrap,
    )


def described(tier: SandboxTier, namespaces: bool) -> str:
    """Return in a sentence what a tier that holds here stands on."""
    if tier == "rlimits":
        return "Resource limits alone: this is not a sandbox."
    if tier == "bubblewrap":
        inner = "further namespaces inside, " if namespaces else ""
        return f"A view of its own by bwrap, {inner}seccomp, and Landlock where the kernel has it."
    return "Landlock and seccomp" + (", in private process and mount namespaces." if namespaces else ", no namespaces.")
