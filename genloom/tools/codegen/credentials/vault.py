"""The token in HashiCorp Vault's key-value store, version 2, through its HTTP API.

Source: Vault's documentation, "KV secrets engine - version 2 (API)", read secret version.
"""

from __future__ import annotations

import re

from pydantic import SecretStr

from genloom.errors import CredentialError, UsageError
from genloom.tools.codegen.credentials.cached import FetchedToken, FetchingProvider
from genloom.tools.codegen.credentials.provider import TokenProvider, checked_token
from genloom.tools.codegen.credentials.token_request import ask_for_token
from genloom.tools.codegen.http.address import checked_address

__all__ = ["VaultToken"]

_SECRET = re.compile(r"(?P<mount>[\w\-]+)/(?P<path>[\w\-./]+?)#(?P<field>[\w\-.]+)", re.ASCII)
HINT = "Check GENLOOM_TOKEN_VAULT (mount/path#field), VAULT_TOKEN and the policy of that token."


class VaultToken(FetchingProvider):
    """The field of a secret; `secret` is `mount/path#field`. It is read once, and again when the token was refused.

    `vault_token` gives the token for Vault itself: it, too, may come from a file, as a Vault agent writes one.
    """

    def __init__(
        self,
        secret: str,
        *,
        address: str,
        vault_token: TokenProvider,
        namespace: str | None = None,
        allow_http: bool = False,
    ) -> None:
        super().__init__()
        self._address = checked_address(address, what="Vault", variable="VAULT_ADDR", allow_http=allow_http)
        parts = _SECRET.fullmatch(secret)
        if parts is None or ".." in secret:
            raise UsageError(
                "The secret in Vault is not of the form mount/path#field.", hint="Check GENLOOM_TOKEN_VAULT."
            )
        self._path = f"/v1/{parts['mount']}/data/{parts['path']}"
        self._field = parts["field"]
        self._vault_token = vault_token
        self._namespace = {"X-Vault-Namespace": namespace} if namespace else {}

    def __repr__(self) -> str:
        return f"VaultToken({self._address}{self._path}#{self._field})"

    async def fetch(self) -> FetchedToken:
        """Return the secret's field. Raises `CredentialError` or `UnsentError`."""
        headers = {"X-Vault-Token": await self._vault_token.token(), "X-Vault-Request": "true", **self._namespace}
        answer = await ask_for_token("Vault", "GET", self._address + self._path, headers=headers, hint=HINT)
        outer = answer.get("data")
        inner = outer.get("data") if isinstance(outer, dict) else None
        value = inner.get(self._field) if isinstance(inner, dict) else None
        if not isinstance(value, str):
            raise CredentialError(f"Vault's secret has no text in its field {self._field!r}.", hint=HINT)
        return FetchedToken(value=SecretStr(checked_token(value, source="Vault")))
