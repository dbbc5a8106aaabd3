"""How one namespace of generated modules is handled."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genloom.config import ImportMode, ImportSettings
from genloom.errors import UsageError

if TYPE_CHECKING:
    from genloom.interfaces.importer.asked import Generate

__all__ = ["GENERATION_SECONDS", "ImportOptions", "choose_mode", "in_notebook", "is_terminal"]

GENERATION_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """The options of one import hook.

    `namespace` is the package below which modules are generated, `directory` the folder that holds its files and
    `genloom.lock`. `description` says what the modules are for, to every generation. `mode`: `auto` imports what passed
    its checks, `review` asks a person first, `frozen` imports what is pinned and never generates. `model` is a chat
    model's name (default: `GENLOOM_MODEL`). With `accept_unverified` a module that nothing checks is accepted when nothing
    speaks against it. `deadline` bounds one import, in seconds (`None`: nothing does).
    `context` holds further fields of `GraphContext`.
    `generate` replaces the generation graph.
    """

    namespace: str
    directory: Path
    mode: ImportMode
    description: str = ""
    model: str | None = None
    accept_unverified: bool = False
    deadline: float | None = GENERATION_SECONDS
    context: Mapping[str, Any] = field(default_factory=dict)  # Any: whatever type the field of GraphContext has
    generate: Generate | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not all(part.isidentifier() for part in self.namespace.split(".")):
            raise UsageError(
                f"The namespace {self.namespace!r} is not the name of a package.",
                hint="Name a package, such as `myapp.gen`.",
            )
        if self.deadline is not None and not self.deadline > 0:
            raise UsageError(
                f"The deadline of an import is {self.deadline!r}.", hint="Give a number of seconds above 0."
            )


def choose_mode(asked: str | None, environment: ImportSettings) -> ImportMode:
    """Return the mode: what was asked, else what the environment says, else `frozen` in CI and where nobody sits at a
    terminal or a notebook, else `review`. Raises `UsageError` for a mode that there is not."""
    if asked is None:
        if environment.mode is not None:
            return environment.mode
        return "frozen" if environment.continuous_integration or not _has_person() else "review"
    modes: dict[str, ImportMode] = {"review": "review", "auto": "auto", "frozen": "frozen"}
    if asked in modes:
        return modes[asked]
    raise UsageError(f"There is no import mode {asked!r}.", hint="Use `review`, `auto` or `frozen`.")


def _has_person() -> bool:
    streams = (sys.stdin, sys.stderr)
    return in_notebook() or all(stream is not None and is_terminal(stream) for stream in streams)


def is_terminal(stream: Any) -> bool:  # Any: programs put all sorts of objects there
    """Whether somebody may sit at the other end of a stream."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError, OSError):
        return False


def in_notebook() -> bool:
    """Whether this process is a notebook's kernel; IPython is not imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return shell is not None and hasattr(shell, "kernel")
