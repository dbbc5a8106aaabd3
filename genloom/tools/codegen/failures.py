"""What can go wrong between here and the server, as typed errors.

    401, 403                      CredentialError
    400, 404, 405, 413, 422       UsageError: the request itself is wrong
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
from genloom.tools.http_status import failure_of_status

__all__ = ["UnsentError", "may_have_worked", "response_error", "worth_repeating"]

MESSAGE_CHARACTERS = 500
USAGE_STATUSES = frozenset({400, 404, 405, 409, 410, 413, 414, 415, 422})
_REQUEST_ID_HEADERS = ("x-request-id", "x-amzn-requestid", "cf-ray", "request-id")


class UnsentError(AgentError):
    """The request never left: no connection could be made, so nothing can have happened at the server."""


def worth_repeating(error: AgentError) -> bool:
    """Whether the same request may succeed later: a transient failure, or an answer that came through garbled."""
    return error.transient or (error.kind == "malformed" and error.status == 200)


def may_have_worked(error: AgentError) -> bool:
    """Whether the server may have done what was asked although the call failed (a lost or garbled answer)."""
    refused = error.status is not None and 300 <= error.status < 500 and error.status != 408
    return not isinstance(error, UnsentError) and not refused


def response_error(status: int, headers: Mapping[str, str], body: bytes, *, doing: str, secret: str) -> GenloomError:
    """Return the error that an answer other than 2xx stands for.

    `doing` says in a few words what was asked; `secret` is cut out of whatever the server says. Header names are lower
    case.
    """
    said = _server_message(body, secret)
    told = f"Could not {doing}: the server answered {status}{f' ({said})' if said else ''}{_request_id(headers)}."
    if 300 <= status < 400:
        return _redirect_error(status, headers, doing)
    if status == 401:
        return CredentialError(told, hint="The token is missing, wrong or expired: set CODEGEN_API_TOKEN.")
    if status == 403:
        return CredentialError(told, hint="The token has no access there: check CODEGEN_ORG_ID and the token's rights.")
    if status in USAGE_STATUSES:
        return UsageError(told, hint=_usage_hint(status))
    kind = failure_of_status(status)
    return AgentError(
        told, kind=kind, hint=_hint(kind), status=status, retry_after=parse_retry_after(headers.get("retry-after"))
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
    return f", request {re.sub(r'[^A-Za-z0-9._:=-]', '', found)[:80]}" if found else ""


def _usage_hint(status: int) -> str:
    if status == 404:
        return "Check the run's number, the organisation (CODEGEN_ORG_ID) and that it has a repository."
    if status == 413:
        return "The prompt or its images are too large for this server."
    return "The request has a value that the server does not take."


def _hint(kind: BackendFailure) -> str:
    hints: dict[BackendFailure, str] = {
        "payment": "The organisation's plan has no agent runs left.",
        "rate_limit": "Too many requests: try again later, or start fewer runs at once.",
        "timeout": "The server was too slow: try again later.",
        "server": "The server failed: try again later.",
    }
    return hints.get(kind, "")
