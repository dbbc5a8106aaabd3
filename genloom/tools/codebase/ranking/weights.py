"""Weights: how much each signal counts in the ranking."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RankingWeights"]


@dataclass(frozen=True, kw_only=True)
class RankingWeights:
    """The weights of the signals, the same for every repository; 0 switches one off.

    A file's score is the sum of `text` (its BM25F, the best file's being 1), `symbols` (that of its three best symbols,
    scaled alike), `history` (past commits with these words touched it), `place` (the query names the file, divided by the
    number of files that may be meant) and `tested` (the query names its test), times the weight of its role:
    `tests`, `documentation` (and examples), `packages` (`__init__`), 1 for the rest. A query about tests leaves tests as
    they are.
    A symbol's score is its own BM25F, `verbatim` where the query writes its name, `place` where it points into it, times the
    role, plus `file_share` of its file's score.
    """

    text: float = 0.5
    symbols: float = 0.5
    history: float = 0.3
    verbatim: float = 0.1
    place: float = 0.5
    tested: float = 0.25
    file_share: float = 0.6
    tests: float = 0.1
    documentation: float = 0.3
    packages: float = 0.8
