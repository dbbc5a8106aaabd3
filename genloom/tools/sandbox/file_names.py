"""The names of the files that are laid out for a run."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath

from genloom.errors import UsageError

__all__ = ["check_names", "check_recorded", "free_name"]


def check_names(files: Collection[str]) -> None:
    """Raise `UsageError` unless each is a relative path that stays inside the working directory."""
    for name in files:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\0" in name:
            raise UsageError(
                f"{name!r} is not a relative path inside the scratch folder.",
                hint="Name files as in `package/module.py`.",
            )


def check_recorded(record_lines: Collection[str], files: Collection[str]) -> None:
    """Raise `UsageError` unless each file whose lines are to be recorded is among the files."""
    for name in record_lines:
        if name not in files:
            raise UsageError(f"{name!r} is not among the files.", hint="Name files whose lines are to be recorded.")


def free_name(name: str, files: Collection[str]) -> str:
    """Return the name of a Python file, changed until none of the files has it."""
    while name in files:
        name = name.replace(".py", "_.py")
    return name
