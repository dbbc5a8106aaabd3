"""A plugin: a class with the hooks that it wants, all of which do nothing unless they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import FunctionType
from typing import TYPE_CHECKING

from genloom.errors import UsageError
from genloom.state import Draft, Finding, GenerationRequest, GraphContext, OutcomeResult, Review, Verdict

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["HOOKS", "ContributedText", "Plugin", "PluginResult", "near_hook"]

HOOKS = ("transform_prompt", "contribute_context", "contribute_tools", "check_draft", "on_result")


@dataclass(frozen=True)
class ContributedText:
    """A text for the prompt, under a title. It is shown as data: redacted, screened and delimited."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class PluginResult:
    """How a request ended."""

    request: GenerationRequest
    outcome: OutcomeResult
    accepted: bool = False
    draft: Draft | None = None
    verdict: Verdict | None = None
    review: Review | None = None
    cached: bool = False


class Plugin:
    """The base of plugins. `name` tells it in findings and in `genloom doctor`; those of a lower `order` go first.

    `version` stands for what the plugin does: change it when that changes. Answers are cached by it, and without one an
    answer that the plugin took part in is not cached. Hooks are called in threads, several at a time, with 30 seconds each:
    one that raises or takes longer is reported and left out, but for `check_draft`, without which nothing is approved.

    A public method that is no hook raises `UsageError` where the class is defined: a hook of a misspelt name would never be
    called, and nobody would miss it. Helpers begin with `_`.
    """

    name: str = ""
    version: str = ""
    order: int = 100

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for name, value in vars(cls).items():
            function = isinstance(value, FunctionType | staticmethod | classmethod)
            if function and not name.startswith("_") and name not in HOOKS:
                meant = near_hook(name)
                raise UsageError(
                    f"{cls.__name__}.{name} is no hook of a plugin.",
                    hint=f"Did you mean {meant!r}?" if meant else f"Hooks are {', '.join(HOOKS)}; begin others with _.",
                )

    def transform_prompt(self, prompt: str, request: GenerationRequest) -> str:
        """Return the prompt as a model or an agent shall read it. The request itself stays as it is."""
        return prompt

    def contribute_context(self, request: GenerationRequest, context: GraphContext) -> Sequence[ContributedText]:
        """Return texts that a model shall see beside the repository's, 8,000 characters at most together."""
        return ()

    def contribute_tools(self, context: GraphContext) -> Sequence[BaseTool]:
        """Return tools for agents."""
        return ()

    def check_draft(self, draft: Draft, request: GenerationRequest) -> Sequence[Finding]:
        """Return what is wrong with a draft. Its severities decide as those of genloom's own review do; rules come out
        as `plugin:NAME:RULE`."""
        return ()

    def on_result(self, result: PluginResult) -> None:
        """Take note of how a request ended."""


def near_hook(name: str) -> str | None:
    """Return the hook that a name, which is none, was probably meant to be."""
    near = () if name in HOOKS or name.startswith("_") else get_close_matches(name, HOOKS, n=1, cutoff=0.7)
    return near[0] if near else None
