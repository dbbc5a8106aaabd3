"""Which source the token comes from, and where it is never sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from token_servers import ChangingServer, client_at

from genloom.config import load_settings
from genloom.errors import CredentialError, UsageError
from genloom.tools.codegen import AsyncCodegen
from genloom.tools.codegen.credentials import (
    ClientCredentials,
    CommandToken,
    EnvironmentToken,
    FileToken,
    FixedToken,
    KeyringToken,
    VaultToken,
    choose_provider,
)


async def test_the_environment_is_read_again_when_its_token_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that changes its own variable goes on with the new token."""
    monkeypatch.setenv("CODEGEN_API_TOKEN", "first")
    with ChangingServer("second") as server:
        async with client_at(server, None) as api:
            monkeypatch.setenv("CODEGEN_API_TOKEN", "second")
            assert (await api.get_run(1)).id == 1


def test_the_order_of_the_sources(tmp_path: Path) -> None:
    """Argument, variable, file, command, keyring, Vault, OAuth; equal settings share one provider."""
    env = {
        "GENLOOM_OAUTH_TOKEN_URL": "https://id.example/token",
        "GENLOOM_OAUTH_CLIENT_ID": "c",
        "GENLOOM_OAUTH_CLIENT_SECRET": "hush",
    }
    steps: list[tuple[dict[str, str], type]] = [
        ({}, ClientCredentials),
        ({"GENLOOM_TOKEN_VAULT": "kv/a/b#f", "VAULT_ADDR": "https://v.example", "VAULT_TOKEN": "hush"}, VaultToken),
        ({"GENLOOM_TOKEN_KEYRING": "genloom/me"}, KeyringToken),
        ({"GENLOOM_TOKEN_COMMAND": "pass show 'the token'"}, CommandToken),
        ({"GENLOOM_TOKEN_FILE": str(tmp_path / "t")}, FileToken),
        ({"CODEGEN_API_TOKEN": "hush"}, EnvironmentToken),
    ]
    for more, kind in steps:
        env |= more
        settings = load_settings({"GENLOOM_HOME": str(tmp_path), **env})
        chosen = choose_provider(None, settings)
        assert isinstance(chosen, kind)
        assert choose_provider(None, settings) == chosen
        assert hash(choose_provider(None, settings)) == hash(chosen)
        assert "hush" not in f"{chosen!r}{settings!r}"
        assert settings.agent_backend == "codegen"
    assert choose_provider("given", settings) == FixedToken(SecretStr("given"))
    mine = FixedToken.of("mine")
    assert choose_provider(mine, settings) is mine


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"GENLOOM_TOKEN_VAULT": "kv/a#f"},
        {"GENLOOM_TOKEN_VAULT": "kv/a#f", "VAULT_ADDR": "https://v.example"},
        {"GENLOOM_OAUTH_TOKEN_URL": "https://id.example/token"},
        {"GENLOOM_TOKEN_COMMAND": "unbalanced 'quote"},
        {"CODEGEN_API_TOKEN": "two words"},
    ],
)
def test_half_a_configuration_says_what_is_missing(env: dict[str, str]) -> None:
    """Nothing is guessed: an error with what to set."""
    with pytest.raises(CredentialError) as caught:
        choose_provider(None, load_settings({"GENLOOM_HOME": "/nowhere", **env}))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("http://127.0.0.1:80", True),
        ("http://[::1]:80", True),
        ("http://localhost:80", True),
        ("https://api.example", True),
        ("http://api.example", False),
        ("http://10.0.0.5:8000", False),
        ("http://localhost.example", False),
        ("http://127.0.0.1.example", False),
    ],
)
def test_a_token_leaves_this_machine_encrypted_only(url: str, taken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """http is for this machine, unless the environment says otherwise."""
    if taken:
        AsyncCodegen(token="t", org_id=1, base_url=url)
    else:
        with pytest.raises(UsageError, match="http"):
            AsyncCodegen(token="t", org_id=1, base_url=url)
    monkeypatch.setenv("GENLOOM_ALLOW_HTTP", "1")
    AsyncCodegen(token="t", org_id=1, base_url=url)


async def test_a_proxy_of_the_environment_is_not_sent_an_unencrypted_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on this machine is asked itself, whatever `HTTP_PROXY` says."""
    with ChangingServer("t") as server, ChangingServer("t") as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        monkeypatch.setenv("ALL_PROXY", proxy.base_url)
        async with client_at(server, "t") as api:
            await api.get_run(1)
        assert proxy.requests == ()
        assert len(server.requests) == 1
