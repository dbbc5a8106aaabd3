"""Reading the running statement: from the bytecode of the frame, whatever its form and however long the code is."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from genloom.interfaces.importer.statements.attribute import asks_for
from genloom.interfaces.importer.statements.statement import ImportStatement, running_statement, undefined_names

SEEN: list[ImportStatement | None] = []


class Watch:
    """A finder that looks at what imports, and finds nothing."""

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name.startswith("watched"):
            SEEN.append(running_statement(sys._getframe(1)))


@pytest.fixture
def seen() -> Iterator[list[ImportStatement | None]]:
    watch = Watch()
    sys.meta_path.insert(0, watch)
    SEEN.clear()
    yield SEEN
    sys.meta_path.remove(watch)


def run(program: str, **known: Any) -> None:
    with pytest.raises(ModuleNotFoundError):
        exec(compile(program, "program.py", "exec"), {"__name__": "pkg.mod", "__package__": "pkg", **known})


@pytest.mark.parametrize(
    ("program", "module", "names"),
    [
        ("import watched", "watched", ()),
        ("import watched as w", "watched", ()),
        ("import watched.deep.er as w", "watched.deep.er", ()),
        ("from watched import a", "watched", ("a",)),
        ("from watched import a as x, b", "watched", ("a", "b")),
        ("from watched.deep import *", "watched.deep", ("*",)),
        ("def f():\n    from watched import a, b\nf()", "watched", ("a", "b")),
        ("def f(x=[y for y in range(3)]):\n  try:\n    import watched\n  finally: pass\nf()", "watched", ()),
        ("import sys; sys.path; from watched import (\n    a,\n    b,\n)", "watched", ("a", "b")),
    ],
)
def test_module_and_names_are_those_of_the_statement(
    seen: list[ImportStatement | None], program: str, module: str, names: tuple[str, ...]
) -> None:
    """The first module that is looked for says the whole statement."""
    run(program)
    assert seen[0] is not None
    assert (seen[0].module, seen[0].names) == (module, names)


@pytest.mark.parametrize(
    ("program", "package", "module"),
    [
        ("from . import a", "watched", "watched"),
        ("from .x import a", "watched.y", "watched.y.x"),
        ("from ..x import a", "watched.y", "watched.x"),
        ("from ... import a", "watched.y.z", "watched"),
    ],
)
def test_relative_statements_are_resolved(
    seen: list[ImportStatement | None], program: str, package: str, module: str
) -> None:
    """As Python resolves them, by the package of the code."""
    run(program, __package__=package)
    assert seen[0] is not None
    assert seen[0].module == module


@pytest.mark.parametrize(
    "program",
    [
        "import importlib; importlib.import_module('watched')",
        "__import__('watched')",
        "import importlib.util\nimportlib.util.find_spec('watched.deep')",
        "import pickle; pickle.loads(b'cwatched\\na\\n.')",
    ],
)
def test_what_is_no_statement_is_none(seen: list[ImportStatement | None], program: str) -> None:
    """Calls that import."""
    run(program)
    assert seen == [None]


def test_a_function_in_the_place_of_import_is_looked_through(
    seen: list[ImportStatement | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some tools wrap `__import__`; the statement is behind it."""
    original = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", lambda *given, **named: original(*given, **named))
    run("from watched import a, b")
    assert seen[0] is not None
    assert seen[0].names == ("a", "b")


def test_functions_around_a_function_in_the_place_of_import_are_looked_through(
    seen: list[ImportStatement | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two tools at once, and an object that can be called; a call is none of the statements further out."""
    original = builtins.__import__

    class Tool:
        def __call__(self, *given: Any, **named: Any) -> Any:
            return inner(*given, **named)

    def inner(*given: Any, **named: Any) -> Any:
        return original(*given, **named)

    monkeypatch.setattr(builtins, "__import__", Tool())
    run("from watched import a, b")
    run("import importlib\n\n\ndef f():\n    importlib.import_module('watched')\n\n\nf()")
    assert seen[0] is not None
    assert (seen[0].names, seen[1:]) == (("a", "b"), [None])


@pytest.mark.parametrize("before", [0, 1, 251, 252, 253, 254, 255, 256, 257, 258, 600, 66_000])
def test_any_number_of_constants_and_names_before_it_is_read_past(
    seen: list[ImportStatement | None], before: int
) -> None:
    """Long arguments have one prefix, or two."""
    run("\n".join(f"x{index} = {index}.5" for index in range(before)) + "\nfrom watched.deep import a, b, c")
    assert seen[0] is not None
    assert (seen[0].module, seen[0].names) == ("watched.deep", ("a", "b", "c"))


class Asked:
    """Says whether an attribute expression asked for its attributes."""

    def __getattr__(self, name: str) -> Any:
        frame: FrameType = sys._getframe(1)
        return asks_for(frame, name)


MANY = "\n".join(f"x.a{index}" for index in range(300))


@pytest.mark.parametrize(
    ("expression", "asks"),
    [
        ("x.name", True),
        ("[x.name for _ in '1'][0]", True),
        ("(lambda: x.name)()", True),
        ("getattr(x, 'name')", False),
        ("getattr(x, 'name', None)", False),
        ("__import__('operator').attrgetter('name')(x)", False),
        ("getattr(x, x.other and 'name')", False),
    ],
)
def test_an_attribute_expression_asks_and_a_call_does_not(expression: str, asks: bool) -> None:
    """Also behind three hundred other names, whose number needs a prefix."""
    for head in ("", MANY):
        known: dict[str, Any] = {"x": Asked()}
        exec(f"{head}\nfound = {expression}", known)
        assert known["found"] is asks


def test_a_method_call_is_an_attribute_expression() -> None:
    """`x.name()` loads a method."""

    class Method(Asked):
        def __getattr__(self, name: str) -> Callable[[], bool]:
            found = asks_for(sys._getframe(1), name)
            return lambda: found

    known: dict[str, Any] = {"x": Method()}
    exec("found = x.name()", known)
    assert known["found"] is True


def test_undefined_names_are_what_the_code_uses_and_nobody_defines() -> None:
    """Neither builtins, nor what the code or its globals bind, nor locals, nor attributes; what functions use counts."""
    program = (
        "import sys\nframes.append(sys._getframe())\nif frames is None:\n    a(b.c, len('x'))\n    mine = 1\n    mine\n"
        "    def f(p):\n        q = p\n        return g(q, known)\n    class C:\n        inside = h\n        inside\n"
    )
    frames: list[FrameType] = []
    exec(compile(program, "p", "exec"), {"frames": frames, "known": 1})
    assert set(undefined_names(frames[0])) == set("abgh")
