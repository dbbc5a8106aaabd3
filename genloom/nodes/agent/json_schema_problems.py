"""Arguments against a JSON schema that somebody else wrote, as the tools of an MCP server have."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

__all__ = ["json_schema_problems"]

MAX_PROBLEMS = 20
MAX_STEPS = 50_000
"""A step is a keyword checked, and each entry of its value; a few that nest twice can mean billions."""
MAX_SECONDS = 0.5
"""For arguments so large that a step takes long: jsonschema writes them out for each keyword that they fail."""
REFERENCE_STEPS = 25
MAX_MESSAGE = 300

_LEFT_OUT = ("pattern", "patternProperties", "unevaluatedProperties", "unevaluatedItems", "uniqueItems")
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_DOCUMENT = ("$schema", "$id", "id")

Schema = Mapping[str, Any]  # Any: JSON schema


class _TooLongError(Exception):
    """The schema asks for more checks than are worth it, or leads out of itself."""


def json_schema_problems(schema: Schema, arguments: Mapping[str, Any]) -> list[str]:
    """Return what does not fit, a sentence for each; empty where everything does.

    Nothing is fetched: a reference to another document leaves the schema unchecked, and so does whatever is wrong with the
    schema itself, one that is several documents (`$id`, `$schema` inside), or the lack of the package `jsonschema`, which
    comes with `mcp`. Patterns, and what depends on them, are left to the tool: a regular expression of somebody else's can
    take forever. So are `uniqueItems`, and a schema that asks for very many checks.
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
    left = _Steps()
    counted = {key: left.counted(key, check) for key, check in base.VALIDATORS.items()}
    checker: Any = validators.extend(base, {**counted, **dict.fromkeys(_LEFT_OUT, _nothing)})
    whole = {key: value for key, value in schema.items() if key not in _DOCUMENT}
    if any(_names_a_document(value) for value in whole.values()):
        return  # jsonschema would go on with a checker of its own there, which counts nothing
    yield from checker(whole, registry=Registry()).iter_errors(dict(arguments))


def _names_a_document(part: Any) -> bool:
    if isinstance(part, dict):
        return any(isinstance(part.get(key), str) for key in _DOCUMENT) or any(map(_names_a_document, part.values()))
    return isinstance(part, list) and any(map(_names_a_document, part))


def _nothing(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
    yield from ()


class _Steps:
    """How much may still be checked, by all keywords together."""

    def __init__(self) -> None:
        self._left = MAX_STEPS
        self._end = time.monotonic() + MAX_SECONDS

    def counted(self, key: str, check: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
        """The check of a keyword, which takes steps; a reference may not lead to another document."""

        def counting(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
            refers = key in _REFERENCES
            self._left -= REFERENCE_STEPS if refers else 1 + (len(value) if isinstance(value, (dict, list)) else 0)
            if self._left < 0 or time.monotonic() > self._end or (refers and not str(value).startswith("#")):
                raise _TooLongError
            if key == "additionalProperties" and "patternProperties" in schema:
                return  # which names are additional is for the patterns to say
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
