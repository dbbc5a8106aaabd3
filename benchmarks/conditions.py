"""Conditions: what a figure was measured under, and how far it is. Shared by the benchmarks."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

__all__ = ["conditions", "data_folder", "progress"]


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
