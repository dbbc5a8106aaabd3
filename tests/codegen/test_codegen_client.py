"""What the client refuses, asks for itself, and never lets out."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable

import pytest

from genloom.errors import AgentError, CredentialError, GenloomError, UsageError
from genloom.testing import CodegenServer, Fault
from genloom.tools.codegen import Agent, AsyncCodegen

ClientOf = Callable[..., AsyncCodegen]


REFUSED = {
    "401": (Fault(status=401), CredentialError, 0),
    "402": (Fault(status=402, body='{"message": "Plan used up", "status_code": 402}'), AgentError, 0),
    "403": (Fault(status=403), CredentialError, 0),
    "404": (Fault(status=404), UsageError, 0),
    "422": (Fault(status=422), UsageError, 0),
    "redirect": (Fault(status=307, headers={"Location": "http://127.0.0.1:9/v1"}), AgentError, 0),
}


@pytest.mark.parametrize(("fault", "kind", "runs"), REFUSED.values(), ids=REFUSED)
async def test_a_refusal_is_raised_at_once(
    fault: Fault, kind: type[GenloomError], runs: int, client_of: ClientOf
) -> None:
    """What trying again cannot help is asked once, and raised with what to do next."""
    with CodegenServer(faults=[fault]) as server:
        async with client_of(server) as client:
            with pytest.raises(kind) as caught:
                await client.run("make it")
        assert server.count("POST") == 1
        assert len(server.runs) == runs
        assert caught.value.hint
        assert server.token not in f"{caught.value!r} {caught.value.message} {client!r}"


async def test_neither_debug_logs_nor_tracebacks_hold_the_token(
    client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    """With every logger at its chattiest and the whole chain of causes printed, the token is nowhere."""
    caplog.set_level(logging.DEBUG)
    with CodegenServer(faults=[Fault(cut=True)]) as server:
        async with client_of(server) as client:
            with pytest.raises(AgentError) as caught:
                await client.get_run(1)
        shown = "".join(traceback.format_exception(caught.value))
        assert "RemoteProtocolError" in shown
        assert caplog.text
        assert server.token not in shown + caplog.text


async def test_an_answer_without_end_is_cut_off(client_of: ClientOf) -> None:
    """More bytes than any run can have end as a typed error instead of filling the memory."""
    with CodegenServer(faults=[Fault(body=" " * (17 * 1024 * 1024))]) as server:
        async with client_of(server) as client:
            with pytest.raises(AgentError, match="longer than") as caught:
                await client.get_run(1)
    assert caught.value.kind == "malformed"


async def test_a_redirect_never_takes_the_token_along(client_of: ClientOf) -> None:
    """The other host is not asked at all."""
    with (
        CodegenServer() as other,
        CodegenServer(faults=[Fault(status=302, headers={"Location": other.base_url})]) as server,
    ):
        async with client_of(server) as client:
            with pytest.raises(AgentError, match="redirects"):
                await client.get_run(1)
        assert other.requests == ()


async def test_the_prompt_leaves_redacted_and_whole_otherwise(client_of: ClientOf) -> None:
    """The client's own token never reaches the server inside a prompt."""
    with CodegenServer() as server:
        async with client_of(server) as client:
            await client.create_run(f"use {server.token} to add 1 + 1", repo_id=7, model="m")
        asked = server.runs[0].asked
    assert server.token not in asked.prompt
    assert "to add 1 + 1" in asked.prompt
    assert (asked.repo_id, asked.model) == (7, "m")


@pytest.mark.parametrize(
    "options", [{"prompt": "  "}, {"prompt": "x" * 400_001}, {"images": ["http://x"]}, {"images": ["data:"] * 11}]
)
async def test_what_is_too_much_is_not_sent(options: dict[str, object], client_of: ClientOf) -> None:
    """Empty and over-long prompts and odd images are refused here, without a request."""
    with CodegenServer() as server:
        async with client_of(server) as client:
            with pytest.raises(UsageError):
                await client.create_run(**{"prompt": "make it", **options})  # type: ignore[arg-type]  # wrong on purpose
        assert server.requests == ()


async def test_the_only_organisation_is_found_and_several_are_never_guessed(client_of: ClientOf) -> None:
    """Without an organisation the token's only one is used; of two none is."""
    with CodegenServer(organizations={42: "Only"}) as server:
        async with client_of(server, org_id=None) as client:
            await client.run("make it")
        assert server.runs[0].org_id == 42
    with CodegenServer(organizations={1: "One", 2: "Two"}) as server:
        async with client_of(server, org_id=None) as client:
            with pytest.raises(UsageError, match=r"1 \(One\), 2 \(Two\)"):
                await client.run("make it")
        assert server.runs == ()


@pytest.mark.parametrize("token", ["", "with blank", "two\nlines", "ünicode", "x" * 5000])
def test_an_unusable_token_is_refused_without_showing_it(token: str) -> None:
    """A token that no header can carry is refused before it could end in another library's error."""
    with pytest.raises(CredentialError) as caught:
        AsyncCodegen(token=token, org_id=1)
    assert not token or token not in f"{caught.value!r}{caught.value.hint}"


@pytest.mark.parametrize(
    "url", ["ftp://x", "https://", "https://user:pw@host", "https://h/?q=1", "http://h:99999", "x"]
)
def test_an_unusable_address_is_refused_without_showing_it(url: str) -> None:
    """An address with a password, a query or no host is refused, and the message repeats none of it."""
    with pytest.raises(UsageError) as caught:
        AsyncCodegen(token="t", org_id=1, base_url=url)
    assert "pw" not in caught.value.message


async def test_unknown_fields_are_kept(client_of: ClientOf) -> None:
    """What the documents do not name stays on the typed model."""
    body = '{"id": 9, "organization_id": 1, "status": "odd", "brand_new": {"a": 1}}'
    with CodegenServer(faults=[Fault(body=body)]) as server:
        async with client_of(server) as client:
            run = await client.get_run(9)
    assert run.status == "odd"
    assert run.model_extra == {"brand_new": {"a": 1}}


async def test_a_client_that_is_not_open_says_so(client_of: ClientOf) -> None:
    """Forgetting `async with` is told as such."""
    with CodegenServer() as server, pytest.raises(UsageError, match="not open"):
        await client_of(server).get_run(1)


async def test_known_secrets_leave_neither_in_the_prompt_nor_in_metadata(
    client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values that look like nothing are cut out when the settings name them; the key itself stays."""
    monkeypatch.setenv("GITHUB_TOKEN", "anotherplainvalue")
    with CodegenServer() as server:
        async with client_of(server) as client:
            await client.submit(
                "use anotherplainvalue",
                idempotency_key="a" * 40,
                metadata={"note": f"{server.token} anotherplainvalue"},
            )
            with pytest.raises(UsageError, match="secret"):
                await client.submit("make it", idempotency_key=f"my-{server.token}")
        asked = server.runs[0].asked
    assert "anotherplainvalue" not in asked.prompt
    assert asked.metadata is not None
    assert asked.metadata["idempotency_key"] == "a" * 40
    assert not any(secret in asked.metadata["note"] for secret in (server.token, "anotherplainvalue"))


def test_an_empty_argument_is_refused_and_not_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty token or address is a mistake: the environment's may be another account's."""
    monkeypatch.setenv("CODEGEN_API_TOKEN", "another-accounts-token")
    with pytest.raises(CredentialError):
        AsyncCodegen(token="", org_id=1)
    with pytest.raises(UsageError):
        AsyncCodegen(token="mine", org_id=1, base_url="")


async def test_the_organisation_is_asked_for_within_the_deadline(client_of: ClientOf) -> None:
    """A server that hangs before it is known whose runs these are does not outlast the deadline."""
    loop = asyncio.get_running_loop()
    with CodegenServer(faults=lambda _: Fault(delay=30.0)) as server:
        async with client_of(server, org_id=None) as client:
            with pytest.raises(AgentError) as caught:
                await client.organization(deadline=0.2)
        agent = Agent(server.token, None, server.base_url)
        began = loop.time()
        with pytest.raises(AgentError):
            await asyncio.to_thread(agent.run, "make it", deadline=0.2)
    assert caught.value.kind == "timeout"
    assert loop.time() - began < 15
