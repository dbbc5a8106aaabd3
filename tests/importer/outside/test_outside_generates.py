"""What generates: import statements and attribute expressions, in every form, each with one call of the model."""

from __future__ import annotations

import pytest
from outside_project import DOUBLE, SHOUT, USES_DOUBLE, Project, tell

STATEMENTS = {
    "from": USES_DOUBLE,
    "alias": """
        from myapp.gen.text import double as twice
        assert twice(2) == 4
        assert twice(-3) == -6
        print("ok", twice(21))
        """,
    "function": """
        def work():
            from myapp.gen.text import double
            assert double(2) == 4
            assert double(-3) == -6
            return double(21)
        print("ok", work())
        """,
    "class-body": """
        class Work:
            from myapp.gen.text import double
            assert double(2) == 4
            assert double(-3) == -6
        print("ok", Work.double(21))
        """,
    "try": """
        try:
            from myapp.gen.text import double
        except ImportError:
            double = None
        assert double(2) == 4
        assert double(-3) == -6
        print("ok", double(21))
        """,
    "conditional": """
        import sys
        if sys.version_info >= (3, 11):
            from myapp.gen.text import double
            assert double(2) == 4
            assert double(-3) == -6
            print("ok", double(21))
        """,
    "import-as": """
        import myapp.gen.text as text
        assert text.double(2) == 4
        assert text.double(-3) == -6
        print("ok", text.double(21))
        """,
    "import-dotted": """
        import myapp.gen.text
        assert myapp.gen.text.double(2) == 4
        assert myapp.gen.text.double(-3) == -6
        print("ok", myapp.gen.text.double(21))
        """,
    "from-package": """
        from myapp.gen import text
        assert text.double(2) == 4
        assert text.double(-3) == -6
        print("ok", text.double(21))
        """,
    "star": """
        from myapp.gen.text import *
        assert double(2) == 4
        assert double(-3) == -6
        print("ok", double(21))
        """,
    "exec": """
        exec("from myapp.gen.text import double\\nassert double(2) == 4\\nassert double(-3) == -6\\nprint('ok', double(21))")
        """,
}
QUICK = {"from"}


@pytest.mark.parametrize(
    "form", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in STATEMENTS]
)
def test_each_form_of_a_statement_asks_the_model_once(project: Project, form: str) -> None:
    """The program goes on with what was written, which is pinned; the second run asks nobody."""
    done = project.script(STATEMENTS[form])
    assert done.out == "ok 42\n", done.err
    assert project.model.calls == 1
    assert project.pinned == {"text.py"}
    assert "def double" in (project.gen / "text.py").read_text()
    again = project.run("program.py", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert again.out == "ok 42\n", again.err


TWO_NAMES = {
    "parenthesised": "from myapp.gen.text import (\n    double,\n    shout,\n)",
    "comma": "from myapp.gen.text import double, shout",
    "backslash": "from myapp.gen.text import double, \\\n    shout as shout",
}


@pytest.mark.slow
@pytest.mark.parametrize("form", TWO_NAMES)
def test_all_names_of_a_statement_come_from_one_generation(project: Project, form: str) -> None:
    """However the statement is laid out."""
    project.model.source = f"{DOUBLE}\n\n{SHOUT}"
    checks = 'assert double(2) == 4\nassert double(0) == 0\nassert shout("a") == "A!"\nassert shout("") == "!"\n'
    done = project.script(f'{TWO_NAMES[form]}\n\n{checks}print("ok", double(21), shout("hi"))\n')
    assert done.out == "ok 42 HI!\n", done.err
    assert project.model.calls == 1
    assert project.pinned == {"text.py"}


@pytest.mark.slow
@pytest.mark.parametrize("statement", ["from .gen.text import double", "from .gen import text\ndouble = text.double"])
def test_relative_imports_generate(project: Project, statement: str) -> None:
    """From a module beside the anchor, started as `python -m`."""
    project.write("myapp/use.py", f"{statement}\n\nassert double(2) == 4\nassert double(-3) == -6\nprint('ok')\n")
    done = project.run("-m", "myapp.use")
    assert done.out == "ok\n", done.err
    assert project.model.calls == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement", ["from myapp.gen.text import double, shout", "from myapp.gen.text import shout\ndouble = text.double"]
)
def test_a_new_name_extends_what_is_pinned(written: Project, statement: str) -> None:
    """One call for the new name; what was there stays, byte for byte, and the same object."""
    before = (written.gen / "text.py").read_bytes()
    written.model.source = SHOUT
    done = written.script(
        "from myapp.gen import text\nfrom myapp.gen.text import double as first\n"
        f'{statement}\nassert shout("a") == "A!"\nassert shout("bc") == "BC!"\nassert double is first is text.double\n'
        "import inspect, pickle\nassert inspect.getsource(shout).startswith('def shout')\n"
        "assert inspect.getsource(double).startswith('def double')\n"
        'assert pickle.loads(pickle.dumps(shout)) is shout\nprint("ok")\n'
    )
    assert done.out == "ok\n", done.err
    assert written.model.calls == 1
    assert (written.gen / "text.py").read_bytes().startswith(before)
    again = written.script("from myapp.gen.text import double, shout\nprint(shout('x'), double(2))\n")
    assert again.out == "X! 4\n", again.err
    assert written.model.calls == 1


@pytest.mark.slow
def test_an_attribute_expression_on_a_pinned_module_extends_it(written: Project) -> None:
    """`text.shout(…)` asks for `shout`, once."""
    written.model.source = SHOUT
    done = written.script(
        "from myapp.gen import text\n"
        'assert text.shout("a") == "A!"\nassert text.shout("bc") == "BC!"\nprint("ok", text.shout("x"))\n'
    )
    assert done.out == "ok X!\n", done.err
    assert written.model.calls == 1


@pytest.mark.slow
def test_modules_of_several_levels_and_kinds(project: Project) -> None:
    """A constant, a class, a context manager and a coroutine function in a package of two levels; one call a statement."""
    project.model.source = (
        '"""Parts."""\n\nimport contextlib\nfrom collections.abc import Iterator\n\nLIMIT = 7\n\n\n'
        'class Point:\n    """A point."""\n\n    def __init__(self, x: int) -> None:\n        self.x = x\n\n\n'
        "@contextlib.contextmanager\ndef held(x: int) -> Iterator[int]:\n"
        '    """Give x."""\n    yield x\n\n\nasync def later(x: int) -> int:\n    """Return x."""\n    return x\n'
    )
    text = """
        from myapp.gen.parts.small import LIMIT, Point, held, later
        import asyncio, pickle
        assert LIMIT == 7
        assert Point(3).x == 3
        with held(4) as x:
            assert x == 4
        assert asyncio.run(later(5)) == 5
        copy = pickle.loads(pickle.dumps(Point(9)))
        assert type(copy) is Point and copy.x == 9
        print("ok", Point.__module__)
        """
    done = project.script(text)
    assert done.out == "ok myapp.gen.parts.small\n", done.err
    assert project.model.calls == 1
    again = project.run("program.py")
    assert again.out == done.out, again.err
    assert project.model.calls == 1


@pytest.mark.slow
def test_generated_modules_import_one_another(project: Project) -> None:
    """A relative import between generated modules that are both there."""
    first = project.script(USES_DOUBLE)
    assert first.code == 0, first.err
    project.model.source = (
        "from .text import double\n\n\ndef fourfold(x: int) -> int:\n"
        '    """Return four times x."""\n    return double(double(x))\n'
    )
    done = project.script(
        "from myapp.gen.more import fourfold\nassert fourfold(2) == 8\nassert fourfold(-1) == -4\nprint(fourfold(5))\n"
    )
    assert done.out == "20\n", done.err
    assert project.model.calls == 2
    assert project.pinned == {"text.py", "more.py"}


@pytest.mark.slow
def test_a_cycle_of_unwritten_modules_is_an_error(project: Project) -> None:
    """A module that imports, while it is being written, the one that waits for it: an error, soon, and nothing pinned."""
    project.model.source = lambda request: tell(
        "from myapp.gen.text import triple\n\n\ndef double(x: int) -> int:\n"
        '    """Return twice x."""\n    return triple(x) - x\n'
    )
    done = project.script(USES_DOUBLE)
    assert done.code == 1
    assert "ImportError" in done.err
    assert project.pinned == set()
