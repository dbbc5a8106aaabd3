"""Options that the commands of `genloom lib` share, and the completion of modules' names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from genloom.interfaces.importer.library.library import Library

__all__ = ["library_of", "module", "modules", "package"]

package = click.option(
    "--package",
    "package",
    metavar="P",
    help="The anchor package: its dotted name or its folder [default: the one in, above or below this folder].",
)


def _completed(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Offer the modules, to those who decide only the ones that wait."""
    from genloom.errors import GenloomError

    try:
        library = library_of(context.params.get("package"))
        decides = context.info_name in ("accept", "reject")
        names = [state.module for state in library.states() if state.waits or not decides]
    except GenloomError:  # a shell that completes has nobody to tell
        return []
    short = [library.short(name) for name in names]
    return [name for name in (*short, *names) if name.startswith(incomplete)]


module = click.argument("module", shell_complete=_completed)
modules = click.argument("modules", nargs=-1, shell_complete=_completed)


def library_of(package: str | None) -> Library:
    """Return the library of an anchor package. Raises `UsageError` where none or several fit."""
    from pathlib import Path

    from genloom.interfaces.importer.library.library_search import find_library

    return find_library(package, Path.cwd())
