"""The code of docs/codebase.md runs as it stands, in a small repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "codebase.md"
MODEL = """
from genloom.testing import ScriptedChatModel

model = ScriptedChatModel(rule=lambda messages: "Halves go to even.")
"""

PAIRS = """def parse_pair(text):
    key, _, value = text.partition("=")
    return key, value


class Parser:
    def feed(self, text):
        return dict(parse_pair(part) for part in text.split(","))
"""


TEST = """from pairs import parse_pair


def test_parse_pair():
    assert parse_pair("a=b=c") == ("a=b", "c")
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A module, and a test that fails."""
    root = tmp_path / "repository"
    for folder in ("src", "tests"):
        (root / folder).mkdir(parents=True)
    (root / "src" / "pairs.py").write_text(PAIRS)
    (root / "tests" / "test_pairs.py").write_text(TEST)
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["src"]\n')
    return root


def _run(command: list[str], repository: Path) -> str:
    """Run a command in the repository, with the programs of this Python; return what it printed."""
    done = subprocess.run(
        command,
        cwd=repository,
        env={
            **os.environ,
            "HOME": str(repository.parent),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_code_of_the_document_runs(repository: Path) -> None:
    """All its Python blocks, one after the other in one process; the model is a scripted one."""
    blocks = _blocks("python")
    assert len(blocks) >= 3
    assert "src/pairs.py" in _run([sys.executable, "-c", "\n".join([MODEL, *blocks])], repository)


@pytest.mark.slow
def test_the_commands_of_the_document_run(repository: Path) -> None:
    """Each line of its shell blocks, and answers with what it is about."""
    lines = [line for block in _blocks("sh") for line in block.splitlines()]
    assert len(lines) >= 5
    for line in lines:
        assert re.search("python|pairs|Parser", _run(["sh", "-c", line], repository)), line


def test_every_block_of_the_document_is_run_or_a_drawing() -> None:
    """No block is of a language that the tests above leave out."""
    assert set(re.findall(r"^```(\w+)$", DOCUMENT.read_text(), re.MULTILINE)) == {"python", "sh"}


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
