"""Packing: which references fit a token budget, and in what form.

In this order, so that a prompt cut at its end loses the least: the project's rules (a quarter of the budget at most), up
to 15 paths with their reasons (a tenth), bodies of the best symbols (55 % at most),
and signatures of the next ones. Deterministic. Nothing is cut but rules, after a whole line, which says so; a symbol that is
too long is passed over. What reads like an instruction is charged for the label that it gets in the fence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from genloom.state import ContextReference
from genloom.tools.codebase.context.rendering import render_item
from genloom.tools.codebase.context.rules import ProjectRules
from genloom.tools.codebase.context.stretches import stretches
from genloom.tools.codebase.context.tokens import TokenCounter, estimate_tokens, fence_tokens, label_tokens
from genloom.tools.codebase.files.source import text_lines
from genloom.tools.codebase.ranking.ranking import RankedFile, RankedSymbol, Ranking
from genloom.tools.security import screen

__all__ = ["pack"]

MAX_PATHS = 15
RULES_SHARE = 0.25
PATHS_SHARE = 0.10
BODIES_SHARE = 0.55


def pack(
    ranking: Ranking,
    rules: Sequence[ProjectRules],
    read: Callable[[str], Sequence[str] | None],
    budget: int,
    count: TokenCounter = estimate_tokens,
    secrets: Sequence[str] = (),
) -> list[ContextReference]:
    """Return the references that fit the budget, best first. `read` gives a file's lines, or `None` when it has changed
    since it was ranked; its symbols are then left out. Each reference's `tokens` is what `count` says of its text as
    rendered without the `secrets`."""
    packing = _Packing(read, budget, count, secrets)
    packing.add_rules(rules, int(budget * RULES_SHARE))
    packing.add_paths(ranking.files[:MAX_PATHS], int(budget * PATHS_SHARE))
    packing.add_symbols(ranking.symbols, "body", int(budget * BODIES_SHARE))
    packing.add_symbols(ranking.symbols, "signature", packing.left)
    return packing.references


class _Packing:
    """References chosen so far, and the tokens left."""

    def __init__(
        self, read: Callable[[str], Sequence[str] | None], budget: int, count: TokenCounter, secrets: Sequence[str]
    ) -> None:
        self.references: list[ContextReference] = []
        self._fence, self._label = fence_tokens(count), label_tokens(count)
        self.left = budget - self._fence
        self._read = read
        self._count = count
        self._secrets = secrets

    def add_rules(self, rules: Iterable[ProjectRules], share: int) -> None:
        """Take the rules' files, the last one cut after a whole line where it must be."""
        share = min(share, self.left)
        for rule in rules:
            lines = text_lines(rule.text)
            reference = self._rules_that_fit(rule, lines, share)
            if reference is None:
                return
            self._take(reference)
            share -= reference.tokens
            if reference.end_line < len(lines):
                return

    def _rules_that_fit(self, rule: ProjectRules, lines: Sequence[str], share: int) -> ContextReference | None:
        """Return the longest head of the rules that fits, found by halving."""
        low, high = 0, len(lines)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self._rule_reference(rule, lines, middle).tokens <= share
            low, high = (middle, high) if fits else (low, middle - 1)
        return self._rule_reference(rule, lines, low) if low else None

    def _rule_reference(self, rule: ProjectRules, lines: Sequence[str], end: int) -> ContextReference:
        reference = ContextReference(
            path=rule.path,
            start_line=1,
            end_line=end,
            sha256=rule.sha256,
            score=1.0,
            reasons=("the project's rules",),
            form="rules",
        )
        return self._measured(reference, lines, self._fence)

    def add_paths(self, files: Iterable[RankedFile], share: int) -> None:
        """Take the best files as a list of paths."""
        share = min(share, self.left)
        for file in files:
            reference = self._measured(
                ContextReference(
                    path=file.path,
                    end_line=max(file.lines, 1),
                    sha256=file.sha256,
                    score=round(file.score, 4),
                    reasons=file.reasons,
                    form="path",
                ),
                (),
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
            lines = self._read(symbol.path) or ()
            for reference in _references(symbol, form, lines):
                if self._covered(reference) or self._count(_raw(reference, lines)) > share:
                    continue  # without the cost of screening it
                measured = self._measured(reference, lines)
                if measured.tokens <= share:
                    self._take(measured)
                    share -= measured.tokens

    def _covered(self, wanted: ContextReference) -> bool:
        """Whether what was taken holds this, or would be held by it a second time."""
        for taken in self.references:
            if taken.path != wanted.path or taken.form not in ("body", "signature"):
                continue
            if taken.symbol == wanted.symbol and taken.start_line == wanted.start_line:
                return True
            inside = taken.start_line <= wanted.start_line and wanted.end_line <= taken.end_line
            around = wanted.start_line <= taken.start_line and taken.end_line <= wanted.end_line
            if taken.form == "body" and (inside or (around and wanted.form == "body")):
                return True
        return False

    def _measured(self, reference: ContextReference, lines: Sequence[str], extra: int = 0) -> ContextReference:
        shown = render_item(reference, lines, self._secrets)
        kinds = {label.kind for label in screen(shown).labels}
        tokens = self._count(shown) + len(kinds) * self._label + extra + 1
        return reference.model_copy(update={"tokens": tokens})

    def _take(self, reference: ContextReference) -> None:
        self.references.append(reference)
        self.left -= reference.tokens


def _references(symbol: RankedSymbol, form: str, lines: Sequence[str]) -> Iterator[ContextReference]:
    """Yield a definition's body or signature; of a module each stretch of its own text, which has no signature."""
    if symbol.kind == "module" and form == "signature":
        return
    for start, end in stretches(symbol, lines):
        yield ContextReference(
            path=symbol.path,
            symbol=symbol.qualified,
            start_line=start,
            end_line=end if form == "body" else min(symbol.head_line, end),
            sha256=symbol.sha256,
            score=round(symbol.score, 4),
            reasons=symbol.reasons,
            form=form,
        )


def _raw(reference: ContextReference, lines: Sequence[str]) -> str:
    return "\n".join(lines[reference.start_line - 1 : reference.end_line])
