"""The code of docs/feature.md runs as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from feature_repository import DOUBLED, git, make_repository

from genloom.tools.sandbox import Sandbox

DOCUMENT = Path(__file__).parents[2] / "docs" / "feature.md"
MODEL = "from feature_repository import scripted\nmodel = scripted(docs=['Nothing to say.'])\n"


@pytest.mark.slow
def test_the_code_of_the_feature_document_runs(tmp_path: Path) -> None:
    """All its blocks, one after the other in one process; the model is a scripted one."""
    if not Sandbox().status().tier:
        pytest.skip(Sandbox().status().reason)
    repository = make_repository(tmp_path / "shop")
    blocks: list[str] = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([MODEL, *blocks])],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "code passed 1 1 tests pass." in lines
    assert "tests passed 1 2 tests pass." in lines
    result, applied, branch = lines[-1].split()
    assert (result, applied) == ("passed", "branch")
    assert git(repository, "show", f"{branch}:prices.py") + "\n" == DOUBLED
    assert git(repository, "status", "--porcelain") == ""
