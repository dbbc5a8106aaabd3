"""An example of a tool's arguments, made of their JSON schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["argument_example"]

MAX_DEPTH = 6
MAX_VALUES = 500
"""A schema of somebody else's can refer to itself many times over."""
MAX_TEXT = 40

Schema = Mapping[str, Any]  # Any: JSON schema


def argument_example(schema: Schema) -> dict[str, Any]:
    """Return arguments as the schema asks for: what is required, with examples and defaults where it has any.

    The values show the shape: a pattern, a format or a rule between arguments may still refuse them. Short, whatever the
    schema asks for.
    """
    found = _Example(schema).value(schema, 0)
    return found if isinstance(found, dict) else {}


class _Example:
    """Values for the parts of one schema, of which there are so many at most."""

    def __init__(self, root: Schema) -> None:
        self._root, self._left = root, MAX_VALUES

    def value(self, schema: Any, depth: int) -> Any:
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0 or not isinstance(schema, Mapping):
            return None
        schema = self._resolved(schema)
        for told in _told(schema):
            return told
        for choices in (schema.get("anyOf"), schema.get("oneOf"), schema.get("allOf")):
            if isinstance(choices, list) and choices:
                return self.value(choices[0], depth + 1)
        return self._of_type(schema, depth)

    def _of_type(self, schema: Schema, depth: int) -> Any:
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) and kind else kind
        if kind == "object" or "properties" in schema:
            return self._object(schema, depth)
        if kind == "array":
            item = self.value(schema.get("items") or {}, depth + 1)
            return [item] * max(1, min(_whole(schema.get("minItems")), 3))
        if kind in ("integer", "number"):
            return _number(schema, integer=kind == "integer")
        if kind == "string":
            return "…" * max(1, min(_whole(schema.get("minLength")), MAX_TEXT))
        return {"boolean": True, "null": None}.get(str(kind), "…")

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        found: Any = self._root
        for part in reference.removeprefix("#/").split("/"):
            found = found.get(part, {}) if isinstance(found, Mapping) else {}
        return found if isinstance(found, Mapping) else {}

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        properties, required = schema.get("properties"), schema.get("required")
        of_names: Mapping[str, Any] = properties if isinstance(properties, Mapping) else {}
        names = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
        return {name: self.value(of_names.get(name, {}), depth + 1) for name in names[: max(0, self._left)]}


def _told(schema: Schema) -> list[Any]:
    """The value that the schema itself tells, if there is one."""
    if "const" in schema:
        return [schema["const"]]
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list) and schema[key]:
            return [schema[key][0]]
    return [schema["default"]] if schema.get("default") is not None else []


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 1  # of somebody else's schema: anything may stand there


def _number(schema: Schema, *, integer: bool) -> int | float:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if not all(isinstance(bound, int | float | None) for bound in (low, high)):
        return 1
    number = 1 if low is None and (high is None or high > 1) else low if low is not None else high - 1
    if "minimum" not in schema and low is not None:
        number = low + 1
    return int(number) if integer else float(number)
