"""The protocol with the worker: a task as JSON one way, JSON lines back, which are untrusted and strictly validated."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from genloom.syntax import UNPARSABLE, parse_expression, parse_module
from genloom.tools.synthesis.calls import Call, Signature
from genloom.tools.synthesis.task import SearchTask

__all__ = ["AbstainedLine", "FoundLine", "ProgressLine", "Rival", "encode_task", "read_line"]

Text = Annotated[str, Field(max_length=20_000)]
Short = Annotated[str, Field(max_length=400)]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ProgressLine(_Line):
    """How far the search is."""

    type: Literal["progress"]
    size: Annotated[int, Field(ge=0)]
    candidates: Annotated[int, Field(ge=0)]


class Rival(_Line):
    """An input with what the answer and a rival give for it, as literals, and the rival's code."""

    arguments: Annotated[list[Text], Field(max_length=8)]
    answer: Text
    rival: Text
    code: Text


class Output(_Line):
    """A probe, with what the answer gives for it."""

    arguments: Annotated[list[Text], Field(max_length=8)]
    gives: Text


class FoundLine(_Line):
    """A program in parts; `held_back` says that it met what it did not see.

    `deciding` is the call whose result would decide best between the answer and its rivals, such as `f("a b")`.
    """

    type: Literal["found"]
    body: Annotated[list[Text], Field(max_length=60)]
    imports: Annotated[list[Short], Field(max_length=20)]
    expression: Text
    kinds: Annotated[list[Short], Field(max_length=8)]
    gives: Short
    cost: int
    held_back: bool
    rivals: Annotated[list[Rival], Field(max_length=5)]
    deciding: Text = ""
    outputs: Annotated[list[Output], Field(max_length=8)] = []
    candidates: Annotated[int, Field(ge=0)]
    cut_by_clock: bool
    notes: Annotated[list[Short], Field(max_length=10)]


class AbstainedLine(_Line):
    """Nothing was found."""

    type: Literal["abstained"]
    reason: Short
    candidates: Annotated[int, Field(ge=0)]
    cut_by_clock: bool


Line = Annotated[ProgressLine | FoundLine | AbstainedLine, Field(discriminator="type")]
_LINES: TypeAdapter[ProgressLine | FoundLine | AbstainedLine] = TypeAdapter(Line)


def encode_task(
    mode: Literal["search", "reuse"],
    task: SearchTask,
    signature: Signature,
    fit: Sequence[Call],
    held: Sequence[Call],
    seconds: float,
) -> bytes:
    """Return the task as the worker reads it."""
    data = {
        "mode": mode,
        "name": task.name,
        "prompt": task.prompt[:4_000],
        "parameters": signature.parameters,
        "annotations": signature.annotations,
        "returns": signature.returns,
        "fit": [_case(call) for call in fit],
        "held": [_case(call) for call in held],
        "components": [
            {
                "module": component.module,
                "name": component.name,
                "takes": component.annotations,
                "gives": component.returns,
                "doc": component.doc,
                "folder": component.import_from,
            }
            for component in task.components
        ],
        "candidates": task.candidates,
        "seconds": seconds,
        "cores": task.cores,
        "without": sorted(task.without),
    }
    return json.dumps(data).encode()


def _case(call: Call) -> dict[str, object]:
    return {"arguments": call.arguments, "expected": call.example.expected, "error": call.example.error}


def read_line(line: bytes | str) -> ProgressLine | FoundLine | AbstainedLine | None:
    """Return one line of the worker; `None` for what is malformed, or for a program that is not Python."""
    try:
        read = _LINES.validate_json(line)
    except ValidationError:
        return None
    return None if isinstance(read, FoundLine) and not _is_python(read) else read


def _is_python(found: FoundLine) -> bool:
    """Whether the parts are what they claim: imports that import, an expression, statements of a function."""
    try:
        imports = parse_module("\n".join(found.imports)).body
        parse_expression(found.expression)
        body = "\n".join(f"    {line}" for line in found.body) or "    pass"
        function = parse_module(f"def _():\n{body}\n").body
    except UNPARSABLE:
        return False
    return all(isinstance(node, ast.Import | ast.ImportFrom) for node in imports) and len(function) == 1
