"""Holding back: examples that a generator that writes (a model, an agent) is not shown, so that they can surprise it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from genloom.state import Attempt, Example, GenerationRequest
from genloom.tools.synthesis.calls import read_calls
from genloom.tools.synthesis.holdout import hold_back

__all__ = ["LEAST_EXAMPLES", "SHARE", "hidden_examples"]

LEAST_EXAMPLES = 4
"""Of fewer examples none is held back: each says too much of what is wanted."""
SHARE = 4
"""At most one in so many is held back."""


def hidden_examples(request: GenerationRequest, attempts: Sequence[Attempt], *, hold: bool) -> frozenset[str]:
    """Return the examples that a generator must not be shown: what an earlier one was not, else, where some are to be
    held back (`hold`), those held back now.

    The same request always hides the same ones, those that the others resemble most. An example that stands in something
    which the generator reads anyway (prompt, tests, constraints, the module that is extended, the caller's context, the
    program that a search found) is never counted or hidden, whoever held it back before.
    """
    secret = _unread(request, attempts)
    held_out = {text for attempt in attempts for text in attempt.draft.held_out}
    earlier = frozenset(example.text for example in secret if example.text in held_out)
    if earlier or not hold:
        return earlier
    if len(secret) < LEAST_EXAMPLES:
        return frozenset()
    calls = read_calls(request.target_name, request.prompt, request.signature, secret)
    if not isinstance(calls, tuple):  # not plain calls: nothing tells which of them may be missed
        return frozenset()
    held = hold_back(calls[1])[1][: len(secret) // SHARE]
    return frozenset(call.example.text for call in held)


def _unread(request: GenerationRequest, attempts: Sequence[Attempt]) -> list[Example]:
    """The examples whose calls stand nowhere but among the examples. What a model wrote itself gives nothing away."""
    parts = [request.prompt, request.tests or "", request.extends or "", *request.constraints]
    parts += request.codebase_context.values()
    for attempt in attempts:
        parts += [] if attempt.draft.generator == "model" else [attempt.draft.source, attempt.evidence]
    text = _plain("\n".join(parts))
    return [example for example in request.all_examples if _plain(example.call) not in text]


def _plain(text: str) -> str:
    return re.sub(r"\s", "", text).replace('"', "'")
