"""The place of a generated module: the repository that it is checked in, and its path there. Reads the disk."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from genloom.interfaces.importer.asked import CallSite
from genloom.interfaces.importer.options import ImportOptions
from genloom.tools.sandbox.repository.import_roots import import_roots, module_address

__all__ = ["Place", "place_of"]

_TOPS = (".git", ".hg", ".svn", ".jj")
_PROJECTS = ("pyproject.toml", "setup.py", "setup.cfg")


@dataclass(frozen=True)
class Place:
    """`repository` is `None` where there is none to check in. `target` is the module's file relative to it; `beside` says
    that the other modules of the namespace lie there, too, so that relative imports between them work."""

    repository: Path | None
    target: str
    beside: bool


def place_of(module: str, options: ImportOptions, caller: CallSite | None, *, package: bool = False) -> Place:
    """Return where a module is checked: in the caller's repository, else the anchor's, under its own full name.

    A repository is the top of a version-controlled folder, else a project's folder, else the folder that the namespace is
    imported from. Where the modules' folder is not named like the namespace, the module stands in the caller's repository
    under its name alone.
    """
    path = module.replace(".", "/") + ("/__init__.py" if package else ".py")
    base = _import_root(options)
    callers = _top_of(Path(caller.filename)) if caller is not None and Path(caller.filename).is_file() else None
    if base is None:
        fitting = callers if callers is not None and not (callers / path).exists() else None
        return Place(fitting, path, beside=False)
    for folder in (callers, _top_of(options.directory), base):
        if folder is not None and base.is_relative_to(folder) and not _is_too_wide(folder):
            target = f"{base.relative_to(folder).as_posix()}/{path}".removeprefix("./")
            if module_address(target, _roots(folder)) == module:
                return Place(folder, target, beside=True)
    return Place(None, path, beside=False)


def _import_root(options: ImportOptions) -> Path | None:
    """The folder that the namespace is imported from, `None` where its modules' folder has another name."""
    directory, parts = options.directory.expanduser().absolute(), options.namespace.split(".")
    if list(directory.parts[-len(parts) :]) != parts:
        return None
    return directory.parents[len(parts) - 1].resolve()


def _top_of(path: Path) -> Path | None:
    """The repository that a path lies in, else the project."""
    above = [folder for folder in path.absolute().resolve().parents if not _is_too_wide(folder)]
    versioned = (folder for folder in above if any((folder / name).exists() for name in _TOPS))
    projects = (folder for folder in above if any((folder / name).is_file() for name in _PROJECTS))
    return next(versioned, None) or next(projects, None)


def _is_too_wide(folder: Path) -> bool:
    """Whether it is no project's folder: the file system's root, a home, where temporary files lie."""
    return folder in (Path(folder.anchor), Path.home(), Path(tempfile.gettempdir()).resolve())


def _roots(repository: Path) -> tuple[str, ...]:
    found = (root.relative_to(repository).as_posix() for root in import_roots(repository))
    return tuple("" if root == "." else root for root in found)
