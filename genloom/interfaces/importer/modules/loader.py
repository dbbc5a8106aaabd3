"""Loaders: pinned bytes that are checked before they are compiled, and modules that are not written yet."""

from __future__ import annotations

import re
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, cast

from genloom.errors import GeneratedImportError
from genloom.interfaces.importer.modules.module import AnchorModule, GeneratedModule, HandWrittenModule
from genloom.interfaces.importer.pins.lock_file import PinEntry
from genloom.interfaces.importer.pins.pin_store import check_bytes

if TYPE_CHECKING:
    from importlib.abc import Loader  # its module is slow to import, and its classes add nothing

    from genloom.interfaces.importer.pins.pin_store import PinStore

__all__ = [
    "AnchorLoader",
    "HandWrittenLoader",
    "PinnedLoader",
    "RootLoader",
    "UnwrittenLoader",
    "compile_module",
    "package_spec",
    "pinned_spec",
    "unwritten_spec",
]


_RELATIVE = re.compile(rb"\bfrom[ \t\\\n]*\.")


class PinnedLoader(SourceFileLoader):
    """Loads a pinned file. What is compiled is what was hashed; compiled files beside it are neither read nor written.

    `text` is what the module has executed, `entry` what it was pinned with.
    """

    def __init__(self, fullname: str, path: str, entry: PinEntry, pins: PinStore) -> None:
        super().__init__(fullname, path)
        self.entry = entry
        self._pins = pins
        self.text = ""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a module that can ask for more names."""
        return _new_module(spec, GeneratedModule(spec.name))

    def get_data(self, path: str) -> bytes:
        """Return a file's bytes; the module's own are checked against the lock file."""
        if path != self.path:
            return super().get_data(path)
        try:
            return check_bytes(self.name, path, self.entry)
        except GeneratedImportError:
            now = self._pins.written_entry(self.name)
            if now is None or now == self.entry:
                raise
            self._follow(now)
            return check_bytes(self.name, self.path, now)

    def _follow(self, entry: PinEntry) -> None:
        """Take what another process has pinned since the module was found; its file may lie in a package's folder now."""
        moved, self.entry = entry.file != self.entry.file, entry
        self.path = f"{self._pins.directory}/{entry.file}"
        module = sys.modules.get(self.name)
        spec = getattr(module, "__spec__", None)
        if moved and module is not None and spec is not None and spec.loader is self:
            spec.origin, spec.submodule_search_locations = self.path, module.__path__
            module.__dict__.update(__file__=self.path, __package__=spec.parent)

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of the bytes that were checked."""
        content = self.get_data(self.path)
        self.text = content.decode("utf-8")
        return compile_module(content, self.path, self.name, is_package=self.path.endswith("/__init__.py"))

    def set_data(self, path: str, data: Any, **_: Any) -> None:  # Any: as the base class has it
        """Write no compiled file."""


class UnwrittenLoader:
    """Gives an empty module: its names are generated when they are asked for, after the import machinery let go of it."""

    text = ""
    entry: PinEntry | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return an empty module."""
        return _new_module(spec, GeneratedModule(spec.name))

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is written yet."""


class HandWrittenLoader(SourceFileLoader):
    """Loads a user's own file as Python does."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a module that says that it is not extended."""
        return HandWrittenModule(spec.name)


class AnchorLoader(SourceFileLoader):
    """Loads the package at the root of a namespace."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a module that opens those below it."""
        return AnchorModule(spec.name)


class RootLoader:
    """Gives the package at the root of a namespace, where no file holds one."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return an empty package."""
        return AnchorModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is no code to run."""


def pinned_spec(pins: PinStore, fullname: str, entry: PinEntry) -> ModuleSpec:
    """Return the spec of a pinned module."""
    path = f"{pins.directory}/{entry.file}"
    spec = ModuleSpec(fullname, PinnedLoader(fullname, path, entry, pins), origin=path)
    spec.has_location = True
    if entry.file.endswith("/__init__.py"):
        spec.submodule_search_locations = [path.removesuffix("/__init__.py")]
    return spec


def unwritten_spec(pins: PinStore, fullname: str) -> ModuleSpec:
    """Return the spec of a module that is not written yet. It says where modules below it will lie."""
    spec = ModuleSpec(fullname, cast("Loader", UnwrittenLoader()), origin="genloom")
    spec.loader_state = str(pins.path_of(fullname))
    return spec


def package_spec(fullname: str, places: list[str]) -> ModuleSpec:
    """Return the spec of a package without a file, whose modules lie in the folders given."""
    spec = ModuleSpec(fullname, cast("Loader", RootLoader()), is_package=True)
    spec.submodule_search_locations = places
    return spec


def compile_module(content: bytes | str, path: str, fullname: str, *, is_package: bool, flags: int = 0) -> CodeType:
    """Compile a module's text. Relative imports are made absolute, so that they stay right when the module's file moves
    into a package's folder while the program runs."""
    text = content if isinstance(content, bytes) else content.encode("utf-8")
    if not _RELATIVE.search(text):
        return cast("CodeType", compile(content, path, "exec", flags=flags, dont_inherit=True))
    import ast  # imported here: few modules have relative imports

    from genloom.interfaces.importer.absolute import absolute

    tree = ast.parse(content, path)
    package = fullname if is_package else fullname.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            module = absolute(node.module or "", node.level, package)
            if module:
                node.module, node.level = module, 0
    return cast("CodeType", compile(tree, path, "exec", flags=flags, dont_inherit=True))


def _new_module(spec: ModuleSpec, module: GeneratedModule) -> ModuleType:
    """Give a module that is no package the `__path__` by which `from … import` asks it for names, and by which modules
    below it are found."""
    if spec.submodule_search_locations is None:
        file = spec.origin if spec.has_location else spec.loader_state
        module.__path__ = [str(file).removesuffix(".py").removesuffix("/__init__")]
    return module
