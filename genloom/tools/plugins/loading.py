"""Where plugins come from: entry points of installed packages, registration in the process, and genloom's own two."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from genloom.errors import UsageError
from genloom.tools.plugins.plugin import Plugin
from genloom.tools.plugins.registered import PluginRegistry, demand_plugin

__all__ = ["GROUP", "InstalledPlugin", "installed_plugins", "named_plugin", "registered_plugins", "shipped_plugins"]

GROUP = "genloom.plugins"


@dataclass(frozen=True)
class InstalledPlugin:
    """A plugin that a package offers: loaded, or the reason why it cannot be."""

    name: str
    package: str
    plugin: Plugin | None
    problem: str = ""


def installed_plugins(found: Iterable[EntryPoint] | None = None) -> tuple[InstalledPlugin, ...]:
    """Return the plugins under the entry point group `genloom.plugins`, in the order of their names.

    An entry point is a class of `Plugin`, a function that makes one, or one itself. Loading runs the package's code; what
    goes wrong with it is in `problem`.
    """
    return _all_loaded(found) if found is not None else _of_this_process()


@cache
def _of_this_process() -> tuple[InstalledPlugin, ...]:
    """What is installed is looked up once: it takes a walk over all packages, and each step of a run asks."""
    return _all_loaded(entry_points(group=GROUP))


def _all_loaded(points: Iterable[EntryPoint]) -> tuple[InstalledPlugin, ...]:
    return tuple(_loaded(point) for point in sorted(points, key=lambda point: point.name))


def _loaded(point: EntryPoint) -> InstalledPlugin:
    package = point.dist.name if point.dist else point.value
    try:
        made = point.load()
        plugin = demand_plugin(point.name, made if isinstance(made, Plugin) else made())
    except UsageError as error:
        return InstalledPlugin(point.name, package, None, error.message)
    except Exception as error:  # noqa: BLE001 - a package's own code
        return InstalledPlugin(point.name, package, None, f"it cannot be loaded: {type(error).__name__}: {error}")
    return InstalledPlugin(point.name, package, plugin)


def shipped_plugins() -> tuple[Plugin, ...]:
    """Make those that genloom brings, which take part where they are named, in the order of their names."""
    from genloom.tools.plugins.code_quality import CodeQuality
    from genloom.tools.plugins.rules_file import RulesFile

    return CodeQuality(), RulesFile()


def _shipped_plugin(name: str) -> Plugin:
    for plugin in shipped_plugins():
        if plugin.name == name:
            return plugin
    raise UsageError(f"There is no plugin {name!r}.", hint="`genloom doctor` lists those that there are.")


def _not_registered(name: str) -> Plugin:
    raise KeyError(name)


registered_plugins = PluginRegistry(_not_registered)
"""Plugins that a program registers itself; they take part in every run that does not name its plugins."""


def named_plugin(name: str) -> Plugin:
    """Return the plugin of that name: registered, installed, or one of genloom's own. Raises `UsageError`."""
    if name in registered_plugins.names():
        return registered_plugins.get(name)
    for each in installed_plugins():
        if name in (each.name, each.plugin.name if each.plugin else ""):
            if each.plugin is None:
                raise UsageError(f"The plugin {name!r} of {each.package}: {each.problem}.", hint="Update the package.")
            return each.plugin
    return _shipped_plugin(name)
