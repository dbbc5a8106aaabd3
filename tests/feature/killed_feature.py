"""Works out a feature, whose code is a paid run: `killed_feature.py REPOSITORY (first|second|last) LEDGER`.

The first process waits for the paid run until somebody kills it; the second kills itself in the middle of the tests' step;
the last comes to the question for approval, and writes down what is asked.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from feature_repository import SPECIFICATION, call, scripted

from genloom.config import load_settings
from genloom.graphs import build_feature_graph
from genloom.state import GraphContext
from genloom.state.agent_spec import AgentPolicy, AgentSpec
from genloom.tools.store.checkpoints import open_checkpointer

REPOSITORY, WHEN, LEDGER = sys.argv[1], sys.argv[2], Path(sys.argv[3])
CLOUD = AgentSpec(name="cloud", backend="codegen", policy=AgentPolicy(approval=False))


def _note(text: str) -> None:
    with LEDGER.open("a") as ledger:
        ledger.write(f"{text}\n")


def _killed() -> Any:
    _note("killed in the tests")
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    half = call("create_file", path="test_half.py", text="def test_half():\n    assert False\n")
    parts: dict[str, Any] = {"docs": ["Nothing to say."]}
    if WHEN == "second":
        parts["tests"] = [half, _killed]
    if WHEN != "first":
        parts["plan"] = []  # it stands in the checkpoint
    graph: Any = build_feature_graph(
        {"code": CLOUD}, model=scripted(**parts), checkpointer=open_checkpointer(load_settings())
    )
    config: Any = {"configurable": {"thread_id": "1:t"}}
    given = {"feature": {"specification": SPECIFICATION}} if WHEN == "first" else None
    values = graph.invoke(given, config, context=GraphContext(repository=REPOSITORY), durability="sync")
    _note(json.dumps(values["__interrupt__"][0].value))


if __name__ == "__main__":
    main()
