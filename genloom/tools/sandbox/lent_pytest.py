"""genloom's own pytest, which is lent to an interpreter that has none."""

from __future__ import annotations

from pathlib import Path

from genloom.tools.sandbox.worker.pytest_run import BORROWED

__all__ = ["lent_pytest"]


def lent_pytest() -> tuple[str, tuple[str, ...]]:
    """Return the folder that genloom's own pytest is installed in and the parts that it needs; empty without one. It
    reads the disk."""
    from importlib.util import find_spec  # imported here: only test runs pay for it

    spec = find_spec("pytest")
    if not spec or not spec.origin:
        return "", ()
    folder = Path(spec.origin).parent.parent
    parts = (folder / f"{name}{end}" for name in BORROWED for end in ("", ".py"))
    return str(folder), tuple(str(part) for part in parts if part.exists())
