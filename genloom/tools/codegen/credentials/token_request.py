"""One request to a server that gives out tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from genloom.errors import CredentialError
from genloom.tools.codegen.http.address import sends_in_the_clear
from genloom.tools.codegen.http.answer import ACCEPT_ENCODING, Answer, UnreadableError, read_answer
from genloom.tools.codegen.http.failures import UnsentError
from genloom.tools.http_status import failure_of_status

__all__ = ["ask_for_token"]

SECONDS = 15.0
MAX_BYTES = 256 * 1024


async def ask_for_token(
    who: str, method: str, url: str, *, headers: Mapping[str, str], form: Mapping[str, str] | None = None, hint: str
) -> dict[str, Any]:  # Any: the server's own JSON
    """Return the JSON object that a server answers within 15 seconds; redirects are not followed.

    `who` names the server in messages, `hint` says what to do when it refuses. Nothing that it answers is repeated:
    it may hold secrets. Raises `CredentialError` when it refuses or answers what is no JSON object, `UnsentError` when it
    cannot be reached or fails.
    """
    answer = await _answer(who, method, url, headers=headers, form=form)
    if answer.status == 429 or answer.status >= 500:
        raise UnsentError(
            f"No token: {who} answered {answer.status}.",
            kind=failure_of_status(answer.status),
            hint="Try again later.",
            status=answer.status,
        )
    if not answer.succeeded:
        raise CredentialError(f"No token: {who} answered {answer.status}.", hint=hint)
    try:
        data = answer.json()
    except UnreadableError as error:
        raise CredentialError(f"No token: the answer of {who} {error}.", hint=hint) from error
    if not isinstance(data, dict):
        raise CredentialError(f"No token: the answer of {who} is no JSON object.", hint=hint)
    return data


async def _answer(
    who: str, method: str, url: str, *, headers: Mapping[str, str], form: Mapping[str, str] | None
) -> Answer:
    import httpx  # here: importing genloom.tools.codegen must stay cheap

    sent = {"Accept": "application/json", "Accept-Encoding": ACCEPT_ENCODING, "User-Agent": "genloom", **headers}
    try:
        async with (
            asyncio.timeout(SECONDS),
            httpx.AsyncClient(trust_env=not sends_in_the_clear(url), timeout=SECONDS) as client,
            client.stream(method, url, headers=sent, data=form, follow_redirects=False) as response,
        ):
            return await read_answer(response, limit=MAX_BYTES)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise UnsentError(
            f"No token: {who} did not answer within {SECONDS:g} s.", kind="timeout", hint="Try again later."
        ) from error
    except httpx.RequestError as error:
        # without the cause: httpx's errors carry the request, and with it the secret that went out
        raise UnsentError(
            f"No token: {who} cannot be reached ({type(error).__name__}).",
            kind="connection",
            hint="Check the network and the address.",
        ) from None
    except UnreadableError as error:
        raise CredentialError(f"No token: the answer of {who} {error}.", hint="Check the address.") from error
