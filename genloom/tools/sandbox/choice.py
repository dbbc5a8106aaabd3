"""The choice of a sandbox: which interpreter checks the code, what it may read, under which limits."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import get_args

from genloom.config import Settings
from genloom.errors import UsageError
from genloom.state import GraphContext, SandboxTier
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.repository.import_roots import import_roots
from genloom.tools.sandbox.sandbox import Sandbox

__all__ = ["find_interpreter", "interpreter_for", "least_tier", "sandbox_for"]


def interpreter_for(context: GraphContext) -> Path:
    """Return the Python that checks of a resolved context run with: the one asked for (a path, or a name on PATH), else
    the repository's `.venv` or `venv`, else this one."""
    if context.python:
        try:
            return _plain(_looked_up(context.python) or Path(context.python))
        except OSError:  # in a closed folder: who starts it tells so
            return _plain(Path(context.python))
    if context.repository:
        for folder in (".venv", "venv"):
            candidate = Path(context.repository) / folder / "bin" / "python"
            if _is_there(candidate):
                return _plain(candidate)
    return Path(sys.executable)


def find_interpreter(asked: str) -> Path:
    """Return the absolute path of the Python at that path, or of that name on PATH. Raises `UsageError` where there is
    none."""
    try:
        found = _looked_up(asked)
    except OSError as error:
        raise UsageError(
            f"The Python interpreter {asked!r} cannot be read: {error.strerror}.",
            hint="Give the path of an interpreter that you may read and start.",
        ) from error
    if found is None or found.is_dir():
        raise UsageError(f"There is no Python interpreter {asked!r}.", hint="Give its path, such as .venv/bin/python.")
    return found


def _looked_up(asked: str) -> Path | None:
    path = Path(os.path.expanduser(asked))  # noqa: PTH111 - Path's own raises for an unknown user
    found = path if path.exists() else shutil.which(asked)
    return None if found is None else Path(found).absolute()


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # in a closed folder: who starts it tells so
        return True


def _plain(path: Path) -> Path:
    """Return the path without `..`: what stands before it need not be there in a run's view of the file system. The last
    part stays the link that it may be, for an environment is found by it."""
    return path.parent.resolve() / path.name if ".." in path.parts else path


def sandbox_for(context: GraphContext, settings: Settings, *, inside: bool = True) -> Sandbox:
    """Return the sandbox that this run's context asks for, under the limits of checks: `check_seconds` by the clock, and no
    fewer of processor time. Its runs work inside a view of the repository, or else (`inside=False`) only import from it.

    It reads the disk: in an event loop, call it in a thread.
    """
    repository = Path(context.repository) if context.repository else None
    seconds = context.check_seconds
    limits = Limits(wall_seconds=seconds, cpu_seconds=max(Limits.cpu_seconds, seconds))
    return Sandbox(
        python=interpreter_for(context),
        limits=limits,
        import_from=import_roots(repository) if repository and not inside else (),
        repository=repository if inside else None,
        least=least_tier(context, settings),
        memory=settings.cache,
    )


def least_tier(context: GraphContext, settings: Settings) -> SandboxTier:
    """Return the least tier that is good enough for this run: see `tier_suffices`. Resource limits alone are good enough
    only for who asks for them."""
    if context.allow_weak_sandbox:
        return "rlimits"
    asked: SandboxTier | None = next((tier for tier in get_args(SandboxTier) if tier == settings.sandbox), None)
    return asked or "landlock"
