"""Which plugins are installed, and whether each can be loaded; and those that come with genloom."""

from __future__ import annotations

from genloom.tools.diagnosis.diagnosis import Diagnosis
from genloom.tools.plugins import InstalledPlugin, Plugin, installed_plugins
from genloom.tools.plugins.loading import shipped_plugins

__all__ = ["examine_plugins"]


def examine_plugins() -> tuple[Diagnosis, ...]:
    """Return how each installed plugin stands, or that there is none, and those that are shipped, off until named."""
    found = tuple(map(_examined, installed_plugins()))
    none = Diagnosis(area="plugins", state="off", message="none installed", hint="See docs/plugins.md.")
    return (*(found or (none,)), *map(_shipped, shipped_plugins()))


def _shipped(plugin: Plugin) -> Diagnosis:
    return Diagnosis(
        area="plugins",
        state="off",
        message=f"{plugin.name} {plugin.version} of genloom, order {plugin.order}",
        hint=f'It takes part where it is named: GraphContext(plugins=("{plugin.name}",)).',
        facts={"name": plugin.name, "package": "genloom", "version": plugin.version, "order": plugin.order},
    )


def _examined(each: InstalledPlugin) -> Diagnosis:
    plugin = each.plugin
    if plugin is None:
        return Diagnosis(
            area="plugins",
            state="problem",
            message=f"{each.name} of {each.package}: {each.problem}",
            hint=f"Update or remove {each.package}.",
            facts={"name": each.name, "package": each.package},
        )
    version = f" {plugin.version}" if plugin.version else ", without a version: answers with it are not cached"
    return Diagnosis(
        area="plugins",
        state="ok",
        message=f"{plugin.name}{version} of {each.package}, order {plugin.order}",
        facts={"name": plugin.name, "package": each.package, "version": plugin.version, "order": plugin.order},
    )
