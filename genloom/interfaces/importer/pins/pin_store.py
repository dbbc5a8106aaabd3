"""Pins: the accepted modules of one namespace, as plain files beside a lock file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from io import open_code
from pathlib import Path

from genloom.errors import GeneratedImportError, StorageError
from genloom.interfaces.importer.asked import GeneratedSource
from genloom.interfaces.importer.pins.lock_file import (
    LOCK_NAME,
    LockFile,
    PinEntry,
    file_names,
    is_module_name,
    read_lock,
    render_lock,
)

__all__ = ["PinStore", "check_bytes", "demand_module_name"]

WRITER_SECONDS = 60.0
_WRITER = "pins.lock"
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
        self._seen: tuple[tuple[int, int, int] | None, LockFile] = (None, LockFile())

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
        entry = self.entry(module)
        if entry is None:
            raise GeneratedImportError(f"{module} is not pinned.", name=module)
        try:
            return check_bytes(module, str(self.path_of(module)), entry)
        except GeneratedImportError:
            now = self.written_entry(module)
            if now is None or now == entry:
                raise
            return check_bytes(module, str(self.path_of(module)), now)

    def written_entry(self, module: str) -> PinEntry | None:
        """Return the entry of a module once nobody is writing any more: a file and the lock file are replaced one after the
        other, and who looks between the two sees the new one and the old."""
        from filelock import FileLock, Timeout  # reading pins does not need it, where nobody writes

        from genloom.interfaces.importer.pins.own_folder import own_folder

        place = own_folder(self.directory, "locks", make=False) / _WRITER
        with suppress(OSError, Timeout):
            if place.exists():
                with FileLock(place, timeout=WRITER_SECONDS):
                    pass
        return self.entry(module)

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

    def pin(self, module: str, source: GeneratedSource, *, over: str | None = None) -> Path:
        """Write an accepted module and its entry, and return its file. Packages above it become folders.

        `over` is the text that the module was pinned with when this one was written, "" for none (`None`: whatever is there
        is replaced, an edit, too). Raises `StorageError`, with nothing changed, when something cannot be written or a file
        stands in the way that genloom did not write, and `GeneratedImportError` when the module is no longer `over`.
        """
        values = {name: getattr(source, name) for name in _FROM_SOURCE}
        return self._store(module, source.source.encode("utf-8"), values, over=over)

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

    def demand_room(self, module: str) -> None:
        """Raise `StorageError` when a file stands where the module would be pinned that genloom did not write."""
        below, entries = self._below(module), self._read().entries
        if below not in entries:
            self._demand_none(module, self.directory / _file_for(below, entries, self.directory))

    def _store(
        self,
        module: str,
        content: bytes,
        values: Mapping[str, object],
        *,
        own_file: bool = False,
        over: str | None = None,
    ) -> Path:
        from genloom.interfaces.importer.pins.packages import packages_above  # reading pins does not need it

        with self._writing() as lock:
            below = self._below(module)
            self._demand_unchanged(module, lock.entries.get(below), over)
            entries, changes = packages_above(below, lock.entries, self.directory)
            file = _file_for(below, entries, self.directory)
            path = self.directory / file
            if below not in entries and not own_file:
                self._demand_none(module, path)
            where = {"file": file, "sha256": hashlib.sha256(content).hexdigest()}
            entry = PinEntry(**{**values, **where})  # type: ignore[arg-type]  # by the names of its fields
            changes |= {path: content, **_stub_gone(path)}
            self._apply(changes, replace(lock, entries={**entries, below: entry}))
            return path

    def _demand_unchanged(self, module: str, entry: PinEntry | None, over: str | None) -> None:
        """Raise `GeneratedImportError` unless the module is pinned with the text `over`, or not at all where that is ""."""
        if over is None or (entry is None and not over):
            return
        now = check_bytes(module, str(self.path_of(module)), entry) if entry else b""
        if now != over.encode("utf-8"):
            raise GeneratedImportError(
                f"{module} was changed on the disk while more of it was written.", hint="Import it again.", name=module
            )

    def _demand_none(self, module: str, path: Path) -> None:
        if path.exists() or path.is_symlink():
            raise StorageError(
                f"{path} stands there, and genloom did not write it.",
                hint=f"Move it away, or let genloom take it up: genloom lib adopt {module}.",
            )

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
            with FileLock(own_folder(self.directory, "locks") / _WRITER, timeout=WRITER_SECONDS):
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
        demand_module_name(below)
        return below

    def _read(self) -> LockFile:
        try:
            found = os.stat(self._lock_name)  # noqa: PTH116 - every import comes by here
        except (FileNotFoundError, NotADirectoryError):
            self._seen = (None, LockFile())
            return self._seen[1]
        except OSError as error:
            raise StorageError(
                f"{self.lock_path} cannot be read: {error.strerror}.", hint="Check its permissions."
            ) from error
        signature = (found.st_mtime_ns, found.st_size, found.st_ino)
        seen, lock = self._seen  # one value: threads read and write it at once
        if signature != seen:
            lock = read_lock(self.lock_path)
            self._seen = (signature, lock)
        return lock


def demand_module_name(name: str) -> None:
    """Raise `StorageError` for what is not the dotted name of a module."""
    if not is_module_name(name):
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
            f"{path} is not what was pinned: it was edited (or genloom was stopped while it pinned it), and nothing has "
            "checked it since.",
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
