"""Packages among pinned modules: a module becomes a folder when another one is pinned below it."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

from genloom.errors import StorageError
from genloom.interfaces.importer.pins.lock_file import PinEntry, file_names
from genloom.syntax import parse_module

__all__ = ["one_level_down", "packages_above"]

Changes = dict[Path, bytes | None]


def packages_above(name: str, entries: Mapping[str, PinEntry], directory: Path) -> tuple[dict[str, PinEntry], Changes]:
    """Return the entries and the changes of files by which everything above `name` is a package.

    An empty package is made where nothing is; a pinned module moves into its folder, its relative imports mended. Raises
    `StorageError` where a module stands in the way that is not pinned.
    """
    changed, changes = dict(entries), Changes()
    parts = name.split(".")
    for depth in range(1, len(parts)):
        above = ".".join(parts[:depth])
        plain, package = (directory / file for file in file_names(above))
        entry = changed.get(above)
        if entry is None and not package.exists():
            _demand_no_module(plain)
            changed[above] = PinEntry(sha256=_sha256(b""), file=file_names(above)[1], generator="package")
            changes[package] = b""
        elif entry is not None and entry.file == file_names(above)[0]:
            content = one_level_down(_pinned_bytes(plain, entry))
            changed[above] = replace(entry, file=file_names(above)[1], sha256=_sha256(content))
            changes |= {package: content, plain: None}
    return changed, changes


def one_level_down(content: bytes) -> bytes:
    """Return a module's bytes with each relative import going one package further up, for its folder's `__init__.py`."""
    tree = parse_module(content.decode("utf-8"))
    starts = [
        0,
        *accumulate(len(line) for line in content.splitlines(keepends=True)),
    ]  # of bytes: only at ends of lines
    levels = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    places = sorted(content.index(b".", starts[node.lineno - 1] + node.col_offset) for node in levels)
    for place in reversed(places):
        content = content[:place] + b"." + content[place:]
    return content


def _demand_no_module(path: Path) -> None:
    if path.exists():
        raise StorageError(
            f"{path} would have to become a package, and genloom did not write it.",
            hint=f"Move it to {path.with_suffix('') / '__init__.py'} yourself.",
        )


def _pinned_bytes(path: Path, entry: PinEntry) -> bytes:
    content = path.read_bytes()
    if _sha256(content) != entry.sha256:
        raise StorageError(f"{path} was edited since it was pinned.", hint="Take the edit up first: genloom lib adopt.")
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
