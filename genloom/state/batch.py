"""A batch: many requests in, one result for each out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from genloom.state.draft import Draft
from genloom.state.outcome import Outcome
from genloom.state.part import StatePart
from genloom.state.request import GenerationRequest
from genloom.state.review import Review
from genloom.state.verdict import Verdict

__all__ = ["MAX_REQUESTS", "BatchInput", "BatchResult", "BatchState", "join_results"]

MAX_REQUESTS = 10_000


class BatchResult(StatePart):
    """How one request of a batch ended. `index` is its place among the requests, from 0."""

    index: Annotated[int, Field(ge=0)]
    name: str
    outcome: Outcome
    draft: Draft | None = None
    verdict: Verdict | None = None
    review: Review | None = None
    attempts: int = 0

    @property
    def source(self) -> str | None:
        """The text of the module, `None` without a draft."""
        return self.draft.source if self.draft is not None else None


def join_results(known: Sequence[BatchResult] | None, more: Sequence[BatchResult] | None) -> tuple[BatchResult, ...]:
    """Return all results in the order of their requests; of two for one request the later one holds. `None` begins anew.

    Associative, and the same however the results come in, as parallel branches need it.
    """
    if more is None:
        return ()
    joined = {result.index: result for result in (*(known or ()), *more)}
    return tuple(joined[index] for index in sorted(joined))


Requests = Annotated[
    tuple[GenerationRequest, ...],
    Field(max_length=MAX_REQUESTS, title="Requests", description="Each goes through the generation graph by itself"),
]


class BatchInput(TypedDict):
    """What the batch graph takes; plain JSON is welcome."""

    requests: Requests


class BatchState(TypedDict, total=False):
    """The state of the batch graph."""

    requests: Requests
    results: Annotated[NotRequired[tuple[BatchResult, ...]], join_results]
