"""Which source the token comes from: explicit argument > environment."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from genloom.config import Settings, TokenSettings
from genloom.errors import CredentialError
from genloom.tools.codegen.credentials.environment import EnvironmentToken
from genloom.tools.codegen.credentials.provider import FixedToken, TokenProvider

if TYPE_CHECKING:
    from genloom.tools.codegen.credentials.oauth2 import ClientCredentials
    from genloom.tools.codegen.credentials.vault import VaultToken

__all__ = ["choose_provider"]


def choose_provider(token: str | TokenProvider | None, settings: Settings) -> TokenProvider:
    """Return the provider of the token given, else of the first that the settings name.

    Their order: `CODEGEN_API_TOKEN`, a file, a command, the keyring, Vault, OAuth. Equal settings get the same provider,
    so that all clients of a process share what it fetched. Raises `CredentialError` when there is none, `CredentialError`
    or `UsageError` for one that is set up wrongly.
    """
    if token is not None and not isinstance(token, str):
        return token
    if token is not None:  # an empty one is refused: the environment's may be another account's
        return FixedToken.of(token)
    if settings.codegen_token:
        return EnvironmentToken.of(settings.codegen_token)
    if not settings.token_source.configured:
        raise CredentialError(
            "No token for the Codegen API is set.",
            hint="Set CODEGEN_API_TOKEN, GENLOOM_TOKEN_FILE or GENLOOM_TOKEN_COMMAND, or pass `token`.",
        )
    return _shared(settings.token_source, settings.allow_http)


@lru_cache(maxsize=32)
def _shared(source: TokenSettings, allow_http: bool) -> TokenProvider:
    # each imported where it is chosen: of the sources a process uses one
    if source.file:
        from genloom.tools.codegen.credentials.file import FileToken

        return FileToken(source.file)
    if source.command:
        from genloom.tools.codegen.credentials.command import CommandToken

        return CommandToken(source.command)
    if source.keyring:
        from genloom.tools.codegen.credentials.keyring_entry import DEFAULT_USER, KeyringToken

        service, _, user = source.keyring.partition("/")
        return KeyringToken(service, user or DEFAULT_USER)
    if source.vault:
        return _vault(source, source.vault, allow_http)
    return _oauth(source, allow_http)


def _vault(source: TokenSettings, secret: str, allow_http: bool) -> VaultToken:
    from genloom.tools.codegen.credentials.vault import VaultToken  # here: as above

    if not source.vault_address or not source.vault_token:
        raise CredentialError(
            "The token is to come from Vault, and its address or token is not set.",
            hint="Set VAULT_ADDR and VAULT_TOKEN.",
        )
    return VaultToken(
        secret,
        address=source.vault_address,
        vault_token=FixedToken.of(source.vault_token),
        namespace=source.vault_namespace,
        allow_http=allow_http,
    )


def _oauth(source: TokenSettings, allow_http: bool) -> ClientCredentials:
    from genloom.tools.codegen.credentials.oauth2 import ClientCredentials  # here: as above

    if not source.oauth_url or not source.oauth_client_id or not source.oauth_client_secret:
        raise CredentialError(
            "The token is to come from a token endpoint, and the client's id or secret is not set.",
            hint="Set GENLOOM_OAUTH_CLIENT_ID and GENLOOM_OAUTH_CLIENT_SECRET.",
        )
    return ClientCredentials(
        source.oauth_url,
        client_id=source.oauth_client_id,
        client_secret=source.oauth_client_secret,
        scope=source.oauth_scope,
        audience=source.oauth_audience,
        allow_http=allow_http,
    )
