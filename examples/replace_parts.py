"""Parts of the generation graph replaced without copying it: a policy, a prompt, a router. The model is a scripted one.

python examples/replace_parts.py
"""

from typing import Literal

from genloom.graphs import build_generation_graph
from genloom.graphs.routing import after_verify
from genloom.nodes import NodePolicy
from genloom.state import Failed, GenerationRequest, GraphContext
from genloom.state.graph_state import GraphState
from genloom.testing import ScriptedChatModel
from genloom.tools.chat.models import registered_models


def one_more_try(state: GraphState) -> Literal["review", "repair", "finalize"]:
    """After a verdict: what failed twice is left as it is; all else goes as it would."""
    if isinstance(state.get("verdict"), Failed) and len(state.get("attempts", ())) >= 1:
        return "finalize"
    return after_verify(state)


model = ScriptedChatModel(rule=lambda messages: "```python\ndef double(x: int) -> int:\n    return 3 * x\n```")
registered_models.register("scripted", model)

graph = build_generation_graph(
    policies={"generate": NodePolicy(tries=2, limit_seconds=60.0)},
    prompts={"demand": "Define {{ names }}, in the style of this house: one return, no loops."},
    routers={"verify": one_more_try},
)
done = graph.invoke(
    {"request": GenerationRequest(prompt="Double a number", name="double", examples=("double(1) == 2",))},
    context=GraphContext(model="scripted", generators=("model",), one_call=True, max_attempts=20),
    version="v2",
)
outcome = done.value["outcome"]
assert outcome is not None
print(outcome.result, "after", len(done.value["attempts"]), "attempts")
print(str(model.calls[0][-1].content).splitlines()[-1])
