"""The import hook of one namespace of generated modules."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from genloom.interfaces.importer.options import ImportOptions

__all__ = ["ImportHook", "install_import_hook", "uninstall_import_hook"]


class ImportHook(MetaPathFinder):
    """Finds the modules of one namespace. Finding generates nothing."""

    def __init__(self, options: ImportOptions) -> None:
        self.options = options

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of this namespace."""
        return None


def install_import_hook(namespace: str | None = None) -> ImportHook:
    """Install the hook of a namespace."""
    raise NotImplementedError(namespace)


def uninstall_import_hook(namespace: str) -> bool:
    """Take the hook of a namespace out."""
    raise NotImplementedError(namespace)
