"""A Codegen agent as a graph of messages: what is asked becomes one run, and the run's result the answer."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Checkpointer
from typing_extensions import TypedDict

from genloom.errors import RequestError
from genloom.graphs.composition import add_nodes
from genloom.nodes import Node, NodeRuntime
from genloom.nodes.paid_run import backend_name, demand_completed, run_journal
from genloom.state import AgentRun, GraphContext
from genloom.state.agent_spec import AgentSpec
from genloom.tools.chat import message_text
from genloom.tools.codegen import agent_backends
from genloom.tools.security import clean, redact

__all__ = ["build_codegen_run_graph"]


class _Messages(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


class _Conversation(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]
    agent_run: NotRequired[AgentRun | None]
    final_answer: NotRequired[str]


def build_codegen_run_graph(
    spec: AgentSpec, *, checkpointer: Checkpointer = None
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Return a graph that gives the newest question to the configured Codegen backend and waits for its run.

    The idempotency key is made of LangGraph's task: a retry or a resumed run finds the run again. `final_answer` is the
    run's result. Raises `CredentialError` where no backend is configured, and `AgentError` where the run failed.
    """
    builder = StateGraph(_Conversation, context_schema=GraphContext, input_schema=_Messages)
    add_nodes(builder, [_run_codegen(spec)])
    builder.add_edge(START, "run_codegen")
    builder.add_edge("run_codegen", END)
    return builder.compile(checkpointer=checkpointer, name=spec.name)


def _run_codegen(spec: AgentSpec) -> Node[Any, Any]:
    async def run_codegen(state: _Messages, runtime: NodeRuntime) -> _Conversation:
        """Run the newest question on the configured backend."""
        run = await agent_backends.get(backend_name(runtime)).run(
            redact(_prompt(spec, state["messages"]), secrets=runtime.settings.secrets),
            idempotency_key=f"genloom-{runtime.settings.organisation}-{runtime.task_id}",
            deadline=min(spec.policy.run_seconds, runtime.context.agent_seconds),
            journal=run_journal(runtime),
            emit=runtime.emit,
        )
        demand_completed(run)
        answer = clean(run.result or run.summary or "", secrets=runtime.settings.secrets).text
        return {"messages": [AIMessage(answer, name=spec.name)], "agent_run": run, "final_answer": answer}

    return Node(run_codegen, name="run_codegen")


def _prompt(spec: AgentSpec, messages: list[AnyMessage]) -> str:
    asked = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
    if asked is None:
        raise RequestError("Nothing is asked of the agent.", hint="Give a message of a person.")
    return "\n\n".join(filter(None, (spec.system_prompt, message_text(asked.content))))
