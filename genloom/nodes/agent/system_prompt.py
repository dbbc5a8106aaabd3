"""A shipped prompt as an agent's system message, which a run's context may replace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import SystemMessage

from genloom.nodes.agent.surroundings import Surroundings
from genloom.prompts import Prompts

__all__ = ["RunsSystemPrompt", "SystemPrompt"]


@dataclass(frozen=True)
class SystemPrompt:
    """The name of a shipped prompt, and what its placeholders are filled with."""

    name: str
    values: Mapping[str, str] = field(default_factory=dict)

    def text(self, prompts: Prompts) -> str:
        """Return the system message's text."""
        return prompts.load(self.name).render(**self.values)


class RunsSystemPrompt(AgentMiddleware[Any, Any]):
    """Sends the run's own prompt in place of the agent's, where the run's context has one of that name."""

    def __init__(self, prompt: SystemPrompt, surroundings: Surroundings) -> None:
        super().__init__()
        self.prompt, self.surroundings = prompt, surroundings

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Replace the system message, in synchronous code."""
        return handler(self._prompted(request))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Replace the system message, in a loop."""
        return await handler(self._prompted(request))

    def _prompted(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        own = self.surroundings.of(request.runtime.context)[1].prompts
        if self.prompt.name not in own:
            return request
        return request.override(system_message=SystemMessage(self.prompt.text(Prompts.of(own))))
