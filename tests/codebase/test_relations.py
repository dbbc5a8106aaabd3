"""Relations: which definition a name means, who uses it, and what nothing uses."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genloom.errors import UsageError
from genloom.tools.codebase import CallGraph, Codebase, DeadSymbols, Relation
from genloom.tools.codebase.files.source import read_source
from genloom.tools.codebase.outlines.languages import LANGUAGES, is_available
from genloom.tools.codebase.relations import dead

FILES = {
    "src/app/__init__.py": "from .core import *\nfrom .shapes import Square as Box, area\nfrom . import late\n",
    "src/app/core.py": """__all__ = ["start"]

import app.shapes
from app.plugins import loose


class Base:
    def run(self):
        return self.step()

    def step(self):
        return helper()

    @property
    def box(self) -> "app.shapes.Square":
        return app.shapes.Square()

    def sized(self):
        return self.box.size()


def helper():
    return 1


def start(engine: Base | None = None):
    from .shapes import area as measure

    engine.run()
    return measure(loose.extra())


def _unused():
    return _unused()


def stop():
    return 0
""",
    "src/app/shapes.py": """from app.core import Base as Root
try:
    from .fast import area
except ImportError:
    from .slow import area


class Square(Root):
    def step(self):
        super().step()
        return area(self)

    def size(self):
        return self.run()
""",
    "src/app/fast.py": "def area(shape):\n    return 1\n",
    "src/app/slow.py": "def area(shape):\n    return 2\n",
    "src/app/late.py": "from app import start\n\n\ndef go(area):\n    return start() or area()\n",
    "src/app/plugins/loose.py": "def extra():\n    return 3\n",
    "tests/test_app.py": """import app
from app import *
import os


def test_start():
    assert start() and app.start() and app.Box().size() and os.area()


def test_unknown(thing):
    return thing.size()
""",
}


@pytest.fixture
def app(tmp_path: Path) -> Codebase:
    """A src layout with re-exports, cycles, a namespace package and conditional imports."""
    return _written(tmp_path, FILES)


def _written(root: Path, files: dict[str, str]) -> Codebase:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return Codebase(root)


def _told(relations: tuple[Relation, ...], kind: str) -> set[tuple[str, str, float]]:
    return {(r.source, r.target, r.confidence) for r in relations if r.kind == kind}


def _callees(codebase: Codebase, symbol: str) -> set[tuple[str, float]]:
    return {(target, confidence) for _, target, confidence in _told(codebase.dependencies(symbol), "call")}


def test_names_are_followed_through_imports(app: Codebase) -> None:
    """Function-level and aliased imports, a namespace package, a parameter's annotation, both sides of a `try`."""
    assert _callees(app, "src/app/core.py::start") == {
        ("src/app/core.py::Base.run", 0.9),
        ("src/app/fast.py::area", 0.8),
        ("src/app/slow.py::area", 0.8),
        ("src/app/plugins/loose.py::extra", 1.0),
    }


def test_names_are_followed_through_packages(app: Codebase) -> None:
    """Re-exports of `__init__.py`, `__all__` behind a star, a class under another name; nothing for other modules."""
    assert _callees(app, "tests/test_app.py::test_start") == {
        ("src/app/core.py::start", 1.0),
        ("src/app/shapes.py::Square", 1.0),
        ("src/app/shapes.py::Square.size", 0.6),  # of what a call gives: by its name
    }


def test_methods_are_looked_up_in_the_class_and_its_bases(app: Codebase) -> None:
    """`self.`, `super()`, an inherited method, and what a property gives."""
    assert _callees(app, "src/app/shapes.py::Square.step") >= {("src/app/core.py::Base.step", 1.0)}
    assert _callees(app, "src/app/shapes.py::Square.size") == {("src/app/core.py::Base.run", 1.0)}
    assert _callees(app, "Base.run") == {("src/app/core.py::Base.step", 1.0)}
    assert _callees(app, "Base.sized") == {("src/app/shapes.py::Square.size", 0.9)}


def test_a_parameter_hides_the_import_of_its_name(app: Codebase) -> None:
    """`area()` is whatever was handed in."""
    assert _callees(app, "src/app/late.py::go") == {("src/app/core.py::start", 1.0)}


def test_an_attribute_of_an_unknown_object_is_matched_by_name_alone(app: Codebase) -> None:
    """With less confidence, the less the more definitions there are."""
    assert _callees(app, "test_unknown") == {("src/app/shapes.py::Square.size", 0.6)}
    files = {f"part_{number}.py": "class Part:\n    def weigh(self): ...\n" for number in range(3)}
    files["use.py"] = "def use(thing):\n    thing.weigh()\n"
    assert {confidence for _, confidence in _callees(_written(app.root / "other", files), "use")} == {0.2}


def test_usages_are_those_of_this_definition_only(app: Codebase) -> None:
    """Of the two `area`, one has its callers through two names; imports count with their lines."""
    usages = app.usages("src/app/core.py::start")
    assert _told(usages, "call") == {
        ("src/app/late.py::go", "src/app/core.py::start", 1.0),
        ("tests/test_app.py::test_start", "src/app/core.py::start", 1.0),
    }
    assert [(r.source, r.line) for r in usages if r.kind == "import"] == [("src/app/late.py", 1)]
    assert {r.line for r in usages if r.kind == "call"} == {5, 7}
    box = app.usages("src/app/shapes.py::Square")
    assert ("tests/test_app.py::test_start", "call") in {(r.source, r.kind) for r in box}
    assert ("src/app/__init__.py", "import") in {(r.source, r.kind) for r in box}
    assert app.usages("Base.run")[0].source == "src/app/shapes.py::Square.size"


def test_importers_are_the_files_that_import_a_file(app: Codebase) -> None:
    """Relative, absolute and by a name of the package; not what only uses a re-export."""
    assert app.importers("src/app/core.py") == ("src/app/__init__.py", "src/app/shapes.py")
    assert app.importers("src/app/late.py") == ("src/app/__init__.py",)
    assert app.importers("src/app/plugins/loose.py") == ("src/app/core.py",)
    assert "tests/test_app.py" in app.importers("src/app/__init__.py")
    assert {r.source for r in app.usages("src/app/late.py")} == {"src/app/__init__.py"}


def test_the_call_graph_is_of_some_symbols_or_of_all(app: Codebase) -> None:
    """Nodes and edges in order, and both directions of a node."""
    graph = app.call_graph()
    assert graph.callers("src/app/core.py::helper") == ("src/app/core.py::Base.step",)
    assert graph.callees("src/app/core.py::Base.run") == ("src/app/core.py::Base.step",)
    assert list(graph.nodes) == sorted({*graph.nodes})
    one = app.call_graph(["src/app/core.py::Base"])
    assert {edge.source.partition("::")[0] for edge in one.edges} == {"src/app/core.py"}
    assert set(one.edges) < set(graph.edges)


@pytest.mark.parametrize("in_memory", [True, False])
def test_other_questions_go_on_while_relations_are_worked_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: bool
) -> None:
    """Ranking and refreshing in another thread do not wait; the answer is of the state that it began with."""
    _written(tmp_path / "app", FILES).close()
    codebase = Codebase(tmp_path / "app", cache=None if in_memory else tmp_path / "cache")
    began, go_on = threading.Event(), threading.Event()

    def wait_and_read(root: Path, path: str) -> object:
        began.set()
        assert go_on.wait(60)
        return read_source(root, path)

    monkeypatch.setattr("genloom.tools.codebase.relations.dead.read_source", wait_and_read)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(codebase.dead_symbols)
        assert began.wait(60)
        assert codebase.rank("area of a square").files
        (tmp_path / "app/more.py").write_text("from app.core import _unused\n\n\ndef use():\n    _unused()\n")
        assert codebase.refresh().indexed == 1
        go_on.set()
        assert "src/app/core.py::_unused" in {each.address for each in asked.result().symbols}
    assert "src/app/core.py::_unused" not in {each.address for each in codebase.dead_symbols().symbols}
    codebase.close()


def test_the_end_of_the_time_is_told(app: Codebase) -> None:
    """What was found by then, and that it is not all."""
    over = time.monotonic()
    assert app.call_graph(deadline=over) == CallGraph(nodes=(), edges=(), truncated=True)
    assert app.dead_symbols(deadline=over) == DeadSymbols(symbols=(), truncated=True)
    assert not app.call_graph().truncated
    assert not app.dead_symbols().truncated


@pytest.mark.parametrize(("files_read", "next_step"), [(1, "_mentions"), (2, "_imports")])
def test_gathering_what_might_be_dead_looks_at_the_clock(
    app: Codebase, monkeypatch: pytest.MonkeyPatch, files_read: int, next_step: str
) -> None:
    """Not only reading the sources does: once the time ran out the next step is not begun."""
    now = itertools.count()
    monkeypatch.setattr(dead, "time", SimpleNamespace(monotonic=lambda: next(now)))
    monkeypatch.delattr(dead, next_step)
    found = app.dead_symbols(deadline=files_read * len(app.files()) + 0.5)
    assert found == DeadSymbols(symbols=(), truncated=True)


def test_an_ambiguous_name_lists_its_places(app: Codebase) -> None:
    """An address, a qualified name or a path is exact; an unknown one is refused."""
    with pytest.raises(UsageError, match="ambiguous") as caught:
        app.usages("area")
    assert "src/app/fast.py::area, src/app/slow.py::area" in str(caught.value.hint)
    for symbol in ("nowhere", "src/app/none.py", "src/app/core.py::nowhere", "::", ""):
        with pytest.raises(UsageError, match="no file or symbol"):
            app.dependencies(symbol)


def test_relations_follow_the_index(app: Codebase) -> None:
    """What is asked after a refresh is answered from the new files."""
    assert app.usages("src/app/core.py::_unused") == ()
    (app.root / "src/app/more.py").write_text("from app.core import _unused\n\n\ndef use():\n    _unused()\n")
    app.refresh()
    assert {r.source for r in app.usages("src/app/core.py::_unused")} == {"src/app/more.py", "src/app/more.py::use"}


def test_a_submodule_that_its_package_hides_is_not_imported(tmp_path: Path) -> None:
    """`from kit import cut` is the function where the package has one of that name, also from the submodule itself."""
    files = {
        "kit/__init__.py": "from .cut import cut\nfrom . import sew\n",
        "kit/cut.py": "def cut(): ...\n",
        "kit/sew.py": "",
        "use.py": "from kit import cut, sew\n\ncut()\n",
        "other.py": "import kit.cut\n",
    }
    codebase = _written(tmp_path, files)
    assert codebase.importers("kit/cut.py") == ("kit/__init__.py", "other.py")
    assert codebase.importers("kit/sew.py") == ("kit/__init__.py", "use.py")
    assert codebase.importers("kit/__init__.py") == ("other.py", "use.py")


@pytest.mark.parametrize(
    ("package", "target", "confidence"),
    [
        ("def cut(): ...\n", "kit/cut.py::sew", 0.8),  # the submodule is bound by whoever imports it first
        ("def cut(): ...\nfrom .cut import sew\n", "kit/cut.py::sew", 1.0),
        ("from .cut import sew\n", "kit/cut.py::sew", 1.0),
        ("from .cut import sew\ndef cut(): ...\n", "kit/__init__.py::cut", 1.0),
        ("from .cut import *\n", "kit/cut.py::cut", 1.0),
    ],
)
def test_a_submodule_of_the_name_of_a_function_is_what_was_bound_last(
    tmp_path: Path, package: str, target: str, confidence: float
) -> None:
    """In the order of the package's text, as Python binds them."""
    files = {
        "kit/__init__.py": package,
        "kit/cut.py": "def sew(): ...\n" + ("def cut(): ...\n" if "*" in package else ""),
        "use.py": f"import kit.cut\n\n\ndef use():\n    kit.cut{'.sew' if target.endswith('sew') else ''}()\n",
    }
    assert _callees(_written(tmp_path, files), "use") == {(target, confidence)}


def test_a_submodule_stays_possible_where_what_hides_it_may_not_be_there(tmp_path: Path) -> None:
    """An import that fails binds nothing."""
    hides = "try:\n    from elsewhere import cut\nexcept ImportError:\n    pass\n"
    files = {"kit/__init__.py": f"from kit.cut import saw\n{hides}", "kit/cut.py": "def saw(): ...\n"}
    codebase = _written(tmp_path, {**files, "use.py": "import kit.cut\n\n\ndef work():\n    kit.cut.saw()\n"})
    calls = [(each.target, each.confidence) for each in codebase.dependencies("use.py::work") if each.kind == "call"]
    assert calls == [("kit/cut.py::saw", 0.8)]


def test_a_repository_that_is_itself_a_package_is_resolved(tmp_path: Path) -> None:
    """Its modules are imported by its folder's name, also where a ranking says who imports."""
    files = {
        "__init__.py": "",
        "tool.py": "def cut(): ...\n",
        "use.py": "from box.tool import cut\n\n\ndef f():\n    cut()\n",
    }
    codebase = _written(tmp_path / "box", files)
    assert _callees(codebase, "f") == {("tool.py::cut", 1.0)}
    assert codebase.importers("tool.py") == ("use.py",)
    (tool,) = (file for file in codebase.rank("cut with the tool").files if file.path == "tool.py")
    assert "imported by `use.py`" in tool.reasons


def test_a_star_of_a_module_that_imports_the_package_back_hides_nothing(tmp_path: Path) -> None:
    """The name comes from the star before it."""
    files = {
        "kit/__init__.py": "from .tools import *\nfrom .command import *\n",
        "kit/tools.py": "def cut(): ...\n",
        "kit/command.py": "from kit import cut\n\n\ndef command():\n    cut()\n",
        "use.py": "from kit import cut\n\n\ndef use():\n    cut()\n",
    }
    codebase = _written(tmp_path, files)
    assert _callees(codebase, "use") == _callees(codebase, "command") == {("kit/tools.py::cut", 1.0)}


def test_scripts_import_what_stands_beside_them(tmp_path: Path) -> None:
    """A folder without `__init__.py` beside a script is a package for it."""
    files = {
        "jobs/run.py": "from steps.first import cut\nimport mend\n\n\ndef run():\n    cut(), mend.sew()\n",
        "jobs/steps/first.py": "def cut(): ...\n",
        "jobs/mend.py": "def sew(): ...\n",
        "other/steps/first.py": "def cut(): ...\n",
    }
    found = _callees(_written(tmp_path, files), "run")
    assert found == {("jobs/steps/first.py::cut", 1.0), ("jobs/mend.py::sew", 1.0)}


DEAD = {
    "pyproject.toml": '[project.scripts]\ntool = "pack.live:from_configuration"\n',
    "pack/live.py": """import functools
from elsewhere import Framework, register

__all__ = ["exported"]


def exported(): ...
def from_configuration(): ...
def by_getattr(): ...
def visit_name(): ...
def used(): ...
def _dead(): return _dead()
def dead(): ...
@register
def registered(): ...
@functools.cache
def dead_and_cached(): ...
def main(): ...


class Handler(Framework):
    def on_event(self): ...


class Base:
    def hook(self): ...
    def __len__(self): return 0
    def called(self): ...
    def _dead_method(self): ...


class Child(Base):
    def hook(self): ...


def run(name):
    getattr(run, "by_getattr")
    getattr(run, "visit_" + name)
    Child().hook(), Handler()
    return used() or name.called
""",
    "tests/test_live.py": "from pack.live import run\n\n\ndef test_run():\n    run('a')\n\n\ndef helper(): ...\n",
}


def test_dead_symbols_are_those_that_nothing_names(tmp_path: Path) -> None:
    """Each with its reason; private ones are surer. Recursion is no use."""
    found = {each.address: each for each in _written(tmp_path, DEAD).dead_symbols().symbols}
    assert found.keys() == {
        f"pack/live.py::{name}" for name in ("_dead", "dead", "dead_and_cached", "Base._dead_method")
    }
    assert found["pack/live.py::_dead"].confidence > found["pack/live.py::dead"].confidence
    assert found["pack/live.py::_dead"].line == 12
    assert "import" in found["pack/live.py::dead"].reason


def test_revealing_tells_the_body_then_what_is_near(app: Codebase) -> None:
    """The body whole, signatures of both directions, and further ones with a higher degree."""
    revealed = app.reveal_symbol("Base.step")
    body, uses, used = (revealed.text.index(part) for part in ("return helper()", "# uses", "# is used by"))
    assert body < uses < used
    assert "src/app/core.py::helper (call at line 12)\n    def helper()" in revealed.text
    assert revealed.tokens <= 2000
    assert not revealed.truncated
    assert revealed.text.startswith("<data-")
    assert "Square.size" not in revealed.text
    assert "src/app/shapes.py::Square.size" in app.reveal_symbol("Base.step", degree=2).text
    assert app.reveal_symbol("Base.step").text == revealed.text


def test_revealing_tells_that_it_looked_for_no_more(tmp_path: Path) -> None:
    """A definition that hundreds use."""
    uses = "\n\n\n".join(f"def use_{number}():\n    cut()" for number in range(250))
    revealed = _written(tmp_path, {"a.py": f"def cut(): ...\n\n\n{uses}\n"}).reveal_symbol("cut", max_tokens=20_000)
    assert revealed.truncated
    assert "[0 of 200 left out, to fit; there are more, which were not looked for]" in revealed.text
    assert len(revealed.usages) == 250


@given(st.integers(100, 400))
@settings(deadline=None, max_examples=25)
def test_revealing_stays_within_its_budget(tmp_path_factory: pytest.TempPathFactory, budget: int) -> None:
    """Whatever the budget: whole lines, and a cut is told."""
    root = tmp_path_factory.getbasetemp() / "revealed"
    codebase = _written(root, FILES) if not root.exists() else Codebase(root)
    revealed = codebase.reveal_symbol("src/app/core.py::start", max_tokens=budget)
    assert revealed.truncated or "return measure(loose.extra())" in revealed.text
    shown = set(revealed.text.split("\n"))
    assert revealed.tokens <= budget
    if budget >= 120:
        assert "def start(engine: Base | None = None):" in shown
    if revealed.truncated and "cut before line" not in revealed.text and "return measure" in revealed.text:
        assert "left out" in revealed.text or "#" not in revealed.text.partition("return measure")[2]


@pytest.mark.parametrize(("max_tokens", "degree"), [(0, 1), (99, 1), (-1, 1), (2000, -1)])
def test_a_budget_without_room_reveals_nothing(app: Codebase, max_tokens: int, degree: int) -> None:
    """It is refused, rather than exceeded."""
    with pytest.raises(UsageError, match="Nothing can be revealed"):
        app.reveal_symbol("Base.step", max_tokens=max_tokens, degree=degree)


def test_a_body_that_has_no_room_is_told(tmp_path: Path) -> None:
    """A long address may leave none."""
    name = "f" * 150
    revealed = _written(tmp_path, {"a.py": f"def {name}():\n    return 1\n"}).reveal_symbol(name, max_tokens=150)
    assert "[the body is left out, to fit]" in revealed.text
    assert revealed.truncated
    assert revealed.tokens <= 150


def test_who_calls_from_elsewhere_is_in_the_whole_call_graph(app: Codebase) -> None:
    """A part of it has the calls that its symbols make."""
    helper = "src/app/core.py::helper"
    users = {use.source for use in app.usages(helper) if use.kind == "call"}
    assert set(app.call_graph().callers(helper)) >= users
    assert users
    assert app.call_graph([helper]).callers(helper) == ()


def test_secrets_are_not_revealed(tmp_path: Path) -> None:
    """Neither those that look like one nor those that are named."""
    token = "ghp_" + "a1B2c3D4e5" * 4
    codebase = _written(tmp_path, {"a.py": f'def login():\n    return "{token}", "opensesame-9"\n'})
    revealed = codebase.reveal_symbol("login", secrets=["opensesame-9"])
    assert token not in revealed.text
    assert "opensesame-9" not in revealed.text


@pytest.mark.skipif(
    not any(language.name == "javascript" and is_available(language) for language in LANGUAGES),
    reason="the grammar of JavaScript is not installed",
)
def test_other_languages_are_matched_by_name_with_a_confidence(tmp_path: Path) -> None:
    """The same file first, then an imported one, then any."""
    files = {
        "lib/one.js": "export function cut(a) { return a; }\n",
        "lib/two.js": "export function cut(a) { return a; }\nexport function own() { return cut(1); }\n",
        "use.js": "import { cut } from './lib/one.js';\nexport function use() { return cut(2); }\n",
        "far/far.js": "function far() { return own(); }\n",
    }
    codebase = _written(tmp_path, files)
    assert _callees(codebase, "own") == {("lib/two.js::cut", 0.9)}
    assert _callees(codebase, "use") == {("lib/one.js::cut", 0.8)}
    assert _callees(codebase, "far") == {("lib/two.js::own", 0.5)}
