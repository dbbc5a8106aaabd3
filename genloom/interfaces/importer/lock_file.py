"""The lock file: what every pinned module is, and why it was accepted."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LOCK_NAME", "PinEntry"]

LOCK_NAME = "genloom.lock"


@dataclass(frozen=True, kw_only=True)
class PinEntry:
    """One pinned module: the sha256 (hex) of its file's bytes, the names callers asked for, and how it was accepted."""

    sha256: str
    names: tuple[str, ...] = ()
    verdict: str = ""
    tier: str = ""
    generator: str = ""
    model: str = ""
    prompt_version: str = ""
    accepted_by: str = ""
    request: str = ""
    checks: tuple[str, ...] = ()
    tests: str = ""
