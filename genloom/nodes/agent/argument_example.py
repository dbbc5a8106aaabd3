"""An example of a tool's arguments, made of their JSON schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["argument_example"]

MAX_DEPTH = 6

Schema = Mapping[str, Any]  # Any: JSON schema


def argument_example(schema: Schema) -> dict[str, Any]:
    """Return arguments as the schema asks for: what is required, with examples and defaults where it has any.

    The values show the shape: a pattern, a format or a rule between arguments may still refuse them.
    """
    found = _value(schema, schema, 0)
    return found if isinstance(found, dict) else {}


def _value(schema: Schema, root: Schema, depth: int) -> Any:
    if depth > MAX_DEPTH:
        return None
    schema = _resolved(schema, root)
    for told in _told(schema):
        return told
    for choices in (schema.get("anyOf"), schema.get("oneOf"), schema.get("allOf")):
        if isinstance(choices, list) and choices:
            return _value(choices[0], root, depth + 1)
    return _of_type(schema, root, depth)


def _of_type(schema: Schema, root: Schema, depth: int) -> Any:
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object" or "properties" in schema:
        return _object(schema, root, depth)
    if kind == "array":
        return _array(schema, root, depth)
    if kind in ("integer", "number"):
        return _number(schema, integer=kind == "integer")
    if kind == "string":
        return "…" * max(1, int(schema.get("minLength", 1)))
    return {"boolean": True, "null": None}.get(str(kind), "…")


def _told(schema: Schema) -> list[Any]:
    """The value that the schema itself tells, if there is one."""
    if "const" in schema:
        return [schema["const"]]
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list) and schema[key]:
            return [schema[key][0]]
    return [schema["default"]] if schema.get("default") is not None else []


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def _object(schema: Schema, root: Schema, depth: int) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    required = schema.get("required") or []
    return {name: _value(properties.get(name, {}), root, depth + 1) for name in required}


def _array(schema: Schema, root: Schema, depth: int) -> list[Any]:
    item = _value(schema.get("items") or {}, root, depth + 1)
    return [item] * max(1, min(int(schema.get("minItems", 1)), 3))


def _number(schema: Schema, *, integer: bool) -> int | float:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    number = 1 if low is None and (high is None or high > 1) else low if low is not None else high - 1
    if "minimum" not in schema and low is not None:
        number = low + 1
    return int(number) if integer else float(number)
