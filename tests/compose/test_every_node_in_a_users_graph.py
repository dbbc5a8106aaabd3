"""Every node works in a graph of a user's own, with a state whose keys have names of the user's own."""

from __future__ import annotations

import importlib
import operator
import pkgutil
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import pytest
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

import genloom.nodes
from genloom.errors import GraphDefinitionError
from genloom.graphs import add_nodes
from genloom.graphs.composition import _required
from genloom.nodes import Node
from genloom.state import (
    Attempt,
    CheckResult,
    Draft,
    Failed,
    GenerationRequest,
    GraphContext,
    Passed,
    Review,
    module_draft,
)
from genloom.testing import CodegenServer, RunPlan

REQUEST = {"prompt": "Double a number", "name": "double", "examples": ["double(1) == 2", "double(4) == 8"]}
SOURCE = "def double(x: int) -> int:\n    return 2 * x\n"


def _draft() -> Draft:
    return module_draft(SOURCE, path="double.py", name="double", generator="model")


def _passed() -> Passed:
    texts = ("double(1) == 2", "double(4) == 8")
    return Passed(
        checks=tuple(CheckResult(check=text, source="example", result="passed", evidence="values") for text in texts)
    )


def _failed() -> Failed:
    check = CheckResult(
        check="double(1) == 2", source="example", result="failed", evidence="values", expected="2", actual="3"
    )
    return Failed(checks=(check,), reason="double(1) gave 3")


GIVEN: dict[str, dict[str, Any]] = {
    "inject_context": {"request": REQUEST},
    "generate": {"request": REQUEST},
    "verify": {"request": REQUEST, "draft": _draft()},
    "review": {"request": REQUEST, "draft": _draft()},
    "repair": {"request": REQUEST, "draft": _draft(), "verdict": _failed()},
    "fallback": {},
    "dispatch_agent": {"request": REQUEST},
    "finalize": {"request": REQUEST, "draft": _draft(), "verdict": _passed(), "review": Review(decision="approve")},
}
"""What each node is given, by its own keys."""


HOLDS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "inject_context": lambda state: isinstance(state["request"], GenerationRequest) and not state["context"].references,
    "generate": lambda state: "def double" in state["draft"].source,
    "verify": lambda state: state["verdict"].result == "passed",
    "review": lambda state: state["review"].decision == "approve",
    "repair": lambda state: (
        isinstance(state["attempts"][0], Attempt) and "double(1) == 2" in str(state["messages"][0].content)
    ),
    "fallback": lambda state: state["fallback"] == "refused",
    "dispatch_agent": lambda state: state["draft"].source == SOURCE and state["agent_run"].result is not None,
    "finalize": lambda state: state["outcome"].result == "passed" and len(state["attempts"]) == 1,
}
"""Whether a node's work stands in the state, by its own keys."""


def _found() -> list[Node[Any, Any]]:
    """Every node of the package, wherever it stands."""
    modules = [genloom.nodes, *(importlib.import_module(each.name) for each in _modules())]
    nodes = {id(value): value for module in modules for value in vars(module).values() if isinstance(value, Node)}
    return sorted(nodes.values(), key=lambda node: node.name)


def _modules() -> Any:
    return pkgutil.walk_packages(genloom.nodes.__path__, "genloom.nodes.")


def _state_of(node: Node[Any, Any], *, without: str = "", prefix: str = "") -> Any:
    """A user's state with the node's keys, and one of its own."""
    keys = {**get_type_hints(node.reads, include_extras=True), **get_type_hints(node.writes, include_extras=True)}
    log = Annotated[list[str], operator.add]
    return TypedDict(
        "Mine", {**{prefix + key: hint for key, hint in keys.items() if key != without}, "log": log}, total=False
    )


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch):
    """A context in which the search writes, and an agent that answers on loopback."""
    with CodegenServer(RunPlan(polls=1, result=f"```python\n{SOURCE}```")) as server:
        monkeypatch.setenv("CODEGEN_API_BASE_URL", server.base_url)
        monkeypatch.setenv("CODEGEN_API_TOKEN", server.token)
        monkeypatch.setenv("CODEGEN_ORG_ID", "1")
        yield GraphContext(generators=("search",), agent_backend="codegen")


@pytest.mark.parametrize("node", _found(), ids=lambda node: node.name)
def test_a_node_tells_every_key_that_the_state_lacks_when_the_graph_is_built(node: Node[Any, Any]) -> None:
    """LangGraph would drop what is written to it in silence."""
    for key in sorted(_required(node.reads) | _required(node.writes)):
        with pytest.raises(GraphDefinitionError, match=rf"needs .*\b{key}\b.*, which the state Mine lacks"):
            add_nodes(StateGraph(_state_of(node, without=key)), [node])
    add_nodes(StateGraph(_state_of(node)), [node])


def test_every_node_that_is_exported_is_tried() -> None:
    exported = {value.name for value in vars(genloom.nodes).values() if isinstance(value, Node)}
    assert exported == set(GIVEN)


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_a_node_runs_in_a_users_graph_whose_keys_have_other_names(name: str, context: GraphContext) -> None:
    """It reads and writes the renamed keys, and leaves the user's own alone."""
    node: Node[Any, Any] = getattr(genloom.nodes, name)
    keys = {key: f"my_{key}" for key in node.fields}
    builder = StateGraph(_state_of(node, prefix="my_"), context_schema=GraphContext)
    add_nodes(builder, [node], keys=keys)
    builder.add_edge(START, name)
    builder.add_edge(name, END)
    given: Any = {**{keys[key]: value for key, value in GIVEN[name].items()}, "log": ["mine"]}
    state = builder.compile().invoke(given, context=context)
    assert state.pop("log") == ["mine"]
    assert all(key.startswith("my_") for key in state)
    assert HOLDS[name]({key.removeprefix("my_"): value for key, value in state.items()})


async def test_a_node_runs_so_in_a_loop_too(context: GraphContext) -> None:
    verify = genloom.nodes.verify
    builder = StateGraph(_state_of(verify, prefix="my_"), context_schema=GraphContext)
    add_nodes(builder, [verify], keys={key: f"my_{key}" for key in verify.fields})
    builder.add_edge(START, "verify")
    given: Any = {"my_request": REQUEST, "my_draft": _draft()}
    state = await builder.compile().ainvoke(given, context=context)
    assert state["my_verdict"].result == "passed"


def test_two_nodes_of_one_kind_work_on_two_drafts() -> None:
    """A node is added under another name by LangGraph's own `add_node`."""
    first, second = genloom.nodes.verify, genloom.nodes.verify.with_keys({"draft": "other", "verdict": "of_other"})
    keys = {**get_type_hints(first.reads), **get_type_hints(first.writes), **get_type_hints(second.reads)}
    mine: Any = TypedDict("Mine", {**keys, **get_type_hints(second.writes)}, total=False)
    builder = StateGraph(mine, context_schema=GraphContext)
    builder.add_node("first", first, input_schema=first.reads)
    builder.add_node("second", second, input_schema=second.reads)
    builder.add_edge(START, "first")
    builder.add_edge("first", "second")
    wrong = module_draft(SOURCE.replace("2 *", "3 *"), path="double.py", name="double", generator="model")
    given: Any = {"request": REQUEST, "draft": _draft(), "other": wrong}
    state = builder.compile().invoke(given)
    assert (state["verdict"].result, state["of_other"].result) == ("passed", "failed")


def test_a_key_that_no_node_has_cannot_have_another_name() -> None:
    with pytest.raises(GraphDefinitionError, match="None of the nodes has a key draught"):
        add_nodes(StateGraph(_state_of(genloom.nodes.verify)), [genloom.nodes.verify], keys={"draught": "beer"})


def test_two_keys_of_a_node_cannot_have_one_name() -> None:
    with pytest.raises(GraphDefinitionError, match="would be request"):
        genloom.nodes.verify.with_keys({"draft": "request"})


def test_a_history_without_a_reducer_is_an_error_when_the_graph_is_built() -> None:
    """The second attempt would replace the first without a word."""
    repair = genloom.nodes.repair
    keys = get_type_hints(repair.reads) | get_type_hints(repair.writes)
    mine: Any = TypedDict("Mine", keys, total=False)
    with pytest.raises(GraphDefinitionError, match="adds to attempts, messages, which the state Mine would replace"):
        add_nodes(StateGraph(mine), [repair])
