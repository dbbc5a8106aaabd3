"""Git in a clone that another user owns, where this user or machine has said to trust it (`safe.directory`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genloom.errors import RepositoryError
from genloom.tools.git_command import run_git
from genloom.tools.git_settings import user_settings

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
        if "dubious ownership" not in error.message:
            raise
        trusted = [f"safe.directory={value}" for name, value in await user_settings(folder) if name == "safe.directory"]
    try:
        return await run(trusted)
    except RepositoryError as error:
        if "dubious ownership" in error.message:
            raise RepositoryError(error.message, hint=_HINT) from error
        raise


_HINT = "If you trust whose it is: `git config --global --add safe.directory FOLDER`, with the folder that is named."
