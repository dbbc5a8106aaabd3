"""Tools that check a repository: what they find, and that nothing changes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from genloom.tools.coding import Workspace
from genloom.tools.coding.checking import checking_tools
from genloom.tools.effects import effect_of

TESTS = """
from pathlib import Path

from numbers_here import one


def test_one():
    Path("written.txt").write_text("x")
    assert one() == 1


def test_two():
    assert one() == 2
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / "tests").mkdir(parents=True)
    (root / "numbers_here.py").write_text("import os\n\n\ndef one():\n    return 1\n")
    (root / "tests" / "test_numbers.py").write_text(TESTS)
    (root / "danger.py").write_text("import subprocess\n\n\ndef run(text):\n    subprocess.run(text, shell=True)\n")
    return root


def _tools(repository: Path) -> dict[str, Any]:
    return {tool.name: tool for tool in checking_tools(Workspace(repository))}


@pytest.mark.slow
def test_tests_run_in_a_view_of_the_repository_and_nothing_stays(repository: Path) -> None:
    tool = _tools(repository)["run_tests"]
    told = tool.invoke({})
    assert "exit code: 1" in told
    assert "1 failed, 1 passed" in told
    assert "assert 1 == 2" in told
    assert "exit code: 0" in asyncio.run(tool.ainvoke({"paths": ["tests/test_numbers.py::test_one"]}))
    assert "1 passed" in tool.invoke({"keyword": "one"})
    assert not list(repository.rglob("written.txt"))
    assert not list(repository.rglob("__pycache__"))


def test_lint_and_scan_tell_what_each_is_for(repository: Path) -> None:
    tools = _tools(repository)
    assert "F401" in tools["lint"].invoke({"paths": ["numbers_here.py"]})
    scanned = tools["security_scan"].invoke({"paths": ["numbers_here.py", "danger.py"]})
    assert "danger.py:" in scanned
    assert "F401" not in scanned
    assert all(effect_of(tool) == "read" for tool in tools.values())


def test_what_cannot_be_checked_is_told(repository: Path) -> None:
    tools = _tools(repository)
    for told in (
        tools["lint"].invoke({"paths": ["none.py"]}),
        tools["lint"].invoke({"paths": []}),
        tools["run_tests"].invoke({"paths": ["../outside.py"]}),
    ):
        assert told.startswith("Not checked: ")
