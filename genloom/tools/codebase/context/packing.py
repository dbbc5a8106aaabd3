"""Packing: which references fit a token budget, and in what form.

In this order, so that a prompt cut at its end loses the least: the project's rules (a quarter of the budget at most), up
to 15 paths with their reasons (a tenth), bodies of the best symbols (about 55 % together with what the first two left),
and signatures of the next ones. Deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from genloom.state import ContextReference
from genloom.tools.codebase.context.rendering import render_item
from genloom.tools.codebase.context.rules import ProjectRules
from genloom.tools.codebase.context.tokens import FENCE_TOKENS, estimate_tokens
from genloom.tools.codebase.files.source import text_lines
from genloom.tools.codebase.ranking.ranking import RankedFile, RankedSymbol, Ranking

__all__ = ["pack"]

MAX_PATHS = 15
RULES_SHARE = 0.25
PATHS_SHARE = 0.10
BODIES_SHARE = 0.55


def pack(
    ranking: Ranking, rules: Sequence[ProjectRules], read: Callable[[str], str | None], budget: int
) -> list[ContextReference]:
    """Return the references that fit the budget, best first. `read` gives a file's text, or `None` when it has changed
    since it was ranked; its symbols are then left out. Each reference's `tokens` is the estimate of its rendered text."""
    packing = _Packing(read, budget - FENCE_TOKENS)
    packing.add_rules(rules, int(budget * RULES_SHARE))
    packing.add_paths(ranking.files[:MAX_PATHS], int(budget * PATHS_SHARE))
    packing.add_symbols(ranking.symbols, "body", int(budget * BODIES_SHARE))
    packing.add_symbols(ranking.symbols, "signature", packing.left)
    return packing.references


class _Packing:
    """References chosen so far, and the tokens left."""

    def __init__(self, read: Callable[[str], str | None], budget: int) -> None:
        self.references: list[ContextReference] = []
        self.left = budget
        self._read = read

    def add_rules(self, rules: Iterable[ProjectRules], share: int) -> None:
        """Take the rules' files, the last one cut after a whole line where it must be."""
        share = min(share, self.left)
        for rule in rules:
            lines = len(text_lines(rule.text))
            reference = self._rules_that_fit(rule, lines, share - FENCE_TOKENS)
            if reference is None:
                return
            self._take(reference)
            share -= reference.tokens
            if reference.end_line < lines:
                return

    def _rules_that_fit(self, rule: ProjectRules, lines: int, share: int) -> ContextReference | None:
        """Return the longest head of the rules that fits, found by halving."""
        low, high = 0, lines
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._rule_reference(rule, middle).tokens <= share else (low, middle - 1)
        return self._rule_reference(rule, low) if low else None

    def _rule_reference(self, rule: ProjectRules, end: int) -> ContextReference:
        reference = ContextReference(
            path=rule.path,
            start_line=1,
            end_line=end,
            sha256=rule.sha256,
            score=1.0,
            reasons=("the project's rules",),
            form="rules",
        )
        return _measured(reference, rule.text, FENCE_TOKENS)

    def add_paths(self, files: Iterable[RankedFile], share: int) -> None:
        """Take the best files as a list of paths."""
        share = min(share, self.left)
        for file in files:
            reference = _measured(
                ContextReference(
                    path=file.path,
                    end_line=max(file.lines, 1),
                    sha256=file.sha256,
                    score=round(file.score, 4),
                    reasons=file.reasons,
                    form="path",
                ),
                "",
            )
            if reference.tokens > share:
                return
            self._take(reference)
            share -= reference.tokens

    def add_symbols(self, symbols: Iterable[RankedSymbol], form: str, share: int) -> None:
        """Take symbols in order while their share lasts; one that is too long for it is passed over, never cut."""
        share = min(share, self.left)
        for symbol in symbols:
            if share <= 0:
                return
            if self._covered(symbol, form):
                continue
            text = self._read(symbol.path)
            if text is None:
                continue
            reference = _measured(_symbol_reference(symbol, form), text)
            if reference.tokens <= share:
                self._take(reference)
                share -= reference.tokens

    def _covered(self, symbol: RankedSymbol, form: str) -> bool:
        """Whether a body that was taken holds the symbol, or would be held by it a second time."""
        for taken in self.references:
            if taken.path != symbol.path or taken.form not in ("body", "signature"):
                continue
            if taken.symbol == symbol.qualified and taken.start_line == symbol.start_line:
                return True
            inside = taken.start_line <= symbol.start_line and symbol.end_line <= taken.end_line
            around = symbol.start_line <= taken.start_line and taken.end_line <= symbol.end_line
            if taken.form == "body" and (inside or (around and form == "body")):
                return True
        return False

    def _take(self, reference: ContextReference) -> None:
        self.references.append(reference)
        self.left -= reference.tokens


def _symbol_reference(symbol: RankedSymbol, form: str) -> ContextReference:
    return ContextReference(
        path=symbol.path,
        symbol=symbol.qualified,
        start_line=symbol.start_line,
        end_line=symbol.end_line if form == "body" else min(symbol.head_line, symbol.end_line),
        sha256=symbol.sha256,
        score=round(symbol.score, 4),
        reasons=symbol.reasons,
        form=form,
    )


def _measured(reference: ContextReference, text: str, extra: int = 0) -> ContextReference:
    return reference.model_copy(update={"tokens": estimate_tokens(render_item(reference, text)) + extra + 1})
