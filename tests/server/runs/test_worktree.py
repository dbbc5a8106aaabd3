"""Mirrors and worktrees: real git repositories in folders, and nothing of theirs is run or changed."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from genloom.errors import RepositoryError
from genloom.tools.scm.worktree import Mirror, checked_source, worktrees_in


@pytest.fixture
def mirror(tmp_path: Path, project: Path) -> Mirror:
    return Mirror(folder=tmp_path / "data" / "repos" / "1", source=str(project))


def state_of(project: Path, git) -> tuple[str, str, list[str]]:
    refs = git(project, "for-each-ref")
    return (
        git(project, "status", "--porcelain", "--ignored"),
        refs,
        sorted(p.name for p in (project / ".git").iterdir()),
    )


async def test_a_worktree_holds_the_newest_commit_and_not_what_is_uncommitted(
    mirror: Mirror, project: Path, tmp_path: Path, git
) -> None:
    (project / "prices.py").write_text("changed, not committed\n")
    (project / "new.py").write_text("")
    before = state_of(project, git)
    commit = await mirror.add_worktree(tmp_path / "work" / "run-1-1", "run-1-1")
    assert commit == git(project, "rev-parse", "HEAD")
    assert sorted(p.name for p in (tmp_path / "work" / "run-1-1").iterdir()) == [".git", "prices.py"]
    assert "def net" in (tmp_path / "work" / "run-1-1" / "prices.py").read_text()
    assert state_of(project, git) == before


async def test_a_run_keeps_its_commit_and_the_next_gets_the_newest(
    mirror: Mirror, project: Path, tmp_path: Path, git
) -> None:
    first = await mirror.add_worktree(tmp_path / "a", "run-1-1")
    git(project, "commit", "--allow-empty", "-m", "Second")
    await mirror.remove_worktree(tmp_path / "a", "run-1-1", forget=False)
    assert await mirror.add_worktree(tmp_path / "b", "run-2-1") == git(project, "rev-parse", "HEAD") != first
    assert await mirror.add_worktree(tmp_path / "a", "run-1-1") == first
    await mirror.remove_worktree(tmp_path / "a", "run-1-1", forget=True)
    assert await mirror.add_worktree(tmp_path / "a", "run-1-1") == git(project, "rev-parse", "HEAD")


async def test_what_a_crash_left_at_the_path_is_replaced(mirror: Mirror, tmp_path: Path) -> None:
    path = tmp_path / "work" / "run-1-1"
    await mirror.add_worktree(path, "run-1-1")
    (path / "half-written.txt").write_text("x")
    shutil.rmtree(path / ".git", ignore_errors=True)
    await mirror.add_worktree(path, "run-1-1")
    assert sorted(p.name for p in path.iterdir()) == [".git", "prices.py"]
    assert await worktrees_in(path.parent) == ("run-1-1",)
    await mirror.remove_worktree(path, "run-1-1", forget=True)
    assert await worktrees_in(path.parent) == ()


async def test_hooks_of_the_source_and_filters_of_the_tree_are_not_run(
    mirror: Mirror, project: Path, tmp_path: Path, git
) -> None:
    marker = tmp_path / "was-run"
    for name in ("post-checkout", "post-update", "reference-transaction", "pre-auto-gc"):
        hook = project / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {marker}\n")
        hook.chmod(0o755)
    (project / ".gitattributes").write_text("*.py filter=evil\n")
    (project / ".gitconfig").write_text(f'[filter "evil"]\n  smudge = touch {marker}\n')
    git(project, "add", ".gitattributes", ".gitconfig")
    git(project, "commit", "--quiet", "--no-verify", "-m", "Filters")
    marker.unlink(missing_ok=True)
    git_config = project / ".git" / "config"
    git_config.write_text(git_config.read_text() + f'[filter "evil"]\n  smudge = touch {marker}\n')
    await mirror.add_worktree(tmp_path / "a", "run-1-1")
    await mirror.remove_worktree(tmp_path / "a", "run-1-1", forget=True)
    assert not marker.exists()


async def test_a_source_that_vanished_says_what_to_do(mirror: Mirror, project: Path, tmp_path: Path) -> None:
    await mirror.refresh()
    shutil.rmtree(project)
    with pytest.raises(RepositoryError) as caught:
        await mirror.add_worktree(tmp_path / "a", "run-1-1")
    assert "is gone" in caught.value.message
    assert "genloom serve repos add" in caught.value.hint


async def test_a_mirror_that_vanished_is_made_again(mirror: Mirror, tmp_path: Path) -> None:
    await mirror.refresh()
    shutil.rmtree(mirror.folder)
    await mirror.remove_worktree(tmp_path / "a", "run-1-1", forget=True)
    assert await mirror.add_worktree(tmp_path / "a", "run-1-1")


@pytest.mark.parametrize("limits", [{"most_files": 0}, {"most_megabytes": 1}])
async def test_a_repository_that_is_too_large_is_refused(project: Path, tmp_path: Path, git, limits: dict) -> None:
    (project / "zeros").write_bytes(bytes(3 << 20))  # packs to next to nothing
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "Large")
    mirror = Mirror(folder=tmp_path / "repos" / "1", source=str(project), **limits)
    with pytest.raises(RepositoryError, match="too large"):
        await mirror.refresh()


async def test_a_pack_that_is_too_large_is_not_even_stored(project: Path, tmp_path: Path, git) -> None:
    import random

    (project / "noise").write_bytes(random.Random(7).randbytes(3 << 20))
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "Noise")
    mirror = Mirror(folder=tmp_path / "repos" / "1", source=str(project), most_megabytes=1)
    with pytest.raises(RepositoryError):
        await mirror.refresh()
    assert sum(p.stat().st_size for p in mirror.folder.rglob("*") if p.is_file()) < 2 << 20


async def test_the_default_branch_is_the_one_checked_out(mirror: Mirror, project: Path, git) -> None:
    assert await mirror.default_branch() == "main"
    git(project, "checkout", "--quiet", "-b", "feature/x")
    assert await mirror.default_branch() == "feature/x"
    git(project, "checkout", "--quiet", "--detach")
    assert await mirror.default_branch() == "HEAD"


async def test_a_repository_around_the_data_folder_configures_nothing(
    mirror: Mirror, project: Path, tmp_path: Path, git
) -> None:
    """Its configuration could lead git from one source to another."""
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", str(project), str(other))
    git(other, "checkout", "--quiet", "-b", "elsewhere")
    mirror.folder.parent.mkdir(parents=True)
    git(tmp_path, "init", "--quiet", "data")
    git(tmp_path / "data", "config", f"url.{other}.insteadOf", str(project))
    assert await mirror.default_branch() == "main"


async def test_a_mirror_is_deleted_by_one_at_a_time_and_its_lock_stays(mirror: Mirror) -> None:
    await mirror.refresh()
    lock = FileLock(mirror.folder.with_name("1.lock"))
    with lock:
        deleting = asyncio.create_task(mirror.delete())
        await asyncio.wait([deleting], timeout=0.3)
        assert mirror.folder.exists()
    await deleting
    assert not mirror.folder.exists()
    assert Path(lock.lock_file).exists()


async def test_a_repository_without_a_commit_is_refused(tmp_path: Path, git) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "--quiet")
    with pytest.raises(RepositoryError, match="no commit"):
        await Mirror(folder=tmp_path / "repos" / "1", source=str(empty)).default_branch()


async def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError):
        await Mirror(folder=tmp_path / "repos" / "1", source=str(tmp_path)).default_branch()


@pytest.mark.parametrize(
    "source",
    ["https://me:secret-word@example.org/a/b.git", "https://token-value@example.org/a/b", "http://example.org/a/b",
     "ext::sh -c touch% /tmp/x", "file:///etc", "git://example.org/a", "https://", "/no/such/folder"],
)  # fmt: skip
def test_a_source_that_is_not_taken_is_refused_without_its_secret(source: str) -> None:
    with pytest.raises(RepositoryError) as caught:
        checked_source(source)
    assert "secret-word" not in str(caught.value)
    assert "token-value" not in str(caught.value)


@pytest.mark.parametrize(
    "source", ["https://example.org/a/b.git", "ssh://git@example.org/a/b", "git@example.org:a/b.git"]
)
def test_urls_by_https_and_ssh_are_taken(source: str) -> None:
    assert checked_source(source) == source


async def test_a_network_source_cannot_lead_git_to_a_local_path(tmp_path: Path, project: Path) -> None:
    from genloom.tools.git_command import run_git

    with pytest.raises(RepositoryError, match="not allowed"):
        await run_git("ls-remote", "--", str(project), folder=tmp_path, transport="network")


async def test_a_git_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    import socket

    from genloom.tools.git_command import run_git

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/a"
        with pytest.raises(RepositoryError, match="longer than"):
            await run_git("ls-remote", "--", url, folder=tmp_path, transport="network", seconds=0.5)
