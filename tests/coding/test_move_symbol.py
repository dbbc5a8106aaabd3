"""Moving a definition: what goes along, who is written anew, and what is refused with nothing changed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from genloom.errors import UsageError
from genloom.tools.coding import Workspace, coding_tools
from genloom.tools.coding.checking import checking_tools
from genloom.tools.coding.moving.move import move_symbol
from genloom.tools.effects import effect_of
from genloom.tools.sandbox import Sandbox

FILES = {
    "shop/__init__.py": "",
    "shop/texts.py": '''"""Texts."""

from __future__ import annotations

import functools
import re
from collections import Counter

LIMIT = 3


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


# The commonest first.
@functools.lru_cache(maxsize=8)
def common(text: str, most: int = LIMIT) -> list[tuple[str, int]]:
    """Count words."""
    counted: Counter[str] = Counter(words(text))
    return counted.most_common(most)


def last(text: str) -> str:
    return words(text)[-1]
''',
    "shop/report.py": '''"""Reports."""

from shop import prices
from shop.texts import common, last


def report(text: str) -> str:
    return f"{common(text)} {last(text)} {prices.price(1)}"


if __name__ == "__main__":
    print(report("a"))
''',
    "shop/prices.py": '''"""Prices."""

RATES = {"vat": 0.2}
seen = []


def price(number: int) -> float:
    return number * (1 + RATES["vat"])


def note(number: int) -> None:
    seen.append(number)


def count() -> None:
    global seen
    seen = []
''',
    "tests/test_texts.py": """import shop.texts
from shop.texts import common
from shop.report import report


def test_common():
    assert common("a b a") == [("a", 2), ("b", 1)]
    assert report("x y").startswith("[('x', 1)")
    assert shop.texts.words("A b") == ["a", "b"]
""",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def _texts(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in sorted(root.rglob("*.py"))}


def _tests_pass(root: Path) -> bool:
    sandbox = Sandbox(repository=root)
    if not sandbox.status().tier:
        pytest.skip(sandbox.status().reason)
    (run,) = checking_tools(Workspace(root), sandbox=sandbox, only=["run_tests"])
    return "exit code: 0" in str(run.invoke({}))


def test_a_function_moves_with_its_imports_and_its_users_import_it_from_there(root: Path) -> None:
    assert _tests_pass(root)
    told = move_symbol(Workspace(root), "shop/texts.py", "common", "shop/counting.py")
    texts = _texts(root)
    assert (
        texts["shop/counting.py"]
        == '''from __future__ import annotations
import functools
from collections import Counter
from shop.texts import LIMIT
from shop.texts import words


# The commonest first.
@functools.lru_cache(maxsize=8)
def common(text: str, most: int = LIMIT) -> list[tuple[str, int]]:
    """Count words."""
    counted: Counter[str] = Counter(words(text))
    return counted.most_common(most)
'''
    )
    assert "def common" not in texts["shop/texts.py"]
    assert texts["shop/texts.py"].endswith(
        "text.lower())\n\n\ndef last(text: str) -> str:\n    return words(text)[-1]\n"
    )
    assert "from shop.texts import last\nfrom shop.counting import common\n" in texts["shop/report.py"]
    assert "from shop.counting import common\n" in texts["tests/test_texts.py"]
    assert "+++ b/shop/counting.py" in told
    assert "shop/texts.py imports functools and does not use it any more" in told
    assert _tests_pass(root)


def test_with_imports_kept_the_old_module_imports_it(root: Path) -> None:
    before = _texts(root)
    move_symbol(Workspace(root), "shop/texts.py", "words", "shop/splitting.py", "keep")
    texts = _texts(root)
    assert texts["shop/report.py"] == before["shop/report.py"]
    assert "from shop.splitting import words\n" in texts["shop/texts.py"]
    assert _tests_pass(root)


def test_a_use_by_way_of_the_module_keeps_the_old_place_alive(root: Path) -> None:
    told = move_symbol(Workspace(root), "shop/texts.py", "words", "shop/splitting.py")
    assert "tests/test_texts.py reaches it as shop.texts.words" in told
    assert _tests_pass(root)


def test_a_definition_goes_before_what_runs_as_a_program(root: Path) -> None:
    (root / "shop" / "plain.py").write_text("def plain(text):\n    return text.strip()\n")
    move_symbol(Workspace(root), "shop/plain.py", "plain", "shop/report.py")
    text = (root / "shop" / "report.py").read_text()
    assert text.index("def plain") < text.index("if __name__")
    assert (root / "shop" / "plain.py").read_text() == ""
    assert subprocess.run([sys.executable, "-m", "shop.report"], cwd=root, capture_output=True).returncode == 0


def test_a_module_gets_what_it_imported(root: Path) -> None:
    (root / "shop" / "use.py").write_text("from shop.texts import last\n\n\ndef use(text):\n    return last(text)\n")
    (root / "shop" / "report.py").write_text('"""Reports."""\n\n\ndef report(text):\n    return "[(\'x\', 1)"\n')
    move_symbol(Workspace(root), "shop/texts.py", "last", "shop/use.py")
    text = (root / "shop" / "use.py").read_text()
    assert "import last" not in text
    assert "from shop.texts import words" in text
    assert _tests_pass(root)


REFUSED: list[tuple[str, dict[str, str], tuple[str, str, str], str]] = [
    ("no such name", {}, ("shop/texts.py", "missing", "shop/a.py"), "defines no 'missing'"),
    ("a variable", {}, ("shop/texts.py", "LIMIT", "shop/a.py"), "not just one function"),
    (
        "a name that is taken",
        {"shop/a.py": "words = 1\n"},
        ("shop/texts.py", "words", "shop/a.py"),
        "has a 'words' already",
    ),
    ("its own file", {}, ("shop/texts.py", "words", "shop/texts.py"), "stands there already"),
    ("state that is read", {}, ("shop/prices.py", "price", "shop/a.py"), "state of"),
    ("state that is changed", {}, ("shop/prices.py", "note", "shop/a.py"), "depends on how|state of"),
    ("state that is set", {}, ("shop/prices.py", "count", "shop/a.py"), "changes variables"),
    (
        "a circle by a third module",
        {"shop/a.py": "import shop.b\n", "shop/b.py": "from shop.texts import last\n"},
        ("shop/texts.py", "words", "shop/a.py"),
        "import each other",
    ),
    (
        "a package that is still being imported",
        {"shop/__init__.py": "import shop.prices\n\nRATE = 2\n\n\ndef rate():\n    return RATE\n"},
        ("shop/__init__.py", "rate", "shop/prices.py"),
        "still being imported",
    ),
    (
        "a value of the package around, in another module of it",
        {
            "shop/__init__.py": "import shop.a\n\nRATE = 2\nimport shop.c\n",
            "shop/a.py": "x = 1\n",
            "shop/c.py": "from shop import RATE\n\n\ndef rate():\n    return RATE\n",
        },
        ("shop/c.py", "rate", "shop/a.py"),
        "still being imported",
    ),
    (
        "a folder that is imported from by its own name",
        {"tests/helpers.py": "def f():\n    return 1\n", "tests/test_h.py": "from helpers import f\n"},
        ("tests/helpers.py", "f", "tests/other.py"),
        "by its folder",
    ),
    (
        "a fixture for all",
        {"tests/conftest.py": "def f():\n    return 1\n"},
        ("tests/conftest.py", "f", "tests/other.py"),
        "conftest",
    ),
    (
        "a star import in it",
        {"shop/texts.py": "from re import *\n\n\ndef f(x):\n    return findall(x)\n"},
        ("shop/texts.py", "f", "shop/a.py"),
        "cannot be told",
    ),
    (
        "a star import there",
        {"shop/a.py": "from re import *\n"},
        ("shop/texts.py", "words", "shop/a.py"),
        "star import|may mean",
    ),
    (
        "another meaning of a name",
        {"shop/a.py": "import json as re\n"},
        ("shop/texts.py", "words", "shop/a.py"),
        "'re' of its own",
    ),
    (
        "another meaning of a builtin",
        {"shop/a.py": "def len(x):\n    return 0\n", "shop/c.py": "def f(x):\n    return len(x)\n"},
        ("shop/c.py", "f", "shop/a.py"),
        "may mean something else",
    ),
    (
        "the module itself",
        {"shop/c.py": "def f():\n    return __file__\n"},
        ("shop/c.py", "f", "shop/a.py"),
        "depends on the module",
    ),
    (
        "two definitions",
        {"shop/c.py": "def f():\n    pass\n\n\ndef f():\n    pass\n"},
        ("shop/c.py", "f", "shop/a.py"),
        "not just one",
    ),
    (
        "a condition",
        {"shop/c.py": "if 1:\n    def f():\n        pass\n"},
        ("shop/c.py", "f", "shop/a.py"),
        "not just one",
    ),
    (
        "a conditional import",
        {"shop/c.py": "try:\n    import json\nexcept ImportError:\n    json = None\n\n\ndef f():\n    return json\n"},
        ("shop/c.py", "f", "shop/a.py"),
        "depends on how",
    ),
    ("no Python", {"shop/c.py": "def f(:\n"}, ("shop/c.py", "f", "shop/a.py"), "no valid Python"),
    (
        "itself in its annotations",
        {
            "shop/a.py": "x = 1\n",
            "shop/c.py": "from __future__ import annotations\n\n\nclass C:\n    def f(self) -> C:\n        return self\n",
        },
        ("shop/c.py", "C", "shop/a.py"),
        "names itself",
    ),
    ("no module", {}, ("shop/texts.py", "words", "notes.txt"), "no module"),
    ("outside", {}, ("shop/texts.py", "words", "../a.py"), "is not followed"),
]


@pytest.mark.parametrize(("files", "given", "told"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_what_is_not_sure_is_refused_and_nothing_changed(
    root: Path, files: dict[str, str], given: tuple[str, str, str], told: str
) -> None:
    for name, text in files.items():
        (root / name).write_text(text)
    before = _texts(root)
    with pytest.raises(UsageError, match=told):
        move_symbol(Workspace(root), *given)
    assert _texts(root) == before


ONE = "def f():\n    return 1\n"
TWO = {"shop/__init__.py": "from . import a\n", "shop/a.py": ONE}
STILL_RUNS: dict[str, tuple[dict[str, str], str]] = {
    "a relative import inside": (
        {
            "shop/a.py": "def f():\n    from .h import (\n        g,\n    )\n    return g()\n",
            "shop/h.py": "def g():\n    return 1\n",
            "other/__init__.py": "",
        },
        "from shop.a import f\nassert f() == 1\n",
    ),
    "an import there that only type checkers see": (
        {
            "shop/a.py": "from collections import Counter\n\n\ndef f():\n    return Counter()\n",
            "other/b.py": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from collections import Counter\n",
        },
        "from shop.a import f\nassert f() == {}\n",
    ),
    "an import there that is a docstring's line": (
        {
            "shop/a.py": "import json\n\n\ndef f():\n    return json.dumps(1)\n",
            "other/b.py": '"""Doc.\n\nimport json\n"""\n',
        },
        "from shop.a import f\nassert f() == '1'\n",
    ),
    "an import here that only type checkers see": (
        {
            "shop/a.py": "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n\n"
            "if TYPE_CHECKING:\n    from pathlib import Path\n\n\ndef f(x: Path) -> Path:\n    return x\n"
        },
        "from shop.a import f\nassert f(1) == 1\n",
    ),
    "its package's attribute": (TWO, "import shop\nassert shop.a.f() == 1\n"),
    "its package by another name": (TWO, "import shop as s\nassert s.a.f() == 1\n"),
    "a text beside the module": (TWO, "from shop import a\nassert getattr(a, 'f')() == 1\n"),
    "everything": ({"shop/a.py": ONE}, "from shop.a import *\nassert f() == 1\n"),
    "a lazy package": (
        {
            "shop/__init__.py": "import importlib\n_HOMES = {'f': 'a'}\n\n\ndef __getattr__(name):\n"
            "    if name not in _HOMES:\n        raise AttributeError(name)\n"
            "    return getattr(importlib.import_module(f'shop.{_HOMES[name]}'), name)\n",
            "shop/a.py": ONE,
        },
        "from shop import f\nassert f() == 1\n",
    ),
    "an entry point": (
        {"pyproject.toml": "[project.scripts]\nx = 'shop.a:f'\n", "shop/a.py": ONE},
        "import importlib, pathlib\nm, n = pathlib.Path('pyproject.toml').read_text().split(chr(39))[1].split(':')\n"
        "getattr(importlib.import_module(m), n)()\n",
    ),
    "a text of annotations": (
        {"shop/a.py": "class f:\n    pass\n\n\nclass Bar:\n    x: 'list[f]'\n"},
        "import typing, shop.a\ntyping.get_type_hints(shop.a.Bar)\n",
    ),
    "examples of a neighbour": (
        {"shop/a.py": ONE + '\n\ndef g():\n    """\n    >>> f()\n    1\n    """\n'},
        "import doctest, shop.a\nassert not doctest.testmod(shop.a).failed\n",
    ),
    "a decorator that registers": (
        {
            "shop/reg.py": "known = []\n\n\ndef register(f):\n    known.append(f)\n    return f\n",
            "shop/a.py": "from .reg import register\n\n\n@register\n" + ONE,
        },
        "import shop.a\nfrom shop.reg import known\nassert known\n",
    ),
}


@pytest.mark.parametrize(("files", "program"), STILL_RUNS.values(), ids=STILL_RUNS)
def test_what_ran_before_runs_after(root: Path, files: dict[str, str], program: str) -> None:
    for name, text in {**files, "bin/run-it.py": program}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)

    def runs() -> str:
        done = subprocess.run(
            [sys.executable, "bin/run-it.py"], cwd=root, capture_output=True, text=True, env={"PYTHONPATH": str(root)}
        )
        return done.stderr

    assert runs() == ""
    move_symbol(Workspace(root), "shop/a.py", "f", "other/b.py")
    assert " f" in (root / "other" / "b.py").read_text()
    assert runs() == ""


def test_the_old_place_goes_where_nothing_else_has_the_word(root: Path) -> None:
    (root / "shop" / "plain.py").write_text(ONE.replace("f()", "plain_sum()"))
    (root / "shop" / "use.py").write_text("from shop.plain import plain_sum\n\nprint(plain_sum())\n")
    move_symbol(Workspace(root), "shop/plain.py", "plain_sum", "shop/a.py")
    assert (root / "shop" / "plain.py").read_text() == ""


def test_a_module_of_a_package_may_be_called_like_one_of_the_standard_library(root: Path) -> None:
    (root / "shop" / "ssl.py").write_text(ONE)
    (root / "shop" / "use.py").write_text("import ssl\n\nfrom shop.ssl import f\n\nf(ssl)\n")
    move_symbol(Workspace(root), "shop/ssl.py", "f", "shop/a.py")
    assert "from shop.a import f\n" in (root / "shop" / "use.py").read_text()


def test_a_bare_word_elsewhere_does_not_make_a_circle_but_a_note(root: Path) -> None:
    (root / "notes.md").write_text("What is common?\n")
    told = move_symbol(Workspace(root), "shop/texts.py", "common", "shop/counting.py")
    assert "note: notes.md has the word, and the old module does not have it any more" in told
    assert "common" not in (root / "shop" / "texts.py").read_text()


def test_what_tests_replace_in_the_old_module_is_told(root: Path) -> None:
    (root / "tests" / "test_r.py").write_text(
        "from shop.texts import last\n\n\ndef test_it(monkeypatch):\n    monkeypatch.setattr('shop.texts.words', str)\n"
    )
    told = move_symbol(Workspace(root), "shop/texts.py", "last", "shop/a.py")
    assert "note: tests/test_r.py may replace shop.texts.words, which it takes from shop/a.py now" in told


def test_a_licence_at_the_head_of_a_file_stays(root: Path) -> None:
    (root / "shop" / "c.py").write_text(f"# Copyright Me\n{ONE}\n\n# Second.\ndef second():\n    pass\n")
    move_symbol(Workspace(root), "shop/c.py", "f", "shop/d.py")
    move_symbol(Workspace(root), "shop/c.py", "second", "shop/d.py")
    assert (root / "shop" / "c.py").read_text().startswith("# Copyright Me\n")
    assert "Copyright" not in (root / "shop" / "d.py").read_text()
    assert "# Second.\ndef second" in (root / "shop" / "d.py").read_text()


def test_a_file_that_cannot_be_written_leaves_all_as_they_were(root: Path) -> None:
    """The old module turns into a link after it was read: it is written last."""
    before = _texts(root)

    class Failing(Workspace):
        def write(self, path: str, text: str, *, before: str) -> None:
            if path == "shop/texts.py":
                raise UsageError("It has changed.")
            super().write(path, text, before=before)

    with pytest.raises(UsageError, match="It has changed"):
        move_symbol(Failing(root), "shop/texts.py", "common", "shop/counting.py")
    assert _texts(root) == before


def test_the_tool_writes_and_tells_what_is_wrong(root: Path) -> None:
    (move,) = coding_tools(Workspace(root), only=["move_symbol"])
    assert effect_of(move) == "write"
    given: dict[str, Any] = {"path": "shop/texts.py", "name": "missing", "to": "shop/a.py"}
    assert str(move.invoke(given)).startswith("Nothing was changed: ")
    assert "+def last" in str(move.invoke({**given, "name": "last"}))
    for text in _texts(root).values():
        ast.parse(text)
