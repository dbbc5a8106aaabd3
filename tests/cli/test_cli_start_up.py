"""What a command pays for: modules that it does not need are not imported. (Times are measured by the benchmarks.)"""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from genloom_program import DOUBLE, Program, environment

HEAVY = {"langgraph", "langchain_core", "langchain_openai", "langsmith", "httpx", "rich", "tree_sitter", "openai"}


def imported(program: Program, *arguments: str) -> set[str]:
    """The top-level packages that a command imported."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "genloom", *arguments],
        capture_output=True,
        text=True,
        cwd=program.folder,
        env=environment({}),
        check=True,
    )
    names = re.findall(r"^import time:.*\|\s+(\S+)$", done.stderr, re.MULTILINE)
    return {name.partition(".")[0] for name in names}


def test_version_and_help_import_no_pydantic(program: Program) -> None:
    """The first page costs click and the standard library."""
    for page in (["--version"], ["--help"], ["generate", "--help"]):
        found = imported(program, *page)
        assert "click" in found
        assert found & (HEAVY | {"pydantic", "asyncio"}) == set()


@pytest.mark.slow
def test_cached_answer_imports_nothing_heavy(program: Program) -> None:
    """Neither LangGraph nor a model's client nor colours: only what finds the answer and prints it."""
    assert "langgraph" in imported(program, *DOUBLE)
    assert imported(program, *DOUBLE) & HEAVY == set()


@pytest.mark.slow
def test_a_warm_context_imports_no_parser(program: Program) -> None:
    """Where no file has changed nothing is parsed: the grammars' library is loaded by the first answer alone."""
    repository = program.folder / "repository"
    repository.mkdir()
    (repository / "pairs.py").write_text("def parse_pair(text):\n    return text.split('=')\n")
    asked = ("context", "where are pairs parsed", "--repo", str(repository))
    assert "tree_sitter" in imported(program, *asked)
    assert imported(program, *asked) & HEAVY == set()
