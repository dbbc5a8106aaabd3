"""The outline of Python source: definitions, imports and mentions as they are written."""

from __future__ import annotations

import ast
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from genloom.tools.codebase.outlines.outline import Definition, Outline, Segment
from genloom.tools.codebase.outlines.python_outline import outline_python
from genloom.tools.codebase.outlines.segments import OwnerMap, flatten

SOURCE = '''"""Module doc."""
from __future__ import annotations
import os.path as p, sys
from a.b import (c as d, e)
from . import x
from ..y import *

LIMIT: int = 1
A, B = 1, 2
LIMIT = 2

@register("x")
@cached
async def fetch(a, b: int = 1, /, *args: str, c, d: Mapping[str, int] = {}, **kw) -> dict[str, int]:
    # a comment first
    """Fetch it.

        Indented.
    """
    def inner(n): return other(n)
    await go()
    return foo.bar(a) + bar(b)

class Outer(Base, mod.Mixin, Generic[T], metaclass=Meta):
    """Outer doc."""
    attr: int = 3

    class Inner:
        def method(self): return self.z()

    @property
    def value(self) -> int:
        return 1
'''


def _by_name(outline: Outline) -> dict[str, Definition]:
    return {definition.qualified: definition for definition in outline.definitions}


def test_definitions_nest_and_know_their_lines() -> None:
    """Qualified names, kinds, and spans from the first decorator to the last line."""
    found = {
        name: (d.kind, d.start_line, d.head_line, d.end_line)
        for name, d in _by_name(outline_python(SOURCE.encode())).items()
    }
    assert found == {
        "<module>": ("module", 1, 1, 34),
        "fetch": ("function", 12, 14, 22),
        "fetch.inner": ("function", 20, 20, 20),
        "Outer": ("class", 24, 24, 33),
        "Outer.Inner": ("class", 28, 28, 29),
        "Outer.Inner.method": ("method", 29, 29, 29),
        "Outer.value": ("method", 31, 32, 33),
        "LIMIT": ("variable", 8, 8, 8),
        "A": ("variable", 9, 9, 9),
        "B": ("variable", 9, 9, 9),
    }


def test_heads_are_read_as_written() -> None:
    """Signature, docstring, decorators, parameters, result and bases."""
    found = _by_name(outline_python(SOURCE.encode()))
    fetch = found["fetch"]
    assert fetch.signature == (
        "async def fetch(a, b: int = 1, /, *args: str, c, d: Mapping[str, int] = {}, **kw) -> dict[str, int]"
    )
    assert fetch.doc == "Fetch it.\n\nIndented."
    assert fetch.decorators == ('register("x")', "cached")
    assert [(q.name, q.annotation, q.has_default) for q in fetch.parameters] == [
        ("a", None, False),
        ("b", "int", True),
        ("/", None, False),
        ("*args", "str", False),
        ("c", None, False),
        ("d", "Mapping[str, int]", True),
        ("**kw", None, False),
    ]
    assert (fetch.returns, fetch.is_async, fetch.pure) == ("dict[str, int]", True, False)
    assert (fetch.return_count, fetch.call_count) == (1, 4)  # the decorator's call counts
    assert found["Outer"].bases == ("Base", "mod.Mixin", "Generic[T]")
    assert (found["Outer"].attribute_count, found["Outer.value"].decorators) == (1, ("property",))
    assert found["<module>"].doc == "Module doc."


def test_imports_are_read_name_by_name() -> None:
    """Aliases, relative and star imports."""
    found = [(i.module, i.name, i.alias, i.line) for i in outline_python(SOURCE.encode()).imports]
    assert sorted(found) == sorted(
        [
            ("__future__", "annotations", "", 2),
            ("os.path", "", "p", 3),
            ("sys", "", "", 3),
            ("a.b", "c", "d", 4),
            ("a.b", "e", "", 4),
            (".", "x", "", 5),
            ("..y", "*", "", 6),
        ]
    )


def test_mentions_belong_to_the_innermost_definition() -> None:
    """Calls, bases, decorators and annotations, with the last part of dotted names."""
    outline = outline_python(SOURCE.encode())
    owners = [definition.qualified for definition in outline.definitions]
    found = {(owners[m.ordinal], m.name, m.kind) for m in outline.mentions}
    assert ("fetch.inner", "other", "call") in found
    assert ("fetch", "bar", "call") in found
    assert ("fetch", "cached", "decorator") in found
    assert {("Outer", name, "base") for name in ("Base", "Mixin", "Generic")} <= found
    assert ("fetch", "other", "call") not in found


@given(
    st.text(st.sampled_from("abc():\n \t\"'#=.,@\\é\r"), max_size=200).map(
        lambda text: f"def f():\n {text}\nclass A:\n {text}\n"
    )
)
def test_any_text_has_an_outline_whose_spans_lie_in_it(text: str) -> None:
    """Broken source never raises, and its segments cover it without overlap."""
    data = text.encode()
    outline = outline_python(data)
    lines = data.count(b"\n") + 1
    assert all(1 <= d.start_line <= d.head_line <= d.end_line <= lines for d in outline.definitions)
    assert all(d.parent < ordinal for ordinal, d in enumerate(outline.definitions) if ordinal)
    assert sum(s.end - s.start for s in outline.segments) == len(data)


def test_names_agree_with_pythons_own_parser() -> None:
    """On this very file, definitions and lines are those of `ast`."""
    source = Path(__file__).read_text("utf-8")
    expected = {
        (node.name, min([node.lineno, *(d.lineno for d in node.decorator_list)]), node.end_lineno)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    found = outline_python(source.encode()).definitions
    assert {(d.name, d.start_line, d.end_line) for d in found if d.kind not in ("module", "variable")} == expected


@given(st.recursive(st.just(()), lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=8))
def test_flattened_segments_give_each_byte_to_the_innermost_span(tree: tuple[object, ...]) -> None:
    """Compared with painting the spans one over the other."""
    spans: list[Segment] = []

    def lay(node: tuple[object, ...], start: int) -> int:
        ordinal, position = len(spans), start + 1
        spans.append(Segment(start, 0, ordinal, "body"))
        for child in node:
            position = lay(child, position) + 1  # type: ignore[arg-type]  # the strategy nests tuples only
        spans[ordinal] = Segment(start, position, ordinal, "body")
        return position

    end = lay(tree, 0)
    painted = [0] * end
    for span in spans:
        painted[span.start : span.end] = [span.ordinal] * (span.end - span.start)
    owners = OwnerMap(flatten(spans))
    assert owners.ordinals(range(end)) == painted


def test_no_name_or_part_of_a_head_grows_without_end() -> None:
    """A class's name stands in the qualified name of each of its methods: a long one would cost its product with them."""
    long = "x" * 100_000
    source = f"class {long}({long}):\n" + "".join(f"    @{long}\n    def m{n}(self): ...\n" for n in range(3))
    nested = "".join(f"{' ' * depth}class {'y' * 90}:\n" for depth in range(40))
    outline = outline_python(f"{source}{nested}{' ' * 40}pass\n".encode())
    for definition in outline.definitions:
        texts = (definition.name, definition.qualified, *definition.decorators, *definition.bases)
        assert max(map(len, texts)) <= 1_000
