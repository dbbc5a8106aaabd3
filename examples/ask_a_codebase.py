"""An agent answers a question about a repository with genloom's tools: `python examples/ask_a_codebase.py`.

The model is a scripted server on loopback, so that this runs with no key and no network; for a real one, leave the server
out and name it: `ChatOpenAI(model="gpt-5")`, or any other chat model of LangChain that calls tools.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from genloom.testing import OpenAIServer, Reply, ToolCall
from genloom.tools.codebase import Codebase, codebase_tools

FILES = {
    "shop/money.py": 'def round_cents(amount: float) -> float:\n    """Round to cents; halves go to even."""\n'
    "    return round(amount, 2)\n",
    "shop/billing.py": """from shop.money import round_cents


class Invoice:
    def __init__(self, lines: list[float]) -> None:
        self.lines = lines

    def total_due(self) -> float:
        return round_cents(sum(self.lines) * 1.2)
""",
}


def main() -> None:
    """Ask, let the model look, and print what it looked at and what it answered."""
    with tempfile.TemporaryDirectory() as folder, OpenAIServer(scripted()) as server:
        for path, text in FILES.items():
            file = Path(folder, path)
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        model = ChatOpenAI(model="test-model", base_url=server.base_url, api_key=SecretStr("any"))
        agent = create_agent(model, tools=codebase_tools(Codebase(folder)))
        answer = agent.invoke({"messages": [HumanMessage("How does an invoice round its total?")]})
        for message in answer["messages"]:
            message.pretty_print()


def scripted() -> list[Reply | str]:
    """What the model says: two calls of tools, then an answer."""
    return [
        Reply(tool_calls=(ToolCall(name="search_code", arguments={"query": "round the total of an invoice"}),)),
        Reply(tool_calls=(ToolCall(name="read_symbol", arguments={"symbol": "shop/money.py::round_cents"}),)),
        "Invoice.total_due calls round_cents: to two digits, halves to even.",
    ]


if __name__ == "__main__":
    main()
