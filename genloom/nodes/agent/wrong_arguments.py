"""What is wrong with the arguments of a tool's call: told by argument, with an example of some that fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from langchain_core.tools import BaseTool
from pydantic import BaseModel, ValidationError

from genloom.nodes.agent.argument_example import argument_example
from genloom.nodes.agent.json_schema_problems import json_schema_problems

__all__ = ["call_schema", "wrong_arguments"]

MAX_PROBLEMS = 5
MAX_EXAMPLE_CHARACTERS = 2_000

Schema = Mapping[str, Any]  # Any: JSON schema


def wrong_arguments(tool: BaseTool, arguments: Mapping[str, Any]) -> str:
    """Say what is wrong with a call's arguments, in words for a model; empty when they fit the tool's schema, or when the
    schema is none that could be checked."""
    schema = call_schema(tool)
    if isinstance(schema, dict):
        return _told(tool, schema, json_schema_problems(schema, arguments))
    if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        return ""
    try:
        schema.model_validate(arguments)
    except ValidationError as error:
        described = schema.model_json_schema()
        found = error.errors(include_url=False, include_input=False, include_context=False)
        return _told(tool, described, [_problem(each["loc"], each["msg"], each["type"], described) for each in found])
    return ""


def call_schema(tool: BaseTool) -> Any:  # Any: a model, or JSON schema for a tool that comes from elsewhere
    """Return what a caller fills in: the tool's own model with all of its rules, unless it holds what the graph adds."""
    whole, asked = tool.args_schema, tool.tool_call_schema
    models = [each for each in (whole, asked) if isinstance(each, type) and issubclass(each, BaseModel)]
    if len(models) == 2 and set(models[0].model_fields) == set(models[1].model_fields):
        return whole
    return asked


def _told(tool: BaseTool, schema: Schema, problems: list[str]) -> str:
    if not problems:
        return ""
    more = f" … and {len(problems) - MAX_PROBLEMS} more." if len(problems) > MAX_PROBLEMS else ""
    example = json.dumps(argument_example(schema), ensure_ascii=False)
    return (
        f"{tool.name} was not called: {' '.join(problems[:MAX_PROBLEMS])}{more}\n"
        f"Arguments that fit look like this: {example[:MAX_EXAMPLE_CHARACTERS]}"
    )


def _problem(place: tuple[int | str, ...], message: str, kind: str, schema: Schema) -> str:
    name = ".".join(map(str, place)) or "the arguments"
    properties = schema.get("properties") or {}
    if kind == "extra_forbidden":
        return f"`{name}` is no argument of it; its arguments are {', '.join(f'`{each}`' for each in properties)}."
    about = properties.get(place[0], {}) if place else {}
    description = about.get("description", "") if isinstance(about, dict) else ""
    return f"`{name}`: {message[0].lower()}{message[1:]}{f' ({description})' if description else ''}."
