"""The code of docs/agents.md runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from genloom.tools.agent_specs import read_agent_specs

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
