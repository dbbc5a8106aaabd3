"""The typed state that flows through the graphs, and what a graph takes as input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages
from pydantic import Field
from typing_extensions import TypedDict

from genloom.state.agent_run import AgentRun
from genloom.state.attempt import Attempt
from genloom.state.context import CodeContext
from genloom.state.draft import Draft
from genloom.state.failure import Failure
from genloom.state.outcome import Outcome
from genloom.state.reducers import append_attempts
from genloom.state.request import GenerationRequest
from genloom.state.review import Review
from genloom.state.verdict import Verdict

__all__ = ["AskedRequest", "GenerationInput", "GraphState"]

if TYPE_CHECKING:  # plain JSON is welcome; what LangGraph shows as the input's schema is the request's
    AskedRequest = GenerationRequest | Mapping[str, Any]  # Any: JSON values
else:
    AskedRequest = GenerationRequest


class GenerationInput(TypedDict):
    """What the generation graph takes. Plain JSON is welcome: the first node validates it."""

    request: Annotated[AskedRequest, Field(title="Request", description="What is asked for")]
    context: NotRequired[
        Annotated[
            CodeContext | None,
            Field(title="Context", description="What was chosen of the codebase already; default: it is chosen now"),
        ]
    ]


class GraphState(TypedDict, total=False):
    """The state of the generation graph; every part is frozen.

    `begun` is the fingerprint of the request that all but the input belongs to. `abstentions` say, by generator, why it
    made no draft in the last visit. `approval` says that a person was to be asked when the request came in. `messages` are
    the conversation with the chat model, under LangGraph's own reducer.
    """

    request: GenerationRequest
    context: CodeContext | None
    begun: str
    draft: Draft | None
    abstentions: dict[str, str]
    verdict: Verdict | None
    review: Review | None
    attempts: Annotated[tuple[Attempt, ...], append_attempts]
    attempts_left: int
    approval: bool
    failure: Failure | None
    fallback: Literal["allowed", "refused"] | None
    agent_run: AgentRun | None
    outcome: Outcome | None
    messages: Annotated[list[AnyMessage], add_messages]
