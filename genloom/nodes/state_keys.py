"""State keys: the names that a user's state has for what a node reads and writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast, get_type_hints

from typing_extensions import TypedDict

from genloom.errors import GraphDefinitionError

__all__ = ["StateKeys"]

T = TypeVar("T")


@dataclass(frozen=True)
class StateKeys:
    """`names` maps a node's key to the state's; a key that is not in it has the same name in both."""

    names: Mapping[str, str]

    def demand_known(self, known: Collection[str], node: str) -> None:
        """Raise `GraphDefinitionError` for a key that the node has not, and for two keys with one name in the state."""
        unknown = sorted(set(self.names) - set(known))
        if unknown:
            raise GraphDefinitionError(
                f"The node {node!r} has no key {', '.join(unknown)} to be named otherwise.",
                hint=f"It has: {', '.join(sorted(known))}.",
            )
        named = [self.of(key) for key in known]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise GraphDefinitionError(
                f"Two keys of the node {node!r} would be {', '.join(twice)} in the state.",
                hint="Give each key a name of its own.",
            )

    def of(self, key: str) -> str:
        """Return the state's name of a node's key."""
        return self.names.get(key, key)

    def renamed(self, schema: type[T]) -> type[T]:
        """Return a TypedDict whose keys have the state's names."""
        if not self.names:
            return schema
        hints = get_type_hints(schema, include_extras=True)
        renamed: Any = TypedDict(schema.__name__, {self.of(key): hint for key, hint in hints.items()})  # type: ignore[misc]
        return cast("type[T]", renamed)

    def pick(self, state: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:  # Any: raw state
        """Return what the state has of these keys, under the node's names."""
        return {key: state[self.of(key)] for key in keys if self.of(key) in state}

    def out(self, delta: T) -> T:
        """Return a node's delta under the state's names."""
        if not self.names or not isinstance(delta, Mapping):
            return delta
        return cast("T", {self.of(key): value for key, value in delta.items()})
