"""Installing the hook of a namespace, and taking it out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from genloom.config import inside_sandbox, load_import_settings
from genloom.interfaces.importer.hook import ImportHook, import_error
from genloom.interfaces.importer.installed import HOOKS
from genloom.interfaces.importer.modules.module import AnchorModule
from genloom.interfaces.importer.namespace import chosen_namespace, demand_free, plain_modules
from genloom.interfaces.importer.options import GENERATION_SECONDS, ImportOptions, choose_mode

if TYPE_CHECKING:
    from genloom.interfaces.importer.asked import Generate

__all__ = ["install_import_hook", "uninstall_import_hook"]


def install_import_hook(
    namespace: str | None = None,
    *,
    directory: str | Path | None = None,
    description: str = "",
    mode: str | None = None,
    model: str | None = None,
    accept_unverified: bool | None = None,
    deadline: float | None = GENERATION_SECONDS,
    context: Mapping[str, Any] | None = None,  # Any: whatever type the field of GraphContext has
    generate: Generate | None = None,
) -> ImportHook:
    """Let modules of a namespace write themselves when they are imported, and return the hook.

    Called from the `__init__.py` of a package without a namespace, it takes that package and its folder. `mode` is
    `review`, `auto` or `frozen` (default: `GENLOOM_IMPORT_MODE`; else `frozen` in CI and without a terminal, else
    `review`). `accept_unverified` is off unless given, but for `autogenlib`. See `ImportOptions` for the rest. A second
    call for a namespace replaces the first. Inside genloom's own sandbox nothing is installed. Raises `UsageError` for a
    namespace that is taken or is none, and for no such mode.
    """
    if inside_sandbox():
        return ImportHook(ImportOptions(namespace=namespace or "sandboxed", directory=Path(), mode="frozen"))
    given = Path(directory) if directory is not None else None
    made = partial(ImportOptions, description=description, model=model, deadline=deadline, context=dict(context or {}))
    if namespace == "autogenlib":
        from genloom.interfaces.importer.autogenlib import completed  # another hook does not need it

        return _install_autogenlib(completed(made, given, mode, accept_unverified, generate))
    name, folder = chosen_namespace(namespace, given, sys._getframe(1))
    options = made(
        namespace=name,
        directory=folder,
        mode=choose_mode(mode, load_import_settings()),
        accept_unverified=bool(accept_unverified),
        generate=generate,
    )
    demand_free(name, folder)
    root = sys.modules.get(name)
    if type(root) is ModuleType:
        root.__class__ = AnchorModule
    elif root is not None:
        root.__path__ = [str(folder)]
    hook = _installed(ImportHook(options))
    _check_imported(hook)
    return hook


def _check_imported(hook: ImportHook) -> None:
    """Check the pinned modules that a program, or a thread while the anchor package ran, imported before the hook stood."""
    for module in plain_modules(hook.options.namespace):
        from genloom.interfaces.importer.modules.running import take_over  # hardly ever needed

        with import_error(module.__name__):
            take_over(module, hook.pins)


def uninstall_import_hook(namespace: str) -> bool:
    """Take the hook of a namespace out, and say whether there was one. Modules that were imported stay."""
    hook = HOOKS.pop(namespace, None)
    if hook is None:
        return False
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not hook]
    if namespace == "autogenlib":
        from genloom.interfaces.importer.autogenlib import give_back

        give_back(hook)
    return True


def _installed(hook: ImportHook) -> ImportHook:
    before = HOOKS.get(hook.options.namespace)
    sys.meta_path[:] = [hook, *(finder for finder in sys.meta_path if finder is not before)]
    HOOKS[hook.options.namespace] = hook
    return hook


def _install_autogenlib(options: ImportOptions) -> ImportHook:
    from genloom.interfaces.importer.autogenlib import take_over  # another hook does not need it

    hook = _installed(ImportHook(options))
    take_over(hook)
    return hook
