"""A git repository to register, and what makes one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Git = Callable[..., str]


@pytest.fixture
def git() -> Git:
    """Run git in a folder, as a user without any configuration."""

    def run(folder: Path, *arguments: str) -> str:
        who = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org", "-c", "init.defaultBranch=main")
        env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *who, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    return run


@pytest.fixture
def project(tmp_path: Path, git: Git) -> Path:
    """A repository with one module and one commit, on the branch `main`."""
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "prices.py").write_text("def net(price: float) -> float:\n    return price / 1.2\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Prices")
    return folder
