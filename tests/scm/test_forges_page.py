"""docs/forges.md: its code runs, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import genloom.config
from genloom.testing import ScriptedChatModel


@pytest.fixture
def page() -> str:
    return (Path(__file__).parents[2] / "docs" / "forges.md").read_text()


def test_the_code_of_the_page_runs(page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It makes a working agent; without a remote the tools would say so."""
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names = {"model": ScriptedChatModel(replies=["Nobody reported that yet."])}
    exec(block, names)
    config = {"configurable": {"thread_id": "1"}}
    assert names["agent"].invoke({"query": "Was it reported?"}, config)["final_answer"] == "Nobody reported that yet."  # type: ignore[attr-defined]


def test_variables_and_options_of_the_page_are_real(page: str) -> None:
    """Each is read by the settings, or an option of the command."""
    known = genloom.config.__doc__ or ""
    assert {name for name in re.findall(r"GENLOOM_\w+", page) if name not in known} == set()
    command = (Path(genloom.config.__file__).parent / "interfaces" / "cli" / "review.py").read_text()
    options = (Path(genloom.config.__file__).parent / "interfaces" / "cli" / "options.py").read_text()
    used = set(re.findall(r"(?<![\w-])--[a-z]+", page))
    assert {option for option in used if f'"{option}"' not in command + options} == set()
