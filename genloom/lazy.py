"""Packages whose public names are loaded when they are first used, so that importing one name costs what it needs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping

__all__ = ["lazy_names"]


def lazy_names(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` (PEP 562) of a package that takes its names from the modules in it, or from others
    by their whole name (`genloom.…`): `homes` has the names of each, separated by blanks. For type checkers the package
    imports the same names under `TYPE_CHECKING`."""
    modules = {name: module for module, names in homes.items() for name in names.split()}

    def load(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = modules[name]
        module = importlib.import_module(home if home.startswith("genloom.") else f"{package}.{home}")
        value: object = getattr(module, name)
        setattr(sys.modules[package], name, value)  # the next use finds it there
        return value

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[package]), *modules})

    return load, listed
