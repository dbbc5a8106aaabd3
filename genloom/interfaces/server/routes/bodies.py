"""Requests' bodies: read once, in the API's own shapes, strictly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any, TypeVar

from fastapi import Request
from pydantic import ValidationError as PydanticError

from genloom.interfaces.server.admission.values import not_finite
from genloom.interfaces.server.errors import ApiError, invalid
from genloom.tools.codegen.wire import HTTPValidationError, ValidationError, WireInput

__all__ = ["body_of", "problems_of"]

MOST_PROBLEMS = 20
MOST_VALUES = 500_000  # reading as many takes a moment, in which nobody else is answered
METADATA_CHARACTERS = 200_000

B = TypeVar("B", bound=WireInput)


async def body_of(request: Request, kind: type[B]) -> B:
    """Return the body. Raises `ApiError`: 422 names what is not of that shape, 413 and 408 come from the gate."""
    content = await request.body()
    if content.count(b",") > MOST_VALUES:
        raise invalid((("body",), "The body has too many values."))
    try:
        body = kind.model_validate_json(content, strict=True)
    except PydanticError as error:
        raise ApiError(422, HTTPValidationError(detail=problems_of(error))) from None
    metadata = getattr(body, "metadata", None)
    if metadata is not None:
        _check_metadata(metadata)
    return body


def _check_metadata(metadata: Mapping[str, Any]) -> None:
    """Refuse what no client could read back, and what would weigh on every answer that shows the run."""
    try:
        size = len(json.dumps(metadata, allow_nan=False))
    except ValueError:
        places = islice(not_finite(metadata), MOST_PROBLEMS)
        raise invalid(*((("body", "metadata", *place), "The number is not finite.") for place in places)) from None
    if size > METADATA_CHARACTERS:
        raise invalid((("body", "metadata"), f"At most {METADATA_CHARACTERS} characters of JSON are taken."))


def problems_of(error: PydanticError) -> tuple[ValidationError, ...]:
    """Return what was wrong where, without the values themselves."""
    told = error.errors(include_url=False, include_context=False, include_input=False)[:MOST_PROBLEMS]
    return tuple(ValidationError(loc=("body", *one["loc"]), msg=one["msg"], type=one["type"]) for one in told)
