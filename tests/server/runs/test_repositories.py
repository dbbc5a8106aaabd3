"""Registered repositories belong to one organisation, and their folders are only read."""

from __future__ import annotations

from pathlib import Path

import pytest

from genloom.errors import RepositoryError, UsageError
from genloom.interfaces.server.repositories import (
    mirror_of,
    offered_repositories,
    register_repository,
    remove_repository,
    repository_of,
)

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_an_organisation_sees_and_removes_its_own_alone(desk, project: Path) -> None:
    other = await desk.storage.organizations.create("other")
    repo = await register_repository(desk.storage, desk.settings.data, 1, str(project))
    assert await offered_repositories(desk.storage, other.id) == ()
    assert await repository_of(desk.storage, other.id, None) is None
    with pytest.raises(RepositoryError):
        await repository_of(desk.storage, other.id, repo.id)
    with pytest.raises(UsageError):
        await remove_repository(desk.storage, desk.settings.data, other.id, repo.id)
    assert mirror_of(desk.settings.data, repo).folder.exists()


async def test_the_same_name_or_source_is_registered_once(desk, project: Path) -> None:
    await register_repository(desk.storage, desk.settings.data, 1, str(project), name="team/a")
    for name in ("team/a", "b"):
        with pytest.raises(UsageError, match="already"):
            await register_repository(desk.storage, desk.settings.data, 1, str(project), name=name)


async def test_what_cannot_be_read_leaves_nothing_registered(desk, tmp_path: Path) -> None:
    with pytest.raises(RepositoryError):
        await register_repository(desk.storage, desk.settings.data, 1, str(tmp_path))
    assert await offered_repositories(desk.storage, 1) == ()


async def test_a_removed_repository_serves_no_more_runs(desk, project: Path) -> None:
    repo = await register_repository(desk.storage, desk.settings.data, 1, str(project))
    run = await desk.create("Write a compiler.", repo_id=repo.id)
    await remove_repository(desk.storage, desk.settings.data, 1, repo.id)
    async with desk.working():
        ended = await desk.wait(run)
    assert ended.status == "failed"
    assert "was removed" in ended.summary
    assert project.exists()


async def test_of_two_repositories_none_is_taken_unasked(desk, project: Path, tmp_path: Path, git) -> None:
    await register_repository(desk.storage, desk.settings.data, 1, str(project))
    second = tmp_path / "second"
    git(tmp_path, "clone", "--quiet", str(project), str(second))
    await register_repository(desk.storage, desk.settings.data, 1, str(second))
    assert await repository_of(desk.storage, 1, None) is None
