"""A fault: what a test's server does wrong with one request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Fault"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong with one request. The fields can be combined.

    `status`, `headers` and `body` are answered instead of the right answer (a fault with a body and no status answers
    200). `delay` seconds pass first; a fault that is only a delay is answered rightly afterwards. `cut` closes the
    connection without an answer, `truncate` in the middle of one (the right one, unless it is replaced), `hang` never
    answers and keeps the connection open until the client closes it. `endless` sends an answer that never ends: one blank
    every that many seconds after it, with 0 as many as the client takes. A request that gets a wrong answer or none has no
    effect, unless `after_work`: then the server does what was asked, and only the answer is lost.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | bytes | None = None
    delay: float = 0.0
    cut: bool = False
    truncate: bool = False
    hang: bool = False
    endless: float | None = None
    after_work: bool = False

    @property
    def replaces_answer(self) -> bool:
        """Whether the right answer is not sent."""
        return self.cut or self.hang or self.status is not None or self.body is not None
