"""Prompt templates: `.md` files with strict placeholders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from genloom.errors import UsageError

__all__ = ["PromptTemplate", "load_prompt", "prompt_fingerprint", "prompt_names"]

_PLACEHOLDER = re.compile(r"\{\{ *([a-z_]+) *\}\}")


@dataclass(frozen=True)
class PromptTemplate:
    """A template and its placeholders, written `{{ name }}`.

    `render` takes exactly the placeholders' names: a missing or an unknown one is a `UsageError`. What is filled in is
    never scanned again, so retrieved text cannot smuggle in a placeholder.
    """

    name: str
    text: str
    placeholders: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "placeholders", frozenset(_PLACEHOLDER.findall(self.text)))

    def render(self, **values: str) -> str:
        """Return the text with every placeholder filled in; blank runs left by empty values are closed up."""
        self._demand_exactly(values)
        filled = _PLACEHOLDER.sub(lambda match: values[match.group(1)] or _EMPTY, self.text)
        return re.sub(rf"(?:{_EMPTY}\n*)+", "", filled).strip() + "\n"

    def _demand_exactly(self, values: Mapping[str, str]) -> None:
        missing, unknown = self.placeholders - set(values), set(values) - self.placeholders
        if missing or unknown:
            raise UsageError(
                f"The prompt {self.name!r} was rendered with "
                + " and ".join(
                    f"{what} {', '.join(sorted(names))}"
                    for what, names in (("no value for", missing), ("the unknown", unknown))
                    if names
                )
                + ".",
                hint=f"It takes: {', '.join(sorted(self.placeholders))}.",
            )


_EMPTY = "\x00"


@cache
def load_prompt(name: str) -> PromptTemplate:
    """Return the shipped template of that name. Raises `UsageError` that lists the names when there is none."""
    if name not in prompt_names():
        raise UsageError(f"There is no prompt {name!r}.", hint=f"There are: {', '.join(prompt_names())}.")
    return PromptTemplate(name, (resources.files("genloom.prompts") / f"{name}.md").read_text(encoding="utf-8"))


@cache
def prompt_names() -> tuple[str, ...]:
    """Return the names of the shipped templates, sorted."""
    entries = (entry.name for entry in resources.files("genloom.prompts").iterdir())
    return tuple(sorted(name.removesuffix(".md") for name in entries if name.endswith(".md")))


@cache
def prompt_fingerprint() -> str:
    """Return a hash over all shipped templates: an answer made by other prompts is another answer."""
    import hashlib

    digest = hashlib.sha256()
    folder = resources.files("genloom.prompts")
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".md"):
            digest.update(entry.name.encode() + b"\0" + entry.read_bytes() + b"\0")
    return digest.hexdigest()
