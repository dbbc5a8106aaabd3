"""The task of one search, and what it may build on."""

from __future__ import annotations

from dataclasses import dataclass

from genloom.state.example import Example

__all__ = ["DEFAULT_CANDIDATES", "Component", "SearchTask"]

DEFAULT_CANDIDATES = 150_000
"""The budget of one search in small candidates; about two seconds on one core of 2024 at most. A candidate on many rows or
large values, or of many turns of a loop, counts as several."""


@dataclass(frozen=True, kw_only=True)
class Component:
    """A function of the repository that a program may call.

    `module` is imported from the folder `import_from`; `name` is the function's qualified name in it. `annotations` are
    those of the parameters, empty where there is none; `doc` is the docstring's first line.
    """

    module: str
    name: str
    parameters: tuple[str, ...]
    annotations: tuple[str, ...]
    returns: str
    import_from: str
    doc: str = ""


@dataclass(frozen=True, kw_only=True)
class SearchTask:
    """What to find: a function `name` that does what `prompt` says and gives what the examples show.

    `signature` names and types the parameters, such as `slugify(text: str) -> str`. `constraints` are the request's rules;
    the search cannot read them and says so in its notes. `seconds` and `megabytes` are hard limits from outside;
    `candidates` is the budget that decides when the search gives up. `cores` is how many processes may work on it at once
    (0: one for each core of this machine): it changes the time, never the answer. `without` names techniques of the engine
    to leave out, for ablations.
    """

    name: str
    prompt: str
    examples: tuple[Example, ...]
    signature: str | None = None
    constraints: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()
    seconds: float = 5.0
    megabytes: int = 512
    candidates: int = DEFAULT_CANDIDATES
    cores: int = 1
    without: frozenset[str] = frozenset()
