"""Remarks: examples that a caller's comments and docstrings give of the names that it imports. Pure."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from genloom.errors import ExampleError
from genloom.interfaces.importer.caller.caller import Caller
from genloom.state import parse_example
from genloom.state.prompt_examples import examples_in_text

__all__ = ["remark_examples"]

MAX_REMARKS = 200
_ARROW = re.compile(r"^(?P<call>[^#]*\w\(.*\))\s*(?:->|=>|→|⇒)\s*(?P<value>.+?)\s*$")
_DENIED = re.compile(
    r"\b(?:never|not|no longer|isn't|wrong(?:ly)?|bug|broken|fails?|failed|instead of|used to|todo|fixme|xxx|was|old|"
    r"before)\b",
    re.IGNORECASE,
)
"""Words that say of what stands beside them that it does not hold, or not yet."""
_RESULT = re.compile(r"^#\s*(?:->|=>|==|→|⇒)\s*(?P<value>.+?)\s*$")


def remark_examples(caller: Caller) -> tuple[str, ...]:
    """Return the examples in comments (`# f(1) == 2`, `# f(1) -> 2`, `f(1)  # -> 2`) and docstrings (`>>> f(1)`), by the
    module's own names. What is no example of one of these names is left alone."""
    comments = list(_comments(caller.text))
    remarks = (_as_equation(text) for _, text in comments if not _denies(text))
    texts = ["\n".join(remarks), *map(_undenied, _docstrings(caller.tree))]
    found: dict[str, None] = {}
    for local, original in caller.names.items():
        for text in texts:
            if local in text:
                found |= dict.fromkeys(_renamed(e.text, local, original) for e in examples_in_text(text, local))
    found |= dict.fromkeys(_results(caller, dict(comments)))
    return tuple(found)[:MAX_REMARKS]


def _comments(text: str) -> Iterator[tuple[int, str]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    except (tokenize.TokenError, SyntaxError):
        return


def _denies(line: str) -> bool:
    """Whether the words of a line, outside of quotes, say that what it shows does not hold."""
    return _DENIED.search(re.sub(r"'[^']*'|\"[^\"]*\"", " ", line)) is not None


def _undenied(docstring: str) -> str:
    """A docstring without the lines of prose that deny what they show."""
    lines = docstring.splitlines()
    return "\n".join(
        line for line in lines if line.lstrip().startswith((">>>", "...")) or not _denies(line) or "(" not in line
    )


def _as_equation(comment: str) -> str:
    text = comment.lstrip("#").strip()
    arrow = _ARROW.match(text)
    return f"{arrow['call']} == {arrow['value']}" if arrow else text


def _docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            text = ast.get_docstring(node)
            if text:
                yield text


def _results(caller: Caller, comments: dict[int, str]) -> Iterator[str]:
    """`f(1)  # -> 2`, also where the call is printed or kept."""
    for node in ast.walk(caller.tree):
        if not isinstance(node, ast.Expr | ast.Assign):
            continue
        told = _RESULT.match(comments.get(node.end_lineno or 0, ""))
        call = node.value
        match call:
            case ast.Call(func=ast.Name(id="print"), args=[ast.Call() as inner], keywords=[]):
                call = inner
        if told and isinstance(call, ast.Call) and (original := caller.original(call.func)):
            written = ast.unparse(ast.Call(ast.Name(original), call.args, call.keywords))
            yield from _example(f"{written} == {told['value']}", original)


def _example(text: str, name: str) -> Iterator[str]:
    """The text of an example of the name that stands alone, if it is one."""
    try:
        example = parse_example(text)
    except ExampleError:
        return
    yield from (each.text for each in examples_in_text(example.text, name))


def _renamed(text: str, local: str, original: str) -> str:
    return text if local == original else re.sub(rf"(?<![\w.]){re.escape(local)}(?=\()", original, text)
