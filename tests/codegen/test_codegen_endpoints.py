"""Every endpoint of the API: what is sent, what comes back, and lists over many pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from api_document import CONFIRMED, UNCONFIRMED
from document_server import DocumentServer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from genloom.errors import AgentError, UsageError
from genloom.testing import CodegenServer, Fault
from genloom.testing.loopback import Answer, LoopbackServer, RecordedRequest
from genloom.tools.codegen import AsyncCodegen
from genloom.tools.codegen.endpoints.group import every_item
from genloom.tools.codegen.wire import CheckSuiteSettingsRequest, Page, WebhookOverride

ClientOf = Callable[..., AsyncCodegen]


async def ask_for_everything(client: AsyncCodegen) -> None:
    await client.create_run("p", repo_id=1, model="m", agent_type="a", images=["data:image/png;base64,AA=="])
    await client.get_run(1)
    await client.list_runs(limit=5, skip=3, user_id=2, source_type="API")
    await client.run_logs(1, limit=5, skip=3, reverse=True)
    await client.resume_run(1, "go on")
    await client.ban_checks(1)
    await client.unban_checks(1)
    await client.remove_from_pr(1)
    await client.organizations.list()
    await client.users.me()
    await client.users.get(1)
    await client.users.list(limit=1)
    await client.repos.list(skip=1)
    await client.repos.check_suite_settings(1)
    await client.repos.update_check_suite_settings(1, CheckSuiteSettingsRequest(ignored_checks=("slow",)))
    await client.pull_requests.edit(1, "draft")
    await client.pull_requests.edit(1, "closed", repo_id=1)
    await client.integrations.get()
    await client.rules.get()
    await client.setup_commands.generate(1, prompt="p")
    await client.setup_commands.analyze_logs(1)
    await client.account.mcp_providers()
    await client.account.oauth_status()
    await client.account.revoke_oauth("linear")
    await client.account.slack_connect_token()


async def ask_for_additions(client: AsyncCodegen) -> None:
    hook = WebhookOverride(url="https://a.example/hook", secret="hush")
    await client.create_run("p", webhooks=[hook])
    await client.resume_run(1, "go on", model="m", webhooks=[hook])
    await client.models.get()
    await client.webhooks.get()
    await client.webhooks.set("https://a.example/hook", secret="hush")
    await client.webhooks.test("https://a.example/hook")
    await client.webhooks.delete()


async def test_every_documented_endpoint_is_asked_as_documented() -> None:
    """Paths, query, and bodies are those of the document of 2025-10, and none of its endpoints is left out."""
    with DocumentServer(CONFIRMED) as server:
        async with AsyncCodegen(token="t", org_id=1, base_url=server.base_url) as client:
            await ask_for_everything(client)
        assert server.mistakes == []
        assert server.answered_operations == server.operations.keys()


async def test_the_additions_of_the_unconfirmed_document_are_asked_as_it_says() -> None:
    """Models and webhooks, too; the document of 2025-10 knows none of them."""
    with DocumentServer(UNCONFIRMED) as server:
        async with AsyncCodegen(token="t", org_id=1, base_url=server.base_url) as client:
            await ask_for_everything(client)
            await ask_for_additions(client)
        assert server.mistakes == []
        assert server.answered_operations == server.operations.keys()


async def test_the_server_for_tests_answers_what_the_client_reads(client_of: ClientOf) -> None:
    """The server for tests answers in shapes that the client takes."""
    with CodegenServer() as server:
        async with client_of(server) as client:
            await client.create_run("p")
            assert (await client.get_run(1)).id == 1
            assert [run.id async for run in client.iterate_runs()] == [1]
            assert (await client.run_logs(1)).id == 1
            assert (await client.users.me()).id
            assert (await client.organizations.list()).items[0].id == 1


class GrowingList(LoopbackServer):
    """A list of runs, newest first, that gets `growth` more in front after each page."""

    def __init__(self, size: int, growth: int) -> None:
        super().__init__()
        self.size, self.growth = size, growth

    def answer(self, request: RecordedRequest) -> Answer:
        skip, limit = int(request.query["skip"]), int(request.query["limit"])
        numbers = range(self.size, 0, -1)[skip : skip + limit]
        self.size += self.growth
        items = [{"id": number, "organization_id": 1} for number in numbers]
        return Answer.of_json({"items": items, "total": self.size, "page": 1, "size": limit, "pages": 1})


@pytest.mark.parametrize("growth", [0, 1, 7, 99])
async def test_a_list_that_grows_while_it_is_read_gives_each_run_once(growth: int) -> None:
    """Runs that were there at the beginning come once, in order, whatever starts meanwhile."""
    with GrowingList(130, growth) as server:
        async with AsyncCodegen(token="t", org_id=1, base_url=server.base_url) as client:
            seen = [run.id async for run in client.iterate_runs()]
    assert seen == list(range(130, 0, -1))


async def test_as_many_as_are_wanted_are_asked_for_and_no_more() -> None:
    """`most` ends the iteration, and the pages after it are never asked for."""
    with GrowingList(1000, 0) as server:
        async with AsyncCodegen(token="t", org_id=1, base_url=server.base_url) as client:
            assert len([run async for run in client.iterate_runs(most=150)]) == 150
            assert [run async for run in client.iterate_runs(most=0)] == []
        assert len(server.requests) == 2


class _Item(BaseModel):
    id: int


@given(st.lists(st.integers(min_value=0, max_value=300), max_size=350), st.none() | st.integers(0, 320), st.booleans())
async def test_any_list_is_read_to_its_end_in_bounded_requests(
    numbers: list[int], most: int | None, stuck: bool
) -> None:
    """Each number once, in order, `most` at most; a server that always sends the same page does not keep it busy."""
    asked = 0

    async def fetch(limit: int, skip: int) -> Page[Any]:
        nonlocal asked
        asked += 1
        begin = 0 if stuck else skip
        return Page(items=tuple(_Item(id=number) for number in numbers[begin : begin + limit]))

    iterator: AsyncIterator[Any] = every_item(fetch, number=lambda item: item.id, most=most)
    got = [item.id async for item in iterator]
    assert len(got) == len(set(got))
    assert asked <= 6
    reachable = numbers[:100] if stuck else numbers
    in_order = list(dict.fromkeys(reachable))
    assert got == in_order[: len(got)]
    assert most is None or len(got) <= most


@pytest.mark.parametrize(("limit", "skip"), [(0, 0), (101, 0), (-1, 0), (5, -1)])
async def test_a_page_that_cannot_be_is_not_asked_for(limit: int, skip: int, client_of: ClientOf) -> None:
    """The documented bounds of a page are kept here, for runs, logs and groups alike."""
    with CodegenServer() as server:
        async with client_of(server) as client:
            for ask in (client.list_runs, client.users.list, client.repos.list, client.organizations.list):
                with pytest.raises(UsageError):
                    await ask(limit=limit, skip=skip)
            with pytest.raises(UsageError):
                await client.run_logs(1, limit=limit, skip=skip)
        assert server.requests == ()


async def test_an_answer_of_open_shape_may_be_anything_but_a_web_page(client_of: ClientOf) -> None:
    """`null` and any JSON acknowledge a ban; a proxy's page with status 200 does not."""
    for body in ("null", "{}", '{"a": [1]}', '"done"', "true"):
        with CodegenServer(faults=[Fault(body=body)]) as server:
            async with client_of(server) as client:
                await client.ban_checks(1)
    with CodegenServer(faults=[Fault(body="<html>sign in</html>")]) as server:
        async with client_of(server) as client:
            with pytest.raises(AgentError, match="web page"):
                await client.ban_checks(1)


async def test_resuming_redacts_the_prompt_like_creating(client_of: ClientOf) -> None:
    """The client's own token leaves in no prompt."""
    with CodegenServer(faults=[Fault(body='{"id": 1, "organization_id": 1}')]) as server:
        async with client_of(server) as client:
            await client.resume_run(1, f"use {server.token} please")
        sent = server.requests[0].json()
    assert server.token not in sent["prompt"]
    assert "please" in sent["prompt"]


async def test_warming_up_connects_without_the_token_and_never_fails(client_of: ClientOf) -> None:
    """One request without credentials opens the connection; a server that is away or hangs is no error yet."""
    with CodegenServer() as server:
        async with client_of(server) as client:
            await client.warm_up()
            assert [(request.method, request.authorization) for request in server.requests] == [("GET", "")]
            await client.list_runs()
    async with AsyncCodegen(token="t", org_id=1, base_url="http://127.0.0.1:9") as client:
        await client.warm_up()
    with CodegenServer(faults=[Fault(delay=30)]) as server:
        async with client_of(server, timeout=0.2) as client:
            await client.warm_up()
