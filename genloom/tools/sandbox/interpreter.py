"""The Python that runs the code: where its parts lie, found without running it.

A target's interpreter is as untrusted as its code (a hook in its site-packages runs at start), so it is never started
outside the sandbox, not even to ask for its paths.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from genloom.tools.sandbox.report import NotRunCause

__all__ = ["Interpreter", "Unavailable", "find_interpreter", "find_with"]

# the parts of an installation, not its whole folder: that may be somebody's home
_PARTS = ("bin", "lib", "lib64", "libexec", "include", "share", "ssl", "pyvenv.cfg")
_MOST_CONFIGURATION = 65_536


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """`command` is the name it is called by (a virtual environment finds itself by it), `executable` the real file,
    `readable` what it must be able to read."""

    command: str
    executable: str
    readable: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unavailable:
    """Something is not possible: why, what to do, and the stage of the set-up that failed where it came that far."""

    reason: str
    cause: NotRunCause = "no_sandbox"
    hint: str = ""
    stage: str = ""


def find_interpreter(python: str | Path | None = None) -> Interpreter | Unavailable:
    """Find an interpreter by path; `None` is the one that runs now. Reads the disk."""
    given = str(python or sys.executable or "/nonexistent")
    known = _found.get(given)
    if known and known[0] == _marks(known[1], known[2]):
        return known[1]
    command = Path(given).absolute()
    try:
        return _remembered(given, _find(command))
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
        return Unavailable(
            reason=f"The Python interpreter at {command} cannot be read: {error}.",
            cause="no_interpreter",
            hint="Give the path of an interpreter that you may read and start.",
        )


def find_with(python: str, needed: Sequence[str]) -> Interpreter | Unavailable:
    """Find an interpreter for a run that needs these paths, if each of them is there. Reads the disk."""
    for path in needed:
        if not os.path.exists(path):  # noqa: PTH110 - made for each run
            return Unavailable(reason=f"{path} does not exist.", hint="Give a folder that is there.")
    return find_interpreter(python)


_MOST_FOUND = 64
_found: dict[str, tuple[tuple[object, ...], Interpreter, tuple[str, ...]]] = {}
"""What was found, by the path that was asked for: with the marks that it had, and the folders that hold its parts."""


def _remembered(given: str, found: Interpreter | Unavailable) -> Interpreter | Unavailable:
    if isinstance(found, Interpreter) and Path(given).is_absolute():
        prefixes = tuple(str(prefix) for prefix in _prefixes(Path(found.command), Path(found.executable)))
        if len(_found) >= _MOST_FOUND:
            _found.clear()
        _found[given] = (_marks(found, prefixes), found, prefixes)
    return found


def _marks(found: Interpreter, prefixes: tuple[str, ...]) -> tuple[object, ...]:
    """Return what changes when an installation becomes another, or gets or loses a part."""
    places = (found.command, found.executable, *prefixes, *(f"{prefix}/pyvenv.cfg" for prefix in prefixes))
    marks: list[object] = []
    for path in places:
        try:
            status = os.stat(path)  # noqa: PTH116 - made for each run
            marks.append((status.st_dev, status.st_ino, status.st_mode, status.st_mtime_ns))
        except OSError:
            marks.append(None)
    return tuple(marks)


def _find(command: Path) -> Interpreter | Unavailable:
    real = command.resolve()
    if not real.is_file() or not os.access(real, os.X_OK):
        return Unavailable(
            reason=f"There is no Python interpreter at {command}.",
            cause="no_interpreter",
            hint="Give the path of an interpreter, such as .venv/bin/python.",
        )
    if _is_script(real):
        return Unavailable(
            reason=f"{command} is a script that starts an interpreter, not the interpreter itself.",
            cause="no_interpreter",
            hint="Give the path that `python -c 'import sys; print(sys.executable)'` prints.",
        )
    installed = tuple(real.parent.parent.resolve() / name for name in _PARTS)
    parts = {part for prefix in _prefixes(command, real) for part in _own_parts(prefix, installed)}
    readable = sorted(map(str, {real, *parts}))
    return Interpreter(command=str(command), executable=str(real), readable=tuple(readable))


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def _own_parts(prefix: Path, installed: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the parts that lie in the prefix or in the real interpreter's installation.

    An environment may be part of a repository: its links do not decide what else code may read.
    """
    own = prefix.resolve()
    for name in _PARTS:
        part = prefix / name
        place = part.resolve()
        if part.exists() and any(place.is_relative_to(allowed) for allowed in (own, *installed)):
            yield part


def _prefixes(command: Path, real: Path) -> Iterator[Path]:
    """Yield the folders that hold an installation: of the real file, and of each virtual environment on the way."""
    yield real.parent.parent
    seen: set[Path] = set()
    path = command
    while path not in seen:
        seen.add(path)
        prefix = path.parent.parent
        home = _home_of_environment(prefix / "pyvenv.cfg")
        if home:
            yield prefix
        if home and _holds_installation(home.parent):
            yield from (home.parent, home.parent.resolve())
        if path.is_symlink():
            path = path.parent / path.readlink()


def _holds_installation(prefix: Path) -> bool:
    """Whether a standard library lies here: what an environment calls its home may be any folder."""
    return any(True for pattern in ("python3*", "pypy3*") for _ in prefix.glob(f"lib*/{pattern}/os.py"))


def _home_of_environment(configuration: Path) -> Path | None:
    try:
        if not configuration.is_file():
            return None
        with configuration.open(encoding="utf-8", errors="replace") as file:
            text = file.read(_MOST_CONFIGURATION)
    except OSError:
        return None
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key.strip().lower() == "home":
            return Path(value.strip()).absolute()
    return None
