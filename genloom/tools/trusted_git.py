"""Git in a clone that another user owns, where this user or machine has said to trust it (`safe.directory`)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from genloom.errors import RepositoryError
from genloom.tools.git_command import run_git

__all__ = ["run_trusted_git"]


async def run_trusted_git(
    *arguments: str, folder: Path, settings: Sequence[str] = (), seconds: float = 120.0, output_megabytes: int = 1
) -> str:
    """Run one git command as `run_git` does, which reads no configuration of a user's or machine's; where git refuses
    because somebody else owns the folder (as in containers of CI machines), again with what theirs say to trust."""

    async def run(more: Sequence[str]) -> str:
        return await run_git(
            *arguments, folder=folder, settings=(*settings, *more), seconds=seconds, output_megabytes=output_megabytes
        )

    try:
        return await run(())
    except RepositoryError as error:
        trusted = await _trusted(folder) if "dubious ownership" in error.message else ()
        if not trusted:
            raise
    return await run(trusted)


async def _trusted(folder: Path) -> tuple[str, ...]:
    """Return the settings `safe.directory` of the machine and of the user, in git's order."""
    home = os.environ.get("HOME", "/")
    further = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    found: list[str] = []
    for file in ("/etc/gitconfig", f"{further}/git/config", f"{home}/.gitconfig"):
        if await asyncio.to_thread(os.path.isfile, file):
            with suppress(RepositoryError):  # it says nothing of it
                said = await run_git(
                    "config", "--file", file, "--get-all", "safe.directory", folder=folder, seconds=10.0
                )
                found += said.splitlines()
    return tuple(f"safe.directory={value}" for value in found)
