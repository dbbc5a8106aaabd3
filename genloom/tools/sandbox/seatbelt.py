"""The `seatbelt` tier for macOS: `sandbox-exec` with a profile made for each run.

UNTESTED: written from the format's public descriptions and never run on a Mac; only the profile's text is tested. macOS
calls `sandbox-exec` deprecated, though its own programs and many others still go by it. There are no namespaces: the
profile refuses by rules what bubblewrap does not show. Memory is limited as far as macOS keeps to its limits.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from genloom.tools.sandbox.grants import NO_GRANTS, Grants
from genloom.tools.sandbox.launcher.plan import Plan

__all__ = ["SANDBOX_EXEC", "seatbelt_command", "seatbelt_plan", "seatbelt_profile"]

SANDBOX_EXEC = "/usr/bin/sandbox-exec"
"""By absolute path: a program of that name elsewhere is somebody else's."""

_SYSTEM = (
    *("/usr/lib", "/usr/bin", "/bin", "/usr/share", "/System/Library", "/Library/Developer/CommandLineTools"),
    *("/private/etc/ssl", "/private/etc/localtime", "/private/var/db/timezone", "/private/var/db/dyld"),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

_ALWAYS = """\
(version 1)
(deny default)
(allow process-fork)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
(allow sysctl-read)
(allow file-read-metadata)"""

_LOOPBACK = """\
(allow network-bind (local ip "localhost:*"))
(allow network-inbound (local ip "localhost:*"))
(allow network-outbound (remote ip "localhost:*"))"""


def seatbelt_profile(readable: Iterable[str], scratch: str, grants: Grants = NO_GRANTS) -> str:
    """Return the profile: everything is denied but reading and executing what is `readable`, using the scratch folder and
    a few devices, and starting and signalling the run's own processes.

    macOS has no network of a run's own, so granted loopback is the machine's: whoever listens there can be reached. The
    caller decides whether that is good enough; see `seatbelt_command`. Raises `ValueError` for a path that cannot stand
    in a profile.
    """
    shown = sorted({os.path.realpath(path) for path in (*_SYSTEM, *readable)})
    lines = [
        _ALWAYS,
        f"(allow file-read* process-exec {_places(shown)})",
        f"(allow file-read* file-write* {_places([os.path.realpath(scratch)])})",
        f"(allow file-read-data file-write-data {' '.join(f'(literal {_quoted(path)})' for path in _DEVICES)})",
    ]
    lines += ["(allow ipc-posix-sem ipc-posix-shm)"] if grants.shared_memory else []
    lines += [_LOOPBACK] if grants.loopback else []
    return "\n".join(lines) + "\n"


def seatbelt_command(profile: str, command: Sequence[str]) -> list[str]:
    """Return the command that runs another one under a profile."""
    return [SANDBOX_EXEC, "-p", profile, *command]


def seatbelt_plan(plan: Plan, grants: Grants) -> Plan:
    """Return the plan of a run with its command put under a profile of its own. Loopback is not granted on macOS."""
    profile = seatbelt_profile(plan["readable"], plan["scratch"], replace(grants, loopback=False))
    command = seatbelt_command(profile, plan["arguments"])
    return {**plan, "executable": SANDBOX_EXEC, "arguments": command}


def _places(paths: Iterable[str]) -> str:
    return " ".join(f"({'subpath' if Path(path).is_dir() else 'literal'} {_quoted(path)})" for path in paths)


def _quoted(path: str) -> str:
    """Return a path as a string of the profile's language, in which nothing but the path can stand."""
    if not path.startswith("/") or any(ord(character) < 32 for character in path):
        raise ValueError(f"{path!r} cannot stand in a sandbox profile")
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
