"""The sandboxes that tests of the stored cases and benchmarks put side by side."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from genloom.tools.sandbox import Sandbox

__all__ = ["VARIANTS", "first_here", "first_is_quick", "unavailable"]

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "bubblewrap, warm": {"tier": "bubblewrap", "warm": True},
    "bubblewrap, cold": {"tier": "bubblewrap", "warm": False},
    "landlock": {"tier": "landlock"},
}
"""Name -> what `Sandbox` is given. Only the first has servers that make its runs."""


def unavailable(variant: str) -> str:
    """Return why this machine does not have a variant; empty when it does."""
    options = VARIANTS[variant]
    status = Sandbox(**options).status()
    return "" if status.tier == options["tier"] else status.reason or f"{status.tier} was found instead"


def first_here(quick: str = "bubblewrap, warm", otherwise: str = "landlock") -> str:
    """Return the name of the one that comes first on this machine: `quick`, or `otherwise` without bwrap."""
    return quick if shutil.which("bwrap") else otherwise


def first_is_quick(names: Iterable[str], *, quick: str = "bubblewrap, warm", otherwise: str = "landlock") -> list[Any]:
    """Return the names as parameters, of which only that of `first_here` is part of the quick suite."""
    chosen = first_here(quick, otherwise)
    return [pytest.param(name, marks=[] if name == chosen else pytest.mark.slow) for name in names]
