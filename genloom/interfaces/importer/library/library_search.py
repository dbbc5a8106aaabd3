"""Finding a library: by its name, its folder, or from where one stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from genloom.errors import UsageError
from genloom.interfaces.importer.library.anchor import anchors, package_root
from genloom.interfaces.importer.library.library import Library, waiting_in
from genloom.interfaces.importer.pins.lock_file import LOCK_NAME, read_lock
from genloom.interfaces.importer.pins.own_folder import own_folder

__all__ = ["find_library", "library_in"]

MAX_FOLDERS = 20_000
_PROJECT_MARKS = (".git", "pyproject.toml", "setup.py", "setup.cfg")
_SKIPPED = frozenset(["node_modules", "__pycache__", "site-packages", "build", "dist"])


def find_library(package: str | None, folder: Path) -> Library:
    """Return the library that is named, or the one that lies in `folder`, above or below it.

    `package` is a dotted name or a folder. A library is a folder with a lock file, or with something that waits for a
    person. Raises `UsageError` where there is none, or several and none is named.
    """
    if package is not None:
        return _named(package, folder)
    above = next((place for place in (folder, *folder.parents) if _is_library(place)), None)
    if above is not None:
        return library_in(above)
    below = sorted(_below(folder))
    if len(below) == 1:
        return library_in(below[0])
    if not below:
        raise UsageError(
            f"No {LOCK_NAME} lies in {folder}.", hint="`genloom lib init PACKAGE` makes an anchor package."
        )
    places = ", ".join(place.relative_to(folder).as_posix() for place in below)
    raise UsageError(f"There are several packages of generated modules: {places}.", hint="Name one with --package.")


def _named(package: str, folder: Path) -> Library:
    place = folder / Path(package).expanduser()
    if _is_library(place):
        return library_in(place)
    if all(part.isidentifier() for part in package.split(".")):
        place = package_root(folder, package).joinpath(*package.split("."))
        if _is_library(place) or anchors(place):
            return library_in(place, package)
    raise UsageError(f"{package!r} has no {LOCK_NAME} here.", hint="Give the package's dotted name or its folder.")


def _is_library(place: Path) -> bool:
    return (place / LOCK_NAME).is_file() or own_folder(place, "pending", make=False).is_dir()


def _below(folder: Path) -> Iterator[Path]:
    for count, (name, folders, files) in enumerate(os.walk(folder)):
        if count >= MAX_FOLDERS:
            return
        folders[:] = [each for each in folders if not each.startswith(".") and each not in _SKIPPED]
        if "pyvenv.cfg" in files:
            folders.clear()
        elif _is_library(Path(name)):
            yield Path(name)


def library_in(directory: Path, namespace: str = "") -> Library:
    """Return the library whose files and lock file lie in `directory`. Its namespace is the lock file's, else the one given,
    else what the folder's place says."""
    directory = directory.resolve()
    namespace = read_lock(directory / LOCK_NAME).namespace or namespace or _name_by_place(directory)
    parts = namespace.split(".")
    fits = directory.parts[-len(parts) :] == tuple(parts)
    root = directory.parents[len(parts) - 1] if fits else None
    return Library(namespace=namespace, directory=directory, root=root, repository=_project(directory, root))


def _name_by_place(directory: Path) -> str:
    """The dotted name of a folder: what waits in it is named in full; else by the packages that it lies in."""
    for record in waiting_in(directory):
        parts = record.module.split(".")
        for count in range(len(parts) - 1, 0, -1):
            if directory.parts[-count:] == tuple(parts[:count]):
                return ".".join(parts[:count])
    names = [directory.name]
    for above in directory.parents:
        if not (above / "__init__.py").is_file():
            break
        names.insert(0, above.name)
    return ".".join(names)


def _project(directory: Path, root: Path | None) -> Path:
    """The project around a package: the nearest folder above with a mark of one, else the folder it is imported from."""
    marked = (place for place in directory.parents if any((place / mark).exists() for mark in _PROJECT_MARKS))
    return next(marked, root or directory)
