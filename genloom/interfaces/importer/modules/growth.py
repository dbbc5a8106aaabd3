"""The record of a module that grows: what each of its generations asked, checked and found stays on record."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from genloom.interfaces.importer.asked import GeneratedSource
from genloom.interfaces.importer.pins.lock_file import PinEntry
from genloom.syntax import parse_module
from genloom.tools.merging import MergeError, append_block

__all__ = ["grown"]


def grown(entry: PinEntry | None, source: GeneratedSource, asked: tuple[str, ...]) -> GeneratedSource:
    """Return `source` as it is to be pinned: with what `entry` (of the module so far) records before it.

    Names and checks of both; both test files in one, where a test of the same name gets another; the weaker verdict.
    """
    names = (*(entry.names if entry else ()), *asked, *source.names)
    if entry is None or entry.generator == "package":
        return replace(source, names=_each_once(names))
    return replace(
        source,
        names=_each_once(names),
        checks=_each_once((*entry.checks, *source.checks)),
        tests=_joined(entry.tests, source.tests),
        request="\n\n".join(_each_once((entry.request, source.request))),
        verdict=source.verdict if entry.verdict in ("", "passed") else entry.verdict,
    )


def _each_once(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, texts)))


def _joined(before: str, new: str) -> str:
    """Both test files in one; where they cannot be joined, the newer one."""
    if not before or not new or before == new:
        return new or before
    try:
        taken = {node.name for node in _definitions(before)}
        for node in _definitions(new):
            if node.name in taken and node.name.startswith("test"):
                free = next(name for number in range(2, 10_000) if (name := f"{node.name}_{number}") not in taken)
                new = re.sub(rf"\b{re.escape(node.name)}\b", free, new)
                taken.add(free)
        return append_block(before, new)
    except (MergeError, SyntaxError, ValueError):
        return new


def _definitions(source: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node for node in parse_module(source).body if isinstance(node, kinds)]
