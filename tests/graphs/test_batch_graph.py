"""The batch graph: every request gets its own result, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph

from genloom.errors import GraphDefinitionError, ModelError
from genloom.events import RequestFinished, parse_event
from genloom.graphs import build_batch_graph
from genloom.nodes.policies import NodePolicy
from genloom.state import GraphContext, Outcome
from genloom.state.batch import BatchResult, join_results
from genloom.state.graph_state import GenerationInput, GraphState

DOUBLE: dict[str, Any] = {
    "prompt": "Double a number",
    "name": "double",
    "examples": ["double(1) == 2", "double(4) == 8", "double(0) == 0", "double(7) == 14"],
}
NOTHING: dict[str, Any] = {"prompt": "Write a parser for Cobol", "name": "parse"}

results = st.builds(
    BatchResult, index=st.integers(0, 5), name=st.sampled_from("ab"), outcome=st.just(Outcome(result="passed"))
)


@given(st.lists(results), st.lists(results), st.lists(results))
def test_results_join_in_the_order_of_their_requests_however_they_come(
    first: list[BatchResult], second: list[BatchResult], third: list[BatchResult]
) -> None:
    one_way = join_results(join_results(first, second), third)
    assert one_way == join_results(first, join_results(second, third))
    assert [result.index for result in one_way] == sorted({result.index for result in one_way})


@pytest.mark.parametrize("face", ["sync", "async"])
def test_each_request_gets_its_result_and_a_bad_one_takes_no_other_with_it(face: str) -> None:
    graph = build_batch_graph(concurrency=2)
    given: Any = {"requests": [DOUBLE, {"prompt": 3}, NOTHING]}
    context = GraphContext(generators=("search",))
    values = (
        graph.invoke(given, context=context) if face == "sync" else asyncio.run(graph.ainvoke(given, context=context))
    )
    double, malformed, nothing = values["results"]
    assert double.outcome.result == "passed"
    assert "def double" in double.source
    assert malformed.outcome.result == "error"
    assert "prompt" in malformed.outcome.reason
    assert nothing.outcome.result == "needs_model"
    assert [result.index for result in values["results"]] == [0, 1, 2]


def _worker(core: Any) -> Any:
    builder = StateGraph(GraphState, context_schema=GraphContext, input_schema=GenerationInput)
    builder.add_node("work", core)
    builder.add_edge(START, "work")
    builder.add_edge("work", END)
    return builder.compile()


def test_no_more_requests_run_at_once_than_asked() -> None:
    running, most = 0, 0

    async def work(state: GraphState) -> GraphState:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return {"outcome": Outcome(result="passed")}

    graph = build_batch_graph(concurrency=3, worker=_worker(work))
    given: Any = {"requests": [{"prompt": str(number)} for number in range(12)]}
    values = asyncio.run(graph.ainvoke(given))
    assert len(values["results"]) == 12
    assert most == 3


def test_failures_of_a_worker_are_results_and_tell_no_secrets() -> None:
    secret = "ghp_" + "a1B2c3D4" * 4 + "e5F6"

    def work(state: GraphState) -> GraphState:
        if "one" in state["request"].prompt:
            raise ModelError("The server is down.", kind="server", hint="Start it.")
        raise ValueError(f"refused {secret}")

    given: Any = {"requests": [{"prompt": "one"}, {"prompt": "two"}]}
    values = build_batch_graph(worker=_worker(work)).invoke(given)
    first, second = values["results"]
    assert first.outcome.problems[0].hint == "Start it."
    assert second.outcome.problems[0].type == "ValueError"
    assert secret not in str(values["results"])


def test_progress_tells_each_request_as_it_ends() -> None:
    def work(state: GraphState) -> GraphState:
        return {"outcome": Outcome(result="passed")}

    graph = build_batch_graph(worker=_worker(work))
    given: Any = {"requests": [{"prompt": "a", "name": "f"}, {"prompt": "b", "name": "g"}]}
    told = [parse_event(item) for item in graph.stream(given, stream_mode="custom")]
    finished = {(event.index, event.name, event.outcome) for event in told if isinstance(event, RequestFinished)}
    assert finished == {(0, "f", "passed"), (1, "g", "passed")}


def test_a_thread_that_is_used_again_gives_the_results_of_its_last_batch() -> None:
    def work(state: GraphState) -> GraphState:
        return {"outcome": Outcome(result="passed")}

    graph = build_batch_graph(worker=_worker(work), checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}
    first: Any = {"requests": [{"prompt": "a", "name": "f"}, {"prompt": "b", "name": "g"}]}
    graph.invoke(first, thread)
    second: Any = {"requests": [{"prompt": "c", "name": "h"}]}
    assert [result.name for result in graph.invoke(second, thread)["results"]] == ["h"]


def test_a_request_that_takes_too_long_takes_no_other_with_it() -> None:
    async def work(state: GraphState) -> GraphState:
        if state["request"].prompt == "slow":
            await asyncio.sleep(30)
        return {"outcome": Outcome(result="passed")}

    graph = build_batch_graph(worker=_worker(work), policies={"run_request": NodePolicy(tries=1, limit_seconds=0.5)})
    given: Any = {"requests": [{"prompt": "slow"}, {"prompt": "fast"}]}
    slow, fast = graph.invoke(given)["results"]
    assert "took longer" in slow.outcome.reason
    assert fast.outcome.result == "passed"


def test_an_empty_batch_has_no_results() -> None:
    assert not build_batch_graph().invoke({"requests": ()}).get("results")


def test_room_for_no_request_is_refused() -> None:
    with pytest.raises(GraphDefinitionError, match="room for one request"):
        build_batch_graph(concurrency=0)


KILLED = """
import os, signal, sys
from pathlib import Path
from langgraph.graph import END, START, StateGraph
from genloom.config import load_settings
from genloom.graphs import build_batch_graph
from genloom.state import GraphContext, Outcome
from genloom.state.graph_state import GenerationInput, GraphState
from genloom.tools.store.checkpoints import open_checkpointer

ledger, dies = Path(sys.argv[1]), sys.argv[2]

def work(state):
    name = state["request"].name
    with ledger.open("a") as file:
        file.write(name + "\\n")
    if name == dies:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"outcome": Outcome(result="passed")}

builder = StateGraph(GraphState, context_schema=GraphContext, input_schema=GenerationInput)
builder.add_node("work", work)
builder.add_edge(START, "work")
builder.add_edge("work", END)
graph = build_batch_graph(concurrency=1, worker=builder.compile(), checkpointer=open_checkpointer(load_settings()))
requests = [{"prompt": n, "name": n} for n in ("one", "two", "three")]
given = {"requests": requests} if dies != "none" else None
values = graph.invoke(given, {"configurable": {"thread_id": "t"}}, durability="sync")
print([(result.name, result.outcome.result) for result in values["results"]])
"""


@pytest.mark.slow
def test_a_killed_batch_goes_on_with_what_was_in_flight(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    first = subprocess.run([sys.executable, "-c", KILLED, ledger, "two"], check=False, env=os.environ)
    assert first.returncode == -signal.SIGKILL
    again = subprocess.run([sys.executable, "-c", KILLED, ledger, "none"], check=True, capture_output=True, text=True)
    assert again.stdout.strip() == "[('one', 'passed'), ('two', 'passed'), ('three', 'passed')]"
    assert ledger.read_text().split() == ["one", "two", "two", "three"]
