"""The repository's tree: which files are its own source."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from genloom.errors import RepositoryError
from genloom.tools.codebase.files.ignore_rules import IgnoreRules, ignored, private_excludes, read_rules
from genloom.tools.codebase.files.opening import demand_machine

__all__ = ["MARKS_OF_NO_SOURCE", "MAX_FILES", "Found", "SourceTree", "unreadable_root"]

SKIPPED_FOLDERS = frozenset(
    "node_modules __pycache__ site-packages dist-packages venv env virtualenv htmlcov bower_components".split()
)
VENDORED_FOLDERS = frozenset("vendor vendors vendored _vendor third_party third-party thirdparty 3rdparty Pods".split())
BUILD_FOLDERS = frozenset(["build", "dist", "target", "_build"])
MARKS_OF_NO_SOURCE = frozenset(["pyvenv.cfg", "CACHEDIR.TAG"])
_IGNORE_FILE = ".gitignore"
_MARKS = MARKS_OF_NO_SOURCE | {_IGNORE_FILE}
_name = attrgetter("name")
MAX_FILES = 200_000
MAX_DEPTH = 60
MAX_UNREADABLE_PATHS = 1_000
MAX_IN_EFFECT = 20_000
"""What the ignore rules that count in one folder may weigh together: each path is held against them."""
MAX_WEIGHT = 200_000
"""What all of a tree may."""


class Found(NamedTuple):
    """A source file: its path relative to the root with `/`, and what tells whether it changed."""

    path: str
    mtime_ns: int
    size: int


@dataclass
class SourceTree:
    """A walk over a repository's source files.

    Left out: what `.gitignore` files (nested ones too) and `.git/info/exclude` ignore, hidden folders, virtual
    environments, build and package folders, folders of vendored code (`vendor`, `third_party` and the like; a Python package
    that is called `vendor` stays), and links. `unreadable` counts the folders that could not be listed and the
    files whose names cannot be shown, of which `unreadable_paths` are the first 1,000, escaped;
    `truncated` says that there were more than 200,000 files, folders nested more than 60 deep, or more ignore rules than
    are read. `deadline` is a `time.monotonic()` value: past it the walk ends, and `late` says so.
    """

    root: Path
    suffixes: tuple[str, ...] = (".py", ".pyi")
    unreadable: int = 0
    unreadable_paths: list[str] = field(default_factory=list)
    truncated: bool = False
    deadline: float | None = None
    late: bool = False
    _weight: int = field(default=0, repr=False)
    _count: int = field(default=0, repr=False)

    def files(self) -> Iterator[Found]:
        """Yield the source files, folder by folder, in the order of their names.

        Raises `RepositoryError` when the root itself cannot be listed: it may have been deleted since it was opened;
        `StorageError` when the machine is at its end.
        """
        yield from self._folder(os.fspath(self.root), "", private_excludes(self.root), 0)

    def _folder(self, folder: str, prefix: str, rules: list[tuple[str, IgnoreRules]], depth: int) -> Iterator[Found]:
        entries, marks = self._listed(folder, depth)
        if depth and not marks.isdisjoint(MARKS_OF_NO_SOURCE):
            return
        if _IGNORE_FILE in marks:
            rules = self._with_own(prefix, rules)
        for entry in entries if self.deadline is None else self._until(self.deadline, entries):
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                if self._enters(entry, depth) and not (rules and ignored(f"{path}/", rules)):
                    yield from self._folder(entry.path, f"{path}/", rules, depth + 1)
            elif not (rules and ignored(path, rules)):
                found = self._file(entry, path)
                if found is not None:
                    yield found

    def _until(self, deadline: float, entries: list[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
        for entry in entries:
            if time.monotonic() > deadline:
                self.late = True
                return
            yield entry

    def _with_own(self, prefix: str, rules: list[tuple[str, IgnoreRules]]) -> list[tuple[str, IgnoreRules]]:
        """Return the rules with those of a folder's own ignore file, unless the bounds are reached."""
        own = read_rules(self.root, f"{prefix}{_IGNORE_FILE}") if self._weight < MAX_WEIGHT else None
        self._weight += own.weight if own else 0
        if self._weight >= MAX_WEIGHT or (own and own.weight + sum(each.weight for _, each in rules) > MAX_IN_EFFECT):
            self.truncated = True
            return rules
        return [*rules, (prefix, own)] if own else rules

    def _listed(self, folder: str, depth: int) -> tuple[list[os.DirEntry[str]], set[str]]:
        """Return the folders and source files in a folder in the order of their names, and which marks stand in it."""
        entries: list[os.DirEntry[str]] = []
        marks: set[str] = set()
        try:
            with os.scandir(folder) as listing:
                for entry in listing:
                    name = entry.name
                    if name in _MARKS:
                        marks.add(name)
                    if entry.is_dir(follow_symlinks=False) or self._is_source(entry):
                        entries.append(entry)
        except OSError as error:
            demand_machine(error)
            if depth == 0:
                raise unreadable_root(self.root, error) from error
            self._cannot_read(os.path.relpath(folder, self.root))
            return [], marks
        entries.sort(key=_name)
        return entries, marks

    def _is_source(self, entry: os.DirEntry[str]) -> bool:
        return entry.name.endswith(self.suffixes) and entry.is_file(follow_symlinks=False)

    def _enters(self, entry: os.DirEntry[str], depth: int) -> bool:
        name = entry.name
        if depth >= MAX_DEPTH:
            self.truncated = True
            return False
        if name.startswith(".") or name in SKIPPED_FOLDERS or name.endswith((".egg-info", ".dist-info")):
            return False
        if name in VENDORED_FOLDERS:
            return name in ("vendor", "vendors") and Path(entry.path, "__init__.py").is_file()
        return name not in BUILD_FOLDERS or Path(entry.path, "__init__.py").is_file()

    def _file(self, entry: os.DirEntry[str], path: str) -> Found | None:
        if self._count >= MAX_FILES:
            self.truncated = True
            return None
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:  # gone meanwhile
            demand_machine(error)
            self._cannot_read(path)
            return None
        if not path.isprintable() and not _can_be_shown(path):
            self._cannot_read(path)
            return None
        self._count += 1
        return Found(path, status.st_mtime_ns, status.st_size)

    def _cannot_read(self, path: str) -> None:
        self.unreadable += 1
        if len(self.unreadable_paths) < MAX_UNREADABLE_PATHS:
            self.unreadable_paths.append(path if path.isprintable() else ascii(path)[1:-1])


def _can_be_shown(path: str) -> bool:
    """Whether a path can stand in a prompt: what follows a line break in a name could pass for a line of its own."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return path.splitlines() == [path]


def unreadable_root(root: Path | str, error: OSError) -> RepositoryError:
    """Return the error to raise for a root that cannot be listed."""
    return RepositoryError(
        f"The repository {str(root)!r} cannot be read: {error.strerror or error}.",
        hint="Give the folder that holds the project's code.",
    )
