"""An attempt: one draft that was made and what came of it."""

from __future__ import annotations

from genloom.state.draft import Draft
from genloom.state.part import StatePart
from genloom.state.review import Review
from genloom.state.verdict import Verdict

__all__ = ["Attempt"]


class Attempt(StatePart):
    """One draft with its verdict and, where it came so far, its review. `evidence` is what repair tells the next
    generator: it holds nothing of held-out examples."""

    number: int
    draft: Draft
    verdict: Verdict
    review: Review | None = None
    evidence: str = ""
