"""The code of docs/compose.md runs as it stands, and its table says what the nodes read and write."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import genloom.nodes
from genloom.graphs.composition import _required
from genloom.nodes import Node

DOCUMENT = Path(__file__).parents[2] / "docs" / "compose.md"
MODELS = """
from genloom.testing import Reply, ScriptedChatModel, ToolCall

TASK = "Write double(x). double(1) == 2, double(4) == 8, double(5) == 10, double(7) == 14"

def fenced(messages):
    factor = 2 if len(messages) > 2 else 3
    return f"```python\\ndef double(x: int) -> int:\\n    return {factor} * x\\n```"

def leading(messages):
    if messages[-1].type == "tool":
        return f"The coder says: {messages[-1].text}"
    return Reply(tool_calls=(ToolCall(name="task", arguments={"description": TASK, "subagent_type": "coder"}),))

model, lead = ScriptedChatModel(rule=fenced), ScriptedChatModel(rule=leading)
"""
SAYS = [
    "T-1 passed approve",
    "The node 'finalize' needs attempts, outcome, which the state Checked lacks.",
    "passed failed",
    "Approve this code?",
    "True",
    "passed",
    "failed",
    "passed",
    "There is no prompt 'generate_sistem'.",
    "The coder says: passed: The code below passed every check.",
]


@pytest.mark.slow
def test_the_code_of_the_document_runs(tmp_path: Path) -> None:
    """All its blocks, one after the other in one process."""
    blocks = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([MODELS, *blocks])],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[: len(SAYS)] == SAYS
    assert "Deserializing unregistered type" not in done.stderr


def _listed(keys: set[str]) -> set[str]:
    return {f"`{key}`" for key in keys}


@pytest.mark.parametrize("name", sorted(n for n, value in vars(genloom.nodes).items() if isinstance(value, Node)))
def test_the_table_says_what_a_node_reads_and_writes(name: str) -> None:
    node: Node[Any, Any] = getattr(genloom.nodes, name)
    (row,) = re.findall(rf"^\| `{name}` \|(.*)\|(.*)\|(.*)\|$", DOCUMENT.read_text(), re.MULTILINE)
    must, may, writes = (set(re.findall(r"`\w+`", cell)) for cell in row)
    assert must == _listed(_required(node.reads))
    assert may == _listed(set(get_type_hints(node.reads)) - _required(node.reads))
    assert writes == _listed(_required(node.writes))
