"""Tools of git: differences, and commits on branches of their own."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest

from genloom.tools.coding import Workspace
from genloom.tools.coding.committing import git_tools
from genloom.tools.effects import effect_of


def _git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    _git(root, "init", "--quiet")
    (root / "a.py").write_text("x = 1\n")
    (root / "b.py").write_text("y = 1\n")
    _git(root, "add", ".")
    _git(root, "commit", "--quiet", "-m", "first")
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\ntouch ran\nexit 1\n")
    hook.chmod(0o755)
    return root


def _tools(repository: Path) -> dict[str, Any]:
    return {tool.name: tool for tool in git_tools(Workspace(repository))}


def test_a_difference_shows_changed_and_new_files(repository: Path) -> None:
    tools = _tools(repository)
    assert "no difference" in tools["git_diff"].invoke({})
    (repository / "a.py").write_text("x = 2\n")
    (repository / "new.py").write_text("z = 1\n")
    told = asyncio.run(tools["git_diff"].ainvoke({}))
    assert "-x = 1\n+x = 2" in told
    assert "not in git yet: new.py" in told
    assert "x = 2" not in tools["git_diff"].invoke({"paths": ["b.py"]})
    assert effect_of(tools["git_diff"]) == "read"
    assert effect_of(tools["git_commit"]) == "write"


def test_a_commit_takes_the_named_files_alone_on_a_branch_of_its_own(repository: Path) -> None:
    (repository / "a.py").write_text("x = 2\n")
    (repository / "b.py").write_text("y = 2\n")
    tools = _tools(repository)
    told = tools["git_commit"].invoke({"branch": "genloom/x", "message": "Set x", "paths": ["a.py"]})
    assert "Set x" in told
    assert "a.py" in told
    assert _git(repository, "branch", "--show-current").strip() == "genloom/x"
    assert _git(repository, "show", "main:a.py") == "x = 1\n"
    assert _git(repository, "status", "--porcelain").strip() == "M b.py"
    assert not (repository / "ran").exists()
    again = tools["git_commit"].invoke({"branch": "genloom/x", "message": "Set y", "paths": ["b.py"]})
    assert "Set y" in again


def test_what_must_not_be_committed_is_not(repository: Path) -> None:
    tools = _tools(repository)
    (repository / "a.py").write_text("token = 'ghp_" + "a1B2c3D4" * 4 + "e5F6'\n")
    before = _git(repository, "log", "--all", "--oneline")
    _git(repository, "branch", "other")
    for branch, paths in (
        ("main", ["b.py"]),
        ("work", ["a.py"]),
        ("work", ["b.py"]),
        ("other", ["b.py"]),
        ("--force", ["b.py"]),
        ("a..b", ["b.py"]),
        ("work", ["../x.py"]),
        ("work", [".git/config"]),
    ):
        told = tools["git_commit"].invoke({"branch": branch, "message": "m", "paths": paths})
        assert told.startswith("Not done: "), (branch, paths)
    assert _git(repository, "log", "--all", "--oneline") == before
    assert _git(repository, "branch", "--show-current").strip() == "main"


def test_a_folder_without_git_and_a_revision_that_is_none_are_told(tmp_path: Path, repository: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    assert _tools(plain)["git_diff"].invoke({}).startswith("Not done: ")
    assert _tools(repository)["git_diff"].invoke({"revision": "nonesuch"}).startswith("Not done: ")


async def test_programs_that_the_repository_names_do_not_run(repository: Path) -> None:
    """A filter of its settings would run as whoever asks for a difference, or commits."""
    ran = repository.parent / "ran"
    _git(repository, "config", "filter.own.clean", f"sh -c 'touch {ran}; cat'")
    (repository / ".gitattributes").write_text("*.py filter=own\n")
    (repository / "a.py").write_text("x = 2\n")
    tools = _tools(repository)
    assert "+x = 2" in await tools["git_diff"].ainvoke({"paths": ["a.py"]})
    assert "Change x" in await tools["git_commit"].ainvoke({"branch": "work", "message": "Change x", "paths": ["a.py"]})
    assert not ran.exists()
    assert _git(repository, "show", "work:a.py") == "x = 2\n"
