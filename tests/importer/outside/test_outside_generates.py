"""What generates: import statements and attribute expressions, in every form, each with one call of the model."""

from __future__ import annotations

import pytest
from outside_project import ANCHOR, MIX, SHOUT, USES_MIX, Project, tell

STATEMENTS = {
    "from": USES_MIX,
    "alias": """
        from myapp.gen.text import mix as twice
        assert twice(2) == 15851
        assert twice(-3) == 80985
        print("ok", twice(21))
        """,
    "function": """
        def work():
            from myapp.gen.text import mix
            assert mix(2) == 15851
            assert mix(-3) == 80985
            return mix(21)
        print("ok", work())
        """,
    "class-body": """
        class Work:
            from myapp.gen.text import mix
            assert mix(2) == 15851
            assert mix(-3) == 80985
        print("ok", Work.mix(21))
        """,
    "try": """
        try:
            from myapp.gen.text import mix
        except ImportError:
            mix = None
        assert mix(2) == 15851
        assert mix(-3) == 80985
        print("ok", mix(21))
        """,
    "conditional": """
        import sys
        if sys.version_info >= (3, 11):
            from myapp.gen.text import mix
            assert mix(2) == 15851
            assert mix(-3) == 80985
            print("ok", mix(21))
        """,
    "import-as": """
        import myapp.gen.text as text
        assert text.mix(2) == 15851
        assert text.mix(-3) == 80985
        print("ok", text.mix(21))
        """,
    "import-dotted": """
        import myapp.gen.text
        assert myapp.gen.text.mix(2) == 15851
        assert myapp.gen.text.mix(-3) == 80985
        print("ok", myapp.gen.text.mix(21))
        """,
    "from-package": """
        from myapp.gen import text
        assert text.mix(2) == 15851
        assert text.mix(-3) == 80985
        print("ok", text.mix(21))
        """,
    "star": """
        from myapp.gen.text import *
        assert mix(2) == 15851
        assert mix(-3) == 80985
        print("ok", mix(21))
        """,
}
QUICK = {"from"}


@pytest.mark.parametrize(
    "form", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in STATEMENTS]
)
def test_each_form_of_a_statement_asks_the_model_once(project: Project, form: str) -> None:
    """The program goes on with what was written, which is pinned; the second run asks nobody."""
    done = project.script(STATEMENTS[form])
    assert done.out == "ok 61583\n", done.err
    assert project.model.calls == 1
    assert project.pinned == {"text.py"}
    assert "def mix" in (project.gen / "text.py").read_text()
    again = project.run("program.py", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert again.out == "ok 61583\n", again.err


@pytest.mark.slow
def test_a_statement_in_a_string_asks_and_shows_no_checks(project: Project) -> None:
    """Nobody keeps the text of what `exec` runs: it is accepted with leave only."""
    program = "exec('from myapp.gen.text import mix\\nassert mix(2) == 15851\\nprint(mix(21))')\n"
    done = project.script(program)
    assert done.code == 1
    assert "accept_unverified" in done.err
    project.write("myapp/gen/__init__.py", ANCHOR.replace(")", ", accept_unverified=True)"))
    assert project.run("program.py").out == "61583\n"
    assert project.model.calls == 2


TWO_NAMES = {
    "parenthesised": "from myapp.gen.text import (\n    mix,\n    shout,\n)",
    "comma": "from myapp.gen.text import mix, shout",
    "backslash": "from myapp.gen.text import mix, \\\n    shout as shout",
}


@pytest.mark.slow
@pytest.mark.parametrize("form", TWO_NAMES)
def test_all_names_of_a_statement_come_from_one_generation(project: Project, form: str) -> None:
    """However the statement is laid out."""
    project.model.source = f"{MIX}\n\n{SHOUT}"
    checks = 'assert mix(2) == 15851\nassert mix(0) == 13\nassert shout("a") == "A#38"\nassert shout("") == "#7"\n'
    done = project.script(f'{TWO_NAMES[form]}\n\n{checks}print("ok", mix(21), shout("hi"))\n')
    assert done.out == "ok 61583 HI#69\n", done.err
    assert project.model.calls == 1
    assert project.pinned == {"text.py"}


@pytest.mark.slow
@pytest.mark.parametrize("statement", ["from .gen.text import mix", "from .gen import text\nmix = text.mix"])
def test_relative_imports_generate(project: Project, statement: str) -> None:
    """From a module beside the anchor, started as `python -m`."""
    project.write("myapp/use.py", f"{statement}\n\nassert mix(2) == 15851\nassert mix(-3) == 80985\nprint('ok')\n")
    done = project.run("-m", "myapp.use")
    assert done.out == "ok\n", done.err
    assert project.model.calls == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement", ["from myapp.gen.text import mix, shout", "from myapp.gen.text import shout\nmix = text.mix"]
)
def test_a_new_name_extends_what_is_pinned(written: Project, statement: str) -> None:
    """One call for the new name; what was there stays, byte for byte, and the same object."""
    before = (written.gen / "text.py").read_bytes()
    written.model.source = SHOUT
    done = written.script(
        "from myapp.gen import text\nfrom myapp.gen.text import mix as first\n"
        f'{statement}\nassert shout("a") == "A#38"\nassert shout("bc") == "BC#69"\nassert mix is first is text.mix\n'
        "import inspect, pickle\nassert inspect.getsource(shout).startswith('def shout')\n"
        "assert inspect.getsource(mix).startswith('def mix')\n"
        'assert pickle.loads(pickle.dumps(shout)) is shout\nprint("ok")\n'
    )
    assert done.out == "ok\n", done.err
    assert written.model.calls == 1
    assert (written.gen / "text.py").read_bytes().startswith(before)
    again = written.script("from myapp.gen.text import mix, shout\nprint(shout('x'), mix(2))\n")
    assert again.out == "X#38 15851\n", again.err
    assert written.model.calls == 1


@pytest.mark.slow
def test_an_attribute_expression_on_a_pinned_module_extends_it(written: Project) -> None:
    """`text.shout(…)` asks for `shout`, once."""
    written.model.source = SHOUT
    done = written.script(
        "from myapp.gen import text\n"
        'assert text.shout("a") == "A#38"\nassert text.shout("bc") == "BC#69"\nprint("ok", text.shout("x"))\n'
    )
    assert done.out == "ok X#38\n", done.err
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
    first = project.script(USES_MIX)
    assert first.code == 0, first.err
    project.model.source = (
        'from .text import mix\n\n\ndef twice(x: int) -> int:\n    """Return four times x."""\n    return mix(mix(x))\n'
    )
    done = project.script(
        "from myapp.gen.more import twice\nassert twice(2) == 58740\nassert twice(-1) == 20341\nprint(twice(5))\n"
    )
    assert done.out == "97139\n", done.err
    assert project.model.calls == 2
    assert project.pinned == {"text.py", "more.py"}


@pytest.mark.slow
def test_a_cycle_of_unwritten_modules_is_an_error(project: Project) -> None:
    """A module that imports, while it is being written, the one that waits for it: an error, soon, and nothing pinned."""
    project.model.source = lambda request: tell(
        "from myapp.gen.text import triple\n\n\ndef mix(x: int) -> int:\n"
        '    """Return a number."""\n    return triple(x) - x\n'
    )
    done = project.script(USES_MIX)
    assert done.code == 1
    assert "ImportError" in done.err
    assert project.pinned == set()
