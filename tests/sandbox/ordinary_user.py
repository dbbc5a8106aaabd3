"""Runs a piece of Python as an ordinary user, also when the tests run as root with an interpreter in root's home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from open_folders import open_to_others

import genloom

__all__ = ["run_as_ordinary_user"]

_BECOME = """
import os, sys
from genloom.tools.sandbox.interpreter import find_interpreter
from genloom.tools.sandbox.launcher import kernel, mounts
user, sources, code, scratch = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
needed = [*find_interpreter().readable, sources, *os.environ["PYTHONPATH"].split(os.pathsep)]
kernel.unshare(kernel.CLONE_NEWNS)
kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
mounts._Reveal(scratch).reveal(needed)
os.setgroups([])
os.setresgid(user, user, user)
os.setresuid(user, user, user)
os.execve(sys.executable, [sys.executable, "-c", code], os.environ)
"""


def run_as_ordinary_user(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `code` with genloom importable; `folder` is its TMPDIR."""
    sources = str(Path(genloom.__file__).parents[1])
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": sources, "TMPDIR": str(folder), "HOME": str(folder)}
    command = [sys.executable, "-c", code]
    if os.geteuid() == 0:
        open_to_others(folder)
        folder.chmod(0o777)
        command = [sys.executable, "-c", _BECOME, "54321", f"{sources}/genloom", code, str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
