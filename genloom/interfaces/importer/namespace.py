"""The namespace of a hook: the package that asks for it, its folder, and whether the name is free."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import FrameType, ModuleType

from genloom.errors import UsageError
from genloom.interfaces.importer.installed import HOOKS, hook_of

__all__ = ["chosen_namespace", "demand_free", "found_elsewhere", "plain_modules"]


def chosen_namespace(namespace: str | None, directory: Path | None, caller: FrameType) -> tuple[str, Path]:
    """Return the namespace and its folder; what is left out comes from the caller, an anchor package.

    A namespace without a folder lies in the folder of the package above it, else beside the caller's file. Raises
    `UsageError` when nothing says which package is meant.
    """
    name, file = caller.f_globals.get("__name__"), caller.f_globals.get("__file__")
    if namespace is None:
        if not isinstance(name, str) or not isinstance(file, str) or Path(file).name != "__init__.py":
            raise UsageError(
                "install_import_hook() was called without a namespace, and not from the `__init__.py` of a package.",
                hint='Say which: install_import_hook(namespace="myapp.gen"), or run `genloom lib init myapp.gen`.',
            )
        namespace = name
    if directory is not None:
        return namespace, Path(directory).absolute()
    if namespace == name and isinstance(file, str):
        return namespace, Path(file).absolute().parent
    above, _, last = namespace.rpartition(".")
    package = sys.modules.get(above) if above else None
    places = list(getattr(package, "__path__", ()))
    if places:
        return namespace, Path(places[0]).absolute() / last
    base = Path(file).absolute().parent if isinstance(file, str) else Path.cwd()
    return namespace, base.joinpath(*namespace.split("."))


def demand_free(namespace: str, directory: Path) -> None:
    """Raise `UsageError` when the namespace is the name of another package or module, which would be hidden."""
    if namespace.partition(".")[0] in sys.stdlib_module_names:
        raise _clash(namespace, "it is a module of Python's own")
    root = sys.modules.get(namespace)
    if root is not None:
        known, what = list(getattr(root, "__path__", ())), getattr(root, "__file__", None)
        if what is not None and not _is_among(directory, known):
            raise _clash(namespace, str(what))
        return
    spec: ModuleSpec | None = None
    places: list[str] | None = None
    parts = namespace.split(".")
    for depth in range(1, len(parts) + 1):
        name = ".".join(parts[:depth])
        spec = PathFinder.find_spec(name, places) or found_elsewhere(name, places)
        if spec is None or (depth < len(parts) and spec.submodule_search_locations is None):
            return
        places = list(spec.submodule_search_locations or ())
    if spec is not None and not _is_among(directory, places or []):
        raise _clash(namespace, spec.origin or ", ".join(places or []))


def _is_among(directory: Path, places: list[str]) -> bool:
    return any(Path(place).resolve() == directory.resolve() for place in places)


def _clash(namespace: str, what: str) -> UsageError:
    return UsageError(
        f"The namespace {namespace!r} is taken: {what}.",
        hint="Choose a package that does not exist yet, or its own folder as the directory.",
    )


def found_elsewhere(fullname: str, path: Sequence[str] | None) -> ModuleSpec | None:
    """Return the spec of a module that another finder than our hooks has a file of, `None` when none has."""
    hooks = tuple(HOOKS.values())
    for finder in list(sys.meta_path):
        if finder in hooks or not hasattr(finder, "find_spec"):
            continue
        spec = finder.find_spec(fullname, path, None)
        if spec is not None and spec.loader is not None and spec.origin is not None:
            return spec
    return None


def plain_modules(namespace: str) -> list[ModuleType]:
    """Return the modules below a namespace that were imported without its hook."""
    start = f"{namespace}."
    return [
        module
        for name, module in list(sys.modules.items())
        if name.startswith(start) and type(module) is ModuleType and hook_of(name) is HOOKS.get(namespace)
    ]
