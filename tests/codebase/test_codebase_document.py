"""The code of docs/codebase.md runs as it stands, in a small repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

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


def test_the_code_of_the_document_runs(tmp_path: Path) -> None:
    """All its blocks, one after the other in one process; the model is a scripted one."""
    blocks = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    repository = tmp_path / "repository"
    (repository / "src").mkdir(parents=True)
    (repository / "src" / "pairs.py").write_text(PAIRS)
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([MODEL, *blocks])],
        cwd=repository,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "src/pairs.py" in done.stdout
