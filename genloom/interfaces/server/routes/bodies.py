"""Requests' bodies: read once, in the API's own shapes, strictly."""

from __future__ import annotations

from typing import TypeVar

from fastapi import Request
from pydantic import ValidationError as PydanticError

from genloom.interfaces.server.admission.values import not_finite
from genloom.interfaces.server.errors import ApiError, invalid
from genloom.tools.codegen.wire import HTTPValidationError, ValidationError, WireInput

__all__ = ["body_of", "problems_of"]

MOST_PROBLEMS = 20

B = TypeVar("B", bound=WireInput)


async def body_of(request: Request, kind: type[B]) -> B:
    """Return the body. Raises `ApiError`: 422 names what is not of that shape, 413 and 408 come from the gate."""
    content = await request.body()
    try:
        body = kind.model_validate_json(content, strict=True)
    except PydanticError as error:
        raise ApiError(422, HTTPValidationError(detail=problems_of(error))) from None
    wrong = tuple(not_finite(body.model_dump(mode="python")))[:MOST_PROBLEMS]
    if wrong:
        raise invalid(*((("body", *place), "The number is not finite.") for place in wrong))
    return body


def problems_of(error: PydanticError) -> tuple[ValidationError, ...]:
    """Return what was wrong where, without the values themselves."""
    told = error.errors(include_url=False, include_context=False, include_input=False)[:MOST_PROBLEMS]
    return tuple(ValidationError(loc=("body", *one["loc"]), msg=one["msg"], type=one["type"]) for one in told)
