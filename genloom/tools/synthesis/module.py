"""The module: a found program as a person would have written it, with types, a docstring and the examples as doctests."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from genloom.errors import StorageError
from genloom.tools.formatting import format_source
from genloom.tools.synthesis.annotation_imports import import_lines
from genloom.tools.synthesis.calls import Call, Signature
from genloom.tools.synthesis.docstring import write_docstring
from genloom.tools.synthesis.protocol import FoundLine

__all__ = ["WrittenModule", "write_module"]

_ANNOTATIONS = {"none": "None", "any": "object", "?": "object", "date": "datetime.date", "num": "float"}


@dataclass(frozen=True)
class WrittenModule:
    """A module's source, and what to know of how it was written ("" for nothing)."""

    source: str
    note: str = ""


def write_module(
    name: str, prompt: str, signature: Signature, found: FoundLine, calls: Sequence[Call]
) -> WrittenModule:
    """Return the module, formatted by ruff; `calls` are those that its docstring may show.

    A program without a body is an import under the asked name. Where ruff cannot be run, the source is unformatted and the
    note says so.
    """
    head = "\n".join(found.imports)
    if not found.body:
        return _formatted(f'{write_docstring(prompt, (), "")}\n\n{head}\n\n__all__ = ["{name}"]\n')
    head = "\n".join(import_lines((*signature.annotations, signature.returns), found.imports))
    docstring = textwrap.indent(write_docstring(prompt, calls, found.gives), "    ")
    body = textwrap.indent("\n".join(found.body), "    ")
    header = f"def {name}({_parameters(signature, found)}) -> {signature.returns or _annotation(found.gives)}:"
    return _formatted(f"{head}\n\n\n{header}\n{docstring}\n{body}\n".lstrip("\n"))


def _parameters(signature: Signature, found: FoundLine) -> str:
    defaults = ("",) * (len(signature.parameters) - len(signature.defaults)) + signature.defaults
    kinds = found.kinds if len(found.kinds) == len(signature.parameters) else [""] * len(signature.parameters)
    return ", ".join(
        f"{name}: {annotation or _annotation(kind)}" + (f" = {default}" if default else "")
        for name, annotation, kind, default in zip(
            signature.parameters, signature.annotations, kinds, defaults, strict=True
        )
    )


def _annotation(kind: str) -> str:
    """The annotation of a kind of the engine's: `dict[str,int]` becomes `dict[str, int]`."""
    if kind.endswith("|none"):
        return f"{_annotation(kind.removesuffix('|none'))} | None"
    head, bracket, rest = kind.partition("[")
    if not bracket:
        return _ANNOTATIONS.get(kind, kind)
    return f"{head}[{', '.join(map(_annotation, _divided(rest[:-1])))}]"


def _divided(text: str) -> list[str]:
    found, depth = [""], 0
    for character in text:
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == "," and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return found


def _formatted(source: str) -> WrittenModule:
    try:
        return WrittenModule(format_source(source))
    except StorageError as error:
        return WrittenModule(source, f"the source is not formatted, {error.message}"[:300])
