"""`genloom serve repos`: the repositories that runs work in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from genloom.interfaces.cli import options, serve_storage

if TYPE_CHECKING:
    from genloom.interfaces.server.settings import ServerSettings
    from genloom.interfaces.server.storage import RepoRecord, Storage

__all__ = ["repos"]


@click.group(
    short_help="Repositories that runs work in: add, list, remove.",
    epilog="\b\nExamples:\n  genloom serve repos add .\n  genloom serve repos add https://example.org/team/app.git --org 2",
)
def repos() -> None:
    """Repositories of an organisation. Each run gets a worktree of its own, of the newest commit that is checked out at
    the source; the source itself is only read. What is not committed is not seen."""


@repos.command(
    epilog="\b\nExamples:\n  genloom serve repos add . --name team/app\n  genloom serve repos add git@host:a/b.git"
)
@click.argument("source", metavar="PATH|URL")
@click.option("--name", metavar="N", help="Its name [default: the folder's, or the end of the URL].")
@serve_storage.org
@serve_storage.database
@serve_storage.data
@options.as_json
def add(source: str, name: str | None, organization: int, database: str | None, data: str | None, as_json: bool) -> int:
    """Register a git repository by the path of its folder, or by a URL (https, ssh). Prints its number."""
    from genloom.errors import UsageError
    from genloom.interfaces.cli.terminal import put_json, put_text, tell

    if not source.strip():
        raise UsageError("The repository's path is empty.", hint="Give the path of its folder (`.`), or its URL.")
    settings = serve_storage.settings_of(database=database, data=data)
    from genloom.interfaces.server.repositories import register_repository

    async def work(storage: Storage) -> RepoRecord:
        await serve_storage.demand_organization(storage, organization)
        return await register_repository(storage, settings.data, organization, source, name=name)

    repo = serve_storage.with_storage(settings, work, create=True)
    _audit(settings, "repo.add", repo)
    if as_json:
        put_json(_as_json(repo))
    else:
        put_text(str(repo.id))
        tell(f"repository {repo.id} of organisation {organization}: {repo.full_name}, branch {repo.default_branch}")
    return 0


@repos.command("list", epilog="\b\nExample:\n  genloom serve repos list --json")
@serve_storage.org
@serve_storage.database
@serve_storage.data
@options.as_json
def list_repos(organization: int, database: str | None, data: str | None, as_json: bool) -> int:
    """List an organisation's repositories."""
    from genloom.interfaces.cli.terminal import put_json, put_text

    settings = serve_storage.settings_of(database=database, data=data)
    from genloom.interfaces.server.repositories import offered_repositories

    async def work(storage: Storage) -> tuple[RepoRecord, ...]:
        await serve_storage.demand_organization(storage, organization)
        return await offered_repositories(storage, organization)

    found = serve_storage.with_storage(settings, work, create=False)
    if as_json:
        put_json({"repos": [_as_json(repo) for repo in found]})
        return 0
    lines = [f"{repo.id:>6}  {repo.full_name:<30} {repo.default_branch or '':<20} {repo.source}" for repo in found]
    put_text("\n".join(lines or [f"Organisation {organization} has no repositories."]))
    return 0


@repos.command(epilog="\b\nExample:\n  genloom serve repos remove 3")
@click.argument("number", metavar="ID", type=click.IntRange(1, serve_storage.LARGEST))
@serve_storage.org
@serve_storage.database
@serve_storage.data
@options.as_json
def remove(number: int, organization: int, database: str | None, data: str | None, as_json: bool) -> int:
    """Offer a repository no more, and delete the server's copy. The repository itself stays as it is."""
    from genloom.interfaces.cli.terminal import put_json, put_text

    settings = serve_storage.settings_of(database=database, data=data)
    from genloom.interfaces.server.repositories import remove_repository

    async def work(storage: Storage) -> RepoRecord:
        return await remove_repository(storage, settings.data, organization, number)

    repo = serve_storage.with_storage(settings, work, create=False)
    _audit(settings, "repo.remove", repo)
    if as_json:
        put_json({"removed": number})
    else:
        put_text(f"removed: repository {number} ({repo.full_name})")
    return 0


def _audit(settings: ServerSettings, action: str, repo: RepoRecord) -> None:
    serve_storage.operator_log(settings).append(
        action,
        actor="operator",
        organisation=repo.organization_id,
        target=f"repo {repo.id}",
        detail={"name": repo.full_name},
    )


def _as_json(repo: RepoRecord) -> dict[str, Any]:  # Any: text and numbers
    names = "id organization_id name full_name source default_branch created_at".split()
    return {name: getattr(repo, name) for name in names}
