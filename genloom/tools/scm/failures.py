"""What a code host's refusal means, as typed errors.

    401, 403                      CredentialError: the token is missing, refused, or may not do this
    404, 410                      UsageError: not there, or not to be seen with this token
    400, 405, 409, 413, 422 …     RefusedError (a UsageError): the request itself is not taken
    403 of a rate limit, 429      ForgeError rate_limit, with `retry_after`
    408, 504, no answer in time   ForgeError timeout
    other 5xx                     ForgeError server
    no connection, cut            ForgeError connection
    3xx, HTML, bad JSON           ForgeError malformed: redirects are not followed

Messages hold the host's own words, shortened and without secrets, and never the token.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from genloom.errors import BackendFailure, CredentialError, ForgeError, GenloomError, UsageError
from genloom.tools.backoff import parse_retry_after
from genloom.tools.codegen.http.answer import Answer
from genloom.tools.http_status import failure_of_status
from genloom.tools.security import clean

__all__ = ["RefusedError", "UnsentError", "may_have_worked", "refusal"]

MESSAGE_CHARACTERS = 300
SECONDARY_LIMIT_SECONDS = 60.0
"""GitHub's advice where a secondary limit names no time."""


class RefusedError(UsageError):
    """The host does not take the request as it is; `status` is the answer's."""

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class UnsentError(ForgeError):
    """The request never left, so nothing can have happened at the host."""


def may_have_worked(error: ForgeError) -> bool:
    """Whether the host may have done what was asked although no good answer came."""
    return not isinstance(error, UnsentError) and error.kind != "rate_limit"


def refusal(answer: Answer, *, host: str, doing: str, token_hint: str, secret: str) -> GenloomError:
    """Return the error for an answer whose status is none of the 2xx."""
    status = answer.status
    told = _told(answer, secret)
    what = f"Could not {doing}: {host} answered {status}{told}."
    if _is_rate_limit(answer, told):
        wait = _asked_to_wait(answer.headers)
        hint = f"{host} asks to wait{f' {wait:.0f} s' if wait else ''}: try again later."
        return ForgeError(what, kind="rate_limit", status=status, retry_after=wait, hint=hint)
    if status in (401, 403):
        return CredentialError(what, hint=token_hint)
    if status in (404, 410):
        return UsageError(what, hint=f"Check the project and the number; {token_hint[:1].lower()}{token_hint[1:]}")
    kind: BackendFailure = "malformed" if status < 400 else failure_of_status(status)
    if status < 400:
        what = f"Could not {doing}: {host} sends elsewhere ({status}), and the token is never sent on."
        return ForgeError(
            what, kind=kind, status=status, hint="Check the address, and whether the project was renamed."
        )
    if kind == "bad_request" or status == 409:
        return RefusedError(what, status=status, hint="The host does not take it as it is.")
    return ForgeError(
        what, kind=kind, status=status, retry_after=_asked_to_wait(answer.headers), hint="Try again later."
    )


def _is_rate_limit(answer: Answer, told: str) -> bool:
    if answer.status == 429:
        return True
    spent = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
    return answer.status == 403 and (spent or "rate limit" in told.lower())


def _asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds that the host asks to wait: `Retry-After`, else until its window's end (Unix time) when it is spent."""
    asked = parse_retry_after(headers.get("retry-after"))
    if asked is not None:
        return asked
    for prefix in ("x-ratelimit", "ratelimit"):
        reset = headers.get(f"{prefix}-reset", "")
        if headers.get(f"{prefix}-remaining") == "0" and reset.isascii() and reset.isdigit():
            return max(0.0, int(reset[:12]) - time.time())
    return SECONDARY_LIMIT_SECONDS if "x-github-request-id" in headers else None


def _told(answer: Answer, secret: str) -> str:
    """The host's own words: `message` (GitHub, GitLab), `error` (GitLab), and GitHub's `errors`."""
    try:
        data = json.loads(answer.content)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(data, dict):
        return ""
    parts = [data.get("message") or data.get("error"), data.get("errors")]
    text = "; ".join(part if isinstance(part, str) else json.dumps(part) for part in parts if part)
    # cut first: what follows is linear, and bounded this way whatever was sent
    line = " ".join(clean(text[:4_000], secrets=(secret,)).text.split()).rstrip(".")
    return f" ({line[:MESSAGE_CHARACTERS]})" if line else ""
