"""The import hook of one namespace of generated modules."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import FrameType, ModuleType
from typing import TYPE_CHECKING

from genloom.errors import FrozenImportError, GeneratedImportError, StorageError
from genloom.interfaces.importer.installed import HOOKS, hook_of
from genloom.interfaces.importer.namespace import found_elsewhere
from genloom.interfaces.importer.options import ImportOptions

if TYPE_CHECKING:
    from genloom.interfaces.importer.asked import CallSite, Generate
    from genloom.interfaces.importer.pins.pin_store import PinStore

__all__ = ["ImportHook", "import_error"]


class ImportHook:
    """Finds the modules of one namespace, on `sys.meta_path`. Finding generates nothing.

    `options` may be replaced at any time; each import goes by what they are then.
    """

    def __init__(self, options: ImportOptions) -> None:
        self.options = options
        self._pins: PinStore | None = None
        self._opening: ContextVar[str | None] = ContextVar("genloom_opening", default=None)

    @property
    def pins(self) -> PinStore:
        """The pinned modules of the namespace."""
        from genloom.interfaces.importer.pins.pin_store import PinStore  # installing a hook reads nothing

        if self._pins is None or self._pins.directory != self.options.directory:
            self._pins = PinStore(self.options.directory, self.options.namespace)
        return self._pins

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a pinned module, of the user's own file, or, where an import statement asks for it, of a module
        that is not written yet. Raises `GeneratedImportError` where the lock file is damaged, and in the mode `frozen`."""
        namespace = self.options.namespace
        if not fullname.startswith(f"{namespace}."):
            return self._package_spec(fullname, path) if f"{namespace}.".startswith(f"{fullname}.") else None
        if len(HOOKS) > 1 and hook_of(fullname) is not self:
            return None  # a namespace within this one
        try:
            entry = self.pins.entry(fullname)
        except StorageError as error:
            from genloom.interfaces.importer.pins.lock_file import is_module_name  # installing a hook reads nothing

            if is_module_name(fullname):
                raise GeneratedImportError(error.message, hint=error.hint, name=fullname) from error
            return self._own_spec(fullname, path)  # only the user's own files have such names
        if entry is not None:
            from genloom.interfaces.importer.modules.loader import pinned_spec

            return pinned_spec(self.pins, fullname, entry)
        return self._own_spec(fullname, path) or self._unwritten_spec(fullname, path, sys._getframe(1))

    def provide(self, module: ModuleType, name: str, frame: FrameType) -> bool:
        """Write the names that the code of `frame` asks of a generated module, `name` among them, and say whether it has
        that name now. What asks is an import statement or an attribute expression. Raises `GeneratedImportError`."""
        if getattr(module.__dict__.get("__spec__"), "_initializing", False):
            return False  # its own code is still running, and imports somebody who imports it: Python says so
        from genloom.interfaces.importer.statements.asking import asked_names

        asked = asked_names(module, name, frame)
        if asked is None:
            return False
        with import_error(module.__name__):
            names = tuple(other for other in asked.names if not self._lies_below(module, other))
        if name not in names and name != "__all__":
            if not asked.by_statement and name in asked.names:
                importlib.import_module(f"{module.__name__}.{name}")
            return name in module.__dict__
        if names:
            self.write(module, names, asked.site)
        return name in module.__dict__

    def write(self, module: ModuleType, names: tuple[str, ...], caller: CallSite | None) -> None:
        """Write names into a module. Raises `GeneratedImportError`."""
        self._demand_may_generate(module.__name__, names)
        from genloom.interfaces.importer.modules.writing import write_names  # a pinned import does not need it

        write_names(module, names, pins=self.pins, options=self.options, caller=caller)

    def pregenerate(
        self,
        fullname: str,
        names: tuple[str, ...],
        caller: CallSite | None = None,
        generate: Generate | None = None,
    ) -> None:
        """Generate and pin names of a module ahead of its import; none of its code runs here. `generate` takes the place
        of the options' own. Raises `GeneratedImportError`."""
        options = self.options if generate is None else replace(self.options, generate=generate)
        from genloom.interfaces.importer.modules.writing import lacking, pin_names  # a pinned import does not need them
        from genloom.interfaces.importer.pins.pin_store import demand_module_name

        with import_error(fullname):
            demand_module_name(fullname)
            missing = lacking(fullname, names, self.pins)
        if missing:
            self._demand_may_generate(fullname, missing)
            pin_names(fullname, missing, pins=self.pins, options=options, caller=caller)

    def open_module(self, package: ModuleType, name: str, frame: FrameType) -> bool:
        """Import the module `name` below the namespace's package where an attribute expression asks for it."""
        from genloom.interfaces.importer.statements.attribute import asks_for

        if name.startswith("_") or not asks_for(frame, name):
            return False
        fullname = f"{package.__name__}.{name}"
        token = self._opening.set(fullname)
        try:
            importlib.import_module(fullname)
        finally:
            self._opening.reset(token)
        return name in package.__dict__

    def refuse(self, module: ModuleType, name: str, frame: FrameType) -> None:
        """Raise `GeneratedImportError` where an import statement asks a file of the user's own for what it lacks."""
        from genloom.interfaces.importer.statements.instructions import running_instruction

        asking = running_instruction(frame)
        if asking is not None and asking.name == "IMPORT_FROM":
            raise GeneratedImportError(
                f"{module.__name__} has no {name!r}, and is a file of your own: genloom extends only what it has pinned.",
                hint=f"Write it there, or let genloom take the file up: genloom lib adopt {module.__name__}.",
                name=module.__name__,
                path=getattr(module, "__file__", None),
            )

    def _package_spec(self, fullname: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """The spec of the namespace's package, or of one above it: the user's own, else an empty one."""
        from genloom.interfaces.importer.modules.loader import AnchorLoader, package_spec

        found = found_elsewhere(fullname, path)
        root = fullname == self.options.namespace
        if found is not None:
            if root and type(found.loader) is SourceFileLoader:
                found.loader = AnchorLoader(fullname, found.loader.path)
            return found if root else None
        return package_spec(fullname, [str(self.options.directory)] if root else [])

    def _own_spec(self, fullname: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """The spec of a file that the user wrote."""
        from genloom.interfaces.importer.modules.loader import HandWrittenLoader

        found = found_elsewhere(fullname, path)
        if found is not None and type(found.loader) is SourceFileLoader:
            found.loader = HandWrittenLoader(fullname, found.loader.path)
        return found

    def _unwritten_spec(self, fullname: str, path: Sequence[str] | None, frame: FrameType) -> ModuleSpec | None:
        from genloom.interfaces.importer.modules.loader import unwritten_spec
        from genloom.interfaces.importer.statements.statement import running_statement
        from genloom.interfaces.importer.underway import demand_not_underway

        statement = running_statement(frame)
        if self._has_only_own_files(fullname, path):
            return None
        if statement is not None and statement.asks_for_module(fullname, self.options.namespace):
            demand_not_underway(fullname)
            below = statement.module.startswith(f"{self.options.namespace}.")
            self._demand_may_generate(*((statement.module, statement.names) if below else (fullname, ())))
        elif self._opening.get() == fullname:
            self._demand_may_generate(fullname, ())
        else:
            return None
        return unwritten_spec(self.pins, fullname)

    def _has_only_own_files(self, fullname: str, path: Sequence[str] | None) -> bool:
        """Whether, where nothing may be generated, the name is that of a folder of the user's own without `__init__.py`."""
        folders = [Path(place, fullname.rpartition(".")[2]) for place in path or ()]
        return self.options.mode == "frozen" and any(next(folder.rglob("*.py"), None) for folder in folders)

    def _lies_below(self, module: ModuleType, name: str) -> bool:
        """Whether `name` is a module in the folder of this one."""
        fullname = f"{module.__name__}.{name}"
        if fullname in sys.modules or self.pins.entry(fullname) is not None:
            return True
        places = [Path(place, name) for place in module.__path__]
        return any(place.with_suffix(".py").exists() or (place / "__init__.py").exists() for place in places)

    def _demand_may_generate(self, fullname: str, names: tuple[str, ...]) -> None:
        what = f"{', '.join(names)} of {fullname}" if names else fullname
        missing = "not in genloom.lock" if self.pins.entry(fullname) is None else "not among what genloom.lock pins"
        if self.options.mode == "frozen":
            raise FrozenImportError(
                f"{what} is {missing}, and in the mode 'frozen' nothing is generated.",
                hint="Import it once where it may be generated (GENLOOM_IMPORT_MODE=review or auto), and commit the files.",
                name=fullname,
            )
        from genloom.interfaces.importer.statements.collecting import only_collecting

        if only_collecting(sys._getframe(1)):
            raise FrozenImportError(
                f"{what} is {missing}, and collecting tests generates nothing.",
                hint="Run the tests, or import it once.",
                name=fullname,
            )


@contextmanager
def import_error(fullname: str) -> Iterator[None]:
    """Turn what the pins' files cannot do into the error of an import."""
    try:
        yield
    except StorageError as error:
        raise GeneratedImportError(error.message, hint=error.hint, name=fullname) from error
