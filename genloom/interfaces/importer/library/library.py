"""A library: the generated modules of one anchor package, as the command line works with them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from genloom.config import load_import_settings
from genloom.errors import StorageError, UsageError
from genloom.interfaces.importer.asked import GeneratedSource
from genloom.interfaces.importer.generation.place import Place, place_of
from genloom.interfaces.importer.library.anchor import anchor_arguments, demand_dotted_name
from genloom.interfaces.importer.options import ImportOptions, choose_mode
from genloom.interfaces.importer.pins.lock_file import PinEntry
from genloom.interfaces.importer.pins.own_folder import own_folder
from genloom.interfaces.importer.pins.pin_store import PinStore

if TYPE_CHECKING:
    from genloom.interfaces.importer.generation.review_gate import PendingRecord

__all__ = ["Library", "ModuleState", "State", "waiting_in"]

State = Literal["pinned", "edited", "missing", "pending", "unlocked"]
"""How a module stands: as accepted; its file changed since; its file gone; never accepted, and waiting for a person; a
file that the lock file does not know."""


@dataclass(frozen=True, kw_only=True)
class ModuleState:
    """One module of a library: its full name, its file, how it stands, and its entry in the lock file. `waits` says whether
    a person has to decide on code for it: a new module, an extension, a replacement."""

    module: str
    path: Path
    state: State
    names: tuple[str, ...] = ()
    entry: PinEntry | None = None
    waits: bool = False

    @property
    def verdict(self) -> str:
        """The verdict it was accepted with, "" where it was not."""
        return self.entry.verdict if self.entry else ""

    @property
    def is_package(self) -> bool:
        """Whether it only holds other modules, and has no code of its own."""
        return self.entry is not None and self.entry.generator == "package"

    def to_json(self) -> dict[str, Any]:  # Any: JSON values
        """Return the module as `genloom lib list --json` prints it."""
        kept = {"verdict": "", "tier": "", "generator": "", "model": "", "accepted_by": "", "request": "", "sha256": ""}
        known = {name: getattr(self.entry, name) if self.entry else "" for name in kept}
        checks = list(self.entry.checks) if self.entry else []
        place = {"module": self.module, "path": str(self.path), "state": self.state, "waits": self.waits}
        return {
            **place,
            "names": list(self.names),
            **known,
            "checks": checks,
            "tests": self.entry.tests if self.entry else "",
        }

    def lines(self) -> list[str]:
        """What a person may want to know of it."""
        lines = [f"{self.module}: {self.state}, {self.path}"]
        if self.entry is None:
            return lines
        if self.is_package:
            return [*lines, "  a package: it only holds other modules"]
        entry = self.entry
        made = f"made by {entry.generator or '?'}{f' ({entry.model})' if entry.model else ''}"
        by = f", accepted by {entry.accepted_by}" if entry.accepted_by else ""
        lines.append(f"  {made}; verdict: {entry.verdict} in the sandbox {entry.tier or '?'}{by}")
        lines += [f"  asked: {' '.join(entry.request.split())[:300]}"] if entry.request else []
        lines += [f"  check: {check}" for check in entry.checks]
        return lines + ([f"  and a test file of {len(entry.tests.splitlines())} lines"] if entry.tests else [])


@dataclass(frozen=True, kw_only=True)
class Library:
    """The modules below `namespace`, whose files and lock file lie in `directory`.

    `root` is the folder that Python finds the package in by its name (`None` where the directory is another's),
    `repository` the project around it. `python` and `allow_weak_sandbox` are for checks.
    """

    namespace: str
    directory: Path
    root: Path | None
    repository: Path
    python: str | None = None
    allow_weak_sandbox: bool = False

    def checked_by(self, python: str | None, *, allow_weak_sandbox: bool) -> Library:
        """Return the library with what its checks run by."""
        return replace(self, python=python, allow_weak_sandbox=allow_weak_sandbox)

    def full(self, name: str) -> str:
        """Return the full name of a module that is named in full or below the namespace. Raises `UsageError`."""
        demand_dotted_name(name)
        return name if name.startswith(f"{self.namespace}.") else f"{self.namespace}.{name}"

    def short(self, module: str) -> str:
        """Return the module's name below the namespace."""
        return module.removeprefix(f"{self.namespace}.")

    def modules(self) -> tuple[str, ...]:
        """Return the full names of the pinned modules, sorted."""
        return tuple(sorted(self._store.entries()))

    def entry(self, module: str) -> PinEntry | None:
        """Return the entry of a module, by its full name, in the lock file; `None` where it is not pinned."""
        return self._store.entry(module)

    def states(self) -> tuple[ModuleState, ...]:
        """Return every module: pinned, waiting for a person, or lying in the folder as a plain file, sorted by name."""
        waiting = {record.module: record.names for record in self.waiting()}
        names = {*self.modules(), *waiting, *self._files()}
        return tuple(self._state(module, waiting) for module in sorted(names))

    def waiting(self) -> tuple[PendingRecord, ...]:
        """Return what waits for a person."""
        return waiting_in(self.directory)

    def state(self, name: str) -> ModuleState:
        """Return one module. Raises `UsageError` when there is none of that name."""
        module = self.full(name)
        for state in self.states():
            if state.module == module:
                return state
        raise UsageError(
            f"{self.namespace} has no module {self.short(module)!r}.", hint="`genloom lib list` shows them."
        )

    def path(self, module: str) -> Path:
        """Return the module's file, where it is or would be."""
        path = self._store.path_of(module)
        package = path.with_suffix("") / "__init__.py"
        return package if not path.is_file() and package.is_file() else path

    def place(self, module: str) -> Place:
        """Return where the module is checked."""
        return place_of(module, self.options(), None, package=self.path(module).name == "__init__.py")

    def source(self, module: str) -> str:
        """Return the module's text as it is now. Raises `StorageError` when it cannot be read."""
        path = self.path(module)
        try:
            return path.read_bytes().decode("utf-8")
        except OSError as error:
            raise StorageError(
                f"{path} cannot be read: {error.strerror}.", hint="`genloom lib list` says more."
            ) from error
        except UnicodeDecodeError as error:
            raise StorageError(f"{path} is not UTF-8 text.", hint="Restore it, or save it as UTF-8.") from error

    def package_of(self, path: Path) -> str:
        """Return the package that relative imports of a file start from, "" where it lies in none."""
        inside = self.root if self.root is not None else self.repository
        parts = path.parent.relative_to(inside).parts if path.is_relative_to(inside) else ()
        return ".".join(parts)

    def options(
        self, *, model: str | None = None, mode: str | None = None, accept_unverified: bool = False
    ) -> ImportOptions:
        """Return the options of the library's hook, as its anchor writes them, with those given here before them."""
        given = anchor_arguments(self.directory)
        return ImportOptions(
            namespace=self.namespace,
            directory=self.directory,
            mode=choose_mode(mode or given.get("mode"), load_import_settings()),
            description=given.get("description", ""),
            model=model or given.get("model"),
            accept_unverified=accept_unverified or given.get("accept_unverified", False),
        )

    def pin(self, module: str, made: GeneratedSource) -> None:
        """Pin what was generated. Raises `StorageError` with everything as before."""
        self._store.pin(module, made)

    def adopt(self, module: str, source: str, entry: PinEntry) -> None:
        """Pin the file as it is, under an entry that was changed; `source` is what was verified."""
        self._store.adopt(module, source, entry)

    @property
    def _store(self) -> PinStore:
        return PinStore(self.directory, self.namespace)

    def _state(self, module: str, waiting: dict[str, tuple[str, ...]]) -> ModuleState:
        entry, path = self._store.entry(module), self.path(module)
        if entry is None:
            state: State = "pending" if module in waiting else "unlocked"
            names = waiting.get(module, ())
            return ModuleState(module=module, path=path, state=state, names=names, waits=module in waiting)
        found = _sha256(path)
        state = "missing" if found is None else "pinned" if found == entry.sha256 else "edited"
        return ModuleState(
            module=module, path=path, state=state, names=entry.names, entry=entry, waits=module in waiting
        )

    def _files(self) -> Iterator[str]:
        """The modules that lie in the folder, but for the anchor and packages that only hold others."""
        for path in self.directory.rglob("*.py"):
            parts = path.relative_to(self.directory).with_suffix("").parts
            own = parts[:-1] if parts[-1] == "__init__" else parts
            empty = parts[-1] == "__init__" and path.stat().st_size == 0
            if own and not empty and all(part.isidentifier() for part in own):
                yield ".".join((self.namespace, *own))


def waiting_in(directory: Path) -> tuple[PendingRecord, ...]:
    """Return what waits for a person in a folder of generated modules."""
    if not own_folder(directory, "pending", make=False).is_dir():
        return ()
    from genloom.interfaces.importer.generation.review_gate import pending_reviews  # imported where something waits

    return pending_reviews(directory)


def _sha256(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
