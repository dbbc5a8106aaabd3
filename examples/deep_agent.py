"""The generation graph as a sub-agent of deepagents: `pip install deepagents`. The model here is a scripted one.

python examples/deep_agent.py
"""

from deepagents import CompiledSubAgent, create_deep_agent
from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from genloom.graphs import build_generation_agent
from genloom.state import GraphContext
from genloom.testing import Reply, ScriptedChatModel, ToolCall

TASK = "Write double(x). double(1) == 2, double(4) == 8, double(5) == 10, double(7) == 14"


def lead(messages: list[BaseMessage]) -> Reply | str:
    """What a model would do: hand the task to the coder, and tell what came back."""
    if isinstance(messages[-1], ToolMessage):
        return f"The coder says: {messages[-1].text}"
    return Reply(tool_calls=(ToolCall(name="task", arguments={"description": TASK, "subagent_type": "coder"}),))


coder = CompiledSubAgent(
    name="coder",
    description="Writes Python functions and checks them. Give examples such as `f(2) == 4`.",
    runnable=build_generation_agent(context=GraphContext(generators=("search",))),
)
agent = create_deep_agent(ScriptedChatModel(rule=lead), subagents=[coder])
print(agent.invoke({"messages": [HumanMessage("I need a function that doubles a number.")]})["messages"][-1].text)
