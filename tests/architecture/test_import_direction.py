"""Imports run one way: state <- tools, prompts <- nodes <- graphs <- interfaces, on a ground that imports none of them."""

from __future__ import annotations

import pytest
from source_tree import Import, imports, modules

GROUND = {"errors", "config", "daemon_thread", "events", "registry", "portal", "lazy", "syntax", "version"}
STATE = GROUND | {"state"}
TOOLS = STATE | {"tools", "prompts"}
NODES = TOOLS | {"nodes"}
GRAPHS = NODES | {"graphs"}

MAY_IMPORT = {
    **dict.fromkeys(GROUND, GROUND),
    "state": STATE,
    "prompts": STATE | {"prompts"},
    "tools": TOOLS,
    "nodes": NODES,
    "graphs": GRAPHS,
    "interfaces": GRAPHS | {"interfaces"},
    "__main__": {"interfaces"},
    "testing": GRAPHS | {"testing"},
}

FRAMEWORKS = {"langgraph", "langchain", "langchain_core", "langchain_openai", "langsmith"}
MAY_USE_FRAMEWORKS = (
    "genloom.tools.store.checkpoints",
    "genloom.tools.store.state_serializer",
    "genloom.tools.chat",
    "genloom.tools.effects",  # the type of what it marks
    "genloom.tools.coding",
    "genloom.tools.mcp",  # of the tools that it makes
    "genloom.tools.scm.agent_tools",
    "genloom.tools.plugins",  # the type of what plugins offer
    "genloom.tools.telemetry",
    "genloom.tools.sandbox.langchain_tool",
    "genloom.tools.synthesis.langchain_tool",
    "genloom.tools.codegen.langchain_tools",
    "genloom.tools.codebase.agent_tools",
    "genloom.tools.codebase.codebase",  # the type of its retriever
    "genloom.tools.codebase.ranking.retriever",
    "genloom.tools.codebase.ranking.further_retrievers",
)
BARE_NAMES = {"graphs", "nodes", "tools", "state", "prompts"}


def part(module: str) -> str:
    """Return the part of genloom that a module or an imported name belongs to; the package itself is ``."""
    return module.partition(".")[2].partition(".")[0]


def of_genloom(found: Import) -> bool:
    return found.target == "genloom" or found.target.startswith("genloom.")


def test_every_module_belongs_to_a_part_with_a_place() -> None:
    """A new part must be given its place in the order before anything imports it."""
    assert {part(module) for module in modules()} - {""} <= set(MAY_IMPORT)


def test_imports_run_one_way() -> None:
    """No part imports what stands above it. The root package alone lists names of all: it loads them when asked."""
    wrong = [
        found
        for found in imports()
        if of_genloom(found) and part(found.module) and part(found.target) not in MAY_IMPORT[part(found.module)]
    ]
    assert wrong == []


def test_tools_know_no_framework() -> None:
    """Tools work without LangGraph and LangChain, but for the few whose subject they are."""
    wrong = [
        found
        for found in imports()
        if part(found.module) == "tools"
        and found.target.partition(".")[0] in FRAMEWORKS
        and not found.module.startswith(MAY_USE_FRAMEWORKS)
    ]
    assert wrong == []


def test_imports_are_absolute_and_by_the_packages_own_name() -> None:
    """Neither a relative import nor one through the links at the root: those would make a second copy of a class."""
    wrong = [
        found for found in imports() if found.target.startswith(".") or found.target.partition(".")[0] in BARE_NAMES
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["langgraph", "langchain_core", "httpx", "pydantic"])
def test_ground_that_every_command_pays_for_imports_nothing_heavy(name: str) -> None:
    """Errors, settings, registry, portal and version are standard library; events alone need pydantic."""
    light = {f"genloom.{module}" for module in GROUND - {"events"}}
    assert [f for f in imports() if f.module in light and f.target.partition(".")[0] == name] == []
