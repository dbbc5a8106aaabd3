"""Repositories that runs may work in: registered by the operator, mirrored in the server's data folder, only ever read."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from genloom.errors import RepositoryError, UsageError
from genloom.interfaces.server.storage import RepoRecord, Storage
from genloom.tools.scm.worktree import Mirror, checked_source

__all__ = ["mirror_of", "offered_repositories", "register_repository", "remove_repository", "repository_of"]

MOST_LISTED = 10_000


def mirror_of(data: Path, repo: RepoRecord) -> Mirror:
    """Return the mirror of a repository in a server's data folder; it may have to be filled first."""
    return _mirror(data, repo.folder, repo.source)


async def register_repository(
    storage: Storage, data: Path, organization_id: int, source: str, *, name: str | None = None
) -> RepoRecord:
    """Register a folder's git repository or a URL, and take over its newest commit.

    Raises `RepositoryError` when it cannot be read, and `UsageError` when the organisation has it, or its name, already.
    """
    source = await asyncio.to_thread(checked_source, source)
    full_name = name or _name_of(source)
    for other in await offered_repositories(storage, organization_id):
        if full_name in (other.full_name, other.name) or source == other.source:
            raise UsageError(
                f"The organisation has {other.full_name} ({other.source}) already, as {other.id}.",
                hint="Runs may name that one; or remove it first."
                if source == other.source
                else "Give another --name, or remove that one first.",
            )
    branch = await _mirror(data, "new", source).default_branch()
    repo = await storage.repos.create(
        organization_id,
        name=full_name.rpartition("/")[2],
        full_name=full_name,
        source=source,
        default_branch=branch,
        language="Python",
    )
    mirror = mirror_of(data, repo)
    try:
        await mirror.refresh()
    except BaseException:
        await storage.repos.remove(organization_id, repo.id)
        await mirror.delete()
        raise
    return repo


async def remove_repository(storage: Storage, data: Path, organization_id: int, repo_id: int) -> RepoRecord:
    """Offer a repository no more and delete its mirror; the source stays as it is. Raises `UsageError`."""
    repo = await storage.repos.remove(organization_id, repo_id)
    if repo is None:
        raise UsageError(
            f"The organisation {organization_id} has no repository {repo_id}.", hint="See `genloom serve repos list`."
        )
    await mirror_of(data, repo).delete()
    return repo


async def offered_repositories(storage: Storage, organization_id: int) -> tuple[RepoRecord, ...]:
    """Return the organisation's repositories by number."""
    found, _ = await storage.repos.page(organization_id, skip=0, limit=MOST_LISTED)
    return found


async def repository_of(storage: Storage, organization_id: int, repo_id: int | None) -> RepoRecord | None:
    """Return the repository that a run works in: the one it names, else the organisation's only one, else none.

    Raises `RepositoryError` for one that is not offered any more.
    """
    if repo_id is None:
        found, total = await storage.repos.page(organization_id, skip=0, limit=1)
        return found[0] if total == 1 else None
    repo = await storage.repos.get(organization_id, repo_id)
    if repo is None or repo.removed_at is not None:
        raise RepositoryError(f"The repository {repo_id} was removed.", hint="Name another: GET …/repos lists them.")
    return repo


def _mirror(data: Path, name: str, source: str) -> Mirror:
    return Mirror(folder=data.absolute() / "repos" / name, source=source)


def _name_of(source: str) -> str:
    """Return the name that a source has by itself: `owner/name` of a URL, the folder's name of a path."""
    if source.startswith("/"):
        return Path(source).name or "repository"
    parts = [part for part in re.split(r"[/:]", source.removesuffix("/").removesuffix(".git")) if part]
    return "/".join(parts[-2:])
