"""The agent graph: a model that works with tools."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, InterruptOnConfig, ToolCallRequest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import SystemMessage
from langchain_core.tools import BaseTool
from langgraph.cache.base import BaseCache
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer

from genloom.errors import GraphDefinitionError
from genloom.graphs.agent_graph import AgentGraph
from genloom.graphs.agent_parts import as_tools, demand_kind, demand_model
from genloom.nodes.agent.approval import Approval
from genloom.nodes.agent.conversation import Conversation
from genloom.nodes.agent.history import HistoryLimits
from genloom.nodes.agent.model_access import ModelAccess
from genloom.nodes.agent.model_calls import ModelCalls
from genloom.nodes.agent.side_effects import SideEffects
from genloom.nodes.agent.summarising import Summarising
from genloom.nodes.agent.system_prompt import RunsSystemPrompt, SystemPrompt
from genloom.nodes.agent.tool_calls import ToolCalls, ToolLimits, call_problem
from genloom.nodes.agent.unset_model import UnsetModel
from genloom.nodes.policies import NodePolicy
from genloom.prompts import Prompts
from genloom.state import GraphContext
from genloom.tools.effects import effect_of

__all__ = ["build_agent_graph"]

RECURSION_LIMIT = 10_000
"""`most_turns` ends a run; how many steps of LangGraph's a turn takes is for the middleware to say."""

MODEL_POLICY = NodePolicy(tries=4, limit_seconds=1200.0)


def build_agent_graph(
    model: BaseChatModel | str | None = None,
    tools: Sequence[BaseTool | Callable[..., Any]] = (),
    system_message: SystemMessage | SystemPrompt | str | None = None,
    *,
    name: str = "agent",
    approval: bool = False,
    history: HistoryLimits | None = None,
    tool_limits: ToolLimits | None = None,
    retries: NodePolicy = MODEL_POLICY,
    prompts: Mapping[str, str] | None = None,
    middleware: Sequence[AgentMiddleware[Any, Any]] = (),
    response_format: Any = None,  # Any: whatever LangChain's create_agent takes
    checkpointer: Checkpointer = None,
    store: BaseStore | None = None,
    cache: BaseCache[Any] | None = None,  # Any: LangGraph's cached values
    context_schema: type[Any] = GraphContext,
    most_turns: int = 60,
    debug: bool = False,
) -> AgentGraph:
    """Return a compiled agent: LangChain's `create_agent` with genloom's middleware.

    `model` is a chat model, a `provider:model` name, or `None` for what the run's context or `GENLOOM_MODEL` names. Input
    is `{"messages": […]}`, or `{"query": "…", "images": ["https://…"]}`; the result has `messages`, `final_answer`, and
    `summary` where the history was shortened. With a checkpointer a thread remembers. With `approval` every tool that
    changes something (see `genloom.tools.effects`) waits for a person's decision, as LangChain's
    `HumanInTheLoopMiddleware` asks for it. A run ends after `most_turns` answers of the model, and says so. `middleware` is
    yours, around each call of the model and of a tool. `prompts` are templates in place of shipped ones by name, such as
    `summarise`; those of the run's context go before them. A `SystemPrompt` names a shipped one as the system message.

    Failures of the model's server come out classified (`ModelError`, `CredentialError`); what goes wrong in a tool is told
    to the model. `retries` also bounds each call of the model (`limit_seconds`), beside what its client does. A call that
    needs approval in a graph without a checkpointer is a `ThreadError`. Raises `GraphDefinitionError` for two tools of one
    name, and for arguments that are nothing of the kind.
    """
    demand_model(model)
    for argument, given, kind in (
        ("history", history, HistoryLimits),
        ("tool_limits", tool_limits, ToolLimits),
        ("retries", retries, NodePolicy),
    ):
        demand_kind(argument, given, kind)
    if most_turns < 1:
        raise GraphDefinitionError(f"most_turns is {most_turns}.", hint="Give 1 at least.")
    offered, own = as_tools(tools), Prompts.of(prompts)
    access = ModelAccess(model, retries)
    parts: list[AgentMiddleware[Any, Any]] = [  # the first is the outermost
        Conversation(access.surroundings),
        Summarising(history or HistoryLimits(), access, prompts or {}),
        SideEffects(access.surroundings),
        ToolCalls(tool_limits or ToolLimits(), access.surroundings),
        *middleware,
        ModelCalls(access, most_turns),
    ]
    if isinstance(system_message, SystemPrompt):
        parts.insert(0, RunsSystemPrompt(system_message, access.surroundings))
        system_message = system_message.text(own)
    brought = [tool for each in middleware for tool in getattr(each, "tools", None) or ()]
    writing = [tool for tool in (*offered, *brought) if effect_of(tool) == "write"]
    if approval and writing:
        parts.append(Approval({tool.name: _asked_about(tool) for tool in writing}))
    compiled = create_agent(
        model if isinstance(model, BaseChatModel) else UnsetModel(),
        offered,
        system_prompt=system_message,
        middleware=parts,
        response_format=response_format,
        context_schema=context_schema,
        checkpointer=checkpointer,
        store=store,
        cache=cache,
        debug=debug,
        name=name,
    )
    # LangChain derives the state of the middleware: the types are what its schemas come to
    return cast("AgentGraph", compiled.with_config(recursion_limit=RECURSION_LIMIT))


def _asked_about(tool: BaseTool) -> InterruptOnConfig:
    """Ask a person about calls of the tool that can be run: of others the model is told what is wrong."""

    def fits(request: ToolCallRequest) -> bool:
        return not call_problem(tool, request.tool_call["args"])

    return InterruptOnConfig(allowed_decisions=["approve", "edit", "reject", "respond"], when=fits)
