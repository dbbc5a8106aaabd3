"""Tokens that a server gives out: Vault, and a token endpoint of OAuth."""

from __future__ import annotations

import asyncio
import time
import traceback
from typing import Any

import pytest
from token_servers import CLIENT_ID, CLIENT_SECRET, VAULT_TOKEN, ChangingServer, TokenEndpoint, VaultServer, client_at

from genloom.errors import AgentError, CredentialError, UsageError
from genloom.testing import Fault
from genloom.tools.codegen.credentials import (
    ClientCredentials,
    FetchingProvider,
    FixedToken,
    VaultToken,
)
from genloom.tools.codegen.http.failures import UnsentError


def vault(server: VaultServer, secret: str = "kv/team/codegen#token", token: str = VAULT_TOKEN) -> VaultToken:
    return VaultToken(secret, address=server.base_url, vault_token=FixedToken.of(token), namespace="team-a")


def oauth(server: TokenEndpoint, **options: Any) -> ClientCredentials:
    return ClientCredentials(
        f"{server.base_url}/oauth/token", client_id=CLIENT_ID, client_secret=CLIENT_SECRET, **options
    )


@pytest.mark.parametrize("secret", ["kv", "kv/a", "kv#f", "/a#f", "kv/../sys#f", "kv/a?x=1#f", "kv/a#"])
def test_an_odd_place_in_vault_is_refused(secret: str) -> None:
    """Only mount/path#field is taken."""
    with pytest.raises(UsageError):
        VaultToken(secret, address="https://v.example", vault_token=FixedToken.of("t"))


async def test_vault_gives_the_field_of_a_secret() -> None:
    """The path is that of the key-value store's second version, the namespace goes along, rotation is taken up."""
    with VaultServer({"kv/data/team/codegen": {"token": "v-1", "user": "u"}}) as server:
        provider = vault(server)
        assert [await provider.token(), await provider.token()] == ["v-1", "v-1"]
        assert len(server.requests) == 1
        assert server.requests[0].headers["x-vault-namespace"] == "team-a"
        server.secrets["kv/data/team/codegen"] = {"token": "v-2"}
        assert await provider.token(refused="v-1") == "v-2"


@pytest.mark.parametrize(
    ("secret", "token", "kind"),
    [
        ("kv/team/codegen#other", VAULT_TOKEN, CredentialError),
        ("kv/team/codegen#number", VAULT_TOKEN, CredentialError),
        ("kv/nothing#token", VAULT_TOKEN, CredentialError),
        ("kv/team/codegen#token", "wrong", CredentialError),
    ],
)
async def test_vault_without_the_secret_is_an_error_without_any(secret: str, token: str, kind: type) -> None:
    """A missing field, secret or right says so, and repeats neither token."""
    data = {"token": "the-secret", "number": 5}
    with VaultServer({"kv/data/team/codegen": data}) as server, pytest.raises(kind) as caught:
        await vault(server, secret, token).token()
    shown = "".join(traceback.format_exception(caught.value))
    assert "the-secret" not in shown
    assert VAULT_TOKEN not in shown


@pytest.mark.parametrize("sent_in", ["basic", "body"])
async def test_client_credentials_are_sent_as_the_rfc_says(sent_in: str) -> None:
    """In the header, encoded before it is joined, or in the form; scope and audience go along."""
    with TokenEndpoint() as server:
        provider = oauth(server, scope="runs", audience="codegen", sent_in=sent_in)
        assert await provider.token() == "token-1"
        assert (server.forms[0]["scope"], server.forms[0]["audience"]) == (["runs"], ["codegen"])
        assert ("client_secret" in server.forms[0]) == (sent_in == "body")


async def test_an_expired_token_is_fetched_anew_before_it_is_refused() -> None:
    """A good token is kept, one whose time is up is not; odd lifetimes mean that it is kept."""
    with TokenEndpoint(seconds=0.5) as server:
        provider = oauth(server)
        started = time.monotonic()
        first = await provider.token()
        while (later := await provider.token()) == first:
            await asyncio.sleep(0.01)
        assert time.monotonic() - started > 0.2
        assert later == "token-2"
    for odd in (-1, 0, "never", None, True, [], float("inf")):
        with TokenEndpoint(seconds=odd) as server:
            provider = oauth(server)
            assert [await provider.token(), await provider.token()] == ["token-1", "token-1"]


GIVERS = {
    "vault": (
        lambda faults: VaultServer({"kv/data/team/codegen": {"token": "v-1"}}, faults),
        lambda server: vault(server),
    ),
    "oauth": (
        lambda faults: TokenEndpoint(faults=faults),
        lambda server: oauth(server),
    ),
}


WRONG = {
    "500": (Fault(status=500), UnsentError),
    "429": (Fault(status=429), UnsentError),
    "cut": (Fault(cut=True), UnsentError),
    "400": (Fault(status=400, body='{"error": "invalid_scope"}'), CredentialError),
    "html": (Fault(body="<html>sign in</html>"), CredentialError),
    "null": (Fault(body="null"), CredentialError),
    "list": (Fault(body="[]"), CredentialError),
    "redirect": (Fault(status=302, headers={"Location": "http://127.0.0.1:9/"}), CredentialError),
    "huge": (Fault(body=" " * 400_000), CredentialError),
    "endless": (Fault(endless=0.0), CredentialError),
    "wrong type": (Fault(body='{"access_token": 5, "data": {"data": {"token": []}}}'), CredentialError),
    "no bearer": (Fault(body='{"access_token": "x", "token_type": "mac"}'), CredentialError),
}


@pytest.mark.parametrize("giver", GIVERS)
@pytest.mark.parametrize("name", WRONG)
async def test_a_giver_of_tokens_that_fails_is_a_typed_error(giver: str, name: str) -> None:
    """What may pass by itself is transient and surely unsent, what may not is about credentials; nothing secret shows."""
    make_server, make_provider = GIVERS[giver]
    fault, kind = WRONG[name]
    with make_server([fault]) as server:
        provider: FetchingProvider = make_provider(server)
        with pytest.raises(kind) as caught:
            await provider.token()
        shown = "".join(traceback.format_exception(caught.value))
        assert VAULT_TOKEN not in shown
        assert CLIENT_SECRET not in shown
        if isinstance(caught.value, AgentError):
            assert caught.value.transient
            assert await provider.token()


async def test_many_requests_share_one_fetch_and_one_rotation() -> None:
    """Fifty at once ask the token endpoint once, and once more when all of them are refused."""
    with TokenEndpoint() as endpoint, ChangingServer("token-2") as server:
        async with client_at(server, oauth(endpoint)) as api:
            assert {run.id for run in await asyncio.gather(*(api.get_run(1) for _ in range(20)))} == {1}
        assert endpoint.given == 2
