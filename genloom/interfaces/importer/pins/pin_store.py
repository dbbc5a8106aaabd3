"""Pins: the accepted modules of one namespace, as plain files beside a lock file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from io import open_code
from keyword import iskeyword
from pathlib import Path

from genloom.errors import GeneratedImportError, StorageError
from genloom.interfaces.importer.asked import GeneratedSource
from genloom.interfaces.importer.pins.lock_file import (
    LOCK_NAME,
    LockFile,
    PinEntry,
    file_names,
    read_lock,
    render_lock,
)

__all__ = ["PinStore", "check_bytes", "demand_module_name"]

WRITER_SECONDS = 60.0
_STUB_MARK = b"# genloom: stub"
_FROM_SOURCE = {item.name for item in fields(PinEntry)} & {item.name for item in fields(GeneratedSource)}


class PinStore:
    """The pinned modules in a folder. Modules go by their full names, such as `myapp.gen.text`.

    Reading looks at the lock file anew when it has changed. Writing changes the modules' files and the lock file together,
    or nothing; writers of several processes take turns. `namespace` is the lock file's own when it is left out.
    """

    def __init__(self, directory: Path, namespace: str | None = None) -> None:
        self.directory = directory
        self.lock_path = directory / LOCK_NAME
        self._lock_name = str(self.lock_path)
        self._given = namespace
        self._seen: tuple[int, int, int] | None = None
        self._lock = LockFile()

    @property
    def namespace(self) -> str:
        """The package that the modules lie below."""
        return self._given if self._given is not None else self._read().namespace

    def entries(self) -> Mapping[str, PinEntry]:
        """Return the entry of every pinned module. Raises `StorageError` for a damaged lock file."""
        return {f"{self.namespace}.{name}": entry for name, entry in self._read().entries.items()}

    def entry(self, module: str) -> PinEntry | None:
        """Return the entry of a module, `None` when it is not pinned. Raises `StorageError` for a damaged lock file."""
        return self._read().entries.get(self._below(module))

    def has_modules_below(self, module: str) -> bool:
        """Whether a pinned module lies below this one, so that it is a package."""
        start = f"{self._below(module)}."
        return any(name.startswith(start) for name in self._read().entries)

    def path_of(self, module: str) -> Path:
        """Return the file of a module: the one it is pinned in, else the one it would be pinned in."""
        entry = self.entry(module)
        plain, package = file_names(self._below(module))
        named = entry.file if entry else package if self.has_modules_below(module) else plain
        return self.directory / named

    def verified(self, module: str) -> bytes:
        """Return the bytes of a pinned module's file. Raises `GeneratedImportError` when the file is missing or is not what
        was pinned."""
        entry, path = self.entry(module), self.path_of(module)
        if entry is None:
            raise GeneratedImportError(f"{module} is not pinned.", name=module)
        return check_bytes(module, str(path), entry)

    def read(self, module: str) -> str:
        """Return the text of a module's file as it is now. Raises `StorageError` when it cannot be read."""
        path = self.path_of(module)
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError(f"{path} cannot be read: {error}.") from error

    def edited(self, module: str) -> bool:
        """Whether the file of a pinned module is another one than was pinned, or is gone."""
        try:
            self.verified(module)
        except GeneratedImportError:
            return True
        return False

    def pin(self, module: str, source: GeneratedSource) -> Path:
        """Write an accepted module and its entry, and return its file. Packages above it become folders.

        Raises `StorageError`, with nothing changed, when something cannot be written, and when a file stands in the way
        that genloom did not write.
        """
        values = {name: getattr(source, name) for name in _FROM_SOURCE}
        return self._store(module, source.source.encode("utf-8"), values)

    def adopt(self, module: str, source: str, entry: PinEntry) -> Path:
        """Pin the file as it is now, with the fields of `entry` (its file and hash are worked out), and return it.

        Raises `StorageError` when the file no longer holds `source`, the text that was verified.
        """
        if self.read(module) != source:
            raise StorageError(f"{self.path_of(module)} has changed since it was verified.", hint="Adopt it again.")
        values = {item.name: getattr(entry, item.name) for item in fields(PinEntry)}
        return self._store(module, self.path_of(module).read_bytes(), values, own_file=True)

    def remove(self, module: str) -> None:
        """Take a module out: its file and its entry. Raises `StorageError`, with nothing changed, when that fails."""
        with self._writing() as lock:
            below = self._below(module)
            entry = lock.entries.get(below)
            if entry is None:
                raise StorageError(f"{module} is not pinned.", hint="See what is: genloom lib list.")
            kept = {name: other for name, other in lock.entries.items() if name != below}
            self._apply({self.directory / entry.file: None}, replace(lock, entries=kept))

    def _store(self, module: str, content: bytes, values: Mapping[str, object], *, own_file: bool = False) -> Path:
        from genloom.interfaces.importer.pins.packages import packages_above  # reading pins does not need it

        with self._writing() as lock:
            below = self._below(module)
            entries, changes = packages_above(below, lock.entries, self.directory)
            file = _file_for(below, entries, self.directory)
            path = self.directory / file
            if below not in entries and path.exists() and not own_file:
                raise StorageError(
                    f"{path} stands there, and genloom did not write it.",
                    hint=f"Move it away, or let genloom take it up: genloom lib adopt {module}.",
                )
            where = {"file": file, "sha256": hashlib.sha256(content).hexdigest()}
            entry = PinEntry(**{**values, **where})  # type: ignore[arg-type]  # by the names of its fields
            changes |= {path: content, **_stub_gone(path)}
            self._apply(changes, replace(lock, entries={**entries, below: entry}))
            return path

    def _apply(self, changes: Mapping[Path, bytes | None], lock: LockFile) -> None:
        from genloom.interfaces.importer.pins.file_changes import change_files  # reading pins does not need it

        lock = replace(lock, namespace=self.namespace)
        text = render_lock(lock).encode("utf-8", "backslashreplace")
        change_files(self.directory, {**changes, self.lock_path: text})

    @contextmanager
    def _writing(self) -> Iterator[LockFile]:
        """The lock file as it is, while no other process changes it."""
        from filelock import FileLock, Timeout  # reading pins does not need it

        from genloom.interfaces.importer.pins.own_folder import own_folder

        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with FileLock(own_folder(self.directory, "locks") / "pins.lock", timeout=WRITER_SECONDS):
                yield self._read()
        except Timeout as error:
            raise StorageError(f"{self.lock_path} is being written by another process for too long.") from error
        except OSError as error:
            raise StorageError(
                f"{self.directory} cannot be written: {error.strerror or error}.",
                hint="Make the folder of the generated modules writable.",
            ) from error

    def _below(self, module: str) -> str:
        """The module's name below the namespace."""
        start = f"{self.namespace}."
        if not module.startswith(start):
            raise StorageError(f"{module} does not lie below {self.namespace or 'a namespace'}.")
        below = module[len(start) :]
        if not below.isidentifier() or iskeyword(below):  # most have no dot
            demand_module_name(below)
        return below

    def _read(self) -> LockFile:
        try:
            found = os.stat(self._lock_name)  # noqa: PTH116 - every import comes by here
        except OSError:
            self._seen = None
            return LockFile()
        signature = (found.st_mtime_ns, found.st_size, found.st_ino)
        if signature != self._seen:
            self._lock = read_lock(self.lock_path)
            self._seen = signature
        return self._lock


def demand_module_name(name: str) -> None:
    """Raise `StorageError` for what is not the dotted name of a module."""
    if not all(part.isidentifier() and not iskeyword(part) for part in name.split(".")):
        raise StorageError(f"{name!r} is not the name of a module.", hint="Use letters, digits and underscores.")


def check_bytes(module: str, path: str, entry: PinEntry) -> bytes:
    """Return the bytes of a pinned file. Raises `GeneratedImportError` when it is missing or is not what was pinned."""
    try:
        with open_code(path) as file:
            content = file.read()
    except OSError as error:
        raise GeneratedImportError(
            f"{module} is pinned in {LOCK_NAME}, and its file cannot be read: {path} ({error.strerror}).",
            hint=f"Restore it from version control, or write it anew: genloom lib regenerate {module}.",
            name=module,
            path=path,
        ) from error
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise GeneratedImportError(
            f"{path} is not what was pinned: it was edited, and nothing has checked it since.",
            hint=f"Look at it (genloom lib diff {module}), then check and pin it: genloom lib adopt {module}.",
            name=module,
            path=path,
        )
    return content


def _file_for(name: str, entries: Mapping[str, PinEntry], directory: Path) -> str:
    """The file of a module: as it is pinned; a package where modules lie below it, or where there is one already."""
    if name in entries:
        return entries[name].file
    plain, package = file_names(name)
    inner = any(other.startswith(f"{name}.") for other in entries)
    return package if inner or (directory / package).exists() else plain


def _stub_gone(path: Path) -> dict[Path, bytes | None]:
    """The removal of a stub that stood for names that were not written yet."""
    stub = path.with_suffix(".pyi")
    return {stub: None} if stub.is_file() and stub.read_bytes().startswith(_STUB_MARK) else {}
