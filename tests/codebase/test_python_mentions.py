"""What a Python file's definitions use: calls, bases, decorators, annotations and references, by name and qualifier."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.tools.codebase.outlines.outline import Outline
from genloom.tools.codebase.outlines.python_outline import outline_python
from genloom.tools.codebase.outlines.python_parameters import read_parameters
from genloom.tools.codebase.outlines.python_tokens import count_tokens

SOURCE = """
import os.path as p, sys
from shop import (money as m,
                  rate)
__all__ = ["total", 'Order']
__all__ += ["late"]
LIMIT: int = 3
OTHER = LIMIT

def total(rate, start=OTHER):
    "m.doc is text"  # m.comment is one too
    import json
    shown = f"{m.cents} {sys}"
    return p.join(m.names.first, rate.now, json.dumps(shown), LIMIT=1)

@m.kept("x")
class Order(m.Base):
    def save(self, by: m.Person) -> None:
        super().save(total)
        return make().sent(Order)
"""


def _mentions(outline: Outline, kind: str) -> set[tuple[str, str, str]]:
    owners = [definition.qualified for definition in outline.definitions]
    return {(owners[m.ordinal], m.qualifier, m.name) for m in outline.mentions if m.kind == kind}


def test_each_use_has_its_kind_and_qualifier() -> None:
    """A chain that is no chain of names has the qualifier `?`, one of `super()` that."""
    outline = outline_python(SOURCE.encode())
    assert _mentions(outline, "call") == {
        ("total", "p", "join"),
        ("total", "json", "dumps"),
        ("Order", "m", "kept"),
        ("Order.save", "", "super"),
        ("Order.save", "super()", "save"),
        ("Order.save", "", "make"),
        ("Order.save", "?", "sent"),
    }
    assert _mentions(outline, "base") == {("Order", "m", "Base")}
    assert _mentions(outline, "decorator") == {("Order", "m", "kept")}
    assert ("Order.save", "m", "Person") in _mentions(outline, "annotation")


def test_references_are_to_the_files_own_names_in_code() -> None:
    """Strings, comments, keywords of calls, parameters and the places where a name is bound are none; f-strings are code."""
    found = _mentions(outline_python(SOURCE.encode()), "reference")
    assert {("<module>", "", "LIMIT"), ("total", "m", "cents"), ("total", "", "sys"), ("total", "", "OTHER")} <= found
    assert {("total", "m.names", "first"), ("total", "", "m"), ("Order.save", "", "total")} <= found
    assert not {name for _, _, name in found} & {"doc", "comment", "now", "rate", "make", "shown", "int"}
    assert ("total", "", "LIMIT") not in found
    assert ("total", "", "total") not in found


def test_imports_know_the_definition_and_exports_are_read() -> None:
    """An import inside a function belongs to it; `__all__` may be extended."""
    outline = outline_python(SOURCE.encode())
    assert {i.module: outline.definitions[i.ordinal].qualified for i in outline.imports}["json"] == "total"
    assert outline.exports == ("total", "Order", "late")
    assert outline_python(b"x = 1\n").exports is None
    assert outline_python(b"__all__ = []\n").exports == ()


@pytest.mark.parametrize("module", ["json/encoder.py", "shutil.py", "argparse.py", "tarfile.py", "typing.py"])
def test_definitions_imports_calls_and_returns_agree_with_pythons_own_parser(module: str) -> None:
    """Counted on the standard library; calls of what is no chain of names are not told apart there."""
    source = Path(ast.__file__).with_name(module) if "/" not in module else Path(ast.__file__).parent / module
    data = source.read_bytes()
    nodes = list(ast.walk(ast.parse(data)))
    outline = outline_python(data)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    defined = sorted((n.name, n.end_lineno) for n in nodes if isinstance(n, kinds))
    assert sorted((d.name, d.end_line) for d in outline.definitions if d.kind not in ("module", "variable")) == defined
    imported = sum(len(n.names) for n in nodes if isinstance(n, ast.Import | ast.ImportFrom))
    assert len(outline.imports) == imported
    calls = sum(isinstance(n, ast.Call) and isinstance(n.func, ast.Name | ast.Attribute) for n in nodes)
    assert sum(d.call_count for d in outline.definitions) == pytest.approx(calls, rel=0.02)
    assert sum(d.return_count for d in outline.definitions) == sum(isinstance(n, ast.Return) for n in nodes)


_NAMES = st.sampled_from(["a", "b", "*args", "**kw", "self", "/", "*"])
_PARAMETER = st.builds(
    lambda name, annotation, default: name if name in "/*" else f"{name}{annotation}{default}",
    _NAMES,
    st.sampled_from(["", ": int", ": int | None", ": x.Y"]),
    st.sampled_from(["", " = 1", "=None"]),
)


@given(st.lists(_PARAMETER, max_size=5))
def test_plain_parameters_are_read_as_the_tree_has_them(written: list[str]) -> None:
    """The short way and the tree agree wherever the tree sees no error."""
    import tree_sitter_python
    from tree_sitter import Language, Parser

    source = f"def f({', '.join(written)}): pass\n".encode()
    node = Parser(Language(tree_sitter_python.language())).parse(source).root_node.named_children[0]
    parameters = node.child_by_field_name("parameters")
    if parameters is None or parameters.has_error:
        return
    nested = source.replace(b")", b", last=())", 1) if written and "**kw" not in written[-1] else source
    assert list(read_parameters(parameters, source)) == [
        q for q in outline_python(nested).definitions[1].parameters if q.name != "last"
    ]


@given(st.text(st.sampled_from("ab.(){}[]:=@,'\"#\\\n f"), max_size=120))
def test_any_text_has_mentions_of_names_that_stand_in_it(text: str) -> None:
    """Quotes that never close, braces that do not match: never an error, and every name is one of the text's."""
    outline = outline_python(f"import a, b\ndef f():\n    {text}\n".encode())
    assert all(mention.name in f"import a b def f {text}" for mention in outline.mentions)
    assert all(mention.times > 0 for mention in outline.mentions)


@pytest.mark.parametrize("unit", ["'", '"""', "a.", "f'{", "(", "@a", "def ", "import (", "a(\n", "\\"])
def test_hostile_text_is_read_in_bounded_time(unit: str) -> None:
    """A hundred kilobytes of what makes expressions go back; a hang shows as the suite's own time limit."""
    outline = outline_python(f"import a\n{unit * (100_000 // len(unit))}\n".encode())
    assert outline.definitions[0].kind == "module"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('f"{a:{b}}"', "ab"),
        ('f"{{a}} {b}"', "b"),
        ('f"{{{a}}}"', "a"),
        ('f"{a!r:>{b}} {b[1:2]}"', "abb"),
        ('f"{a:%a-%b}"', "a"),
        ('f"{ {1: a}[b] }"', "ab"),
        ('f"{a}"; f"{a}"', "aa"),
        ('f"{a"', ""),
        ("from c import d, \\\n    a, b", ""),
        ("import c, \\\r\n    a", ""),
        ("from c \\\n    import a", ""),
        ("from c import d; a", "a"),
        ("from c import(a, b)\na", "a"),
    ],
)
def test_f_strings_and_imports_use_the_names_that_they_use(text: str, names: str) -> None:
    """Expressions in braces, formats with braces of their own, braces that mean themselves; imports over several lines."""
    used: Counter[str] = Counter()
    for token, times in count_tokens(text.encode()):
        used[token.name] += times
    assert {name: used[name] for name in "ab" if used[name]} == Counter(names)
