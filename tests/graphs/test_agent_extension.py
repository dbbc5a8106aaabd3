"""An agent that is asked for further names of a module: what it writes is appended, and the module stays as it is."""

from __future__ import annotations

import pytest

from genloom.graphs import build_generation_graph
from genloom.testing import RunPlan

MODULE = '"""Texts."""\n\n\ndef shout(text: str) -> str:\n    return text.upper()\n'
WHISPER = "def whisper(text: str) -> str:\n    return text.lower()\n"
REQUEST = {
    "prompt": "Also whisper",
    "name": "whisper",
    "extends": MODULE,
    "examples": ["whisper('A') == 'a'", "whisper('bC') == 'bc'"],
    "use_agent": True,
}


@pytest.mark.slow
@pytest.mark.parametrize("written", [WHISPER, f"{MODULE}\n\n{WHISPER}"], ids=["what is new", "the whole module"])
def test_what_an_agent_writes_is_appended_to_the_module(use_agent, written: str) -> None:
    server = use_agent(RunPlan(result=f"```python\n{written}```"))
    state = build_generation_graph().invoke({"request": REQUEST}, context={"max_attempts": 1})
    assert state["outcome"].result == "passed", state["verdict"]
    assert state["draft"].source == f"{MODULE}\n\n{WHISPER}"
    assert any("def shout(text: str)" in request.json()["prompt"] for request in server.requests if request.body)


@pytest.mark.slow
def test_an_agent_that_changes_the_module_is_told_so(use_agent) -> None:
    use_agent(RunPlan(result=f"```python\n{MODULE.replace('upper', 'title')}\n\n{WHISPER}```"))
    state = build_generation_graph().invoke({"request": REQUEST}, context={"max_attempts": 1})
    assert state["outcome"].result == "failed"
    assert "defines `shout` anew" in state["verdict"].reason
