"""Which plugins are installed, and whether each can be loaded."""

from __future__ import annotations

from genloom.tools.diagnosis.diagnosis import Diagnosis
from genloom.tools.plugins import InstalledPlugin, installed_plugins

__all__ = ["examine_plugins"]


def examine_plugins() -> tuple[Diagnosis, ...]:
    """Return how each installed plugin stands, or that there is none."""
    found = installed_plugins()
    if not found:
        return (Diagnosis(area="plugins", state="off", message="none installed", hint="See docs/plugins.md."),)
    return tuple(map(_examined, found))


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
