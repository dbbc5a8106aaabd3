"""The keys that a chat model holds: what must not be written down of its requests and answers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from genloom.errors import UsageError

__all__ = ["secrets_of"]

_SECRET = re.compile(r"auth|key|token|secret|cookie|password|credential", re.IGNORECASE)
_SENT = ("default_headers", "default_query", "additional_headers", "extra_headers", "extra_query")
SHORTEST_UNNAMED = 16
"""Characters of a header that is taken for a secret whatever it is called."""


def secrets_of(model: BaseChatModel, *, ask: bool) -> tuple[str, ...]:
    """Return the keys among a model's fields and headers; with `ask`, also those that its callables give.

    Raises `UsageError` for a callable that can only be awaited.
    """
    return tuple(dict.fromkeys(_found(model, ask)))


def _found(model: BaseChatModel, ask: bool) -> Iterator[str]:
    fields = vars(model)
    more = fields.get("model_kwargs")
    for name, value in (*fields.items(), *(more.items() if isinstance(more, Mapping) else ())):
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif name in _SENT and isinstance(value, Mapping):
            yield from _of_headers(value)
        elif ask and callable(value) and re.search(r"(?:api_key|token_provider)$", name):
            yield from _given(value, name)


def _of_headers(headers: Mapping[object, object]) -> Iterator[str]:
    for name, value in headers.items():
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(text, str) and (_SECRET.search(str(name)) or len(text) >= SHORTEST_UNNAMED):
            yield text
            yield text.rpartition(" ")[2]  # without `Bearer`


def _given(source: object, name: str) -> Iterator[str]:
    given = source() if callable(source) and not inspect.iscoroutinefunction(source) else None
    if inspect.iscoroutine(given):
        given.close()
        given = None
    text = given.get_secret_value() if isinstance(given, SecretStr) else given
    if not isinstance(text, str):
        raise UsageError(
            f"The model's {name} gives its key in a way that cannot be asked here, so it could be written down.",
            hint="Record with a plain key.",
        )
    yield text
