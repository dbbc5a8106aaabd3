"""Ejecting: the generated modules become a plain package with tests, and need genloom no more."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genloom.errors import StorageError, UsageError
from genloom.interfaces.importer.library.kept_tests import pytest_file
from genloom.interfaces.importer.library.library import Library, ModuleState
from genloom.interfaces.importer.library.stubs import is_own_stub
from genloom.interfaces.importer.pins.lock_file import LOCK_NAME
from genloom.interfaces.importer.pins.own_folder import own_folder
from genloom.tools.store.atomic_file import file_sha256, write_atomically

__all__ = ["Ejected", "eject_library"]

_PLAIN = '"""Modules that were generated once; plain Python now."""\n'


@dataclass(frozen=True, kw_only=True)
class Ejected:
    """The files of the plain package and of its tests."""

    package: str
    modules: tuple[Path, ...]
    tests: tuple[Path, ...]

    def to_json(self) -> dict[str, Any]:  # Any: JSON values
        """Return what `genloom lib eject --json` prints."""
        return {
            "package": self.package,
            "modules": [str(path) for path in self.modules],
            "tests": [str(path) for path in self.tests],
        }


def eject_library(library: Library, out: Path | None = None) -> Ejected:
    """Make the package plain where it is, or copy it to `out` under its dotted name; the tests go to `tests` beside.

    In place the anchor's `__init__.py` loses its hook and the lock file goes. Files that are there already are never
    overwritten by tests. Raises `UsageError` for a module that is edited, missing or waits for a person, and where the
    folder does not lie under the package's name; `StorageError` where a file cannot be written, or stands there already.
    """
    states = library.states()
    _demand_settled(states)
    if out is None and library.root is None:
        raise UsageError(
            f"{library.directory} is not where Python looks for {library.namespace}.",
            hint="Eject a copy with `--out DIR`: it gets folders by the package's name.",
        )
    root = library.root if out is None else out
    assert root is not None
    files = _modules(library, states, root) if out is not None else {}
    tests = _tests(states, library.repository / "tests" if out is None else out / "tests")
    _demand_new({**files, **tests})
    for path, text in {**files, **tests}.items():
        _write(path, text)
    if out is None:
        _make_plain(library)
    kept = tuple(files) if out is not None else tuple(state.path for state in states)
    return Ejected(package=library.namespace, modules=kept, tests=tuple(tests))


def _demand_settled(states: tuple[ModuleState, ...]) -> None:
    for state in states:
        if state.state in ("edited", "missing", "pending"):
            what = {"edited": "was edited", "missing": "has no file", "pending": "waits for a person"}[state.state]
            raise UsageError(
                f"{state.module} {what} since it was pinned."
                if state.state != "pending"
                else f"{state.module} {what}.",
                hint="Settle that first: `genloom lib diff`, then adopt, regenerate, accept or reject it.",
            )


def _modules(library: Library, states: tuple[ModuleState, ...], root: Path) -> dict[Path, str]:
    """The files of a copy: the modules, and an `__init__.py` for each package above them."""
    files: dict[Path, str] = {}
    folder = root
    for part in library.namespace.split("."):
        folder = folder / part
        files[folder / "__init__.py"] = ""
    files[folder / "__init__.py"] = _PLAIN
    files[folder / "py.typed"] = ""
    for state in states:
        place = folder / state.path.relative_to(library.directory)
        for above in place.relative_to(folder).parents:
            files.setdefault(folder / above / "__init__.py", "")
        files[place] = library.source(state.module)
    return files


def _tests(states: tuple[ModuleState, ...], folder: Path) -> dict[Path, str]:
    files: dict[Path, str] = {}
    for state in states:
        if state.entry is None:
            continue
        stem = state.module.replace(".", "_")
        examples = pytest_file(state.module, state.entry.checks)
        if examples:
            files[folder / f"test_{stem}_examples.py"] = examples
        if state.entry.tests.strip():
            files[folder / f"test_{stem}.py"] = state.entry.tests
    return files


def _demand_new(files: dict[Path, str]) -> None:
    there = [path for path in files if path.exists() and (path.name != "__init__.py" or files[path])]
    if there:
        raise StorageError(
            f"{there[0]} is there already; nothing was ejected.",
            hint="Move it away, or choose another folder by --out.",
        )


def _write(path: Path, text: str) -> None:
    if path.exists():  # an `__init__.py` of a package above
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{path.parent} cannot be made: {error.strerror}.", hint="Check its permissions.") from error
    write_atomically(path, text, expected_sha256=None)


def _make_plain(library: Library) -> None:
    """Take hook, lock file, stubs and genloom's own folder out, last of all: until then everything works as before."""
    anchor, lock = library.directory / "__init__.py", library.directory / LOCK_NAME
    write_atomically(anchor, _PLAIN, expected_sha256=file_sha256(anchor))
    stubs = [stub for stub in library.directory.rglob("*.pyi") if is_own_stub(stub)]
    try:
        for path in (lock, *stubs):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"{error.filename} cannot be removed: {error.strerror}.", hint="Remove it by hand."
        ) from error
    shutil.rmtree(own_folder(library.directory, "", make=False), ignore_errors=True)
