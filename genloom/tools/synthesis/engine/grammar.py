"""Grammar: how building blocks are declared, and all of them together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.vocabulary import stems

__all__ = ["all_operators", "block"]


def block(
    code: str,
    signature: str,
    call: Callable[..., Any],
    words: str = "",
    *,
    cost: int = 2,
    imports: str = "",
    grows: bool = False,
    symmetric: bool = False,
) -> Operator:
    """Declare a building block; the signature reads `str,int -> str`."""
    takes, gives = (side.strip() for side in signature.split("->"))
    return Operator(
        code=code,
        takes=tuple(_commas(takes)),
        gives=gives,
        call=call,
        cost=cost,
        words=stems(words),
        imports=imports,
        grows=grows,
        symmetric=symmetric,
    )


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
