"""The documented bodies of answers that are errors."""

from __future__ import annotations

from genloom.tools.codegen.wire.shape import WireModel

__all__ = [
    "APIRateLimitErrorResponse",
    "AgentRunLimitReachedErrorResponse",
    "AgentRunNotFoundErrorResponse",
    "ErrorBody",
    "HTTPValidationError",
    "NoReposFoundInOrgErrorResponse",
    "PermissionsErrorResponse",
    "UserNotFoundErrorResponse",
    "ValidationError",
]


class ErrorBody(WireModel):
    """What most errors say: a message for people, and the status once more."""

    message: str = ""
    status_code: int = 0


class APIRateLimitErrorResponse(ErrorBody):
    """Too many requests in the time that the endpoint's limit names."""

    message: str = "Rate limit exceeded. Please try again later."
    status_code: int = 429


class AgentRunLimitReachedErrorResponse(ErrorBody):
    """The billing plan has no runs left."""

    message: str = (
        "Alloted agent runs for the current billing plan have been reached. Please upgrade your plan to continue."
    )
    status_code: int = 402


class PermissionsErrorResponse(ErrorBody):
    """The token's owner does not belong to the organisation."""

    message: str = "You do not have access to this organization."
    status_code: int = 403


class AgentRunNotFoundErrorResponse(ErrorBody):
    """The organisation has no such run."""

    message: str = "Agent run not found."
    status_code: int = 404


class UserNotFoundErrorResponse(ErrorBody):
    """The organisation has no such user."""

    message: str = "User not found."
    status_code: int = 404


class NoReposFoundInOrgErrorResponse(ErrorBody):
    """The organisation has no repository for a run to work in."""

    message: str = "No repos found in the organization. Please add some repos and try again."
    status_code: int = 404


class ValidationError(WireModel):
    """One value that the server does not take: `loc` is the way to it."""

    loc: tuple[str | int, ...]
    msg: str
    type: str


class HTTPValidationError(WireModel):
    """All values of a request that the server does not take (422)."""

    detail: tuple[ValidationError, ...] = ()
