"""A run's scratch folder, where it is one outside: the mount point of a private one, or the folder itself."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile

__all__ = ["make_scratch", "remove_scratch"]


def make_scratch() -> str:
    """Make an empty folder and return its path."""
    return tempfile.mkdtemp(prefix="genloom-")


def remove_scratch(folder: str) -> None:
    """Remove a folder that hostile code filled: too deep for recursion, or with its permissions taken away."""
    if not os.path.lexists(folder):
        return  # the supervisor did it
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            arguments = [*command, "--", folder]
            subprocess.run(arguments, check=False, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)  # noqa: S603 - fixed commands
