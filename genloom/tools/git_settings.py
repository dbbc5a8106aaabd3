"""What git's configuration files say: the user's and machine's, and a repository's own."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from genloom.tools.git_command import run_git

__all__ = ["repository_settings", "user_settings", "work_tree_at"]


def work_tree_at(root: Path) -> tuple[str, str]:
    """Return options before a git command that make `root` its work tree, wherever the repository's settings place it. Git
    does not ask then whose the repository is: let it be asked before."""
    return f"--git-dir={root.absolute() / '.git'}", f"--work-tree={root.absolute()}"


async def user_settings(folder: Path) -> tuple[tuple[str, str], ...]:
    """Return the names (in small letters, but for the middle part) and values that hold for git runs of this user in a
    folder, whatever the repository there says, in git's order: the last one of a name counts.

    Raises `RepositoryError` for a file that git cannot read.
    """
    found: list[tuple[str, str]] = []
    for file in _files():
        if await asyncio.to_thread(os.path.isfile, file):
            listed = await run_git(
                "config", "--file", file, "--includes", "--list", "--null", folder=folder, seconds=10.0
            )
            entries = (entry.partition("\n") for entry in listed.split("\0"))
            found += [(name, value) for name, _, value in entries if name]
    return tuple(found)


async def repository_settings(folder: Path) -> frozenset[str]:
    """Return the names of all settings of the repository whose work tree's root is `folder`, also of the files that its
    own includes. Raises `RepositoryError` when there are more than 1 MB of them."""
    place = work_tree_at(folder)
    listed = await run_git(*place, "config", "--list", "--null", "--name-only", folder=folder, seconds=10.0)
    return frozenset(filter(None, listed.split("\0")))


def _files() -> tuple[str, ...]:
    """The places where git looks, the machine's first."""
    alone = os.environ.get("GIT_CONFIG_NOSYSTEM", "").lower() not in ("", "0", "false", "no", "off")
    machine = () if alone else (os.environ.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig"),)
    if "GIT_CONFIG_GLOBAL" in os.environ:
        return (*machine, os.environ["GIT_CONFIG_GLOBAL"])
    home = os.environ.get("HOME", "/")
    further = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    return (*machine, f"{further}/git/config", f"{home}/.gitconfig")
