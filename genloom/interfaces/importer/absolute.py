"""Relative imports: the full name of the module that is meant. Pure."""

from __future__ import annotations

__all__ = ["absolute"]


def absolute(name: str, level: int, package: str) -> str:
    """Return the full name of what `from <level dots><name>` takes from in a package, "" for what leads above it."""
    if not level:
        return name
    parts = package.split(".") if package else []
    if level > len(parts):
        return ""
    return ".".join([*parts[: len(parts) - level + 1], *([name] if name else [])])
