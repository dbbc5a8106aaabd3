"""What was asked for: a request, validated, with an error that says what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from genloom.errors import RequestError
from genloom.state import GenerationRequest
from genloom.state.invalid import problems_of

if TYPE_CHECKING:
    from genloom.state import GraphContext

__all__ = ["as_dict", "as_request"]

_HINT = "A request needs a prompt; examples look like `slugify('A b') == 'a-b'`."


def as_request(
    prompt: str | GenerationRequest | Mapping[str, Any],  # Any: a request as plain JSON
    changes: Mapping[str, Any],
) -> GenerationRequest:
    """Return the validated request with some fields changed. Raises `RequestError` that says what is wrong."""
    if not isinstance(prompt, str | GenerationRequest | Mapping):
        raise RequestError(f"A request cannot be made of {type(prompt).__name__}.", hint=_HINT)
    base = {"prompt": prompt} if isinstance(prompt, str) else as_dict(prompt)
    try:
        return GenerationRequest.model_validate({**base, **changes})
    except ValidationError as error:
        raise RequestError(f"The request cannot be used: {problems_of(error)}", hint=_HINT) from error


def as_dict(value: GenerationRequest | GraphContext | Mapping[str, Any]) -> dict[str, Any]:  # Any: plain JSON
    """Return what was said of a part, without the defaults of the rest."""
    return dict(value) if isinstance(value, Mapping) else value.model_dump(exclude_unset=True)
