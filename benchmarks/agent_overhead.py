"""What genloom's agent graph adds to a turn of LangChain's `create_agent`, and many agents in one process.

Both agents have the same scripted model and the same tool, and take the same 21 turns (20 calls of the tool and an answer).
The model and the tool do nothing, so what is measured is the loop itself; genloom's agent adds its middleware: history kept
within limits, redaction, arguments checked, limits of time and length, retries. They take turns in one process, so that a
busy machine slows both; of each, the median counts, of wall time and of the processor's. With `--checkpointer` both keep
threads in memory.

Then `--threads` agents, each with a thread of its own and six turns, run at once in one process: errors, turns a second, and
the process's memory before, after and at its peak.

    python benchmarks/agent_overhead.py [--runs 60] [--threads 500]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from conditions import conditions, progress
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from genloom.graphs import build_agent_graph
from genloom.testing import Reply, ScriptedChatModel, ToolCall
from genloom.tools.effects import with_effect

WARM_UP = 5
CALLS = 20
THREAD_CALLS = 5
AIM = 1.2


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def scripted(calls: int) -> ScriptedChatModel:
    """Return a model that calls the tool so often, and then answers."""

    def rule(messages: list[BaseMessage]) -> Reply:
        done = sum(isinstance(message, AIMessage) for message in messages)
        if done < calls:
            return Reply(tool_calls=(ToolCall(name="add", arguments={"a": 1, "b": done}),))
        return Reply(text="done")

    return ScriptedChatModel(rule=rule)


def agents(checkpointer: bool) -> dict[str, Any]:  # Any: compiled graphs
    """Return both agents, each with a model of its own: a scripted one keeps what it was asked."""
    memory = {"checkpointer": InMemorySaver()} if checkpointer else {}
    return {
        "create_agent": create_agent(scripted(CALLS), [add], system_prompt="You add.", **memory),
        "build_agent_graph": build_agent_graph(scripted(CALLS), [with_effect(add, "read")], "You add.", **memory),
    }


def overhead(face: str, runs: int, checkpointer: bool) -> dict[str, Any]:
    """Return medians in milliseconds a turn, and their ratios, of one face."""
    graphs = agents(checkpointer)
    wall: dict[str, list[float]] = {name: [] for name in graphs}
    processor: dict[str, list[float]] = {name: [] for name in graphs}
    with asyncio.Runner() as runner:
        for number in range(WARM_UP + runs):
            progress(f"{face} {number}/{WARM_UP + runs}")
            for name, graph in graphs.items():
                config = {"recursion_limit": 200, "configurable": {"thread_id": f"{face}-{number}"}}
                seconds, used = timed(graph, config, runner if face == "ainvoke" else None)
                if number >= WARM_UP:
                    wall[name].append(seconds / (CALLS + 1) * 1000)
                    processor[name].append(used / (CALLS + 1) * 1000)
    return {
        "wall_ms_a_turn": medians(wall),
        "processor_ms_a_turn": medians(processor),
    }


def timed(graph: Any, config: dict[str, Any], runner: asyncio.Runner | None) -> tuple[float, float]:
    """Return the wall and processor time of one run, which must have gone the whole way; in a loop where one is given."""
    gc.collect()
    given = {"messages": [HumanMessage("Add.")]}
    before, used = time.perf_counter(), time.process_time()
    state = graph.invoke(given, config) if runner is None else runner.run(graph.ainvoke(given, config))
    after, used_after = time.perf_counter(), time.process_time()
    if len(state["messages"]) != 2 * (CALLS + 1) or state["messages"][-1].content != "done":
        raise SystemExit(f"The run went another way: {len(state['messages'])} messages.")
    return after - before, used_after - used


def medians(measured: dict[str, list[float]]) -> dict[str, float]:
    found = {name: round(statistics.median(values), 3) for name, values in measured.items()}
    pairs = zip(measured["build_agent_graph"], measured["create_agent"], strict=True)
    found["ratio_of_medians"] = round(found["build_agent_graph"] / found["create_agent"], 3)
    found["median_of_ratios"] = round(statistics.median(ours / theirs for ours, theirs in pairs), 3)
    return found


async def many(threads: int) -> dict[str, Any]:
    """Run so many agents at once in one process, each with a thread of its own, and return how it went."""
    model = scripted(THREAD_CALLS)
    graph = build_agent_graph(model, [with_effect(add, "read")], "You add.", checkpointer=InMemorySaver())

    async def one(number: int) -> object:
        config: Any = {"configurable": {"thread_id": f"thread-{number}"}}
        state = await graph.ainvoke({"messages": [HumanMessage(f"Add, number {number}.")]}, config)
        return state["final_answer"], state["messages"][0].content

    return await memory_of(threads, THREAD_CALLS + 1, one)


async def memory_of(threads: int, turns: int, one: Callable[[int], Awaitable[object]]) -> dict[str, Any]:
    """Run all at once and return errors, turns a second and memory in MB."""
    await one(-1)
    gc.collect()
    before = resident()
    started = time.perf_counter()
    answers = await asyncio.gather(*(one(number) for number in range(threads)), return_exceptions=True)
    seconds = time.perf_counter() - started
    right = sum(answer == ("done", f"Add, number {number}.") for number, answer in enumerate(answers))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    gc.collect()
    errors = sorted({repr(answer)[:200] for answer in answers if isinstance(answer, BaseException)})
    return {
        "threads": threads,
        "turns_each": turns,
        "right": right,
        "errors": errors,
        "seconds": round(seconds, 2),
        "turns_a_second": round(threads * turns / seconds),
        "memory_mb": {"before": round(before), "after": round(resident()), "peak": round(peak)},
    }


def resident() -> float:
    """Return the memory that this process has now, in MB (Linux)."""
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * resource.getpagesize() / 1024 / 1024


def measure(runs: int, threads: int, checkpointer: bool) -> dict[str, Any]:
    """Return all figures."""
    found: dict[str, Any] = {"conditions": conditions(runs=runs, checkpointer=checkpointer), "aim": AIM}
    found["many"] = asyncio.run(many(threads))  # first: the peak is the process's own
    for face in ("invoke", "ainvoke"):
        found[face] = overhead(face, runs, checkpointer)
    return found


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--threads", type=int, default=500)
    parser.add_argument("--checkpointer", action="store_true")
    asked = parser.parse_args()
    print(json.dumps(measure(asked.runs, asked.threads, asked.checkpointer), indent=1))


if __name__ == "__main__":
    main()
