"""The answer of a search: a program with what speaks for it and against it, or nothing with the reason."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Abstained", "Found", "SearchAnswer"]


@dataclass(frozen=True, kw_only=True)
class Found:
    """A program that gives what the examples say.

    `source` is the whole module; `expression` the heart of it. `fitted` are the texts of the examples that the search
    looked at: they prove nothing. `held_out` are those that it never saw and that the program meets all the same. Each of
    `rivals` describes a program of like cost that fits the examples as well and gives something else elsewhere; `deciding`
    is the one call, such as `f("a b")`, whose result would decide best among them, and `outputs` what this program gives on
    inputs like the examples' (all three are empty where nothing of like cost differs). `cost` grows with size and with what
    speaks against the program. `cut_by_clock` says that the clock, not the budget, decided (the time ran out, or a function
    was too slow to be used): the same task may give another answer.
    """

    source: str
    expression: str
    fitted: tuple[str, ...]
    held_out: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    deciding: str = ""
    outputs: tuple[str, ...] = ()
    cost: int = 0
    candidates: int = 0
    seconds: float = 0.0
    cut_by_clock: bool = False
    notes: tuple[str, ...] = ()

    @property
    def proven(self) -> bool:
        """Whether examples that the search never saw speak for the program, and no rival against it."""
        return bool(self.held_out) and not self.rivals


@dataclass(frozen=True, kw_only=True)
class Abstained:
    """No program is given; `reason` says in a sentence why, and what would help where something would."""

    reason: str
    candidates: int = 0
    seconds: float = 0.0
    cut_by_clock: bool = False


SearchAnswer = Found | Abstained
