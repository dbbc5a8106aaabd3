"""Tokens by OAuth 2.0's client credentials grant (RFC 6749, section 4.4)."""

from __future__ import annotations

import base64
from typing import Literal
from urllib.parse import quote_plus

from pydantic import SecretStr

from genloom.errors import CredentialError
from genloom.tools.codegen.credentials.cached import FetchedToken, FetchingProvider
from genloom.tools.codegen.credentials.provider import checked_token
from genloom.tools.codegen.credentials.token_request import ask_for_token
from genloom.tools.codegen.http.address import checked_address

__all__ = ["ClientCredentials"]

HINT = "Check GENLOOM_OAUTH_TOKEN_URL, GENLOOM_OAUTH_CLIENT_ID, GENLOOM_OAUTH_CLIENT_SECRET and GENLOOM_OAUTH_SCOPE."


class ClientCredentials(FetchingProvider):
    """Access tokens of a token endpoint, fetched anew before they expire and when one was refused.

    The client's secret is sent to `token_url` alone: in the `Authorization` header (`basic`, which every server has to
    know) or in the form (`body`).
    """

    def __init__(
        self,
        token_url: str,
        *,
        client_id: str,
        client_secret: str,
        scope: str | None = None,
        audience: str | None = None,
        sent_in: Literal["basic", "body"] = "basic",
        allow_http: bool = False,
    ) -> None:
        super().__init__()
        self._url = checked_address(
            token_url, what="the token endpoint", variable="GENLOOM_OAUTH_TOKEN_URL", allow_http=allow_http
        )
        self._client_id = client_id
        self._client_secret = SecretStr(client_secret)
        self._wanted = {name: value for name, value in (("scope", scope), ("audience", audience)) if value}
        self._sent_in = sent_in

    def __repr__(self) -> str:
        return f"ClientCredentials({self._url})"

    async def fetch(self) -> FetchedToken:
        """Return a new access token. Raises `CredentialError` or `UnsentError`."""
        form = {"grant_type": "client_credentials", **self._wanted}
        headers = {}
        secret = self._client_secret.get_secret_value()
        if self._sent_in == "basic":
            pair = f"{quote_plus(self._client_id)}:{quote_plus(secret)}"  # section 2.3.1: encoded before it is joined
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self._client_id, "client_secret": secret}
        answer = await ask_for_token("the token endpoint", "POST", self._url, headers=headers, form=form, hint=HINT)
        token, kind = answer.get("access_token"), answer.get("token_type", "bearer")
        if not isinstance(token, str) or not isinstance(kind, str) or kind.lower() != "bearer":
            raise CredentialError("The token endpoint gave no bearer token.", hint=HINT)
        return FetchedToken(
            value=SecretStr(checked_token(token, source="the token endpoint")),
            seconds=_seconds(answer.get("expires_in")),
        )


def _seconds(told: object) -> float | None:
    try:
        seconds = float(told) if isinstance(told, int | float | str) and not isinstance(told, bool) else None
    except ValueError:
        return None
    return seconds if seconds is not None and 0 < seconds < float("inf") else None
