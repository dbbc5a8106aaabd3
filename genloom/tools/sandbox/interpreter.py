"""The Python that runs the code: where its parts lie, found without running it.

A target's interpreter is as untrusted as its code (a hook in its site-packages runs at start), so it is never started
outside the sandbox, not even to ask for its paths.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Interpreter", "Unavailable", "find_interpreter"]

_PARTS = ("bin", "lib", "lib64", "libexec", "include", "share", "ssl", "pyvenv.cfg")


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """`command` is the name it is called by (a virtual environment finds itself by it), `executable` the real file,
    `readable` what it must be able to read."""

    command: str
    executable: str
    readable: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unavailable:
    """Something is not possible: why, and what to do."""

    reason: str
    hint: str = ""


def find_interpreter(python: str | Path | None = None) -> Interpreter | Unavailable:
    """Find an interpreter by path; `None` is the one that runs now."""
    command = os.path.abspath(python or sys.executable or "/nonexistent")
    real = os.path.realpath(command)
    if not os.access(real, os.X_OK) or not os.path.isfile(real):
        return Unavailable(
            reason=f"There is no Python interpreter at {command}.",
            hint="Give the path of an interpreter, such as .venv/bin/python.",
        )
    if _is_script(real):
        return Unavailable(
            reason=f"{command} is a script that starts an interpreter, not the interpreter itself.",
            hint="Give the path that `python -c 'import sys; print(sys.executable)'` prints.",
        )
    readable = {real, *(part for prefix in _prefixes(command, real) for part in _parts(prefix))}
    return Interpreter(command=command, executable=real, readable=tuple(sorted(readable)))


def _is_script(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def _prefixes(command: str, real: str) -> Iterator[str]:
    """Yield the folders that hold an installation: of the real file, and of each virtual environment on the way."""
    yield _above_bin(real)
    seen = set()
    path = command
    while path not in seen:
        seen.add(path)
        prefix = _above_bin(path)
        home = _home_of_environment(os.path.join(prefix, "pyvenv.cfg"))
        if home:
            yield prefix
            yield os.path.dirname(home)
            yield os.path.realpath(os.path.dirname(home))
        if os.path.islink(path):
            path = os.path.join(os.path.dirname(path), os.readlink(path))


def _above_bin(path: str) -> str:
    return os.path.dirname(os.path.dirname(os.path.abspath(path)))


def _home_of_environment(configuration: str) -> str:
    try:
        with open(configuration, encoding="utf-8", errors="replace") as file:
            lines = file.read(65536).splitlines()
    except OSError:
        return ""
    for line in lines:
        key, _, value = line.partition("=")
        if key.strip().lower() == "home":
            return os.path.abspath(value.strip())
    return ""


def _parts(prefix: str) -> Iterator[str]:
    """Yield the parts of an installation, not its whole folder: that may be somebody's home."""
    for name in _PARTS:
        part = os.path.join(prefix, name)
        if os.path.exists(part):
            yield part
