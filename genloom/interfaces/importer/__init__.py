"""Dynamic import: modules that are generated, verified and pinned when a program first imports them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genloom.lazy import lazy_names

if TYPE_CHECKING:
    from genloom.interfaces.importer.asked import CallSite, GeneratedSource, ModuleRequest
    from genloom.interfaces.importer.hook import ImportHook
    from genloom.interfaces.importer.installing import install_import_hook, uninstall_import_hook
    from genloom.interfaces.importer.options import ImportOptions
    from genloom.interfaces.importer.pins.lock_file import PinEntry
    from genloom.interfaces.importer.pins.pin_store import PinStore

__all__ = [
    "CallSite",
    "GeneratedSource",
    "ImportHook",
    "ImportOptions",
    "ModuleRequest",
    "PinEntry",
    "PinStore",
    "install_import_hook",
    "uninstall_import_hook",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "asked": "CallSite GeneratedSource ModuleRequest",
        "hook": "ImportHook",
        "installing": "install_import_hook uninstall_import_hook",
        "pins.lock_file": "PinEntry",
        "options": "ImportOptions",
        "pins.pin_store": "PinStore",
    },
)
