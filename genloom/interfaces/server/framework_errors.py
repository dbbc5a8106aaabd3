"""What the framework and the storage refuse, in the API's own bodies."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from genloom.errors import StorageError
from genloom.interfaces.server.errors import ApiError, error_response, not_found, refused, storage_refusal, too_many
from genloom.interfaces.server.storage import QueueFullError, StateConflictError, UnknownRowError
from genloom.tools.codegen.wire import (
    ErrorBody,
    HTTPValidationError,
    NoReposFoundInOrgErrorResponse,
    PermissionsErrorResponse,
    ValidationError,
)

__all__ = ["answer_framework_errors"]

QUEUE_SECONDS = 15.0


def answer_framework_errors(app: FastAPI) -> None:
    """Have the application answer them."""
    app.add_exception_handler(ApiError, _api)
    app.add_exception_handler(RequestValidationError, _parameters)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(QueueFullError, _queue_full)
    app.add_exception_handler(StateConflictError, _conflict)
    app.add_exception_handler(UnknownRowError, _unknown_row)
    app.add_exception_handler(StorageError, _storage)


async def _api(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error_response(error)


async def _parameters(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    told = tuple(ValidationError(loc=one["loc"], msg=one["msg"], type=one["type"]) for one in error.errors())
    return error_response(ApiError(422, HTTPValidationError(detail=told)))


async def _framework(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    body = ErrorBody(message=f"{phrase}.", status_code=error.status_code)
    return error_response(ApiError(error.status_code, body, headers=error.headers))


async def _queue_full(_: Request, error: Exception) -> Response:
    return error_response(too_many(QUEUE_SECONDS, str(error)))


async def _conflict(_: Request, error: Exception) -> Response:
    return error_response(refused(409, str(error)))


async def _unknown_row(_: Request, error: Exception) -> Response:
    assert isinstance(error, UnknownRowError)
    if error.what == "repository":
        return error_response(not_found(NoReposFoundInOrgErrorResponse(message=error.message)))
    return error_response(ApiError(403, PermissionsErrorResponse()))  # the key's user is no member any more


async def _storage(_: Request, error: Exception) -> Response:
    assert isinstance(error, StorageError)
    return error_response(storage_refusal(error))
