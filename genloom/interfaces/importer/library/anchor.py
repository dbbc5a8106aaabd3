"""The anchor package: an ordinary package whose `__init__.py` installs the import hook for the modules beside it."""

from __future__ import annotations

import ast
import keyword
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genloom.errors import StorageError, UsageError
from genloom.interfaces.importer.pins.lock_file import LOCK_NAME, LockFile, render_lock
from genloom.syntax import UNPARSABLE, parse_module
from genloom.tools.store.atomic_file import write_atomically

__all__ = ["Anchor", "anchor_arguments", "anchors", "demand_dotted_name", "make_anchor", "package_root"]

_ANCHOR = '''"""Modules that are written, checked and pinned when they are first imported.

The pinned modules are plain files in this folder, listed in genloom.lock: commit both. To live without genloom, empty
this file: what is pinned stays importable.
"""

import genloom

genloom.install_import_hook({arguments})
'''


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """An anchor package that was made: its dotted name, its folder, and the files that are new."""

    package: str
    directory: Path
    created: tuple[Path, ...]


def make_anchor(package: str, root: Path, *, description: str = "", mode: str = "", model: str = "") -> Anchor:
    """Make the anchor package `package` (dotted) below `root`, and the packages above it where they are missing.

    `description`, `mode` and `model` become arguments of its hook. Raises `UsageError` for what is no package's name, and
    `StorageError` where something stands already or cannot be written; then nothing is changed that was there.
    """
    demand_dotted_name(package)
    parts = package.split(".")
    if parts[0] in sys.stdlib_module_names:
        raise UsageError(f"{parts[0]!r} is a module of Python's own.", hint="Choose another name.")
    directory = root.joinpath(*parts)
    _demand_room(directory, package)
    given = {"description": description, "mode": mode, "model": model}
    arguments = ", ".join(f"{name}={_literal(value)}" for name, value in given.items() if value)
    files = dict.fromkeys(_missing_parents(root, parts), "")
    files |= {directory / "__init__.py": _ANCHOR.format(arguments=arguments), directory / "py.typed": ""}
    files[directory / LOCK_NAME] = render_lock(LockFile(namespace=package))
    _write(files)
    return Anchor(package=package, directory=directory, created=tuple(files))


def package_root(folder: Path, package: str) -> Path:
    """Return where a project in `folder` keeps its packages: `src` when the first part of `package`, or any package at
    all, lies there; else the folder itself."""
    first, source = package.split(".")[0], folder / "src"
    if (folder / first).is_dir() or not source.is_dir():
        return folder
    known = (source / first).is_dir() or any(source.glob("*/__init__.py"))
    return source if known else folder


def demand_dotted_name(name: str) -> None:
    """Raise `UsageError` unless the text is a module's dotted name."""
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in name.split(".")):
        raise UsageError(f"{name!r} is no module's name.", hint="Write it with dots, such as `myapp.gen`.")


def _demand_room(directory: Path, package: str) -> None:
    if directory.with_suffix(".py").exists():
        raise StorageError(
            f"{directory.with_suffix('.py')} is a module of that name already.", hint="Choose another name."
        )
    if not directory.exists():
        return
    if not directory.is_dir() or any(directory.iterdir()):
        raise StorageError(
            f"{directory} is there already, and not empty.",
            hint=f"Choose another name than {package}, or put the call of genloom.install_import_hook() there yourself.",
        )


def _missing_parents(root: Path, parts: list[str]) -> list[Path]:
    """The `__init__.py` of each package above that does not exist at all; a folder that is there stays as it is."""
    above = [root.joinpath(*parts[:count]) for count in range(1, len(parts))]
    return [folder / "__init__.py" for folder in above if not folder.exists()]


def _literal(text: str) -> str:
    """The text as a string literal with the quotes that formatters choose."""
    return repr(text) if '"' in text else f'"{repr(text)[1:-1]}"'.replace("\\'", "'")


def _write(files: dict[Path, str]) -> None:
    for path, content in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"{path.parent} cannot be made: {error.strerror}.", hint="Check its permissions."
            ) from error
        write_atomically(path, content, expected_sha256=None)


def anchor_arguments(directory: Path) -> dict[str, Any]:  # Any: the literals of somebody's call
    """Return the literal arguments that the anchor in `directory` installs its hook with; nothing of it is run.

    Empty where there is no such call, or where the file cannot be read.
    """
    call = _installing_call(directory)
    if call is None:
        return {}
    return {keyword.arg: found for keyword in call.keywords if keyword.arg for found in _literals(keyword.value)}


def anchors(directory: Path) -> bool:
    """Whether the `__init__.py` in `directory` installs a hook."""
    return _installing_call(directory) is not None


def _installing_call(directory: Path) -> ast.Call | None:
    try:
        tree = parse_module((directory / "__init__.py").read_text(encoding="utf-8"))
    except (OSError, *UNPARSABLE):
        return None
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return next((call for call in calls if _called(call.func) == "install_import_hook"), None)


def _called(function: ast.expr) -> str:
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _literals(node: ast.expr) -> Iterator[Any]:
    with suppress(ValueError, TypeError, RecursionError, MemoryError):
        yield ast.literal_eval(node)
