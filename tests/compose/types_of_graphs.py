"""What type checkers see of genloom's graphs and nodes. It is checked (tests/architecture/test_style.py), never run."""

from typing import Literal, assert_type

from langchain_core.messages import HumanMessage
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph
from typing_extensions import TypedDict

from genloom.graphs import (
    AgentGraph,
    GenerationAsked,
    GenerationConversation,
    Router,
    add_nodes,
    build_agent_graph,
    build_batch_graph,
    build_generation_agent,
    build_generation_graph,
    build_supervisor_graph,
)
from genloom.nodes import Node, verify
from genloom.nodes.verify import VerifyInput, VerifyOutput
from genloom.state import Draft, GenerationRequest, GraphContext, Outcome, Verdict
from genloom.state.batch import BatchInput, BatchResult, BatchState
from genloom.state.graph_state import GenerationInput, GraphState


class Mine(TypedDict, total=False):
    """A user's own state."""

    request: GenerationRequest
    candidate: Draft | None
    verdict: Verdict


def straight_on(state: GraphState) -> Literal["finalize"]:
    """A router of a user's own."""
    return "finalize"


router: Router = straight_on
generation = build_generation_graph(routers={"verify": router}, prompts={"demand": "{{ names }}"})
assert_type(generation, CompiledStateGraph[GraphState, GraphContext, GenerationInput, GraphState])
done = generation.invoke({"request": {"prompt": "as plain JSON"}}, context=GraphContext(), version="v2")
assert_type(done.value["outcome"], Outcome | None)
assert_type(build_batch_graph(), CompiledStateGraph[BatchState, GraphContext, BatchInput, BatchState])
results = build_batch_graph(worker=generation).invoke({"requests": ()}, version="v2").value["results"]
assert_type(results, tuple[BatchResult, ...])
assert_type(
    build_generation_agent(),
    CompiledStateGraph[GenerationConversation, GraphContext, GenerationAsked, GenerationConversation],
)
assert_type(build_agent_graph(), AgentGraph)
answer = build_agent_graph().invoke({"query": "How many?", "images": ["https://host/a.png"]}, version="v2").value
assert_type(answer["final_answer"], str)
build_supervisor_graph([]).invoke({"messages": [("user", "Hello"), HumanMessage("again")]})
assert_type(verify, Node[VerifyInput, VerifyOutput])
assert_type(verify.with_keys({"draft": "candidate"}), Node[VerifyInput, VerifyOutput])
builder = StateGraph(Mine, context_schema=GraphContext)
add_nodes(builder, [verify], keys={"draft": "candidate"})

build_generation_graph(routers={"verfy": straight_on})  # type: ignore[dict-item]
generation.invoke({"requst": {"prompt": "misspelt"}})  # type: ignore[call-overload]
build_agent_graph().invoke({"question": "misspelt"})  # type: ignore[call-overload]
