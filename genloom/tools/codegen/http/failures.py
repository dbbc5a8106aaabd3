"""What can go wrong between here and the server, as typed errors.

    401                           TokenRefusedError (a CredentialError)
    403                           AccessRefusedError (a CredentialError)
    404                           NotFoundError (a RejectedError)
    400, 405, 409, 413, 422 …     RejectedError (a UsageError): the request itself is wrong
    402                           AgentError payment
    429                           AgentError rate_limit, with `retry_after` where the server told one
    408, 504, no answer in time   AgentError timeout
    other 5xx                     AgentError server
    no connection, cut            AgentError connection (`UnsentError` when the request surely never left)
    3xx, HTML, null, bad JSON     AgentError malformed: redirects are not followed

Messages hold the server's own message and request id, shortened, and never the token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from genloom.errors import AgentError, BackendFailure, CredentialError, GenloomError, UsageError
from genloom.tools.backoff import parse_retry_after
from genloom.tools.codegen.http.answer import Answer
from genloom.tools.http_status import failure_of_status

__all__ = [
    "AccessRefusedError",
    "NotFoundError",
    "RejectedError",
    "TokenRefusedError",
    "UnsentError",
    "malformed_error",
    "may_have_worked",
    "response_error",
    "worth_repeating",
]

MESSAGE_CHARACTERS = 500
USAGE_STATUSES = frozenset({400, 404, 405, 409, 410, 413, 414, 415, 422})
_REQUEST_ID_HEADERS = ("x-request-id", "x-amzn-requestid", "cf-ray", "request-id")


class UnsentError(AgentError):
    """The request never left: no connection could be made or no token be had, so nothing can have happened at the
    server."""


class RejectedError(UsageError):
    """The server does not take the request. `status` is the answer's, `request_id` the server's name for the request."""

    def __init__(self, message: str, *, status: int, request_id: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.request_id = request_id


class NotFoundError(RejectedError):
    """The organisation has no such run, user or repository (404)."""


class AccessRefusedError(CredentialError):
    """The token is good and has no access to what was asked (403). Fields as `RejectedError`'s."""

    def __init__(self, message: str, *, status: int, request_id: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.request_id = request_id


class TokenRefusedError(AccessRefusedError):
    """The server does not know the token (401), also after its source was asked once more."""


def worth_repeating(error: AgentError) -> bool:
    """Whether the same request may succeed later: a transient failure, or an answer that came through garbled."""
    return error.transient or (error.kind == "malformed" and error.status == 200)


def may_have_worked(error: AgentError) -> bool:
    """Whether the server may have done what was asked although the call failed (a lost or garbled answer)."""
    refused = error.status is not None and 300 <= error.status < 500 and error.status != 408
    return not isinstance(error, UnsentError) and not refused


def response_error(answer: Answer, *, doing: str, secret: str) -> GenloomError:
    """Return the error that an answer other than 2xx stands for.

    `doing` says in a few words what was asked; `secret` is cut out of whatever the server says.
    """
    status, request_id = answer.status, _request_id(answer.headers)
    if 300 <= status < 400:
        return _redirect_error(status, answer.headers, doing)
    said = _server_message(answer.content, secret)
    told = f"Could not {doing}: the server answered {status}{f' ({said})' if said else ''}{_named(request_id)}."
    refusal = _REFUSALS.get(status)
    if refusal is not None:
        kind_of_error, hint = refusal
        if status == 404 and "repository" in said:
            hint = (
                "Check the repository's number: GET …/repos, or `genloom serve repos list` at its server, shows them."
            )
        return kind_of_error(told, status=status, request_id=request_id, hint=hint)
    if status in USAGE_STATUSES:
        return RejectedError(
            told, status=status, request_id=request_id, hint="The request has a value that the server does not take."
        )
    kind = failure_of_status(status)
    return AgentError(
        told,
        kind=kind,
        hint=_HINTS.get(kind, ""),
        status=status,
        retry_after=parse_retry_after(answer.headers.get("retry-after")),
        request_id=request_id,
    )


def malformed_error(looks: str, *, doing: str, answer: Answer | None = None) -> AgentError:
    """Return the error of an answer that cannot be used; `looks` ends the sentence "the server's answer …"."""
    request_id = _request_id(answer.headers) if answer else ""
    return AgentError(
        f"Could not {doing}: the server's answer {looks}{_named(request_id)}.",
        kind="malformed",
        hint="Check that CODEGEN_API_BASE_URL is the API's own address and no proxy answers in its place.",
        status=200,
        request_id=request_id,
    )


def _redirect_error(status: int, headers: Mapping[str, str], doing: str) -> AgentError:
    try:
        host = urlsplit(headers.get("location", "")).hostname or "the same host"
    except ValueError:
        host = "an unreadable address"
    return AgentError(
        f"Could not {doing}: the server redirects ({status}) to {host[:100]}, and the token is never sent on.",
        kind="malformed",
        hint="Set CODEGEN_API_BASE_URL to the API's own address.",
        status=status,
    )


def _server_message(body: bytes, secret: str) -> str:
    """Return what the documented error bodies say (`message`, `detail`), shortened; nothing of an HTML page."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    told = (data.get("message") or data.get("detail") or data.get("error") or "") if isinstance(data, dict) else ""
    text = told if isinstance(told, str) else _details(told)
    return " ".join((text.replace(secret, "[token]") if secret else text).split()).rstrip(".")[:MESSAGE_CHARACTERS]


def _details(told: object) -> str:
    """Return a validation error's list as text: `body.prompt: Field required`."""
    items = told if isinstance(told, list) else [told]
    parts = []
    for item in items[:5]:
        if isinstance(item, dict) and "msg" in item:
            place = item.get("loc")
            where = ".".join(str(step) for step in place) if isinstance(place, list) else ""
            parts.append(f"{where}: {item['msg']}" if where else str(item["msg"]))
        else:
            parts.append(str(item)[:MESSAGE_CHARACTERS])
    return "; ".join(parts)


def _request_id(headers: Mapping[str, str]) -> str:
    found = next((headers[name] for name in _REQUEST_ID_HEADERS if headers.get(name)), "")
    return re.sub(r"[^A-Za-z0-9._:=-]", "", found)[:80]


def _named(request_id: str) -> str:
    return f", request {request_id}" if request_id else ""


_REFUSALS: dict[int, tuple[type[RejectedError | AccessRefusedError], str]] = {
    401: (TokenRefusedError, "The token is missing, wrong or expired: set CODEGEN_API_TOKEN, or mend its source."),
    403: (AccessRefusedError, "The token has no access there: check CODEGEN_ORG_ID and the token's rights."),
    404: (NotFoundError, "Check the number, the organisation (CODEGEN_ORG_ID) and that it has a repository."),
    409: (RejectedError, "It is not in a state that allows this: `genloom agent get RUN` shows it."),
    413: (RejectedError, "The prompt or its images are too large for this server."),
}

_HINTS: dict[BackendFailure, str] = {
    "payment": "The organisation's plan has no agent runs left: upgrade it, or wait for its next period.",
    "rate_limit": "Too many requests: try again later, or start fewer runs at once.",
    "timeout": "The server was too slow: try again later.",
    "server": "The server failed: try again later.",
    "bad_request": "The server does not take the request: check CODEGEN_API_BASE_URL.",
}
