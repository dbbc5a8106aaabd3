"""The module: a found program as a person would have written it, with types, a docstring and the examples as doctests."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from genloom.errors import StorageError
from genloom.tools.formatting import format_source
from genloom.tools.synthesis.calls import Call, Signature
from genloom.tools.synthesis.protocol import FoundLine

__all__ = ["WrittenModule", "write_module"]

WIDTH = 84
MAX_SENTENCE = 400
MAX_DOCTESTS = 5
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
        return _formatted(f'"""{_sentence(prompt)}"""\n\n{head}\n\n__all__ = ["{name}"]\n')
    docstring = _docstring(prompt, calls)
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


def _sentence(prompt: str) -> str:
    """The prompt's first sentence or line, safe inside a docstring."""
    lines = [line.strip() for line in prompt.strip().splitlines() if line.strip()]
    sentence = (lines[0] if lines else "").replace("\\", "\\\\").replace('"""', "'''")[:MAX_SENTENCE].strip()
    sentence = "".join(character for character in sentence if character.isprintable())
    sentence = sentence.rstrip('"') or "What the examples show"
    return sentence if sentence[-1] in ".!?" else f"{sentence}."


def _docstring(prompt: str, calls: Sequence[Call]) -> str:
    sentence = "\n".join(textwrap.wrap(_sentence(prompt), WIDTH))
    shown = [call.example for call in calls if not call.example.error and _is_simple(call)][:MAX_DOCTESTS]
    tests = "\n".join(f">>> {example.call}\n{example.expected}" for example in shown)
    prefix = "r" if "\\" in tests else ""
    text = f"{sentence}\n\n{tests}\n" if tests else sentence
    return textwrap.indent(f'{prefix}"""{text}"""', "    ")


def _is_simple(call: Call) -> bool:
    """Whether a doctest can show the example: its output is what `repr` prints, on a line of its own."""
    text = call.example.expected
    return (
        text != "None"
        and len(text) + len(call.example.call) < 400
        and '"""' not in call.example.text
        and "{" not in text
    )


def _formatted(source: str) -> WrittenModule:
    try:
        return WrittenModule(format_source(source))
    except StorageError as error:
        return WrittenModule(source, f"the source is not formatted, {error.message}"[:300])
