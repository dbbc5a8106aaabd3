"""The supervisor graph: one agent that hands tasks to others and answers with what they found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, HumanMessage, RemoveMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool
from langgraph.channels import EphemeralValue
from langgraph.errors import GraphBubbleUp
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import REMOVE_ALL_MESSAGES, add_messages
from langgraph.types import Checkpointer
from typing_extensions import TypedDict

from genloom.config import load_settings
from genloom.errors import GenloomError, GraphDefinitionError
from genloom.graphs.agent import RECURSION_LIMIT, build_agent_graph
from genloom.graphs.agent_graph import AgentGraph
from genloom.graphs.spec_agent import Toolbox, build_spec_graph
from genloom.nodes.agent.conversation import question
from genloom.nodes.agent.handoffs import HANDOFF, Handoffs, handoff_tool
from genloom.nodes.agent.history import answered
from genloom.nodes.agent.system_prompt import SystemPrompt
from genloom.state import GraphContext
from genloom.state.agent_spec import AgentSpec
from genloom.tools.security import clean, present

__all__ = ["build_supervisor_graph"]

SUPERVISOR = "supervisor"
MAX_ANSWER = 40_000


class _SupervisorInput(TypedDict):
    messages: NotRequired[Annotated[list[AnyMessage], add_messages]]
    query: NotRequired[str]
    images: NotRequired[list[str]]


class _SupervisorState(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]
    query: NotRequired[Annotated[str, EphemeralValue]]
    images: NotRequired[Annotated[list[str], EphemeralValue]]
    final_answer: NotRequired[str]
    summary: NotRequired[str]
    summarised: NotRequired[str]
    handoffs: NotRequired[int]
    supervisor_turns: NotRequired[int]
    task: NotRequired[str]
    call_id: NotRequired[str]


class _Begun(TypedDict):
    messages: NotRequired[Annotated[list[AnyMessage], add_messages]]
    handoffs: int
    supervisor_turns: int


class _Task(TypedDict):
    task: str
    call_id: str


class _Answer(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def build_supervisor_graph(
    agents: Sequence[AgentSpec],
    toolbox: Toolbox | None = None,
    *,
    model: BaseChatModel | str | None = None,
    models: Mapping[str, BaseChatModel | str] | None = None,
    tools: Sequence[BaseTool] = (),
    system_message: str | None = None,
    max_handoffs: int = 12,
    most_turns: int = 40,
    prompts: Mapping[str, str] | None = None,
    checkpointer: Checkpointer = None,
) -> AgentGraph:
    """Return the compiled graph: a supervisor, and the agents that it hands tasks to.

    Input and output are those of `build_agent_graph`. The supervisor works with `model` and may have `tools` of its own;
    it hands one task at a time on, by a tool `hand_to_NAME` that leads to the agent with LangGraph's `Command`, and gets
    the agent's answer; other calls beside a handoff are not run, which it is told. An agent sees its task alone. What goes
    wrong with an agent is told to the supervisor. After `max_handoffs` in one run it is told to answer with what it has, and
    where it hands on again, or its model has answered `most_turns` times in the run, the run ends with what the agents
    answered. `models` gives agents models by name, which go before their specs'. `prompts` replace shipped templates by
    name, such as `supervise`. Raises `GraphDefinitionError` for two agents of one name, none at all, a limit below 1, a
    model for an agent that is not there, or a tool that the toolbox lacks.
    """
    _demand_names(agents)
    _demand_limits(max_handoffs=max_handoffs, most_turns=most_turns)
    _demand_members(agents, models or {})
    supervisor = build_agent_graph(
        model,
        [*tools, *(handoff_tool(spec.name, spec.description, max_handoffs) for spec in agents)],
        system_message or SystemPrompt("supervise", {"agents": _listed(agents)}),
        name=SUPERVISOR,
        middleware=[Handoffs(most_turns)],
        most_turns=most_turns,
        prompts=prompts,
    )
    builder = StateGraph(_SupervisorState, context_schema=GraphContext, input_schema=_SupervisorInput)
    builder.add_node(SUPERVISOR, supervisor, destinations=tuple(spec.name for spec in agents))
    for spec in agents:
        graph = build_spec_graph(spec, toolbox or {}, model=(models or {}).get(spec.name))
        builder.add_node(spec.name, _agent(spec, graph), input_schema=_Task)
        builder.add_edge(spec.name, SUPERVISOR)
    builder.add_node("begin", _begin)
    builder.add_edge(START, "begin")
    builder.add_edge("begin", SUPERVISOR)
    builder.add_edge(SUPERVISOR, END)
    compiled = builder.compile(checkpointer=checkpointer, name=SUPERVISOR)
    return cast("AgentGraph", compiled.with_config(recursion_limit=RECURSION_LIMIT))


def _begin(state: _SupervisorInput) -> _Begun:
    """Take what is asked into the messages, answer calls that were left open; each run counts its own handoffs and turns."""
    query, images = state.get("query"), state.get("images") or []
    asked: list[Any] = [question(query or "", images)] if query or images else []
    complete = answered(state.get("messages") or [])
    if complete is not None:
        asked = [RemoveMessage(id=REMOVE_ALL_MESSAGES), *complete, *asked]
    return {"messages": asked, "handoffs": 0, "supervisor_turns": 0}


def _agent(spec: AgentSpec, graph: AgentGraph) -> RunnableLambda[_Task, _Answer]:
    """Return the node of an agent: it works on the task alone, and its answer is that of the supervisor's call."""

    def work(state: _Task) -> _Answer:
        try:
            values = graph.invoke({"messages": [HumanMessage(state["task"])]})
        except GraphBubbleUp:
            raise
        except Exception as error:  # noqa: BLE001 - what goes wrong with an agent is told to the supervisor
            return _answer(spec, state, _failure(error), failed=True)
        return _answer(spec, state, values.get("final_answer") or "")

    async def awork(state: _Task) -> _Answer:
        try:
            values = await graph.ainvoke({"messages": [HumanMessage(state["task"])]})
        except GraphBubbleUp:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            return _answer(spec, state, _failure(error), failed=True)
        return _answer(spec, state, values.get("final_answer") or "")

    return RunnableLambda(work, awork, name=spec.name)


def _failure(error: Exception) -> str:
    if isinstance(error, GenloomError):
        return f"The agent could not do it: {error.message} {error.hint}"
    return f"The agent could not do it: {type(error).__name__}: {error}"


def _answer(spec: AgentSpec, state: _Task, text: str, *, failed: bool = False) -> _Answer:
    secrets, text = load_settings().secrets, text[:MAX_ANSWER]
    told = clean(text, secrets=secrets).text if failed else present(f"answer of {spec.name}", text, secrets=secrets)
    status: Literal["error", "success"] = "error" if failed else "success"
    return {"messages": [ToolMessage(told, tool_call_id=state["call_id"], name=f"{HANDOFF}{spec.name}", status=status)]}


def _listed(agents: Sequence[AgentSpec]) -> str:
    return "\n".join(f"- {spec.name}: {spec.description or 'no description'}" for spec in agents)


def _demand_names(agents: Sequence[AgentSpec]) -> None:
    other = next((agent for agent in agents if not isinstance(agent, AgentSpec)), None)
    if other is not None:
        raise GraphDefinitionError(
            f"An agent of a team is no AgentSpec but {type(other).__name__}.",
            hint="Give genloom.state.agent_spec.AgentSpec(name=…, description=…).",
        )
    names = [spec.name for spec in agents]
    if not names:
        raise GraphDefinitionError("A supervisor needs an agent at least.", hint="Give AgentSpecs.")
    twice = sorted({name for name in names if names.count(name) > 1} | ({SUPERVISOR, "begin"} & set(names)))
    if twice:
        raise GraphDefinitionError(f"The name {', '.join(twice)} is taken twice.", hint="Give each agent its own.")


def _demand_limits(**limits: int) -> None:
    for name, limit in limits.items():
        if limit < 1:
            raise GraphDefinitionError(f"{name} is {limit}.", hint="Give 1 at least.")


def _demand_members(agents: Sequence[AgentSpec], models: Mapping[str, Any]) -> None:
    members = {spec.name for spec in agents if spec.backend == "model"}
    unknown = sorted(set(models) - members)
    if unknown:
        raise GraphDefinitionError(
            f"models= names {', '.join(unknown)}, which is no agent of this team that takes a model.",
            hint=f"There are: {', '.join(sorted(members)) or 'none'}.",
        )
