"""`genloom serve keys`: who may call the server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from genloom.interfaces.cli import options, serve_storage

if TYPE_CHECKING:
    from genloom.interfaces.server.storage import KeyRecord, Role, Storage

__all__ = ["ROLES", "keys"]

ROLES = ("viewer", "runner", "admin")
MOST = 10_000


@click.group(
    short_help="API keys: create, list, revoke.",
    epilog="\b\nExamples:\n  genloom serve keys create --role runner --name ci --days 90\n  genloom serve keys list --json",
)
def keys() -> None:
    """API keys of an organisation. A key is shown once, when it is made; only its digest is stored.

    Roles: a viewer reads; a runner also starts and changes runs; an admin also changes settings and webhooks.
    """


@keys.command(
    epilog="""\b
Examples:
  export CODEGEN_API_TOKEN=$(genloom serve keys create --role runner --name ci)
  genloom serve keys create --org 2 --user 3 --role viewer --days 30 --json"""
)
@serve_storage.org
@click.option(
    *("--user", "user"),
    type=click.IntRange(1, serve_storage.LARGEST),
    default=1,
    show_default=True,
    metavar="N",
    help="The member of the organisation whose key it is.",
)
@click.option("--role", type=click.Choice(ROLES), default="runner", show_default=True, help="What the key may do.")
@click.option("--name", default="", metavar="T", help="What the key is for.")
@click.option(
    "--days", type=click.FloatRange(0, 36_500, min_open=True), metavar="D", help="It ends then [default: never]."
)
@serve_storage.database
@serve_storage.data
@options.as_json
def create(
    organization: int,
    user: int,
    role: Role,
    name: str,
    days: float | None,
    database: str | None,
    data: str | None,
    as_json: bool,
) -> int:
    """Make a key and print it, alone, on standard output. It cannot be shown again.

    A key that cannot be written into the audit log does not count.
    """
    from genloom.interfaces.cli.terminal import put_json, put_text, tell

    settings = serve_storage.settings_of(database=database, data=data)
    from genloom.interfaces.server.security.keys import create_key

    def audit(record: KeyRecord) -> None:
        serve_storage.operator_log(settings).append(
            "key.create",
            actor="operator",
            organisation=organization,
            target=f"key {record.id}",
            detail={"prefix": record.prefix, "role": role, "user": user},
        )

    async def work(storage: Storage) -> tuple[str, KeyRecord]:
        text, record = await create_key(storage, organization, user, name=name, role=role, days=days)
        try:
            audit(record)
        except BaseException:
            await storage.keys.revoke(organization, record.id)  # nobody was shown it, and nobody would know of it
            raise
        return text, record

    text, record = serve_storage.with_storage(settings, work, create=True)
    if as_json:
        put_json({"key": text, **_as_json(record)})
        return 0
    put_text(text)
    tell(f"key {record.id} of organisation {organization}, {_power(record)}; it is not shown again")
    return 0


@keys.command("list", epilog="\b\nExample:\n  genloom serve keys list --org 1 --json")
@serve_storage.org
@serve_storage.database
@serve_storage.data
@options.as_json
def list_keys(organization: int, database: str | None, data: str | None, as_json: bool) -> int:
    """List an organisation's keys by what they begin with, those that count no more too."""
    from genloom.interfaces.cli.terminal import put_json, put_text

    settings = serve_storage.settings_of(database=database, data=data)

    async def work(storage: Storage) -> tuple[tuple[KeyRecord, ...], int]:
        await serve_storage.demand_organization(storage, organization)
        return await storage.keys.page(organization, skip=0, limit=MOST)

    found, total = serve_storage.with_storage(settings, work, create=False)
    if as_json:
        put_json({"keys": [_as_json(record) for record in found], "total": total})
        return 0
    lines = [f"{r.id:>6}  {r.prefix}…  {_power(r):<44} {_used(r):<26} {r.name}" for r in found]
    put_text("\n".join(lines or [f"Organisation {organization} has no keys."]))
    return 0


@keys.command(epilog="\b\nExamples:\n  genloom serve keys revoke 3\n  genloom serve keys revoke gl_1b2c3d4e")
@click.argument("key")
@serve_storage.org
@serve_storage.database
@serve_storage.data
@options.as_json
def revoke(key: str, organization: int, database: str | None, data: str | None, as_json: bool) -> int:
    """End KEY for good, by its number or by what it begins with. A running server refuses it within seconds."""
    from genloom.errors import UsageError
    from genloom.interfaces.cli.terminal import put_json, put_text

    if key.isdecimal() and not 1 <= int(key[:20]) <= serve_storage.LARGEST:
        raise UsageError(f"{key[:20]} is not in the range of keys' numbers.", hint="`genloom serve keys list`.")

    settings = serve_storage.settings_of(database=database, data=data)

    async def work(storage: Storage) -> tuple[int, bool]:
        number = await _number_of(storage, organization, key)
        return number, await storage.keys.revoke(organization, number)

    number, done = serve_storage.with_storage(settings, work, create=False)
    serve_storage.operator_log(settings).append(
        "key.revoke",
        actor="operator",
        organisation=organization,
        target=f"key {number}",
        outcome="done" if done else "refused",
    )
    if not done:
        raise UsageError(
            f"Organisation {organization} has no key {number} that still counts.",
            hint="`genloom serve keys list` shows them.",
        )
    if as_json:
        put_json({"revoked": number})
    else:
        put_text(f"revoked: key {number}")
    return 0


async def _number_of(storage: Storage, organization: int, key: str) -> int:
    """Return the number of the key that a number, or the beginning of a key, names."""
    from genloom.errors import UsageError

    await serve_storage.demand_organization(storage, organization)
    if key.isdecimal():
        return int(key)
    found, _ = await storage.keys.page(organization, skip=0, limit=MOST)
    numbers = [record.id for record in found if record.revoked_at is None and key.startswith(record.prefix)]
    if len(numbers) == 1:
        return numbers[0]
    raise UsageError(
        f"{'Several keys begin' if numbers else f'No key of organisation {organization} that counts begins'} so.",
        hint="Give its number, or what it begins with, as `genloom serve keys list` shows them.",
    )


def _as_json(record: KeyRecord) -> dict[str, Any]:  # Any: text and numbers
    names = "id organization_id user_id name role prefix created_at expires_at revoked_at last_used_at".split()
    return {name: getattr(record, name) for name in names}


def _power(record: KeyRecord) -> str:
    if record.revoked_at is not None:
        return f"{record.role}, revoked {_day(record.revoked_at)}"
    if record.expires_at is None:
        return f"{record.role}, does not end"
    return f"{record.role}, {'ended' if record.expires_at <= time.time() else 'ends'} {_day(record.expires_at)}"


def _used(record: KeyRecord) -> str:
    return "never used" if record.last_used_at is None else f"used {_day(record.last_used_at)}"


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
