"""Conditions: what a figure was measured under, and the sandboxes that this machine has. Shared by the benchmarks."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genloom.tools.sandbox import Sandbox

__all__ = ["VARIANTS", "conditions", "data_folder", "progress", "unavailable"]

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "bubblewrap": {"tier": "bubblewrap"},
    "landlock": {"tier": "landlock"},
}
"""The sandboxes that benchmarks put side by side: name -> what `Sandbox` is given."""


def conditions(**more: Any) -> dict[str, Any]:
    """Return Python, kernel, cores, load and user, and whatever the benchmark adds."""
    user = os.geteuid()
    return {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "user": "root" if user == 0 else f"user {user}",
        **more,
    }


def unavailable(variant: str) -> str:
    """Return why this machine does not have a variant; empty when it does."""
    options = VARIANTS[variant]
    status = Sandbox(**options).status()
    return "" if status.tier == options["tier"] else status.reason or f"{status.tier} was found instead"


def data_folder() -> Path:
    """Return the folder of cases; ends the program where there is none."""
    folder = Path(os.environ.get("GENLOOM_DATA") or "/nonexistent")
    if not folder.is_dir():
        raise SystemExit("No cases: set GENLOOM_DATA to the folder that holds them.")
    return folder


def progress(text: str) -> None:
    """Tell a person how far it is, on stderr."""
    end = "\r\033[K" if sys.stderr.isatty() else "\n"
    sys.stderr.write(f"{text[:100]}{end}")
    sys.stderr.flush()
