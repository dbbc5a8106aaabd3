"""Runs an agent whose tool kills the process in the middle: `killed_agent.py LEDGER (first|again)`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from langchain_core.messages import ToolMessage
from langchain_core.tools import tool

from genloom.config import load_settings
from genloom.graphs import build_agent_graph
from genloom.testing import Reply, ScriptedChatModel, ToolCall
from genloom.tools.store.checkpoints import open_checkpointer

LEDGER, WHEN = Path(sys.argv[1]), sys.argv[2]


def _note(text: str) -> None:
    with LEDGER.open("a") as ledger:
        ledger.write(f"{text}\n")


@tool
def pay(amount: int) -> str:
    """Pay somebody."""
    _note(f"paid {amount}")
    return f"paid {amount}"


@tool
def pay_and_die(amount: int) -> str:
    """Pay somebody; the process is killed before the answer is out."""
    _note(f"paid {amount}")
    if WHEN == "first":
        os.kill(os.getpid(), signal.SIGKILL)
    return f"paid {amount}"


def main() -> None:
    calls = (ToolCall(name="pay", arguments={"amount": 1}), ToolCall(name="pay_and_die", arguments={"amount": 2}))
    replies = [Reply(tool_calls=calls[:1]), Reply(tool_calls=calls[1:])] if WHEN == "first" else ["The end."]
    graph = build_agent_graph(
        ScriptedChatModel(replies=replies), [pay, pay_and_die], checkpointer=open_checkpointer(load_settings())
    )
    given = {"query": "pay"} if WHEN == "first" else None
    result = graph.invoke(given, {"configurable": {"thread_id": "t"}}, durability="sync")
    for message in result["messages"]:
        if isinstance(message, ToolMessage):
            _note(f"answer: {message.content}")
    _note(result["final_answer"])


if __name__ == "__main__":
    main()
