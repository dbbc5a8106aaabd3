"""The choice of a sandbox: which interpreter checks the code, what it may read, under which limits."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

from genloom.config import Settings
from genloom.state import GraphContext, SandboxTier
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.repository.import_roots import import_roots
from genloom.tools.sandbox.sandbox import Sandbox

__all__ = ["interpreter_for", "least_tier", "sandbox_for"]


def interpreter_for(context: GraphContext, settings: Settings) -> Path:
    """Return the Python that checks run with: the one asked for, else the repository's `.venv` or `venv`, else this one."""
    asked = context.python or settings.python
    if asked:
        return _plain(Path(asked).expanduser())
    if context.repository:
        for folder in (".venv", "venv"):
            candidate = Path(context.repository) / folder / "bin" / "python"
            if _is_there(candidate):
                return _plain(candidate)
    return Path(sys.executable)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # in a closed folder: who starts it tells so
        return True


def _plain(path: Path) -> Path:
    """Return the path without `..`: what stands before it need not be there in a run's view of the file system. The last
    part stays the link that it may be, for an environment is found by it."""
    return path.parent.resolve() / path.name if ".." in path.parts else path


def sandbox_for(
    context: GraphContext,
    settings: Settings,
    *,
    seconds: float | None = None,
    megabytes: int | None = None,
    inside: bool = True,
) -> Sandbox:
    """Return the sandbox that this run's context asks for; `seconds` and `megabytes` replace the checks' own limits.
    Its runs work inside a view of the repository, or else (`inside=False`) only import from it.

    It reads the disk: in an event loop, call it in a thread.
    """
    repository = Path(context.repository) if context.repository else None
    limits = replace(Limits(), wall_seconds=seconds or context.check_seconds)
    if megabytes is not None:
        limits = replace(limits, memory_megabytes=megabytes)
    return Sandbox(
        python=interpreter_for(context, settings),
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
