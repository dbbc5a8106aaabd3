"""The agents of Codegen's LangChain extension, by the names and arguments that its users know.

`create_codebase_agent(codebase)` and its like return graphs that take `{"query": …}` and give `final_answer`. Where they
differ: the model defaults to the run's (`GENLOOM_MODEL`), what changes files can wait for approval, and the inspector holds
no tool that changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import SystemMessage
from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Checkpointer

from genloom.config import load_settings
from genloom.errors import GraphDefinitionError
from genloom.graphs.agent import build_agent_graph
from genloom.graphs.agent_graph import AgentGraph
from genloom.nodes.agent.history import HistoryLimits
from genloom.nodes.agent.system_prompt import SystemPrompt
from genloom.tools.chat import model_with_options
from genloom.tools.codebase import Codebase, open_codebase
from genloom.tools.codebase.agent_tools import codebase_tools
from genloom.tools.coding import Workspace, coding_tools
from genloom.tools.effects import effect_of, with_effect

__all__ = [
    "create_agent_with_tools",
    "create_chat_agent",
    "create_codebase_agent",
    "create_codebase_inspector_agent",
    "create_react_agent",
]

Config = Mapping[str, Any]  # Any: `max_messages` and `keep_first_messages`, numbers


def create_react_agent(
    model: BaseChatModel | str | None,
    tools: Sequence[BaseTool],
    system_message: SystemMessage | SystemPrompt | str | None = None,
    checkpointer: Checkpointer = None,
    debug: bool = False,
    config: Config | None = None,
    *,
    approval: bool = False,
) -> AgentGraph:
    """Return an agent of a model and tools. `config` may hold `max_messages` (100) and `keep_first_messages` (1)."""
    return build_agent_graph(
        model, tools, system_message, checkpointer=checkpointer, debug=debug, history=_limits(config), approval=approval
    )


def create_codebase_agent(
    codebase: Codebase | str | Path,
    model_provider: str | None = None,
    model_name: str | None = None,
    system_message: SystemMessage | SystemPrompt | str | None = None,
    memory: bool = True,
    debug: bool = False,
    additional_tools: Sequence[BaseTool] | None = None,
    config: Config | None = None,
    *,
    model: BaseChatModel | str | None = None,
    approval: bool = False,
    **kwargs: Any,  # Any: the chat model's own, such as temperature
) -> AgentGraph:
    """Return an agent that reads and changes the files of a repository. Of two tools of one name the additional one stays.

    The model is `model`, or the one that provider and name say, or the run's. Nobody is asked before a file is changed
    unless `approval` is true. Raises `GraphDefinitionError` for a keyword that neither this function nor the model knows.
    """
    opened = _opened(codebase)
    tools = [*_reading(opened), *coding_tools(Workspace(opened.root), secrets=load_settings().secrets)]
    return create_agent_with_tools(
        _joined(tools, additional_tools),
        model_provider,
        model_name,
        system_message or SystemPrompt("coding_agent"),
        memory,
        debug,
        config,
        model=model,
        approval=approval,
        **kwargs,
    )


def create_chat_agent(
    codebase: Codebase | str | Path,
    model_provider: str | None = None,
    model_name: str | None = None,
    system_message: SystemMessage | SystemPrompt | str | None = None,
    memory: bool = True,
    debug: bool = False,
    additional_tools: Sequence[BaseTool] | None = None,
    config: Config | None = None,
    **kwargs: Any,  # Any: as above
) -> AgentGraph:
    """Return an agent to talk with about a repository, and to let it change files: `create_codebase_agent` with approval
    of every change, unless `approval=False` is given. Without `memory` a graph around it has to have a checkpointer."""
    kwargs.setdefault("approval", True)
    return create_codebase_agent(
        codebase, model_provider, model_name, system_message, memory, debug, additional_tools, config, **kwargs
    )


def create_codebase_inspector_agent(
    codebase: Codebase | str | Path,
    model_provider: str | None = None,
    model_name: str | None = None,
    system_message: SystemMessage | SystemPrompt | str | None = None,
    memory: bool = True,
    debug: bool = False,
    config: Config | None = None,
    *,
    additional_tools: Sequence[BaseTool] | None = None,
    model: BaseChatModel | str | None = None,
    **kwargs: Any,  # Any: as above
) -> AgentGraph:
    """Return an agent that only reads a repository. Raises `GraphDefinitionError` for an additional tool that does not say
    that it reads alone (see `genloom.tools.effects`)."""
    writing = [tool.name for tool in additional_tools or () if effect_of(tool) == "write"]
    if writing:
        raise GraphDefinitionError(
            f"An inspector changes nothing, and {', '.join(writing)} may.",
            hint="Mark tools that only read: genloom.tools.effects.with_effect(tool, 'read').",
        )
    return create_agent_with_tools(
        _joined(_reading(_opened(codebase)), additional_tools),
        model_provider,
        model_name,
        system_message or SystemPrompt("inspector_agent"),
        memory,
        debug,
        config,
        model=model,
        **kwargs,
    )


def create_agent_with_tools(
    tools: Sequence[BaseTool],
    model_provider: str | None = None,
    model_name: str | None = None,
    system_message: SystemMessage | SystemPrompt | str | None = None,
    memory: bool = True,
    debug: bool = False,
    config: Config | None = None,
    *,
    model: BaseChatModel | str | None = None,
    approval: bool = False,
    **kwargs: Any,  # Any: as above
) -> AgentGraph:
    """Return an agent of these tools alone. With `memory` its threads remember, as long as the process lives.

    Raises `GraphDefinitionError` for a keyword that neither this function nor the named model knows.
    """
    saver = InMemorySaver() if memory else None
    chosen = _chosen(model, model_provider, model_name, kwargs)
    return create_react_agent(chosen, tools, system_message, saver, debug, config, approval=approval)


def _opened(codebase: Codebase | str | Path) -> Codebase:
    return codebase if isinstance(codebase, Codebase) else open_codebase(str(codebase), load_settings())


def _reading(codebase: Codebase) -> list[BaseTool]:
    return [with_effect(tool, "read") for tool in codebase_tools(codebase, secrets=load_settings().secrets)]


def _joined(tools: Sequence[BaseTool], more: Sequence[BaseTool] | None) -> list[BaseTool]:
    names = {tool.name for tool in more or ()}
    return [*(tool for tool in tools if tool.name not in names), *(more or ())]


def _limits(config: Config | None) -> HistoryLimits:
    given = dict(config or {})
    limits = HistoryLimits(max_messages=given.pop("max_messages", 100), keep_first=given.pop("keep_first_messages", 1))
    if given:
        raise GraphDefinitionError(
            f"The config of an agent knows no {', '.join(given)}.",
            hint="It knows max_messages and keep_first_messages.",
        )
    return limits


def _chosen(
    model: BaseChatModel | str | None, provider: str | None, name: str | None, options: Mapping[str, Any]
) -> BaseChatModel | str | None:
    if model is not None and (provider or name):
        raise GraphDefinitionError("Two models are named.", hint="Give model=, or model_provider and model_name.")
    if model is not None and options:
        raise GraphDefinitionError(
            f"An agent with a model of its own takes no {', '.join(options)}.",
            hint="A chat model has its options already; an agent takes approval, memory, config and additional_tools.",
        )
    if name is None and (options or provider):
        raise GraphDefinitionError(
            f"Which model shall have {', '.join(options) or 'that provider'} is not said.",
            hint="Give model_provider and model_name.",
        )
    if name is None or not options:
        return model if name is None else f"{provider}:{name}" if provider else name
    return model_with_options(name, provider, options)
