"""Failures of chat models: a provider's exception becomes one of genloom's own, classified."""

from __future__ import annotations

from genloom.errors import CredentialError, GenloomError, ModelError, ModelNameError
from genloom.tools.backoff import parse_retry_after
from genloom.tools.http_status import failure_of_status

__all__ = ["model_failure"]


def model_failure(error: Exception, model: str) -> GenloomError | None:
    """Return the error of genloom's that says what this exception of a provider's client means, `None` when it is not a
    failure of the model's server at all.

    Works for every client that carries `status_code` (or `response.status_code`) as OpenAI's, Anthropic's and Google's
    do, for httpx errors, and for time-outs. 401 and 403 become `CredentialError`, 404 `ModelNameError`, the rest
    `ModelError` with its kind.
    """
    if isinstance(error, GenloomError):
        return error
    status = _status(error)
    if status is not None and status >= 400:
        return _of_status(status, error, model)
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"APITimeoutError", "TimeoutException", "TimeoutError"}:
        return ModelError(f"The server of {model} did not answer in time.", kind="timeout", hint=_LATER)
    if names & {"APIConnectionError", "TransportError", "ConnectionError"}:
        return ModelError(f"The server of {model} cannot be reached.", kind="connection", hint=_REACH)
    if isinstance(error, UnicodeEncodeError):
        return CredentialError(f"The key for {model} holds what cannot be sent.", hint="Set OPENAI_API_KEY anew.")
    if status is not None or names & _UNREADABLE or isinstance(error, _STUMBLES):
        return ModelError(f"The server of {model} gave an answer that cannot be read.", kind="malformed", hint=_REACH)
    if names & {"OpenAIError"}:
        return CredentialError(f"No key for {model} is configured.", hint="Set OPENAI_API_KEY.")
    return None


_UNREADABLE = {"APIError", "APIResponseValidationError", "OutputParserException", "LengthFinishReasonError"}
_STUMBLES = (ValueError, TypeError, LookupError, AttributeError)
"""How a client stumbles over an answer that is JSON and yet not what the API promises."""
_LATER = "Try again later, or choose another model with --model."
_REACH = "Check the base URL (OPENAI_BASE_URL) and that the server runs; `genloom doctor` looks for servers."


def _status(error: Exception) -> int | None:
    for holder in (error, getattr(error, "response", None)):
        status = getattr(holder, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _of_status(status: int, error: Exception, model: str) -> GenloomError:
    if status in (401, 403):
        return CredentialError(
            f"The server of {model} refused the key (HTTP {status}).",
            hint="Check the key (OPENAI_API_KEY for openai models) and that it may use this model.",
        )
    if status == 404:
        return ModelNameError(
            f"The server knows no model {model!r} (HTTP 404).",
            hint="Check the name after the colon and the base URL (OPENAI_BASE_URL).",
        )
    kind = failure_of_status(status)
    headers = getattr(getattr(error, "response", None), "headers", None)
    return ModelError(
        f"The server of {model} answered HTTP {status}.",
        kind=kind,
        status=status,
        retry_after=parse_retry_after(headers.get("retry-after")) if headers is not None else None,
        hint=_LATER if kind != "bad_request" else "The server refused the request itself; check the model's limits.",
    )
