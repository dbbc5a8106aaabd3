"""What genloom's nodes add to a run of the generation graph, against a plain LangGraph graph of the same shape.

Both graphs have the same state, routers and edges and take the same five steps (inject_context, generate, verify, review,
finalize) to the same final state. The plain graph's nodes are bare functions that return ready-made values. genloom's nodes
are its own `Node`, with cores that return the same values at once: what remains is the settling of settings and context,
the validation of inputs, events, time limits, retry policies and the two faces. No checkpointer, nothing streamed. The two
take turns in one process, so that a busy machine slows both; of each, the median counts.

    python benchmarks/overhead.py [--runs 300]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from langgraph.graph import END, START, StateGraph

from genloom.graphs import add_nodes, routing
from genloom.nodes import Node, NodeName, NodeRuntime
from genloom.nodes.finalize import FinalizeInput, FinalizeOutput
from genloom.nodes.generate import GenerateInput, GenerateOutput
from genloom.nodes.inject_context import InjectContextInput, InjectContextOutput
from genloom.nodes.review import ReviewInput, ReviewOutput
from genloom.nodes.verify import VerifyInput, VerifyOutput
from genloom.state import CodeContext, GenerationRequest, GraphContext, Outcome, Passed, Review, module_draft
from genloom.state.graph_state import GenerationInput, GraphState

WARM_UP = 20
Delta = Mapping[str, Any]  # Any: the values of a graph's state

REQUEST = GenerationRequest(prompt="Double a number", examples=("double(2) == 4", "double(5) == 10"))
CONTEXT = CodeContext()
DRAFT = module_draft("def double(n):\n    return 2 * n\n", path="double.py", name="double", generator="search")
VERDICT = Passed()
REVIEW = Review(decision="approve")
OUTCOME = Outcome(result="passed")


async def inject_context(state: InjectContextInput, runtime: NodeRuntime) -> InjectContextOutput:
    return {"request": REQUEST, "context": CONTEXT}


async def generate(state: GenerateInput, runtime: NodeRuntime) -> GenerateOutput:
    return {"draft": DRAFT}  # type: ignore[typeddict-item]  # only what the routers read


async def verify(state: VerifyInput, runtime: NodeRuntime) -> VerifyOutput:
    return {"verdict": VERDICT}


async def review(state: ReviewInput, runtime: NodeRuntime) -> ReviewOutput:
    return {"review": REVIEW}


def finalize(state: FinalizeInput, runtime: NodeRuntime) -> FinalizeOutput:
    return {"outcome": OUTCOME}  # type: ignore[typeddict-item]  # only what ends the run


CORES: dict[NodeName, Callable[..., Any]] = {
    "inject_context": inject_context,
    "generate": generate,
    "verify": verify,
    "review": review,
    "finalize": finalize,
}

DELTAS: dict[NodeName, Delta] = {
    "inject_context": {"request": REQUEST, "context": CONTEXT},
    "generate": {"draft": DRAFT},
    "verify": {"verdict": VERDICT},
    "review": {"review": REVIEW},
    "finalize": {"outcome": OUTCOME},
}


def plain_node(delta: Delta, *, waits: bool) -> Callable[[GraphState], Any]:
    def node(state: GraphState) -> Delta:
        return delta

    async def async_node(state: GraphState) -> Delta:
        return delta

    return async_node if waits else node


def wired(builder: StateGraph[Any, Any, Any, Any]) -> Any:  # Any: LangGraph's own state types
    builder.add_edge(START, "inject_context")
    builder.add_edge("inject_context", "generate")
    builder.add_conditional_edges("generate", routing.after_generate, {"verify": "verify", "fallback": END})
    builder.add_conditional_edges(
        "verify", routing.after_verify, {"review": "review", "repair": END, "finalize": "finalize"}
    )
    builder.add_conditional_edges("review", routing.after_review, {"repair": END, "finalize": "finalize"})
    builder.add_edge("finalize", END)
    return builder.compile()


def plain_graph(*, waits: bool) -> Any:
    builder = StateGraph(GraphState, context_schema=GraphContext, input_schema=GenerationInput)
    for name, delta in DELTAS.items():
        node: Any = plain_node(delta, waits=waits)
        builder.add_node(name, node)
    return wired(builder)


def genloom_graph() -> Any:
    builder = StateGraph(GraphState, context_schema=GraphContext, input_schema=GenerationInput)
    add_nodes(builder, [Node(core, name=name) for name, core in CORES.items()])
    return wired(builder)


async def milliseconds(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    result = run()
    if isinstance(result, Awaitable):
        result = await result
    taken = (time.perf_counter() - began) * 1000
    assert result["outcome"] == OUTCOME
    return taken


async def compare(plain: Callable[[], Any], ours: Callable[[], Any], runs: int) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs + WARM_UP):
        for run, taken in zip((plain, ours), times, strict=True):
            taken.append(await milliseconds(run))
    plain_median, ours_median = (statistics.median(taken[WARM_UP:]) for taken in times)
    return plain_median, ours_median


def main() -> None:
    parser = argparse.ArgumentParser(description="genloom's overhead per run against plain LangGraph")
    parser.add_argument("--runs", type=int, default=300)
    runs = parser.parse_args().runs
    ours, given = genloom_graph(), {"request": REQUEST}
    sync, waiting = plain_graph(waits=False), plain_graph(waits=True)
    rows = {
        "invoke": asyncio.run(compare(lambda: sync.invoke(given), lambda: ours.invoke(given), runs)),
        "ainvoke": asyncio.run(compare(lambda: waiting.ainvoke(given), lambda: ours.ainvoke(given), runs)),
    }
    print("| face | plain LangGraph, ms | genloom, ms | ratio |\n|---|---|---|---|")
    for face, (plain_time, our_time) in rows.items():
        print(f"| {face} | {plain_time:.2f} | {our_time:.2f} | {our_time / plain_time:.2f} |")


if __name__ == "__main__":
    main()
