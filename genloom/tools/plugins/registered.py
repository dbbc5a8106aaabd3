"""The plugins that a program registers itself, each held against what a plugin is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from genloom.errors import UsageError
from genloom.registry import Registry
from genloom.tools.plugins.plugin import Plugin, near_hook

__all__ = ["PluginRegistry", "demand_plugin"]


class PluginRegistry(Registry[Plugin]):
    """Plugins by name. What is no plugin is refused when it is registered, not in the runs that it would end."""

    def register(self, name: str, value: Plugin) -> None:
        """Put a plugin under a name; one without a name of its own gets this one. Raises `UsageError` for what is no
        plugin."""
        super().register(name, demand_plugin(name, value))

    def offer(self, name: str, make: Callable[[], Plugin]) -> None:
        """Say how the plugin of a name is made; what is made is held against what a plugin is."""
        super().offer(name, lambda: demand_plugin(name, make()))

    @contextmanager
    def override(self, name: str, value: Plugin) -> Iterator[Plugin]:
        """Register for the length of a `with` block. Raises as `register` does."""
        with super().override(name, demand_plugin(name, value)) as plugin:
            yield plugin


def demand_plugin(name: str, value: object) -> Plugin:
    """Return the value as a plugin that has a name. Raises `UsageError` for a class, another object, a plugin whose `name`,
    `version` or `order` is of another type, or one with something callable whose name is nearly a hook's."""
    if isinstance(value, type):
        raise UsageError(
            f"The plugin {name!r} is a class, not an object of it.", hint=f"Register {value.__name__}() instead."
        )
    if not isinstance(value, Plugin):
        raise UsageError(
            f"The plugin {name!r} is no Plugin but {type(value).__name__}.",
            hint="Derive its class from genloom.tools.plugins.Plugin.",
        )
    if not (isinstance(value.name, str) and isinstance(value.version, str) and isinstance(value.order, int)):
        raise UsageError(
            f"The plugin {name!r} has a name, version or order of another type.",
            hint="Name and version are texts, order is a whole number.",
        )
    for attribute, held in vars(value).items():
        if callable(held) and (meant := near_hook(attribute)):
            raise UsageError(
                f"The plugin {name!r} has {attribute!r}, which is no hook.", hint=f"Did you mean {meant!r}?"
            )
    value.name = value.name or name
    return value
