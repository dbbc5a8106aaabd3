"""A model's answer in words: the last JSON object in it that is of a kind."""

from __future__ import annotations

import json
import re
from typing import TypeVar

from pydantic import BaseModel

__all__ = ["last_of_kind"]

KindT = TypeVar("KindT", bound=BaseModel)
MAX_OBJECTS = 50


def last_of_kind(kind: type[KindT], text: str) -> KindT | None:
    """Return the last JSON object of a text that the schema takes, and that stands in no other such: before it models
    repeat the form that they were asked for. `None` when there is none among 50."""
    found: KindT | None = None
    end = tried = 0
    for start in (match.start() for match in re.finditer(r"\{", text)):
        if start < end:
            continue
        if tried == MAX_OBJECTS:
            break
        tried += 1
        try:
            data, length = json.JSONDecoder().raw_decode(text[start:])
            found, end = kind.model_validate(data), start + length
        except (ValueError, RecursionError):
            continue
    return found
