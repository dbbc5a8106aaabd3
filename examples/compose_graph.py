"""A graph of your own from genloom's nodes: verify and review code that somebody else wrote.

python examples/compose_graph.py
"""

from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from genloom.graphs import add_nodes
from genloom.nodes import review, verify
from genloom.state import Draft, GenerationRequest, GraphContext, Review, Verdict, module_draft


class Checked(TypedDict, total=False):
    """Your own state: the keys that the nodes read and write, and any others."""

    request: GenerationRequest
    draft: Draft
    verdict: Verdict
    review: Review
    ticket: str


builder = StateGraph(Checked, context_schema=GraphContext)
add_nodes(builder, [verify, review])
builder.add_edge(START, "verify")
builder.add_edge("verify", "review")
builder.add_edge("review", END)
graph = builder.compile()

source = "def clamp(x: float, low: float, high: float) -> float:\n    return max(low, min(x, high))\n"
state = graph.invoke(
    {
        "ticket": "T-1",
        "request": GenerationRequest(prompt="Clamp a number", examples=("clamp(5, 0, 3) == 3", "clamp(-1, 0, 3) == 0")),
        "draft": module_draft(source, path="clamp.py", name="clamp", generator="model"),
    }
)
print(state["ticket"], state["verdict"].result, state["review"].decision)
