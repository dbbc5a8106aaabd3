"""Code quality: asks for annotated, documented code, and says where a draft has none. Named `code-quality`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from genloom.state import Draft, Finding, GenerationRequest
from genloom.syntax import UNPARSABLE, parse_module
from genloom.tools.plugins.plugin import Plugin

__all__ = ["CodeQuality"]

_ASKED = "Follow PEP 8. Annotate every parameter and result, and give every public function and class a docstring."


class CodeQuality(Plugin):
    """Public functions without annotations or docstring are findings of severity `warning`."""

    name = "code-quality"
    version = "1"

    def transform_prompt(self, prompt: str, request: GenerationRequest) -> str:
        """Ask for quality after what was asked."""
        return f"{prompt}\n\n{_ASKED}"

    def check_draft(self, draft: Draft, request: GenerationRequest) -> Sequence[Finding]:
        """Look at each Python file of the draft."""
        found: list[Finding] = []
        for change in draft.changes:
            if change.content is not None and change.path.endswith(".py"):
                found += _findings(change.path, change.content)
        return found


def _findings(path: str, source: str) -> Iterator[Finding]:
    try:
        tree = parse_module(source)
    except UNPARSABLE:
        return
    for item in ast.walk(tree):
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not item.name.startswith("_"):
            yield from (
                Finding(rule=rule, severity="warning", message=f"{item.name} {what}.", path=path, line=item.lineno)
                for rule, what in _lacks(item)
            )


def _lacks(item: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[tuple[str, str]]:
    if not ast.get_docstring(item):
        yield "docstring", "has no docstring"
    if isinstance(item, ast.ClassDef):
        return
    arguments = [*item.args.posonlyargs, *item.args.args, *item.args.kwonlyargs]
    bare = [each.arg for each in arguments if each.annotation is None and each.arg not in ("self", "cls")]
    if bare or item.returns is None:
        yield "annotations", f"lacks annotations of {', '.join([*bare, *([] if item.returns else ['its result'])])}"
