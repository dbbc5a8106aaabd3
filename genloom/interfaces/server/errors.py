"""Refusals: every answer that is not a success has one of the API's documented bodies.

    401 no or unknown token      403 another organisation, too low a role, a foreign origin
    404 no such thing            405 no such method           409 not in the run's present state
    413 body too large           421 not a name of this server 422 `detail`: what was wrong where
    429 too often, queue full    500 a mistake here, told with the request id only
    501 documented, not served   503 draining, storage away, too many streams

Bodies hold a message for people and the status; nothing of the server's insides.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from math import ceil

from starlette.responses import Response

from genloom.errors import StorageError
from genloom.tools.codegen.wire import APIRateLimitErrorResponse, ErrorBody, HTTPValidationError, ValidationError

__all__ = ["ApiError", "error_response", "invalid", "not_found", "refused", "storage_refusal", "too_many"]


class ApiError(Exception):
    """An answer in place of a route's own."""

    def __init__(
        self, status: int, body: ErrorBody | HTTPValidationError, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def refused(status: int, message: str, *, headers: Mapping[str, str] | None = None) -> ApiError:
    """Return an error with a message."""
    return ApiError(status, ErrorBody(message=message, status_code=status), headers=headers)


def not_found(body: ErrorBody) -> ApiError:
    """Return a 404 with one of the documented bodies."""
    return ApiError(404, body)


def invalid(*problems: tuple[tuple[str | int, ...], str]) -> ApiError:
    """Return a 422; each problem is the way to the value, and what is wrong with it."""
    told = tuple(ValidationError(loc=place, msg=message, type="value_error") for place, message in problems)
    return ApiError(422, HTTPValidationError(detail=told))


def too_many(wait: float, message: str | None = None) -> ApiError:
    """Return a 429 that says after how many seconds to come again."""
    body = APIRateLimitErrorResponse() if message is None else APIRateLimitErrorResponse(message=message)
    return ApiError(429, body, headers={"Retry-After": str(max(1, ceil(wait)))})


def storage_refusal(error: StorageError) -> ApiError:
    """Return a 503 for whoever asked; the operator reads on stderr what it was."""
    sys.stderr.write(f"genloom serve: {error.message}\n")
    told = "The server cannot store or read at present. Nothing was changed; try again later."
    return refused(503, told, headers={"Retry-After": "5"})


def error_response(error: ApiError) -> Response:
    """Return the answer that an error stands for."""
    return Response(error.body.model_dump_json(), error.status, error.headers, "application/json")
