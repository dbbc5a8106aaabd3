"""Calling plugins' hooks: in order, each on its own, so that one that fails takes nothing with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from genloom.daemon_thread import OverrunError, run_daemon
from genloom.events import EventEmitter, Note, ignore_events
from genloom.state import SEVERITY_RANK, Draft, Finding, GenerationRequest, GraphContext
from genloom.tools.plugins.loading import installed_plugins, named_plugin, registered_plugins
from genloom.tools.plugins.plugin import ContributedText, Plugin, PluginResult

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["ActivePlugins", "PluginFailure", "active_plugins"]

HOOK_SECONDS = 30.0
MAX_CONTRIBUTED = 8_000
MAX_PROMPT = 400_000
MAX_FINDINGS = 200
MAX_GIVEN = 10_000
"""Findings of a check that are looked at; of those the worst are kept."""

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True)
class PluginFailure:
    """A hook that failed, and why."""

    plugin: str
    hook: str
    reason: str

    def __str__(self) -> str:
        return f"The plugin {self.plugin} failed in {self.hook} and was left out: {self.reason}"


def active_plugins(context: GraphContext, emit: EventEmitter = ignore_events) -> ActivePlugins:
    """Return the plugins of a run: those that its context names, else all that are installed or registered.

    Raises `UsageError` for a name that there is none of. One that is installed and cannot be loaded is told.
    """
    if context.plugins is not None:
        plugins = [named_plugin(name) for name in context.plugins]
    else:
        plugins = [registered_plugins.get(name) for name in registered_plugins.names()]
        for each in installed_plugins():
            if each.plugin is not None:
                plugins.append(each.plugin)
            else:
                emit(Note(message=f"The plugin {each.name} of {each.package}: {each.problem}.", level="warning"))
    return ActivePlugins(tuple(sorted(plugins, key=lambda plugin: (plugin.order, plugin.name))), emit)


@dataclass(frozen=True)
class ActivePlugins:
    """The plugins of one run, in order."""

    plugins: tuple[Plugin, ...]
    emit: EventEmitter = ignore_events

    @property
    def versions(self) -> tuple[tuple[str, str], ...]:
        """Name and version of each, for the key of a cached answer."""
        return tuple((plugin.name, plugin.version) for plugin in self.plugins)

    @property
    def cacheable(self) -> bool:
        """Whether all say by a version what they do."""
        return all(plugin.version for plugin in self.plugins)

    @property
    def checkers(self) -> tuple[str, ...]:
        """Those that check drafts, as a review names who looked."""
        return tuple(f"plugin:{plugin.name}" for plugin in self._with("check_draft"))

    def prompt(self, request: GenerationRequest) -> str:
        """Return the request's prompt as all plugins want it."""
        prompt = request.prompt
        for plugin in self._with("transform_prompt"):
            changed = self._call(plugin, "transform_prompt", partial(plugin.transform_prompt, prompt, request))
            if changed is not None and self._is_text(plugin, changed):
                prompt = changed
        return prompt

    def _is_text(self, plugin: Plugin, changed: object) -> bool:
        fits = isinstance(changed, str) and len(changed) <= MAX_PROMPT
        if not fits:
            self._report(PluginFailure(plugin.name, "transform_prompt", "it gave no text, or one that is too long"))
        return fits

    def texts(self, request: GenerationRequest, context: GraphContext) -> tuple[ContributedText, ...]:
        """Return what plugins want a model to see, cut to 8,000 characters for each plugin."""
        kept: list[ContributedText] = []
        for plugin in self._with("contribute_context"):
            given = self._call(
                plugin, "contribute_context", partial(_listed, plugin.contribute_context, request, context)
            )
            room = MAX_CONTRIBUTED
            for each in given or ():
                kept.append(ContributedText(f"{plugin.name}: {each.title}", each.text[: max(0, room)]))
                room -= len(each.text)
        return tuple(each for each in kept if each.text)

    def tools(self, context: GraphContext) -> list[BaseTool]:
        """Return the tools that plugins offer to agents."""
        tools: list[BaseTool] = []
        for plugin in self._with("contribute_tools"):
            tools += self._call(plugin, "contribute_tools", partial(_listed, plugin.contribute_tools, context)) or ()
        return tools

    def findings(self, draft: Draft, request: GenerationRequest) -> tuple[Finding, ...]:
        """Return what plugins find wrong with a draft, each one's worst first. A check that fails, or finds more than 200
        things, is a blocking finding: what could not be checked is not approved."""
        found: list[Finding] = []
        for plugin in self._with("check_draft"):
            try:
                given = _within_limit(partial(_checked, plugin, draft, request))
                found += given[:MAX_FINDINGS]
                if len(given) > MAX_FINDINGS:
                    found.append(
                        _not_run(plugin, f"it gave more than {MAX_FINDINGS} findings, of which the worst are kept")
                    )
            except Exception as error:  # noqa: BLE001 - a plugin's own code
                found.append(_not_run(plugin, _reason(error)))
        return tuple(found)

    def tell(self, result: PluginResult) -> None:
        """Tell all plugins how a request ended."""
        for plugin in self._with("on_result"):
            self._call(plugin, "on_result", partial(plugin.on_result, result))

    def _with(self, hook: str) -> Sequence[Plugin]:
        """The plugins that have written this hook."""
        return [plugin for plugin in self.plugins if _written(plugin, hook)]

    def _call(self, plugin: Plugin, hook: str, call: Callable[[], T]) -> T | None:
        try:
            return _within_limit(call)
        except Exception as error:  # noqa: BLE001 - a plugin's own code
            self._report(PluginFailure(plugin.name, hook, _reason(error)))
            return None

    def _report(self, failure: PluginFailure) -> None:
        self.emit(Note(message=str(failure), level="warning"))


def _listed(hook: Callable[P, Iterable[T]], *args: P.args, **kwargs: P.kwargs) -> list[T]:
    """What a hook gives, all of it made within the hook's time."""
    return list(hook(*args, **kwargs))


def _written(plugin: Plugin, hook: str) -> bool:
    """Whether a plugin has a hook of its own: of its class, or set on it alone."""
    own = getattr(plugin, hook)
    return getattr(own, "__func__", own) is not getattr(Plugin, hook)


def _checked(plugin: Plugin, draft: Draft, request: GenerationRequest) -> list[Finding]:
    """What a plugin finds, the worst first, each held against what a finding is."""
    given = islice(plugin.check_draft(draft, request), MAX_GIVEN)
    found = [Finding.model_validate(finding.model_dump(warnings=False)) for finding in given]
    ranked = sorted(found, key=lambda finding: -SEVERITY_RANK[finding.severity])
    return [finding.model_copy(update={"rule": f"plugin:{plugin.name}:{finding.rule}"}) for finding in ranked]


def _not_run(plugin: Plugin, reason: str) -> Finding:
    message = f"The check of the plugin {plugin.name} could not be made: {reason}"
    return Finding(rule=f"plugin:{plugin.name}:not-run", severity="blocker", message=message)


def _reason(error: Exception) -> str:
    if isinstance(error, OverrunError):
        return f"it took longer than {HOOK_SECONDS:g} seconds"
    return f"{type(error).__name__}: {error}"


def _within_limit(call: Callable[[], T]) -> T:
    """Run a hook in a thread of its own; one that hangs is left behind there."""
    return run_daemon(call, "genloom-plugin", HOOK_SECONDS)
