"""A model's answer in words: the first JSON object in it that is of a kind."""

from __future__ import annotations

import json
import re
from typing import TypeVar

from pydantic import BaseModel

__all__ = ["first_of_kind"]

KindT = TypeVar("KindT", bound=BaseModel)
MAX_OBJECTS = 50


def first_of_kind(kind: type[KindT], text: str) -> KindT | None:
    """Return the first JSON object of a text that the schema takes; `None` when there is none among the first 50."""
    for start in [match.start() for match in re.finditer(r"\{", text)][:MAX_OBJECTS]:
        try:
            data, _ = json.JSONDecoder().raw_decode(text[start:])
            return kind.model_validate(data)
        except (ValueError, RecursionError):
            continue
    return None
