"""Organisations in one database: none sees or changes anything of another, whatever it asks for."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from genloom.interfaces.server.storage import NewDelivery, QueueFullError, StateConflictError, Storage, UnknownRowError
from genloom.tools.codegen.wire import CreateAgentRunInput, ResumeAgentRunInput

MARK = "of-organisation-one"
MESSAGE = NewDelivery(id=MARK, event="ended", url=f"http://{MARK}/", secret=MARK, body=MARK)

Operation = Callable[[Storage, int, int, int, Any], Awaitable[object]]
"""What an organisation asks of the storage: with its number, its user's, and any number and value it may think of."""


async def create(storage: Storage, org: int, user: int, number: int, value: Any) -> object:
    given = {"prompt": "p", "repo_id": value, "metadata": {"idempotency_key": MARK}}
    asked = CreateAgentRunInput.model_validate(given)
    return await storage.runs.create(org, user, asked, graph="generation", most_queued=5)


async def follow(storage: Storage, org: int, user: int, number: int, value: Any) -> object:
    return await storage.runs.progress({(org, number), (org, 1)})


OPERATIONS: dict[str, Operation] = {
    "create": create,
    "create as": lambda s, org, user, n, v: create(s, org, n, n, None),
    "get": lambda s, org, user, n, v: s.runs.get(org, n),
    "page": lambda s, org, user, n, v: s.runs.page(org, skip=0, limit=100, user_id=v),
    "progress": follow,
    "cancel": lambda s, org, user, n, v: s.runs.want(org, n, "cancel", deliveries=[MESSAGE]),
    "pause": lambda s, org, user, n, v: s.runs.want(org, n, "pause"),
    "resume": lambda s, org, user, n, v: s.runs.resume(org, n, ResumeAgentRunInput(agent_run_id=1, prompt="p")),
    "flags": lambda s, org, user, n, v: s.runs.set_flags(org, n, checks_banned=True, removed_from_pr=True),
    "logs": lambda s, org, user, n, v: s.logs.page(org, n, skip=0, limit=100),
    "log": lambda s, org, user, n, v: s.logs.append(org, n, v or 1, [{"by": "B"}]),
    "repo": lambda s, org, user, n, v: s.repos.get(org, n),
    "repos": lambda s, org, user, n, v: s.repos.page(org, skip=0, limit=100),
    "change repo": lambda s, org, user, n, v: s.repos.change(org, n, check_suite={"by": "B"}),
    "remove repo": lambda s, org, user, n, v: s.repos.remove(org, n),
    "user": lambda s, org, user, n, v: s.users.get(org, n),
    "users": lambda s, org, user, n, v: s.users.page(org, skip=0, limit=100),
    "set role": lambda s, org, user, n, v: s.users.set_role(org, n, "viewer"),
    "remove user": lambda s, org, user, n, v: s.users.remove(org, n) if n != user else s.users.get(org, n),
    "new key": lambda s, org, user, n, v: s.keys.create(
        org, n, name="B", role="admin", prefix="gl_b", digest=f"{org}{n}"
    ),
    "keys": lambda s, org, user, n, v: s.keys.page(org, skip=0, limit=100),
    "revoke": lambda s, org, user, n, v: s.keys.revoke(org, n),
    "use key": lambda s, org, user, n, v: s.keys.used(org, n),
    "webhook": lambda s, org, user, n, v: s.webhooks.get(org),
    "set webhook": lambda s, org, user, n, v: s.webhooks.put(org, url="http://b/", secret=None),
    "delete webhook": lambda s, org, user, n, v: s.webhooks.delete(org),
    "deliveries": lambda s, org, user, n, v: s.deliveries.page(org, skip=0, limit=100),
    "settings": lambda s, org, user, n, v: s.organizations.change_settings(org, {"by": "B"}),
    "organization": lambda s, org, user, n, v: s.organizations.get(org),
}
NUMBERS = st.integers(-1, 6) | st.sampled_from([2**31, 2**63 - 1, 2**63, -(2**63), 10**30])


async def fill(storage: Storage) -> None:
    """Give organisation 1 a row of everything, each with the mark in it: a run that is leased, one queued, one ended."""
    repo = await storage.repos.create(1, name=MARK, full_name=MARK, source=MARK)
    for number in range(3):
        asked = CreateAgentRunInput(
            prompt=MARK, repo_id=repo.id, metadata={"idempotency_key": MARK if number == 0 else f"{MARK}{number}"}
        )
        await storage.runs.create(1, 1, asked, graph="generation", most_queued=9)
    await storage.runs.lease(MARK)
    await storage.logs.append(1, 1, 1, [{"text": MARK}])
    await storage.runs.finish(1, 1, status="completed", result=MARK, summary=MARK, deliveries=[MESSAGE])
    await storage.runs.lease(MARK)
    await storage.logs.append(1, 2, 1, [{"text": MARK}])
    await storage.keys.create(1, 1, name=MARK, role="admin", prefix=MARK, digest=MARK)
    await storage.webhooks.put(1, url=f"http://{MARK}/", secret=MARK)
    await storage.organizations.change_settings(1, {"text": MARK})


async def everything(storage: Storage) -> list[object]:
    """Return all that organisation 1 has."""
    return [
        await storage.organizations.get(1),
        await storage.users.page(1, skip=0, limit=100),
        await storage.keys.page(1, skip=0, limit=100),
        await storage.repos.page(1, skip=0, limit=100),
        await storage.runs.page(1, skip=0, limit=100),
        *[await storage.runs.get(1, number) for number in (1, 2, 3)],
        *[await storage.logs.page(1, number, skip=0, limit=100) for number in (1, 2, 3)],
        await storage.webhooks.get(1),
        await storage.deliveries.page(1, skip=0, limit=100),
    ]


async def intrude(url: str, asked: list[tuple[str, int, int | None]]) -> None:
    async with Storage.open(url) as storage:
        await fill(storage)
        other = (await storage.organizations.create("other")).id
        user = (await storage.users.create(other, role="admin")).id
        before = await everything(storage)
        for name, number, value in asked:
            try:
                seen = await OPERATIONS[name](storage, other, user, number, value)
            except (UnknownRowError, StateConflictError) as error:
                seen = error.message
            except (QueueFullError, IntegrityError):  # its own limit; a key's digest that it used before
                continue
            told = repr(seen).replace(f"'idempotency_key': '{MARK}'", "")  # what it wrote itself
            assert MARK not in told, (name, number)
        assert await everything(storage) == before


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(OPERATIONS)), NUMBERS, st.none() | NUMBERS), min_size=1, max_size=30))
def test_organization_never_sees_or_changes_rows_of_another(asked: list[tuple[str, int, int | None]]) -> None:
    """Any numbers in any order: what comes back holds nothing of the other's, and the other's rows stay as they were."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(intrude(f"sqlite:///{folder}/server.db", asked))


async def test_each_operation_is_kept_out_on_either_database(database_url: str) -> None:
    """Every operation once with each small number, on Postgres too."""
    await intrude(database_url, [(name, number, number) for name in OPERATIONS for number in (*range(5), 2**63)])


async def test_rows_cannot_even_be_written_across_organizations(storage: Storage) -> None:
    """The database itself refuses a run whose repository, or a log whose run, is another organisation's."""
    from sqlalchemy import insert

    from genloom.interfaces.server.storage.schema import run_logs, runs

    await fill(storage)
    other = (await storage.organizations.create("other")).id
    user = (await storage.users.create(other, role="admin")).id
    entry = {"organization_id": other, "run_id": 1, "number": 9, "created_at": 0.0, "entry": {}}
    with pytest.raises(IntegrityError), storage._database.write() as db:
        db.execute(insert(run_logs).values(entry))
    values = {"status": "queued", "leg": 1, "prompt": "p", "graph": "g", "source_type": "API", "wanted": "run"}
    zeros = {"created_at": 0.0, "updated_at": 0.0, "lease_epoch": 0, "lease_beat": 0, "takeovers": 0}
    flags = {"checks_banned": False, "removed_from_pr": False}
    mine = {"organization_id": other, "user_id": user, "repo_id": 1}
    with pytest.raises(IntegrityError), storage._database.write() as db:
        db.execute(insert(runs).values({**mine, **values, **zeros, **flags}))
