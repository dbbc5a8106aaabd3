"""A Codegen agent as a graph of messages: what is asked becomes one run, and the run's result the answer."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, cast

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.channels import EphemeralValue
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Checkpointer, interrupt
from typing_extensions import TypedDict

from genloom.errors import RequestError
from genloom.graphs.agent_graph import AgentGraph
from genloom.graphs.composition import add_nodes
from genloom.nodes import Node, NodeRuntime
from genloom.nodes.paid_run import backend_name, demand_completed, run_journal
from genloom.nodes.waiting import demand_checkpointer
from genloom.state import AgentRun, GraphContext
from genloom.state.agent_spec import AgentSpec
from genloom.tools.chat import message_text
from genloom.tools.codegen import agent_backends
from genloom.tools.security import clean, redact

__all__ = ["build_codegen_run_graph"]


class _Asked(TypedDict):
    messages: NotRequired[Annotated[list[AnyMessage], add_messages]]
    query: NotRequired[Annotated[str, EphemeralValue]]


class _Conversation(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]
    query: NotRequired[Annotated[str, EphemeralValue]]
    agent_run: NotRequired[AgentRun | None]
    final_answer: NotRequired[str]


def build_codegen_run_graph(spec: AgentSpec, *, checkpointer: Checkpointer = None) -> AgentGraph:
    """Return a graph that gives what is asked (`query`, or the newest message of a person) to the configured Codegen
    backend and waits for its run. Where the spec's policy asks for approval, a person is asked first: resume with `true`,
    `false`, or `{"approve": bool}`.

    The idempotency key is made of LangGraph's task: a retry or a resumed run finds the run again. `final_answer` is the
    run's result. Raises `CredentialError` where no backend is configured, `AgentError` where the run failed, and
    `ThreadError` where a person has to be asked and the graph has no checkpointer.
    """
    builder = StateGraph(_Conversation, context_schema=GraphContext, input_schema=_Asked)
    add_nodes(builder, [_run_codegen(spec)])
    builder.add_edge(START, "run_codegen")
    builder.add_edge("run_codegen", END)
    return cast("AgentGraph", builder.compile(checkpointer=checkpointer, name=spec.name))


def _run_codegen(spec: AgentSpec) -> Node[Any, Any]:
    async def run_codegen(state: _Asked, runtime: NodeRuntime) -> _Conversation:
        """Run what is asked on the configured backend, with a person's leave where that is wanted."""
        backend, prompt = agent_backends.get(backend_name(runtime)), _prompt(spec, state)
        prompt = redact(prompt, secrets=runtime.settings.secrets)
        if spec.policy.approval and not _approved(spec, prompt):
            refused = "A person refused the run: it was not started."
            return {"messages": [AIMessage(refused, name=spec.name)], "agent_run": None, "final_answer": refused}
        run = await backend.run(
            prompt,
            idempotency_key=f"genloom-{runtime.settings.organisation}-{runtime.task_id}",
            deadline=min(spec.policy.run_seconds, runtime.context.agent_seconds),
            journal=run_journal(runtime),
            emit=runtime.emit,
        )
        demand_completed(run)
        answer = clean(run.result or run.summary or "", secrets=runtime.settings.secrets).text
        return {"messages": [AIMessage(answer, name=spec.name)], "agent_run": run, "final_answer": answer}

    return Node(run_codegen, name="run_codegen")


def _approved(spec: AgentSpec, prompt: str) -> bool:
    demand_checkpointer(f"A run of the Codegen agent {spec.name}")
    question = f"Start a run of the Codegen agent {spec.name}, which may cost?"
    answer: Any = interrupt({"question": question, "prompt": prompt})  # Any: whatever the resuming side sends
    return answer.get("approve") is True if isinstance(answer, dict) else answer is True


def _prompt(spec: AgentSpec, state: _Asked) -> str:
    messages = state.get("messages") or []
    newest = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
    asked = state.get("query") or (message_text(newest.content) if newest is not None else "")
    if not asked:
        raise RequestError("Nothing is asked of the agent.", hint="Give `query`, or a message of a person.")
    return "\n\n".join(filter(None, (spec.system_prompt, asked)))
