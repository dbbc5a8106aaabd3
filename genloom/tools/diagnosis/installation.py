"""What is installed: Python, genloom, its libraries and the programs beside it."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from genloom.tools.diagnosis.diagnosis import Diagnosis
from genloom.version import VERSION

__all__ = ["examine_installation"]

_LIBRARIES = ("langgraph", "langchain-core", "langchain-openai", "pydantic", "httpx", "pytest")
_OLDEST = (3, 11)


def examine_installation() -> tuple[Diagnosis, ...]:
    """Return how Python, the libraries, ruff, bandit and git stand."""
    return (_python(), _libraries(), _ruff(), _bandit(), _git())


def _python() -> Diagnosis:
    fits = sys.version_info[:2] >= _OLDEST
    return Diagnosis(
        area="python",
        state="ok" if fits else "problem",
        message=f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, genloom {VERSION}",
        hint="" if fits else "Install Python 3.11 or newer.",
        needed=True,
        facts={"python": platform.python_version(), "genloom": VERSION, "executable": sys.executable},
    )


def _libraries() -> Diagnosis:
    found: dict[str, str | None] = {name: _version(name) for name in _LIBRARIES}
    missing = [name for name, number in found.items() if number is None]
    return Diagnosis(
        area="libraries",
        state="problem" if missing else "ok",
        message=", ".join(f"{name} {number or 'missing'}" for name, number in found.items()),
        hint=f"Install {', '.join(missing)}, or genloom anew." if missing else "",
        needed=True,
        facts=dict(found),
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _ruff() -> Diagnosis:
    try:
        from ruff import find_ruff_bin

        path = str(find_ruff_bin())
    except (ImportError, FileNotFoundError):
        return Diagnosis(
            area="ruff", state="problem", message="ruff is missing: reviews do without it", hint="pip install ruff"
        )
    return Diagnosis(area="ruff", state="ok", message=f"ruff {_version('ruff') or ''} at {Path(path).name}".rstrip())


def _bandit() -> Diagnosis:
    found = _version("bandit")
    if found is None:
        return Diagnosis(
            area="bandit",
            state="off",
            message="bandit is not installed: reviews do without it",
            hint="pip install 'genloom[bandit]' adds its rules to the review.",
        )
    return Diagnosis(area="bandit", state="ok", message=f"bandit {found}")


def _git() -> Diagnosis:
    path = shutil.which("git")
    if path is None:
        return Diagnosis(
            area="git", state="off", message="git is not there", hint="Install git to work with repositories' history."
        )
    return Diagnosis(area="git", state="ok", message=f"git at {path}")
