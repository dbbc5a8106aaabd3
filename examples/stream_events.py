"""Follow the graph while it runs: its updates, and its typed events.

python examples/stream_events.py
"""

from genloom.events import parse_event
from genloom.graphs import build_generation_graph

graph = build_generation_graph()
request = {
    "prompt": "Keep the even numbers",
    "examples": ["evens([1, 2, 3, 4]) == [2, 4]", "evens([7]) == []", "evens([0, -2, 5]) == [0, -2]"],
}

for mode, item in graph.stream({"request": request}, stream_mode=["updates", "custom"]):
    if mode == "updates":
        print("update:", ", ".join(item))
    elif event := parse_event(item):
        print("event: ", event.kind, event.model_dump(exclude={"kind", "at"}, exclude_defaults=True))
