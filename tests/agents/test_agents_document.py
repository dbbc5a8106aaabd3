"""The code of docs/agents.md runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import BaseTool

from genloom.config import load_settings
from genloom.nodes.agent.handoffs import handoff_tool
from genloom.nodes.feature.plan_tool import PlanTool
from genloom.tools.agent_specs import read_agent_specs
from genloom.tools.codebase import open_codebase
from genloom.tools.codebase.agent_tools import codebase_tools
from genloom.tools.codegen import codegen_tools
from genloom.tools.coding import Workspace, coding_tools
from genloom.tools.coding.checking import checking_tools
from genloom.tools.coding.committing import git_tools
from genloom.tools.sandbox.langchain_tool import run_python_tool
from genloom.tools.security import Redactor

DOCUMENT = Path(__file__).parents[2] / "docs" / "agents.md"
MODEL = """
from genloom.testing import Reply, ScriptedChatModel, ToolCall

def rule(messages):
    last = messages[-1]
    if "Let somebody" in str(last.content):
        return Reply(tool_calls=(ToolCall(name="hand_to_counter", arguments={"task": "count 'to be'"}),))
    if "Remove" in str(last.content):
        return Reply(tool_calls=(ToolCall(name="remove", arguments={"path": "notes.txt"}),))
    if last.type == "tool":
        return f"Counted: {last.content}"
    return Reply(tool_calls=(ToolCall(name="word_count", arguments={"text": "to be or not"}),))

model = ScriptedChatModel(rule=rule)
"""


def _blocks(language: str) -> list[str]:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    return found


@pytest.mark.slow
def test_the_code_of_the_document_runs(tmp_path: Path) -> None:
    """All its blocks, one after the other in one process; the model is a scripted one."""
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([MODEL, *_blocks("python")])],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Counted: 4"
    assert lines[1:3] == ["{'path': 'notes.txt'}", "Counted: notes.txt is removed"]
    assert lines[-2:] == ["0 double passed", "1 negate passed"]


def test_the_agents_of_the_document_are_valid(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "counter.md").write_text("You count.")
    path = tmp_path / "pyproject.toml"
    path.write_text(_blocks("toml")[0])
    assert sorted(read_agent_specs(path)) == ["cloud", "counter"]


def test_the_arguments_of_the_document_are_those_of_the_tools(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    tools = [
        *codebase_tools(open_codebase(str(tmp_path), load_settings())),
        *coding_tools(workspace),
        *checking_tools(workspace),
        *git_tools(workspace),
        run_python_tool(),
        *codegen_tools(),
        PlanTool(Redactor()).made(),
        handoff_tool("NAME", "", 1),
    ]
    table = DOCUMENT.read_text().partition("| tool | arguments |")[2].partition("\n\n")[0]
    told = {name: (needed, more) for name, needed, more in _ARGUMENTS.findall(table)}
    assert told == {tool.name: _arguments(tool) for tool in tools}


_ARGUMENTS = re.compile(r"^\| `(\w+)`[^|]*\| ((?:`\w+`(?:, )?)*) ?(?:/ ((?:`\w+`(?:, )?)+))?[^|]*\|$", re.MULTILINE)


def _arguments(tool: BaseTool) -> tuple[str, str]:
    schema: Any = tool.tool_call_schema  # Any: pydantic's model, of either version
    described = schema.model_json_schema()
    needed = described.get("required", [])
    more = [name for name in described["properties"] if name not in needed]
    return ", ".join(f"`{name}`" for name in needed), ", ".join(f"`{name}`" for name in more)
