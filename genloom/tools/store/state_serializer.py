"""How state is written into checkpoints: msgpack, with an explicit list of what may be read back, and no pickle."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any, NamedTuple

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

import genloom.state
from genloom.state.example import Example
from genloom.state.part import StatePart

__all__ = ["StateSerializer", "state_types"]


class TupleOf(NamedTuple):
    """Stands for a plain tuple in a checkpoint: msgpack knows lists only."""

    items: list[Any]  # Any: a state channel may hold whatever msgpack can


def state_types() -> tuple[type, ...]:
    """Return every class that a checkpoint of genloom's may hold: all state parts, and examples."""
    for module in pkgutil.iter_modules(genloom.state.__path__, "genloom.state."):
        importlib.import_module(module.name)
    found: dict[str, type] = {}
    waiting: list[type[StatePart]] = [StatePart]
    while waiting:
        part: type[StatePart]
        for part in waiting.pop().__subclasses__():
            waiting.append(part)
            if part.__module__.startswith("genloom.state.") and not part.__name__.startswith("_"):
                found[f"{part.__module__}.{part.__qualname__}"] = part
    return (*(found[name] for name in sorted(found)), Example)


class StateSerializer(JsonPlusSerializer):
    """LangGraph's serializer, bound to the state's own classes (LangGraph's messages and control types are always known).

    `also` are classes of a user's own state. What else a checkpoint names is not imported: its plain data come back instead.
    A tuple comes back as a tuple. For any checkpointer: `InMemorySaver(serde=StateSerializer())`.
    """

    def __init__(self, *, also: Iterable[type] = ()) -> None:
        super().__init__(pickle_fallback=False, allowed_msgpack_modules=(*state_types(), TupleOf, *also))

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Return the type tag and the bytes of a value."""
        return super().dumps_typed(_mark_tuples(obj))

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """Return the value of a type tag and bytes."""
        return _unmark_tuples(super().loads_typed(data))


def _mark_tuples(value: Any) -> Any:
    """Replace plain tuples by their marks, through plain containers. State parts keep their tuples by validation."""
    if type(value) is tuple:
        return TupleOf([_mark_tuples(item) for item in value])
    if type(value) is list:
        return [_mark_tuples(item) for item in value]
    if type(value) is dict:
        return {key: _mark_tuples(item) for key, item in value.items()}
    return value


def _unmark_tuples(value: Any) -> Any:
    if type(value) is TupleOf:
        return tuple(_unmark_tuples(item) for item in value.items)
    if type(value) is list:
        return [_unmark_tuples(item) for item in value]
    if type(value) is dict:
        return {key: _unmark_tuples(item) for key, item in value.items()}
    return value
