"""What a caller may say of a run beside its prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from genloom.events import EventEmitter

__all__ = ["SubmitOptions"]


class SubmitOptions(TypedDict, total=False):
    """The keyword arguments of `AsyncCodegen.submit`, and of what begins with it, beside the idempotency key.

    The run's own: `metadata` (the caller's JSON, redacted before it is sent), `repo_id` (a repository other than the
    organisation's default), `model`, `images` (base64 data URIs). The call's: `deadline` (seconds; default none), `fresh`
    (the key was made for this call, so no run can carry it yet), `emit` (hears of the run's progress).
    """

    metadata: Mapping[str, Any] | None  # Any: the caller's own JSON
    repo_id: int | None
    model: str | None
    images: Sequence[str]
    deadline: float | None
    fresh: bool
    emit: EventEmitter
