"""A request as a run's metadata: `genloom serve` reads it there, word for word, where any other agent reads the prompt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from genloom.state import GenerationRequest
from genloom.state.request import MAX_EXAMPLES

__all__ = ["RUN_FIELDS", "request_metadata", "short_metadata"]

RUN_FIELDS = ("name", "names", "signature", "examples", "tests", "target", "extends", "constraints", "comparison")
"""Keys of a run's metadata that are fields of the request."""

MAX_CHARACTERS = 50_000

_LONG = ("tests", "extends")


def request_metadata(request: GenerationRequest, *, hidden: AbstractSet[str] = frozenset()) -> dict[str, Any]:
    """Return the metadata of a request, as JSON values: all its examples but the `hidden` ones among them."""
    shown = [example.text for example in request.all_examples if example.text not in hidden]
    told = request.model_dump(mode="json", include=set(RUN_FIELDS), exclude_none=True, exclude_defaults=True)
    return {**told, "name": request.target_name, "examples": shown[:MAX_EXAMPLES]}


def short_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata (JSON values) that a prompt tells, too, without what is too long for every list of runs to bring it
    back: whole texts, or all of it."""
    for left_out in ((), _LONG, tuple(metadata)):
        short = {name: value for name, value in metadata.items() if name not in left_out}
        if len(json.dumps(short)) <= MAX_CHARACTERS:
            break
    return short
