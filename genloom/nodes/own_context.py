"""genloom's part of a run's context, whatever type a user's graph has for it."""

from __future__ import annotations

from collections.abc import Mapping

from genloom.errors import UsageError
from genloom.state import GraphContext

__all__ = ["own_context"]

FIELD = "genloom"
"""Where a context of another type may hold a `GraphContext`."""


def own_context(context: object, default: GraphContext | None = None) -> GraphContext:
    """Return the `GraphContext` of a run: the context itself, or what its field `genloom` holds. Of a plain mapping without
    that field, those of its items count that are fields of a `GraphContext`. Without either, `default`, else the defaults.

    Raises `UsageError` for values that make no sense.
    """
    if isinstance(context, GraphContext):
        return context
    if isinstance(context, Mapping):
        fields = {key: value for key, value in context.items() if key in GraphContext.model_fields}
        given: object = context.get(FIELD, fields or None)
    else:
        given = getattr(context, FIELD, None)
    if given is None or isinstance(given, GraphContext):
        return given or default or GraphContext()
    if not isinstance(given, Mapping):
        raise UsageError(
            f"The run's context cannot be used: it is {type(given).__name__}.",
            hint="genloom.state.GraphContext says what its fields may be.",
        )
    return GraphContext(**given)
