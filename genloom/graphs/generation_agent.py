"""The generation graph as an agent: what is asked in words becomes a request, and the checked code the answer."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.channels import EphemeralValue
from langgraph.errors import GraphBubbleUp
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import get_runtime
from langgraph.types import Checkpointer
from pydantic import ValidationError
from typing_extensions import TypedDict

from genloom.config import load_settings
from genloom.errors import GenloomError, RequestError
from genloom.graphs.agent_parts import demand_kind
from genloom.graphs.composition import add_nodes
from genloom.graphs.generation import build_generation_graph
from genloom.nodes import Node, NodeRuntime
from genloom.nodes.own_context import own_context
from genloom.state import Attempt, Draft, GenerationRequest, GraphContext, Outcome, Problem, Verdict
from genloom.tools.chat import message_text
from genloom.tools.security import clean, present

__all__ = ["GenerationAsked", "GenerationConversation", "build_generation_agent"]

MAX_SOURCE = 40_000
"""Characters of the code that the answer shows."""

_MEANS = {
    "passed": "The code below passed every check.",
    "unverified": "Nothing failed, but nothing proves the code below: do not rely on it unchecked.",
    "failed": "No code passed. The last draft is below; it is wrong.",
    "needs_model": "No code was found. Examples such as `f(2) == 4` would help, or a model.",
    "error": "The code could not be written.",
}


class GenerationAsked(TypedDict):
    """A conversation whose newest message of a person is the request, or the request itself as `query`."""

    messages: NotRequired[Annotated[list[AnyMessage], add_messages]]
    query: NotRequired[Annotated[str, EphemeralValue]]


class GenerationConversation(TypedDict):
    """The conversation with its answer, and what the answer tells of: the outcome, and the last draft with its verdict."""

    messages: Annotated[list[AnyMessage], add_messages]
    query: NotRequired[Annotated[str, EphemeralValue]]
    final_answer: NotRequired[str]
    outcome: NotRequired[Outcome]
    draft: NotRequired[Draft | None]
    verdict: NotRequired[Verdict | None]


Graph = CompiledStateGraph[Any, Any, Any, Any]  # Any: a graph of the user's own, or ours


def build_generation_agent(
    *,
    name: str = "coder",
    generation: Graph | None = None,
    context: GraphContext | None = None,
    checkpointer: Checkpointer = None,
) -> CompiledStateGraph[GenerationConversation, GraphContext, GenerationAsked, GenerationConversation]:
    """Return the generation graph as an agent among others: a sub-agent of deepagents, or a node in a graph of messages.

    The newest message of a person is the request's prompt; examples in it (`f(2) == 4`, doctests) are checked. The answer's
    text says how it ended and shows the code as delimited data; `outcome`, `draft` and `verdict` are the same, typed. What
    goes wrong is an answer, too, whose outcome is `error`. `context` counts where a run brings no `GraphContext`;
    `generation` is a graph that takes and gives what the generation graph does, in its stead. A demand for approval
    interrupts the graph around it, and is resumed there.
    """
    demand_kind("context", context, GraphContext)
    builder = StateGraph(GenerationConversation, context_schema=GraphContext, input_schema=GenerationAsked)
    add_nodes(builder, [_answer(name, generation or build_generation_graph(), context)])
    builder.add_edge(START, "run_request")
    builder.add_edge("run_request", END)
    return builder.compile(checkpointer=checkpointer, name=name)


def _answer(name: str, generation: Graph, default: GraphContext | None) -> Node[Any, Any]:
    async def run_request(state: GenerationAsked, runtime: NodeRuntime) -> GenerationConversation:
        """Run what is asked through the generation graph, and answer with what became of it."""
        secrets = runtime.settings.secrets
        try:
            _, context = own_context(get_runtime().context, default).resolved(load_settings())
            values = await generation.ainvoke({"request": _request(state)}, context=context)
        except GraphBubbleUp:
            raise
        except GenloomError as error:
            values = {"outcome": _failure(error)}
        attempts: tuple[Attempt, ...] = tuple(values.get("attempts") or ())
        last = attempts[-1] if attempts else None
        outcome = values.get("outcome") or Outcome(result="error", reason="The graph ended without an outcome.")
        draft = last.draft if last else None
        text = _text(outcome, draft, secrets)
        return {
            "messages": [AIMessage(text, name=name)],
            "final_answer": text,
            "outcome": outcome,
            "draft": draft,
            "verdict": last.verdict if last else values.get("verdict"),
        }

    return Node(run_request, name="run_request")


def _request(state: GenerationAsked) -> GenerationRequest:
    messages = state.get("messages") or []
    newest = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
    asked = state.get("query") or (message_text(newest.content) if newest is not None else "")
    try:
        return GenerationRequest(prompt=asked)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise RequestError(
            f"What is asked cannot be a request: {problem['msg']}.", hint="Say in words what the function shall do."
        ) from None


def _failure(error: GenloomError) -> Outcome:
    return Outcome(result="error", reason=error.message, problems=(Problem(**error.to_json()),))


def _text(outcome: Outcome, draft: Draft | None, secrets: tuple[str, ...]) -> str:
    """What the agent answers. The reason may quote what a program said, and the code is a model's: both are only data."""
    told = [f"{outcome.result}: {_MEANS.get(outcome.result, '')}".strip()]
    told += [clean(outcome.reason, secrets=secrets).text] if outcome.reason else []
    told += [clean(problem.hint, secrets=secrets).text for problem in outcome.problems if problem.hint]
    if draft is not None and draft.source.strip():
        source = draft.source.rstrip()
        cut = "" if len(source) <= MAX_SOURCE else f"\n# … {len(source) - MAX_SOURCE:,} characters left out …"
        told.append(present(draft.path, source[:MAX_SOURCE] + cut, secrets=secrets))
    return "\n\n".join(told)
