"""Resolution of generated packages, compared with what Python itself makes of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genloom.tools.codebase import Codebase

FUNCTIONS = ("f", "g", "h", "_p", "two", "four")
"""Two of them are called as modules are."""
LEAVES = ("pkg/one.py", "pkg/two.py", "pkg/sub/three.py", "pkg/sub/four.py", "pkg/space/five.py")
PACKAGES = ("pkg/sub/__init__.py", "pkg/__init__.py")

TELL = """
import importlib, json, sys
sys.path[:0] = sys.argv[1:]
try:
    use = importlib.import_module("use")
except Exception:  # what was drawn is no program: `__all__` lists what a failed import left out, a name is a module's
    print("null"); raise SystemExit
told = {}
for name, make in vars(use).items():
    if name.startswith("use_"):
        try:
            found = make()
        except Exception:
            found = None
        told[name] = f"{found.__module__}.{found.__qualname__}" if callable(found) else None
print(json.dumps(told))
"""


WAYS = (
    "{0}",
    "try:\n    {0}\nexcept ImportError:\n    pass",
    "try:\n    import nowhere.at_all as {1}\nexcept ImportError:\n    {0}",
    "if sys.version_info < (3,):\n    from nowhere import {1}\nelse:\n    {0}",
    "if TYPE_CHECKING:\n    {0}\n{0}",
    "with suppress(ImportError):\n    {0}",
)
"""How an import may stand in a module."""
HEAD = "import sys\nfrom contextlib import suppress\nfrom typing import TYPE_CHECKING\n"


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _relative(importer: str, target: str) -> str:
    """Write a module as seen from a file inside `pkg`."""
    base, parts = importer.split("/")[:-1], _dotted(target).split(".")
    same = 0
    while same < min(len(base), len(parts)) and base[same] == parts[same]:
        same += 1
    return "." * (len(base) - same + 1) + ".".join(parts[same:])


@st.composite
def modules(draw: st.DrawFn, path: str, earlier: Sequence[str]) -> str:
    """A module that binds names, some of them twice, of its own or from an earlier one, after the stars."""
    stars, lines = [], []
    exports: list[str] = []
    for target in draw(st.lists(st.sampled_from(earlier), unique=True, max_size=2)) if earlier else ():
        written = draw(st.sampled_from([_dotted(target), _relative(path, target)]))
        stars.append(f"from {written} import *")
    for name in draw(st.lists(st.sampled_from(FUNCTIONS), max_size=5)):
        kind = draw(st.sampled_from(["own", "own", "import", "alias"])) if earlier else "own"
        if kind == "own":
            lines.append(f"def {name}(): return 1")
        else:
            target = draw(st.sampled_from(earlier))
            written = draw(st.sampled_from([_dotted(target), _relative(path, target)]))
            taken = name if kind == "import" else draw(st.sampled_from(FUNCTIONS))
            bound = f"from {written} import {taken} as {name}"
            lines.append(draw(st.sampled_from(WAYS)).format(bound, name))
        exports.append(name)
    if draw(st.booleans()):
        lines.append(f"__all__ = {draw(st.lists(st.sampled_from(exports), unique=True)) if exports else []!r}")
    return "\n".join([HEAD, *stars, *lines, ""])


@st.composite
def repositories(draw: st.DrawFn) -> dict[str, str]:
    """A package with sub-packages, one or two of them without `__init__.py`, and a file that uses its names in many ways."""
    files = {path: draw(modules(path, LEAVES[:number])) for number, path in enumerate(LEAVES)}
    files["pkg/sub/__init__.py"] = draw(modules("pkg/sub/__init__.py", LEAVES[2:4]))
    files["pkg/__init__.py"] = draw(modules("pkg/__init__.py", (*LEAVES[:2], "pkg/sub/__init__.py")))
    files.pop(draw(st.sampled_from(["", "", *PACKAGES])), None)
    lines, uses = [], []
    for number, target in enumerate(draw(st.lists(st.sampled_from([*LEAVES, *PACKAGES]), min_size=3, max_size=8))):
        name, dotted = draw(st.sampled_from(FUNCTIONS)), _dotted(target)
        above, _, last = dotted.rpartition(".")
        ways = [
            (f"from {dotted} import {name} as n{number}", f"n{number}"),
            (f"import {dotted}", f"{dotted}.{name}"),
            (f"import {dotted} as m{number}", f"m{number}.{name}"),
            (f"from {above or 'pkg'} import {last} as q{number}", f"q{number}.{name}"),
        ]
        how, expression = draw(st.sampled_from(ways))
        inside = draw(st.booleans())
        lines += [] if inside else [f"try:\n    {how}\nexcept ImportError:\n    pass"]
        local = f"    {how}\n" if inside else ""
        # the call is what is resolved; the value is what Python says
        uses.append(f"def use_{number}():\n{local}    lambda: {expression}()\n    return {expression}\n")
    return {**files, "use.py": "\n".join([*lines, "", *uses])}


@given(repositories(), st.sampled_from(["", "src/"]))
@settings(deadline=None, max_examples=25)
def test_calls_resolve_to_what_python_imports(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, str], layout: str
) -> None:
    """Wherever the generated package can be imported, the one sure meaning is the function that Python finds.

    Where a name is bound more than once, or a package's name is its submodule's, too, all its meanings are possible.
    """
    root = tmp_path_factory.mktemp("generated")
    for path, text in files.items():
        place = root / (layout + path if path != "use.py" else path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    done = subprocess.run(
        [sys.executable, "-IB", "-c", TELL, str(root), str(root / layout)], capture_output=True, text=True, check=True
    )
    told: dict[str, str | None] = json.loads(done.stdout) or {}
    bound = [re.findall(r"(?:^|(?<=as )|(?<=def ))(\w+)(?=\(|$)", text, re.MULTILINE) for text in files.values()]
    ambiguous = any(len(names) > len({*names} - {"two", "four"}) for names in bound)
    codebase = Codebase(root)
    for name, truth in told.items():
        found = {
            (_address(relation.target, layout), relation.confidence)
            for relation in codebase.dependencies(f"use.py::{name}")
            if relation.kind == "call"
        }
        if truth is not None:
            assert found == {(truth, 1.0)} or (ambiguous and truth in dict(found)), (name, files)


def _address(target: str, layout: str) -> str:
    path, _, name = target.removeprefix(layout).partition("::")
    return f"{_dotted(path)}.{name}"


@given(
    st.lists(st.lists(st.integers(0, 7), unique=True, max_size=3), min_size=2, max_size=8),
    st.lists(st.sets(st.sampled_from("abc")), min_size=8, max_size=8),
    st.booleans(),
)
@settings(deadline=None, max_examples=40)
def test_methods_resolve_as_python_orders_classes(
    tmp_path_factory: pytest.TempPathFactory, bases: list[list[int]], methods: list[set[str]], apart: bool
) -> None:
    """In one module or one for each class, the method that `self.` means is the one that Python's order finds."""
    made: list[type] = []
    sources: list[str] = []
    for number, wanted in enumerate(bases):
        above = [base for base in wanted if base < number]
        try:
            made.append(type(f"C{number}", tuple(made[base] for base in above), dict.fromkeys(methods[number], number)))
        except TypeError:  # no consistent order: Python has no such class
            above = []
            made.append(type(f"C{number}", (), dict.fromkeys(methods[number], number)))
        imports = [f"from part{base} import C{base}" for base in above] if apart else []
        body = [f"    def {method}(self): ..." for method in sorted(methods[number])]
        body += [f"    def call_{method}(self): self.{method}()" for method in "abc"]
        head = f"class C{number}({', '.join(f'C{base}' for base in above)}):"
        sources.append("\n".join([*imports, head, *body, ""]))
    root: Path = tmp_path_factory.mktemp("classes")
    if apart:
        for number, text in enumerate(sources):
            (root / f"part{number}.py").write_text(text)
    else:
        (root / "part.py").write_text("\n".join(sources))
    codebase = Codebase(root)
    for number, cls in enumerate(made):
        for method in "abc":
            truth = getattr(cls, method, None)
            path = f"part{number}.py" if apart else "part.py"
            found = codebase.dependencies(f"{path}::C{number}.call_{method}")
            sure = [relation.target.partition("::")[2] for relation in found if relation.confidence == 1]
            assert sure == ([] if truth is None else [f"C{truth}.{method}"])
