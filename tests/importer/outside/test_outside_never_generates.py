"""What never generates: everything that looks at modules without an import statement or attribute expression."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

import pytest
from outside_project import USES_MIX, Project

COMPLETER = (
    "from IPython.core.completer import Completer\nlist(Completer(namespace={{'{0}': {0}}}).attr_matches('{0}.{1}'))"
)
PROBES = {
    "find_spec": "import importlib.util as u\nassert u.find_spec('myapp.gen.text') is None",
    "find_spec-below": "import importlib.util as u\nassert u.find_spec('myapp.gen.text.deeper') is None",
    "import_module": "import importlib\nimportlib.import_module('myapp.gen.text')",
    "import_module-relative": "import importlib\nimportlib.import_module('.text', 'myapp.gen')",
    "__import__": "__import__('myapp.gen.text', fromlist=['mix'])",
    "hasattr": "from myapp import gen\nassert not hasattr(gen, 'text')",
    "getattr": "from myapp import gen\ngetattr(gen, 'text')",
    "getattr-default": "from myapp import gen\nassert getattr(gen, 'text', 5) == 5",
    "attrgetter": "import operator\nfrom myapp import gen\noperator.attrgetter('text')(gen)",
    "dir": "from myapp import gen\ndir(gen), vars(gen)\nassert 'text' not in dir(gen)",
    "getmembers": "import inspect\nfrom myapp import gen\ninspect.getmembers(gen)\ninspect.getmembers_static(gen)",
    "getattr_static": "import inspect\nfrom myapp import gen\ninspect.getattr_static(gen, 'text', None)",
    "pydoc.locate": "import pydoc\nassert pydoc.locate('myapp.gen.text.mix') is None",
    "pydoc.render": "import pydoc\nfrom myapp import gen\npydoc.render_doc(gen)",
    "resolve_name": "import pkgutil\npkgutil.resolve_name('myapp.gen.text:mix')",
    "walk_packages": "import pkgutil, myapp\nlist(pkgutil.walk_packages(myapp.__path__, 'myapp.'))",
    "runpy": "import runpy\nrunpy.run_module('myapp.gen.text')",
    "mock.patch": "from unittest import mock\nmock.patch('myapp.gen.text.mix').start()",
    "mock.patch.object": "from unittest import mock\nfrom myapp import gen\nmock.patch.object(gen, 'text').start()",
    "mock.autospec": "from unittest import mock\nfrom myapp import gen\nmock.create_autospec(gen)",
    "pickle": "import pickle\npickle.loads(b'cmyapp.gen.text\\ndouble\\n.')",
    "reload": "import importlib\nfrom myapp import gen\nimportlib.reload(gen)",
    "resources": "import importlib.resources as r\nr.files('myapp.gen').joinpath('text.py').is_file()",
    "rlcompleter": "import rlcompleter\nfrom myapp import gen\nrlcompleter.Completer({'gen': gen}).complete('gen.te', 0)",
    "doctest": "import doctest\nfrom myapp import gen\ndoctest.testmod(gen)",
    "unittest": "import unittest\nunittest.defaultTestLoader.loadTestsFromName('myapp.gen.text')",
    "unittest-discover": "import unittest\nunittest.defaultTestLoader.discover('myapp')",
    "linecache": "import linecache\nlinecache.getlines('myapp/gen/text.py')",
    "copy": "import copy\nfrom myapp import gen\ncopy.copy(vars(gen))",
    "repr": "from myapp import gen\nrepr(gen), str(gen), hash(gen), gen == 1",
    "entry-point": "from importlib.metadata import EntryPoint\nEntryPoint('x', 'myapp.gen.text:mix', 'g').load()",
    "ipython-completer": "from myapp import gen\n" + COMPLETER.format("gen", "te"),
    "jedi": "import jedi\nfrom myapp import gen\njedi.Interpreter('gen.text.dou', [{'gen': gen}]).complete()",
    "jedi-static": "import jedi\njedi.Script('from myapp.gen.text import dou').complete(1, 30)",
}
ON_MODULES = {
    "hasattr": "assert not hasattr(text, 'shout')",
    "getattr": "getattr(text, 'shout')",
    "getattr-default": "assert getattr(text, 'shout', 5) == 5",
    "attrgetter": "import operator\noperator.attrgetter('shout')(text)",
    "getattribute": "text.__getattribute__('shout')",
    "module-getattr": "import types\ntypes.ModuleType.__getattribute__(text, 'shout')",
    "dir": "dir(text), vars(text)",
    "getmembers": "import inspect\ninspect.getmembers(text), inspect.getmembers_static(text)",
    "pydoc.locate": "import pydoc\nassert pydoc.locate('myapp.gen.text.shout') is None",
    "pydoc.render": "import pydoc\npydoc.render_doc(text)",
    "help": "help(text)",
    "resolve_name": "import pkgutil\npkgutil.resolve_name('myapp.gen.text:shout')",
    "mock.patch": "from unittest import mock\nmock.patch('myapp.gen.text.shout').start()",
    "mock.patch-create": "from unittest import mock\nmock.patch('myapp.gen.text.shout', create=True).start()",
    "mock.patch.object": "from unittest import mock\nmock.patch.object(text, 'shout').start()",
    "monkeypatch": "import pytest\npytest.MonkeyPatch().setattr(text, 'shout', 1, raising=False)",
    "mock.autospec": "from unittest import mock\nmock.create_autospec(text)",
    "pickle": "import pickle\npickle.loads(b'cmyapp.gen.text\\nshout\\n.')",
    "reload": "import importlib\nimportlib.reload(text)",
    "store": "text.shout = 1\nassert text.shout == 1",
    "delete": "del text.shout",
    "private": "text.__wrapped__",
    "dunder": "text.__path__, text.__all__",
    "canary": "getattr(text, '_ipython_canary_method_should_not_exist_', None)",
    "rlcompleter": "import rlcompleter\nrlcompleter.Completer({'text': text}).complete('text.sh', 0)",
    "ipython-completer": COMPLETER.format("text", "sh"),
    "jedi": "import jedi\njedi.Interpreter('text.shout.', [{'text': text}]).complete()",
    "match": "match text:\n    case object(shout=1): pass",
    "doctest": "import doctest\ndoctest.testmod(text)",
    "find_spec-below": "import importlib.util as u\nassert u.find_spec('myapp.gen.text.deeper') is None",
    "import_module-below": "import importlib\nimportlib.import_module('myapp.gen.text.shout')",
    "type-hints": "import typing\ntyping.get_type_hints(text)",
    "abc": "import collections.abc as a\nisinstance(text, a.Iterable), isinstance(text, a.Callable)",
    "pprint": "import pprint, copy\npprint.pformat(vars(text)['mix'])\nrepr(text)",
    "runpy": "import runpy\nrunpy.run_module('myapp.gen.text')",
}
"""Programs; that one ends with an error of its own is well: it must be one of those that Python itself would raise."""

NATURAL = ("ModuleNotFoundError", "AttributeError", "ImportError")

_NEVER = (
    "import sys, traceback\ntry:\n{body}\nexcept (ImportError, AttributeError) as error:\n"
    "    print('raised', type(error).__name__)\nexcept BaseException:\n    traceback.print_exc()\n    raise SystemExit(3)\n"
)


def _guarded(text: str) -> str:
    return _NEVER.format(body="\n".join(f"    {line}" for line in text.splitlines()))


QUICK = {"find_spec", "import_module", "hasattr", "getattr", "pydoc.locate", "mock.patch", "reload", "pickle"}
"""Of which each costs a process; the quick suite has these."""


def _probes(names: Iterable[str]) -> list[Any]:
    return [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.mark.parametrize("probe", _probes(PROBES))
def test_looking_at_an_unwritten_module_asks_nobody(project: Project, probe: str) -> None:
    """Nothing is pinned, and nothing is left in `sys.modules`."""
    done = project.script(_guarded(PROBES[probe]) + "\nassert 'myapp.gen.text' not in sys.modules, 'left'\n")
    assert project.model.calls == 0
    assert done.code == 0, done.err
    assert project.pinned == set()


@pytest.mark.parametrize("probe", _probes(ON_MODULES))
def test_looking_at_a_pinned_module_asks_nobody(written: Project, probe: str) -> None:
    """A name that is not there is not written because somebody looked for it."""
    before = (written.gen / "text.py").read_bytes()
    done = written.script("from myapp.gen import text\ntext.mix\n" + _guarded(ON_MODULES[probe]))
    assert written.model.calls == 0
    assert done.code == 0, done.err
    assert (written.gen / "text.py").read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("probe", sorted({*QUICK & set(ON_MODULES), "dir", "getmembers", "dunder"}))
def test_looking_at_an_empty_module_asks_nobody(project: Project, probe: str) -> None:
    """`from myapp.gen import text` alone asks for no name; nor do those who look at what it gave."""
    done = project.script("from myapp.gen import text\n" + _guarded(ON_MODULES[probe]))
    assert project.model.calls == 0
    assert done.code == 0, done.err
    assert project.pinned == set()


COLLECTED = {
    "top": USES_MIX.replace("print", "def test_it():\n    print"),
    "inside": "def test_it():\n    from myapp.gen.text import mix\n    assert mix(2) == 15851\n",
}


@pytest.mark.parametrize("form", COLLECTED)
@pytest.mark.parametrize("option", ["--collect-only", "--co"])
def test_collecting_tests_asks_nobody(project: Project, form: str, option: str) -> None:
    """Neither for what a test imports, nor for the anchor package that collection walks through."""
    project.write("test_it.py", COLLECTED[form])
    done = project.run("-m", "pytest", option, "-q", "-p", "no:cacheprovider", "--doctest-modules")
    assert project.model.calls == 0, done.said
    assert "internal error" not in done.said.lower()
    if form == "inside":
        assert done.code == 0, done.said
    assert project.pinned == set()


@pytest.mark.slow
def test_type_checkers_read_the_pinned_files(written: Project) -> None:
    """mypy knows the types of what was written, without configuration and without a model."""
    written.write("use.py", "from myapp.gen.text import mix\n\nreveal_type(mix)\nx: str = mix(2)\n")
    done = written.command([sys.executable, "-m", "mypy", "--cache-dir=/dev/null", "--follow-imports=silent", "use.py"])
    assert written.model.calls == 0
    assert re.search(r"def \(x: (builtins\.)?int\) -> (builtins\.)?int", done.out), done.said
    assert "Incompatible types in assignment" in done.out


FROZEN = 'import genloom\n\ngenloom.install_import_hook(mode="frozen")\n'


@pytest.mark.parametrize("how", ["argument", "variable", "ci", "no terminal"])
def test_frozen_imports_never_ask(project: Project, how: str) -> None:
    """What is missing is named in an error that says what to do, and nothing else of genloom's machinery is loaded."""
    anchors = {"argument": FROZEN, "variable": FROZEN.replace('mode="frozen"', "")}
    project.write("myapp/gen/__init__.py", anchors.get(how, FROZEN.replace('mode="frozen"', "")))
    changes = {"variable": {"GENLOOM_IMPORT_MODE": "frozen"}, "ci": {"CI": "true"}}.get(how, {})
    done = project.script(
        "import sys\ntry:\n    from myapp.gen.text import mix\nexcept ModuleNotFoundError as error:\n"
        "    print(type(error).__name__, error.name, error.hint)\n"
        "assert not {'langgraph', 'langchain_core', 'langchain'} & set(sys.modules)\n"
        "assert 'myapp.gen.text' not in sys.modules\n",
        **changes,
    )
    assert project.model.calls == 0
    assert done.out.startswith("FrozenImportError myapp.gen.text "), done.said


BLOCKED = """
import sys
for name in ("langgraph", "langchain", "langchain_core", "langchain_openai", "openai", "httpx", "pydantic"):
    sys.modules[name] = None
"""


@pytest.mark.parametrize("anchor", ["frozen", "auto"])
def test_a_pinned_import_works_where_no_framework_can_be_imported(written: Project, anchor: str) -> None:
    """Neither LangGraph nor LangChain, a client or pydantic."""
    if anchor == "frozen":
        written.write("myapp/gen/__init__.py", FROZEN)
    done = written.script(BLOCKED + "from myapp.gen.text import mix\nprint(mix(21))\n")
    assert done.out == "61583\n", done.err
    assert written.model.calls == 0


def test_frozen_refuses_a_new_name_of_a_pinned_module(written: Project) -> None:
    """The names that are there stay importable."""
    written.write("myapp/gen/__init__.py", FROZEN)
    done = written.script(
        BLOCKED + "try:\n    from myapp.gen.text import shout\nexcept ImportError as error:\n    print(error.name)\n"
        "from myapp.gen.text import mix\nprint(mix(1), 'shout' in vars(sys.modules['myapp.gen.text']))\n"
    )
    assert done.out == "myapp.gen.text\n7932 False\n", done.said
    assert written.model.calls == 0
