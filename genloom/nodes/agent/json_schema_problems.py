"""Arguments against a JSON schema that somebody else wrote, as the tools of an MCP server have."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

__all__ = ["json_schema_problems"]

MAX_PROBLEMS = 20
MAX_REFERENCES = 2_000
"""A few that refer to each other twice can mean billions of checks."""
MAX_MESSAGE = 300

Schema = Mapping[str, Any]  # Any: JSON schema


class _TooLongError(Exception):
    """The schema asks for more checks than are worth it."""


def json_schema_problems(schema: Schema, arguments: Mapping[str, Any]) -> list[str]:
    """Return what does not fit, a sentence for each; empty where everything does.

    Nothing is fetched: a reference to another document leaves the schema unchecked, and so does whatever is wrong with the
    schema itself, or the lack of the package `jsonschema`, which comes with `mcp`. Patterns are left to the tool: a regular
    expression of somebody else's can take forever.
    """
    if importlib.util.find_spec("jsonschema") is None:
        return []
    try:
        return list(dict.fromkeys(_told(error) for error in islice(_errors(schema, arguments), MAX_PROBLEMS)))
    except Exception:  # noqa: BLE001 - whatever a schema of somebody else's makes jsonschema raise: the tool itself decides
        return []


def _errors(schema: Schema, arguments: Mapping[str, Any]) -> Iterator[Any]:
    # imported here: only tools that come from elsewhere have such schemas
    from jsonschema import Draft202012Validator, validators
    from referencing import Registry

    base: Any = validators.validator_for(dict(schema), default=Draft202012Validator)
    left_out = {"pattern": _nothing, "patternProperties": _nothing}
    counted = {key: _counted(base.VALIDATORS[key]) for key in ("$ref", "$dynamicRef") if key in base.VALIDATORS}
    checker: Any = validators.extend(base, {**left_out, **counted})
    yield from checker(dict(schema), registry=Registry()).iter_errors(dict(arguments))


def _nothing(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
    yield from ()


def _counted(check: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
    followed = 0

    def counting(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        nonlocal followed
        followed += 1
        if followed > MAX_REFERENCES:
            raise _TooLongError
        yield from check(validator, value, instance, schema) or ()

    return counting


def _told(error: Any) -> str:
    """A problem without the value that was given, which may be long or secret."""
    place = ".".join(map(str, error.absolute_path)) or "the arguments"
    wanted = error.validator_value
    if error.validator == "required":
        missing = [name for name in wanted if name not in error.instance]
        return " ".join(f"`{f'{place}.{name}' if error.absolute_path else name}`: field required." for name in missing)
    if error.validator == "additionalProperties":
        known = ", ".join(f"`{name}`" for name in error.schema.get("properties", {}))
        more = [name for name in error.instance if name not in error.schema.get("properties", {})]
        return (
            f"{', '.join(f'`{name}`' for name in more)[:MAX_MESSAGE]} is no argument of it; its arguments are {known}."
        )
    about = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
    described = f" ({about})" if isinstance(about, str) and about else ""
    return f"`{place}`: {error.validator} is {str(wanted)[:MAX_MESSAGE]}{described[:MAX_MESSAGE]}."
