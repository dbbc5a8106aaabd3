"""A plugin: a class with the hooks that it wants, all of which do nothing unless they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genloom.state import Draft, Finding, GenerationRequest, GraphContext, OutcomeResult, Review, Verdict

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["ContributedText", "Plugin", "PluginResult"]


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
    """

    name: str = ""
    version: str = ""
    order: int = 100

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
