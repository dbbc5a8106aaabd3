"""A graph of your own around genloom's: it streams, asks a person, and goes on, through your graph's own checkpointer.

python examples/nest_graphs.py
"""

from typing import Annotated

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command
from typing_extensions import TypedDict

from genloom.events import parse_event
from genloom.graphs import StateSerializer, build_generation_graph
from genloom.state import Draft, GenerationRequest, GraphContext, Outcome


class Ticket(TypedDict, total=False):
    """Your own state. What it has in common with genloom's goes in and comes out; the rest stays where it is."""

    request: GenerationRequest
    draft: Draft | None
    outcome: Outcome | None
    log: Annotated[list[str], lambda old, new: [*old, *new]]


def open_ticket(state: Ticket) -> Ticket:
    """Something of your own before."""
    return {"log": ["opened"]}


def close_ticket(state: Ticket) -> Ticket:
    """And behind."""
    outcome = state.get("outcome")
    return {"log": [f"closed: {outcome.result}" if outcome else "closed"]}


builder = StateGraph(Ticket, context_schema=GraphContext)
builder.add_node("open", open_ticket)
builder.add_node("write", build_generation_graph())
builder.add_node("close", close_ticket)
builder.add_edge(START, "open")
builder.add_edge("open", "write")
builder.add_edge("write", "close")
builder.add_edge("close", END)
graph = builder.compile(checkpointer=InMemorySaver(serde=StateSerializer()))

request = GenerationRequest(
    prompt="Keep the even numbers",
    examples=("evens([1, 2, 3, 4]) == [2, 4]", "evens([7]) == []", "evens([0, -2, 5]) == [0, -2]"),
)
context = GraphContext(generators=("search",), approval=True)
thread: RunnableConfig = {"configurable": {"thread_id": "T-1"}}

for place, item in graph.stream({"request": request}, thread, context=context, stream_mode="custom", subgraphs=True):
    event = parse_event(item)
    print(place[0].split(":")[0], event.kind if event else item)

asked = graph.get_state(thread).interrupts[0]
print(asked.value["question"])
done = graph.invoke(Command(resume=True), thread, context=context, version="v2")
print(*done.value["log"], sep=", ")
