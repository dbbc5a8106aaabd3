"""What type checkers see of an agent's graph: what it takes, and what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypeAlias

from langchain_core.messages import AnyMessage, MessageLikeRepresentation
from langgraph.graph.state import CompiledStateGraph
from typing_extensions import TypedDict

__all__ = ["AgentAnswer", "AgentGraph", "AgentQuestion"]


class AgentQuestion(TypedDict, total=False):
    """What is asked: `query`, with addresses of `images`; or `messages`, in any form that LangChain takes."""

    messages: Sequence[MessageLikeRepresentation]
    query: str
    images: Sequence[str]


class AgentAnswer(TypedDict):
    """The conversation and its last answer's text; a summary where the history was shortened, and what `response_format`
    made of the answer."""

    messages: list[AnyMessage]
    final_answer: str
    summary: NotRequired[str]
    structured_response: NotRequired[Any]  # Any: of the response format's type


AgentGraph: TypeAlias = CompiledStateGraph[AgentAnswer, Any, AgentQuestion, AgentAnswer]  # Any: a context of any type
