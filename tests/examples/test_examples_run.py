"""The examples run as their docstrings say."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted(Path(__file__).parents[2].joinpath("examples").glob("*.py"))

SAYS = {
    "ask_a_codebase.py": "halves to even.",
    "compose_graph.py": "T-1 passed approve",
    "deep_agent.py": "The coder says: passed:",
    "first_steps.py": "# passed:",
    "nest_graphs.py": "opened, closed: passed",
    "repair_with_a_model.py": "# passed after 2 attempts",
    "replace_parts.py": "failed after 2 attempts",
    "self_writing_import.py": "imports-that-write-themselves",
    "stream_events.py": "update: finalize",
}


def _of_its_suite(path: Path):
    """The first example is part of the quick suite."""
    return pytest.param(path, id=path.name, marks=[] if path.name == "first_steps.py" else pytest.mark.slow)


@pytest.mark.parametrize("path", [_of_its_suite(path) for path in EXAMPLES])
def test_an_example_runs_and_shows_what_it_promises(path, tmp_path):
    """In a process of its own, from another folder, with nothing configured."""
    done = subprocess.run([sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert SAYS[path.name] in done.stdout
