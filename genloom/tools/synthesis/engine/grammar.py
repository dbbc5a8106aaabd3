"""Grammar: how building blocks are declared, and all of them together."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.vocabulary import stems

__all__ = ["MODULES", "all_operators", "block"]


SPECIAL_COST = 5
"""From this cost on a block is offered only where the prompt suggests it."""


def block(
    code: str,
    signature: str,
    words: str = "",
    *,
    call: Callable[..., Any] | None = None,
    cost: int = 2,
    grows: bool = False,
    symmetric: bool = False,
) -> Operator:
    """Declare a building block; the signature reads `str,int -> str`, and `words` are those of a prompt that suggest it.

    What it does is its code; `call` stands in where that would be unsafe on large values, or slower. `grows` bounds its
    results.
    """
    takes, gives = (side.strip() for side in signature.split("->"))
    kinds = tuple(_commas(takes))
    return Operator(
        code=code,
        takes=kinds,
        gives=gives,
        call=call or _compiled(code, len(kinds)),
        cost=cost,
        words=stems(words),
        imports=_import_of(code),
        grows=grows,
        symmetric=symmetric,
        special=cost >= SPECIAL_COST,
    )


MODULES: tuple[str, ...] = (
    *("base64", "calendar", "collections", "datetime", "hashlib", "html", "itertools", "json", "math", "re"),
    *("statistics", "string", "textwrap", "urllib.parse"),
)
_MODULE = re.compile(r"(?<![\w.\"])(" + "|".join(map(re.escape, MODULES)) + r")\.")


def _import_of(code: str) -> str:
    match = _MODULE.search(code)
    return f"import {match[1]}" if match else ""


class _Awaited:
    """Stands for a module until its first use: most searches need few of them."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        import_module(self._module)
        top = self._module.partition(".")[0]
        _SPACE[top] = sys.modules[top]
        return getattr(_SPACE[top], name)


_SPACE: dict[str, Any] = {module.partition(".")[0]: _Awaited(module) for module in MODULES}


def _compiled(code: str, count: int) -> Callable[..., Any]:
    names = "abc"[:count]
    found: Callable[..., Any] = eval(f"lambda {', '.join(names)}: {code.format(*names)}", _SPACE)  # noqa: S307 - our own tables
    return found


def _commas(takes: str) -> list[str]:
    found, depth = [""], 0
    for character in takes.replace(" ", ""):
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == "," and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return found


def all_operators() -> tuple[Operator, ...]:
    """Every building block, in the fixed order in which searches try them."""
    from genloom.tools.synthesis.engine import (
        library_blocks,
        number_blocks,
        pattern_blocks,
        sequence_blocks,
        table_blocks,
        text_blocks,
    )

    modules = (number_blocks, text_blocks, pattern_blocks, sequence_blocks, table_blocks, library_blocks)
    return tuple(op for module in modules for op in module.blocks())
