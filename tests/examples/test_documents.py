"""The code in the documents runs as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from genloom.testing import CodegenServer, RunPlan

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


SLOW = ("migrate-codegen-sdk.md", "search.md", "testing.md")


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_the_code_of_a_document_runs(name: str, tmp_path: Path) -> None:
    """All its blocks, one after the other in one process, with an environment that names a server."""
    blocks = BLOCK.findall((DOCS / name).read_text())
    assert blocks
    with CodegenServer(RunPlan(polls=1, result="done")) as server:
        variables = {
            "CODEGEN_API_BASE_URL": server.base_url,
            "CODEGEN_API_TOKEN": server.token,
            "CODEGEN_ORG_ID": "1",
        }
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(blocks)],
            cwd=tmp_path,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, done.stdout + done.stderr
