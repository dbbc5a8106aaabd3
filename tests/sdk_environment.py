"""The official Codegen SDK in an environment of its own, made once and kept outside the repository.

`import codegen` reads `.env` files into the environment, so the SDK is run in a process of its own, in an empty folder,
with an empty home and no variables but those given.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from filelock import FileLock

SDK = "codegen==0.57.0"
NEWER_PYTHONS = ("3.12", "3.13")
"""What the SDK needs and its dependencies have wheels for."""

INSTALL_SECONDS = 600

# read when this is imported: each test gets an environment that configures nothing
_CHOSEN = os.environ.get("GENLOOM_SDK_PYTHON", "")
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "genloom-tests"


class SdkMissingError(Exception):
    """Why the SDK cannot be run here."""


def sdk_python() -> Path:
    """Return the interpreter that has the SDK: `GENLOOM_SDK_PYTHON`, else one in the cache, installed when missing."""
    if _CHOSEN:
        return Path(_CHOSEN)
    folder = _CACHE / SDK.replace("==", "-")
    interpreter, complete = folder / "bin" / "python", folder / "complete"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not complete.exists():
            uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
            if uv is None:
                raise SdkMissingError("no `uv` to make its environment with")
            _install(uv, folder, interpreter)
            complete.touch()
    return interpreter


def _install(uv: str, folder: Path, interpreter: Path) -> None:
    for command in (
        ("venv", "--clear", "--python", _newer_python(), str(folder)),
        ("pip", "install", "--python", str(interpreter), SDK),
    ):
        try:
            done = subprocess.run(
                [uv, "--quiet", *command], capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise SdkMissingError(f"`uv {command[0]}` took more than {INSTALL_SECONDS} s") from None
        if done.returncode != 0:
            raise SdkMissingError(f"`uv {command[0]}` failed: {done.stderr.strip()[-300:]}")


def _newer_python() -> str:
    """Return an interpreter that the SDK runs on: this one, one on the path, or one of pyenv's."""
    named = [shutil.which(f"python{version}") for version in NEWER_PYTHONS]
    pyenv = sorted(Path.home().glob(".pyenv/versions/3.1[23].*/bin/python"))
    tell = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in (sys.executable, *named, *map(str, pyenv)):
        # a shim of pyenv is on the path, and fails
        told = candidate and subprocess.run([candidate, "-c", tell], capture_output=True, text=True, check=False).stdout
        if candidate and told and told.strip() in NEWER_PYTHONS:
            return candidate
    raise SdkMissingError(f"no Python {' or '.join(NEWER_PYTHONS)}")


def run_program(
    python: Path,
    program: str,
    *arguments: str,
    folder: Path,
    variables: Mapping[str, str],
    timeout: float = 120,
    options: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a program in that interpreter, in `folder`, which is its home, too."""
    environment = {"HOME": str(folder), "PATH": os.defpath, **variables}
    command = [str(python), *options, "-c", program, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=timeout
    )
