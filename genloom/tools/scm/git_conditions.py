"""The settings under which git tells of a work tree: nothing of the repository's runs, and what its user set holds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from genloom.errors import RepositoryError
from genloom.tools.git_settings import repository_settings, user_settings

__all__ = ["settings_for"]

_TAKEN_OVER = {"core.excludesfile", "core.autocrlf", "core.eol"}
"""What of a user's settings says which files are theirs alone, and what a changed line is."""

_PROGRAMS = ("clean", "smudge", "process")


async def settings_for(root: Path) -> tuple[str, ...]:
    """Return settings (`name=value`) for a git that compares the work tree at `root`: programs of the repository's that
    would filter its files are switched off, and it writes nothing. What the user's and machine's settings ignore is ignored,
    and line ends are theirs, where the repository sets nothing else.

    Raises `RepositoryError` for a program that cannot be switched off.
    """
    own = await repository_settings(root)
    theirs = {name: value for name, value in await user_settings(root) if name in _TAKEN_OVER}
    if further := os.environ.get("XDG_CONFIG_HOME"):  # git is not told of it, and would look below the home
        theirs.setdefault("core.excludesfile", f"{further}/git/ignore")
    taken = (f"{name}={value}" for name, value in theirs.items() if name not in own)
    return ("diff.autoRefreshIndex=false", *taken, *_without_filters(own))


def _without_filters(names: Iterable[str]) -> Iterator[str]:
    """Empty programs in place of the named ones; git takes an empty one for none."""
    filters = {name[: name.rindex(".")] for name in names if name.startswith("filter.") and name.endswith(_PROGRAMS)}
    for each in sorted(filters):
        if "=" in each or "\ufffd" in each:  # git would read another name on its command line
            raise RepositoryError(
                f"The repository's settings name a program in a way that cannot be switched off: {each[:100]!r}.",
                hint="Look at `git config --list --show-origin`, and remove it.",
            )
        yield from (f"{each}.{program}=" for program in _PROGRAMS)
        yield f"{each}.required=false"
