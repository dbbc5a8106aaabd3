"""The import hooks that are installed, by their namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genloom.interfaces.importer.hook import ImportHook

__all__ = ["HOOKS", "hook_of"]

HOOKS: dict[str, ImportHook] = {}
"""The state of this process's import system, beside `sys.meta_path`."""


def hook_of(module: str) -> ImportHook | None:
    """Return the hook whose namespace a module lies in, the innermost one, `None` when there is none."""
    name = module
    while name:
        if name in HOOKS:
            return HOOKS[name]
        name = name.rpartition(".")[0]
    return None
