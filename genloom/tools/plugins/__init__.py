"""Plugins: what others add to genloom's work, by typed hooks. `genloom doctor` lists those that are installed."""

from genloom.tools.plugins.hooks import ActivePlugins, PluginFailure, active_plugins
from genloom.tools.plugins.loading import GROUP, InstalledPlugin, installed_plugins, registered_plugins
from genloom.tools.plugins.plugin import ContributedText, Plugin, PluginResult

__all__ = [
    "GROUP",
    "ActivePlugins",
    "ContributedText",
    "InstalledPlugin",
    "Plugin",
    "PluginFailure",
    "PluginResult",
    "active_plugins",
    "installed_plugins",
    "registered_plugins",
]
