"""The links at the root lead readers into the package, and nothing depends on them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from source_tree import ROOT

LINKS = ("graphs", "nodes", "prompts", "state", "tools")

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="the links are part of a checkout, not of a source distribution"
)


@pytest.mark.parametrize("name", LINKS)
def test_link_is_relative_and_leads_into_the_package(name: str) -> None:
    """Each link names its folder by a relative path, so that a clone anywhere keeps it."""
    link = ROOT / name
    assert link.is_symlink()
    assert link.readlink() == Path("genloom") / name
    assert link.resolve() == (ROOT / "genloom" / name).resolve()


def test_no_other_links_stand_at_the_root() -> None:
    """The links are those of the layout and no more."""
    assert sorted(path.name for path in ROOT.iterdir() if path.is_symlink()) == sorted(LINKS)


@pytest.mark.slow
def test_tree_without_links_imports_and_collects_its_tests(tmp_path: Path) -> None:
    """On a system without links the package imports and every test is still found."""
    shutil.copytree(ROOT / "genloom", tmp_path / "genloom", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "langgraph.json", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    program = "import genloom, genloom.graphs, genloom.interfaces.python; print(genloom.graphs.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(tmp_path / "genloom" / "graphs" / "__init__.py")
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert collected.returncode == 0, collected.stdout[-3000:]
