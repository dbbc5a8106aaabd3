"""The checks of a lock file as a pytest file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from genloom.interfaces.importer.library.kept_tests import kept_examples, pytest_file

CHECKS = (
    "double(2) == 4",
    "raises(TypeError, double(None))",
    "raises(Wrong, strict(-1))",
    "nothing() is None",
    "nan_of() == nan",
    "[f(x) for x in (1, 2)] == [1, 2]",
    "test_reported_call",
)
MODULE = """class Wrong(Exception):
    pass


def double(n):
    return n + n


def strict(n):
    raise Wrong


def nothing():
    return None


def nan_of():
    return float("nan")


def f(x):
    return x
"""


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_all.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_the_file_asks_for_every_example_and_needs_no_genloom(tmp_path: Path) -> None:
    """Right code passes, wrong code fails, each example is a test of its own."""
    text = pytest_file("gen_text", CHECKS)
    assert "genloom" not in text
    (tmp_path / "test_all.py").write_text(text)
    (tmp_path / "gen_text.py").write_text(MODULE)
    right = run(tmp_path)
    assert "6 passed" in right.stdout, right.stdout
    (tmp_path / "gen_text.py").write_text(MODULE.replace("n + n", "n + 1").replace("raise Wrong", "return n"))
    wrong = run(tmp_path)
    assert "2 failed, 4 passed" in wrong.stdout, wrong.stdout


def test_no_examples_make_no_file() -> None:
    """A file without a test would only look like proof."""
    assert pytest_file("gen_text", ["test_reported_call"]) == ""
    assert kept_examples(CHECKS) == CHECKS[:-1]
