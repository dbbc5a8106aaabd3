"""The prompts of a run: the shipped templates, some of them replaced by a user's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from genloom.errors import UsageError
from genloom.prompts.template import PromptTemplate, load_prompt

__all__ = ["LONGEST_PROMPT", "Prompts"]

LONGEST_PROMPT = 100_000
"""Characters of a template that replaces a shipped one."""

_LIKE_A_PLACEHOLDER = re.compile(r"\{\{\s*(\w[\w.]*)\s*\}\}")


@dataclass(frozen=True)
class Prompts:
    """Templates by name. `replaced` are those that stand in place of shipped ones; all others are the shipped."""

    replaced: Mapping[str, PromptTemplate] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, *layers: Mapping[str, str] | None) -> Prompts:
        """Return the prompts with these texts in place of shipped ones; of two for one name the later stands.

        A text has the placeholders of the one that it replaces, each once at least. Raises `UsageError` for a name that no
        prompt has (it lists the names), a missing or unknown placeholder, and a text that is blank or longer than
        `LONGEST_PROMPT`.
        """
        given = {name: text for layer in layers for name, text in (layer or {}).items()}
        return (
            cls(MappingProxyType({name: _template(name, text) for name, text in given.items()})) if given else SHIPPED
        )

    def load(self, name: str) -> PromptTemplate:
        """Return the template of that name. Raises `UsageError` that lists the names when there is none."""
        return self.replaced.get(name) or load_prompt(name)


SHIPPED = Prompts()


def _template(name: str, text: str) -> PromptTemplate:
    shipped = load_prompt(name)
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_PROMPT:
        raise UsageError(
            f"What stands for the prompt {name!r} cannot be used.",
            hint=f"Give a text that is not blank, of at most {LONGEST_PROMPT:,} characters.",
        )
    template = PromptTemplate(name, text)
    missing = shipped.placeholders - template.placeholders
    unknown = {*_LIKE_A_PLACEHOLDER.findall(text)} - shipped.placeholders
    if missing or unknown:
        wrong = [f"lacks {', '.join(sorted(missing))}"] if missing else []
        wrong += [f"has the unknown {', '.join(sorted(unknown))}"] if unknown else []
        raise UsageError(
            f"The text for the prompt {name!r} {' and '.join(wrong)}.",
            hint=f"Its placeholders are: {_written(shipped) or 'none'}.",
        )
    return template


def _written(template: PromptTemplate) -> str:
    return ", ".join(f"{{{{ {name} }}}}" for name in sorted(template.placeholders))
