"""What the OpenAPI document says of each route beside its own answer: errors, bodies, what is an addition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genloom.tools.codegen.wire import (
    AgentRunNotFoundErrorResponse,
    APIRateLimitErrorResponse,
    ErrorBody,
    HTTPValidationError,
    PermissionsErrorResponse,
    WireInput,
    WireModel,
)

__all__ = ["ADDITION", "BODY_MODELS", "NO_RUN", "Documented", "Responses", "errors", "takes"]

Documented = Mapping[int, tuple[str, type[WireModel]]]
"""Texts and bodies by status."""
Responses = dict[int | str, dict[str, Any]]  # Any: as FastAPI has it

ADDITION = "additions"
"""The tag of what the authoritative document does not have."""

BODY_MODELS: set[type[WireInput]] = set()
"""The models that routes take, for the document's components."""

_COMMON: Documented = {
    400: ("The request is malformed", ErrorBody),
    401: ("No key, or none that is known", ErrorBody),
    403: ("Another organisation, too low a role, or a web page of another origin", PermissionsErrorResponse),
    408: ("The request's body took too long", ErrorBody),
    413: ("The request's body is too large", ErrorBody),
    421: ("Not a name of this server", ErrorBody),
    422: ("Validation Error", HTTPValidationError),
    429: ("Too Many Requests", APIRateLimitErrorResponse),
    500: ("A mistake of the server", ErrorBody),
    503: ("The server cannot at present", ErrorBody),
}
NO_RUN: Documented = {404: ("Not Found", AgentRunNotFoundErrorResponse)}


def errors(more: Documented | None = None) -> Responses:
    """Return the answers that every route may give, and `more`."""
    told = {**_COMMON, **(more or {})}
    return {status: {"description": text, "model": model} for status, (text, model) in sorted(told.items())}


def takes(kind: type[WireInput]) -> dict[str, Any]:
    """Return what says that a route takes a body of that shape."""
    BODY_MODELS.add(kind)
    schema = {"$ref": f"#/components/schemas/{kind.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
