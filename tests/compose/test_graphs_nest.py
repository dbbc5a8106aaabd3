"""genloom's graphs as nodes of a user's graph: state, streaming, interrupts and contexts go through."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
from langchain_core.messages import AnyMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command
from typing_extensions import TypedDict

from genloom.errors import RequestError, UsageError
from genloom.graphs import (
    StateSerializer,
    build_agent_graph,
    build_batch_graph,
    build_generation_agent,
    build_generation_graph,
    build_review_graph,
    build_supervisor_graph,
)
from genloom.state import GenerationRequest, GraphContext, Outcome, Review
from genloom.state.agent_spec import AgentSpec
from genloom.state.batch import BatchResult
from genloom.testing import Reply, ScriptedChatModel, ToolCall
from genloom.tools.effects import with_effect

REQUEST = {
    "prompt": "Double a number",
    "name": "double",
    "examples": ["double(1) == 2", "double(4) == 8", "double(5) == 10", "double(7) == 14"],
}
SEARCH = GraphContext(generators=("search",))
THREAD: Any = {"configurable": {"thread_id": "1"}}


class Ticket(TypedDict, total=False):
    """A user's state: some of genloom's keys, and others."""

    request: GenerationRequest
    outcome: Outcome
    requests: list[Any]
    results: tuple[BatchResult, ...]
    messages: Annotated[list[AnyMessage], add_messages]
    query: str
    log: Annotated[list[str], operator.add]


def _around(graph: Any, *, context_schema: Any = GraphContext, checkpointer: Any = None) -> Any:
    """A user's graph: something before, genloom's graph, something behind."""
    builder = StateGraph(Ticket, context_schema=context_schema)
    builder.add_node("open", lambda state: {"log": ["opened"]})
    builder.add_node("inner", graph)
    builder.add_node("close", lambda state: {"log": ["closed"]})
    builder.add_edge(START, "open")
    builder.add_edge("open", "inner")
    builder.add_edge("inner", "close")
    builder.add_edge("close", END)
    return builder.compile(checkpointer=checkpointer)


def test_the_generation_graph_shares_the_keys_that_both_have() -> None:
    state = _around(build_generation_graph()).invoke({"request": REQUEST}, context=SEARCH)
    assert state["outcome"].result == "passed"
    assert state["log"] == ["opened", "closed"]
    assert "attempts" not in state


async def test_its_events_and_updates_are_streamed_with_their_place() -> None:
    nodes, kinds, places = [], [], set()
    stream = _around(build_generation_graph()).astream(
        {"request": REQUEST}, context=SEARCH, stream_mode=["updates", "custom"], subgraphs=True
    )
    async for place, mode, data in stream:
        places.add(place[0].split(":")[0] if place else "")
        if mode == "updates":
            nodes += data
        else:
            kinds.append(data["kind"])
    assert nodes == ["open", "inject_context", "generate", "verify", "review", "finalize", "inner", "close"]
    assert places == {"", "inner"}
    assert kinds.count("run_finished") == kinds.count("verdict_ready") == 1


@pytest.mark.parametrize(("approved", "result"), [(True, "passed"), (False, "failed")])
def test_an_approval_is_asked_and_resumed_through_the_outer_checkpointer(approved: bool, result: str) -> None:
    """By another graph object, as another process has it; what was done before is not done again."""
    saver, context = InMemorySaver(serde=StateSerializer()), SEARCH.model_copy(update={"approval": True})
    first = _around(build_generation_graph(), checkpointer=saver).invoke({"request": REQUEST}, THREAD, context=context)
    (asked,) = first["__interrupt__"]
    assert "def double" in asked.value["source"]
    again = _around(build_generation_graph(), checkpointer=saver)
    places = list(again.stream(Command(resume=approved), THREAD, context=context, subgraphs=True))
    assert [name for _, data in places for name in data] == ["finalize", "inner", "close"]
    assert again.get_state(THREAD).values["outcome"].result == result


def test_a_thread_of_the_outer_graph_takes_a_second_request() -> None:
    graph = _around(build_generation_graph(), checkpointer=InMemorySaver(serde=StateSerializer()))
    graph.invoke({"request": REQUEST}, THREAD, context=SEARCH)
    other = {
        "prompt": "Negate",
        "name": "negate",
        "examples": ["negate(1) == -1", "negate(-4) == 4", "negate(7) == -7"],
    }
    state = graph.invoke({"request": other}, THREAD, context=SEARCH)
    assert state["outcome"].result == "passed"
    assert state["log"] == ["opened", "closed"] * 2


async def test_the_batch_graph_nests() -> None:
    events = []
    given: Any = {"requests": [REQUEST, {"prompt": ""}]}
    graph = _around(build_batch_graph(concurrency=2))
    async for mode, data in graph.astream(given, context=SEARCH, stream_mode=["custom", "values"], subgraphs=False):
        if mode == "values":
            state = data
    async for _, data in graph.astream(given, context=SEARCH, stream_mode="custom", subgraphs=True):
        events.append(data["kind"])
    assert [result.outcome.result for result in state["results"]] == ["passed", "error"]
    assert events.count("request_finished") == 2


def test_approvals_of_a_nested_batch_are_answered_one_by_one() -> None:
    other = {
        "prompt": "Negate",
        "name": "negate",
        "examples": ["negate(1) == -1", "negate(-4) == 4", "negate(7) == -7"],
    }
    graph = _around(build_batch_graph(), checkpointer=InMemorySaver(serde=StateSerializer()))
    context = SEARCH.model_copy(update={"approval": True})
    asked = graph.invoke({"requests": [REQUEST, other]}, THREAD, context=context)["__interrupt__"]
    answers = {each.id: each.value["path"] == "negate.py" for each in asked}
    state = graph.invoke(Command(resume=answers), THREAD, context=context)
    assert [(each.name, each.outcome.result) for each in state["results"]] == [
        ("double", "failed"),
        ("negate", "passed"),
    ]
    assert state["log"] == ["opened", "closed"]


def _counting() -> Any:
    @tool
    def keep(text: str) -> str:
        """Keep a text."""
        return f"kept {text}"

    model = ScriptedChatModel(
        rule=lambda messages: (
            f"Done: {messages[-1].content}"
            if messages[-1].type == "tool"
            else Reply(tool_calls=(ToolCall(name="keep", arguments={"text": "it"}),))
        )
    )
    return build_agent_graph(model, [with_effect(keep, "write")], approval=True)


def test_an_agents_approval_is_asked_and_resumed_through_the_outer_checkpointer() -> None:
    graph = _around(_counting(), checkpointer=InMemorySaver(serde=StateSerializer()))
    (asked,) = graph.invoke({"query": "Keep it."}, THREAD)["__interrupt__"]
    assert asked.value["action_requests"][0]["name"] == "keep"
    state = graph.invoke(Command(resume={"decisions": [{"type": "approve"}]}), THREAD)
    assert "kept it" in state["messages"][-1].content
    assert state["log"] == ["opened", "closed"]


def test_the_supervisor_nests_and_leads_to_the_generation_graph_as_an_agent() -> None:
    """Two levels: a user's graph, a graph of messages in it."""
    model = ScriptedChatModel(rule=lambda messages: "Nothing to do.")
    team = build_supervisor_graph(
        [AgentSpec(name="coder", system_prompt="You code.")], model=model, models={"coder": model}
    )
    state = _around(team).invoke({"query": "Hello"})
    assert state["messages"][-1].content == "Nothing to do."
    coder = _around(build_generation_agent())
    state = coder.invoke({"query": "Double. double(1) == 2, double(4) == 8, double(5) == 10"}, context=SEARCH)
    assert "def double" in state["messages"][-1].content


@dataclass(frozen=True)
class OwnContext:
    """A user's context that holds genloom's."""

    tenant: str
    genloom: GraphContext = field(default_factory=GraphContext)


class OwnModel(GraphContext):
    """A user's context that is one of genloom's, with more fields."""

    tenant: str = "none"


@pytest.mark.parametrize(
    ("schema", "context"),
    [
        (OwnContext, OwnContext("ada", GraphContext(generators=("reuse",)))),
        (OwnModel, OwnModel(tenant="ada", generators=("reuse",))),
        (None, {"tenant": "ada", "generators": ["reuse"]}),
        (None, {"tenant": "ada", "genloom": {"generators": ["reuse"]}}),
    ],
    ids=["field", "subclass", "mapping", "field of a mapping"],
)
def test_the_context_may_be_of_a_users_own_type(schema: Any, context: Any) -> None:
    """Its part that is genloom's counts: only `reuse` is asked here, and finds nothing."""
    state = _around(build_generation_graph(), context_schema=schema).invoke({"request": REQUEST}, context=context)
    assert state["outcome"].result == "needs_model"
    assert state["outcome"].reason.startswith("reuse: ")


def test_a_context_that_says_nothing_of_genloom_means_the_defaults() -> None:
    graph = _around(build_generation_graph(), context_schema=None)
    assert graph.invoke({"request": REQUEST}, context={"tenant": "ada"})["outcome"].result == "passed"


def test_a_context_that_makes_no_sense_is_told() -> None:
    graph = _around(build_generation_graph(), context_schema=None)
    with pytest.raises(UsageError, match=r"context cannot be used: max_attempts"):
        graph.invoke({"request": REQUEST}, context={"max_attempts": 1000})
    with pytest.raises(RequestError, match=r"context cannot be used: colour: Extra inputs"):
        build_generation_graph().invoke({"request": REQUEST}, context={"colour": 1})  # type: ignore[arg-type]  # as asked


class ChangeTicket(TypedDict, total=False):
    """A user's state around a review."""

    diff: str
    texts: dict[str, str]
    review: Review
    report: str
    blocked: bool


DIFF = """--- a/pay.py
+++ b/pay.py
@@ -1,2 +1,3 @@
 def pay(order):
+    eval(order)
     return order
"""


async def test_the_review_graph_nests() -> None:
    """Its reviewers run in parallel inside; what they found comes out."""
    builder = StateGraph(ChangeTicket, context_schema=GraphContext)
    builder.add_node("review_change", build_review_graph())
    builder.add_node("decide", lambda state: {"blocked": state["review"].decision != "approve"})
    builder.add_edge(START, "review_change")
    builder.add_edge("review_change", "decide")
    graph, places = builder.compile(), set()
    given: Any = {"diff": DIFF, "texts": {"pay.py": "def pay(order):\n    eval(order)\n    return order\n"}}
    async for place, mode, data in graph.astream(given, stream_mode=["updates", "values"], subgraphs=True):
        places.add(place[0].split(":")[0] if place else "")
        if mode == "values" and not place:
            state = data
    assert places == {"", "review_change"}
    assert state["blocked"]
    assert "pay.py" in state["report"]
