"""The linter, the formatter and the type checker find nothing. They are part of the test run, so that CI is one command."""

from __future__ import annotations

import subprocess
import sys

import pytest
from source_tree import ROOT

COMMANDS = {
    "ruff check": ("-m", "ruff", "check", "--no-cache", "."),
    "ruff format": ("-m", "ruff", "format", "--no-cache", "--check", "."),
    "mypy": ("-m", "mypy", "--no-error-summary"),
    "mypy of what users write": ("-m", "mypy", "--no-error-summary", "examples", "tests/compose/types_of_graphs.py"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_style_checker_finds_nothing(name: str) -> None:
    """The checker, under the configuration of pyproject.toml, is satisfied with the whole tree."""
    done = subprocess.run(
        [sys.executable, *COMMANDS[name]], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
