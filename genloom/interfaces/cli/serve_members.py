"""`genloom serve orgs` and `genloom serve users`: organisations of the server, and who belongs to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from genloom.interfaces.cli import options, serve_storage
from genloom.interfaces.cli.serve_keys import MOST, ROLES

if TYPE_CHECKING:
    from genloom.interfaces.server.settings import ServerSettings
    from genloom.interfaces.server.storage import OrganizationRecord, Role, Storage, UserRecord

__all__ = ["orgs", "users"]

LONGEST_NAME = 200


@click.group(
    short_help="Organisations: create, list.",
    epilog="\b\nExamples:\n  genloom serve orgs create acme\n  genloom serve orgs list",
)
def orgs() -> None:
    """Organisations: what belongs to one is seen by no other. Number 1 is there from the start."""


@orgs.command("create", epilog="\b\nExample:\n  genloom serve orgs create acme --json")
@click.argument("name")
@serve_storage.database
@serve_storage.data
@options.as_json
def create_org(name: str, database: str | None, data: str | None, as_json: bool) -> int:
    """Make an organisation, still without members."""
    from genloom.errors import UsageError
    from genloom.interfaces.cli.terminal import put_json, put_text

    if not name.strip() or len(name) > LONGEST_NAME:
        raise UsageError(f"A name of {len(name)} characters is no name.", hint=f"Give 1 to {LONGEST_NAME}.")

    settings = serve_storage.settings_of(database=database, data=data)

    async def work(storage: Storage) -> OrganizationRecord:
        return await storage.organizations.create(name)

    made = serve_storage.with_storage(settings, work, create=True)
    serve_storage.operator_log(settings).append("organisation.create", actor="operator", organisation=made.id)
    if as_json:
        put_json({"id": made.id, "name": made.name})
    else:
        put_text(f"{made.id}")
    return 0


@orgs.command("list", epilog="\b\nExample:\n  genloom serve orgs list --json")
@serve_storage.database
@serve_storage.data
@options.as_json
def list_orgs(database: str | None, data: str | None, as_json: bool) -> int:
    """List the organisations."""
    from genloom.interfaces.cli.terminal import put_json, put_text

    settings = serve_storage.settings_of(database=database, data=data)

    async def work(storage: Storage) -> tuple[OrganizationRecord, ...]:
        return await storage.organizations.all()

    found = serve_storage.with_storage(settings, work, create=False)
    if as_json:
        put_json({"organizations": [{"id": record.id, "name": record.name} for record in found]})
    else:
        put_text("\n".join(f"{record.id:>6}  {record.name}" for record in found))
    return 0


@click.group(
    short_help="Members of an organisation: create, list, change, remove.",
    epilog="\b\nExamples:\n  genloom serve users create --org 2 --role admin --name Ada\n  genloom serve users list --org 2",
)
def users() -> None:
    """Members of an organisation. A key can do no more than its user may: viewer, runner or admin."""


@users.command(
    "create", epilog="\b\nExample:\n  genloom serve users create --org 2 --role runner --email ada@example.org"
)
@serve_storage.org
@click.option("--role", type=click.Choice(ROLES), default="runner", show_default=True, help="What the user may do.")
@click.option("--email", metavar="E", help="The user's address.")
@click.option("--name", "full_name", metavar="T", help="The user's full name.")
@click.option("--github", "github_username", metavar="G", help="The user's name at GitHub.")
@serve_storage.database
@serve_storage.data
@options.as_json
def create_user(
    organization: int,
    role: Role,
    email: str | None,
    full_name: str | None,
    github_username: str | None,
    database: str | None,
    data: str | None,
    as_json: bool,
) -> int:
    """Make a user as a member of an organisation, and print the number."""
    from genloom.interfaces.cli.terminal import put_json, put_text

    settings = serve_storage.settings_of(database=database, data=data)
    told = {"email": email, "full_name": full_name, "github_username": github_username}

    async def work(storage: Storage) -> UserRecord:
        return await storage.users.create(organization, role=role, **told)

    made = serve_storage.with_storage(settings, work, create=True)
    serve_storage.operator_log(settings).append(
        "user.create", actor="operator", organisation=organization, target=f"user {made.id}", detail={"role": role}
    )
    if as_json:
        put_json(asdict(made))
    else:
        put_text(f"{made.id}")
    return 0


@users.command("list", epilog="\b\nExample:\n  genloom serve users list --org 2 --json")
@serve_storage.org
@serve_storage.database
@serve_storage.data
@options.as_json
def list_users(organization: int, database: str | None, data: str | None, as_json: bool) -> int:
    """List an organisation's members."""
    from genloom.interfaces.cli.terminal import put_json, put_text

    settings = serve_storage.settings_of(database=database, data=data)

    async def work(storage: Storage) -> tuple[tuple[UserRecord, ...], int]:
        await serve_storage.demand_organization(storage, organization)
        return await storage.users.page(organization, skip=0, limit=MOST)

    found, total = serve_storage.with_storage(settings, work, create=False)
    if as_json:
        put_json({"users": [asdict(record) for record in found], "total": total})
        return 0
    lines = [f"{r.id:>6}  {r.role:<7} {r.full_name or r.github_username or r.email or ''}" for r in found]
    put_text("\n".join(lines or [f"Organisation {organization} has no members."]))
    return 0


@users.command("change", epilog="\b\nExample:\n  genloom serve users change 3 --org 2 --role viewer")
@click.argument("user", type=click.IntRange(1, serve_storage.LARGEST))
@click.option("--role", type=click.Choice(ROLES), required=True, help="What the user may do from now on.")
@serve_storage.org
@serve_storage.database
@serve_storage.data
@options.as_json
def change_user(user: int, role: Role, organization: int, database: str | None, data: str | None, as_json: bool) -> int:
    """Give the member USER another role. A running server keeps to it within seconds; its keys do no more than that."""

    async def work(storage: Storage) -> bool:
        return await storage.users.set_role(organization, user, role)

    settings = serve_storage.settings_of(database=database, data=data)
    _do(settings, organization, user, work, action="user.change", detail={"role": role})
    return _told({"changed": user, "role": role}, f"changed: user {user} is {role}", as_json=as_json)


@users.command("remove", epilog="\b\nExample:\n  genloom serve users remove 3 --org 2")
@click.argument("user", type=click.IntRange(1, serve_storage.LARGEST))
@serve_storage.org
@serve_storage.database
@serve_storage.data
@options.as_json
def remove_user(user: int, organization: int, database: str | None, data: str | None, as_json: bool) -> int:
    """Remove the member USER from an organisation: the keys end within seconds, runs stay."""
    from genloom.errors import UsageError

    if (organization, user) == (1, 1):
        raise UsageError(
            "User 1 of organisation 1 stays: the server's own key is that user's.",
            hint="`genloom serve keys list` shows that user's other keys, `genloom serve keys revoke` ends one.",
        )

    async def work(storage: Storage) -> bool:
        return await storage.users.remove(organization, user)

    settings = serve_storage.settings_of(database=database, data=data)
    _do(settings, organization, user, work, action="user.remove", detail={})
    return _told({"removed": user}, f"removed: user {user}", as_json=as_json)


def _do(
    settings: ServerSettings,
    organization: int,
    user: int,
    work: Callable[[Storage], Awaitable[bool]],
    *,
    action: str,
    detail: dict[str, Any],  # Any: JSON values
) -> None:
    """Do something to a member and write it into the audit log. Raises `UsageError` when there is no such member."""

    async def demanded(storage: Storage) -> None:
        from genloom.interfaces.server.storage import UnknownRowError

        await serve_storage.demand_organization(storage, organization)
        if not await work(storage):
            raise UnknownRowError("user", user)

    serve_storage.with_storage(settings, demanded, create=False)
    serve_storage.operator_log(settings).append(
        action, actor="operator", organisation=organization, target=f"user {user}", detail=detail
    )


def _told(answer: dict[str, Any], text: str, *, as_json: bool) -> int:  # Any: JSON values
    from genloom.interfaces.cli.terminal import put_json, put_text

    if as_json:
        put_json(answer)
    else:
        put_text(text)
    return 0
