"""What stands for an agent's model until a run says which it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult

from genloom.errors import CredentialError

__all__ = ["UnsetModel"]


class UnsetModel(BaseChatModel):
    """A place for a model: `ModelCalls` puts the run's own there before it is asked."""

    @property
    def _llm_type(self) -> str:
        return "genloom-unset"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> UnsetModel:
        """Return itself: it is never asked."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise CredentialError("The agent has no model.", hint="Give model=, or set GENLOOM_MODEL.")
