"""The sandboxes that tests of the stored cases and benchmarks put side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genloom.tools.sandbox import Sandbox

__all__ = ["VARIANTS", "unavailable"]

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
