"""Imports that write themselves: genloom's, autogenlib's and wishful's side by side, in one run.

Command:

    python benchmarks/imports.py [--python EXE] [--modules 40] [--rounds 5] [--starts 15] [--json]

`EXE` (default: this interpreter) runs the programs of all sides; it has genloom, and autogenlib and wishful, installed from
their repositories, where they are to be compared. A side that it cannot import is left out, and said. Each side gets its
own empty folder and home, processes of its own and one OpenAI-compatible server on loopback that answers at once with
`def f_7(x)…` for whatever names of that kind the prompt holds: functions that genloom's own search does not find. Sides take
turns, so that a busy machine slows all alike.

- Start: whole processes, medians, the bare interpreter taken off. For genloom with `install_import_hook()`.
- First generation: one process imports M modules that do not exist, each from a caller of its own that asserts two values;
  the first is told apart (cold), of the others p50 and p95 (warm). What a bare request to the same server takes, from a
  process of its own with Python's own client, stands beside. genloom verifies the module in a sandbox, reviews, formats and
  pins it in that time; the others do not. Seconds.
- Pinned import: fresh processes import the M modules again, each followed by a plain file's import of the same text (with
  its `.pyc`): p50 of all, and the median of the processes' own ratios. Model calls in these processes are counted: a side
  that asks again has nothing pinned.
- Calls: how often the model is asked by one program each.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conditions import conditions, progress

import genloom
from genloom.testing import OpenAIServer, RecordedRequest

ROOT = Path(genloom.__file__).parents[1]
FUNCTION = 'def f_{0}(x: int) -> int:\n    """Return a number."""\n    return (x * 7919 + {0}) % 104729\n'
GENLOOM_ANCHOR = 'import genloom\n\ngenloom.install_import_hook(mode="auto")\n'


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the libraries: its namespace, what makes it ready, and its settings."""

    name: str
    namespace: str
    ready: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def prepare(self, folder: Path) -> None:
        """Make the folder that its programs run in."""
        if self.name == "genloom":
            (folder / "pyproject.toml").write_text('[project]\nname = "measured"\nversion = "1"\n')
            (folder / "gen").mkdir()
            (folder / "gen" / "__init__.py").write_text(GENLOOM_ANCHOR)


SIDES = (
    Side(name="genloom", namespace="gen", ready="import genloom; genloom.install_import_hook(namespace='other.gen')"),
    Side(name="autogenlib", namespace="autogenlib", ready="import autogenlib"),
    Side(
        name="wishful",
        namespace="wishful.static",
        ready="import wishful",
        settings={"WISHFUL_MODEL": "openai/test-model", "WISHFUL_SPINNER": "0", "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    ),
)

CALLS = {
    "one name": "from {ns}.a import f_1\nassert f_1(2) == 15839\nassert f_1(3) == 23758",
    "the same again": "from {ns}.a import f_1\nassert f_1(2) == 15839\nassert f_1(3) == 23758",
    "three names in parentheses": (
        "from {ns}.b import (\n    f_1,\n    f_2,\n    f_3,\n)\n"
        "assert f_1(2) == 15839\nassert f_1(3) == 23758\nassert f_2(2) == 15840\nassert f_2(3) == 23759\n"
        "assert f_3(2) == 15841\nassert f_3(3) == 23760"
    ),
    "a later name": "from {ns}.a import f_4\nassert f_4(2) == 15842\nassert f_4(3) == 23761",
    "hasattr": "import {ns}.a as a\nhasattr(a, 'g_1')",
    "find_spec": "import importlib.util\nimportlib.util.find_spec('{ns}.c')",
    "pydoc.locate": "import pydoc\npydoc.locate('{ns}.d.f_1')",
    "mock.patch": "from unittest import mock\nmock.patch('{ns}.e.f_1').start()",
    "reload": "from {ns}.a import f_1\nimport importlib, sys\nimportlib.reload(sys.modules['{ns}.a'])",
    "pytest --collect-only": "",
}
"""What one program each does, in this order and with what the ones before left."""


class Model(OpenAIServer):
    """A model that writes what the prompt names; for genloom, which appends to a module, not what stands there."""

    def __init__(self, side: Side) -> None:
        self._appends = side.name == "genloom"
        super().__init__(self._say)

    def _say(self, request: RecordedRequest) -> str:
        told = "\n".join(str(message["content"]) for message in request.json()["messages"])
        asked = re.findall(r"must define ([^.]*)\.", told)[-1:] if self._appends else []
        wanted = dict.fromkeys(re.findall(r"\b[fg]_(\d+)\b", *asked or [told]))
        code = "\n\n".join(FUNCTION.format(name) for name in wanted) or "VALUE = 1\n"
        return f"```python\n{code}```" if self._appends else code

    @property
    def calls(self) -> int:
        return len(self.chats)


@dataclass(frozen=True)
class Bench:
    """The folder, the server and the interpreter of one side."""

    side: Side
    python: str
    folder: Path
    model: Model

    @property
    def beside(self) -> Path:
        """Where the plain files are: not in the project, whose functions genloom would use again."""
        return self.folder.parent / "beside"

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        address = self.model.base_url
        return {
            **kept,
            **self.side.settings,
            "HOME": str(self.folder / "home"),
            "GENLOOM_HOME": str(self.folder / "home" / "genloom"),
            "GENLOOM_MODEL": "openai:test-model",
            "OPENAI_MODEL": "test-model",
            "OPENAI_API_KEY": "any",
            "OPENAI_BASE_URL": address,
            "OPENAI_API_BASE_URL": address,
            "OPENAI_API_BASE": address,
            "PYTHONPATH": os.pathsep.join((str(self.folder), str(self.beside), str(ROOT))),
        }

    def run(self, *arguments: str, check: bool = True) -> str:
        """Run the interpreter to its end and return what it wrote on standard output."""
        done = subprocess.run(
            [self.python, *arguments],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        if check and done.returncode:
            raise SystemExit(f"{self.side.name}: {' '.join(arguments)[:200]}\n{done.stdout}\n{done.stderr[-4000:]}")
        return done.stdout


@contextmanager
def bench(side: Side, python: str) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="imports-") as base, Model(side) as model:
        folder = Path(base) / "project"
        (folder / "home").mkdir(parents=True)
        for part in (Path(base), folder):
            part.chmod(0o755)
        side.prepare(folder)
        yield Bench(side, python, folder, model)


def available(python: str) -> tuple[list[Side], list[str]]:
    """Return the sides that the interpreter can import, and the names of the others."""
    found, missing = [], []
    for side in SIDES:
        with bench(side, python) as at:
            done = subprocess.run(
                [python, "-c", side.ready], cwd=at.folder, env=at.environment(), capture_output=True, check=False
            )
        if done.returncode:
            missing.append(side.name)
        else:
            found.append(side)
    return found, missing


STARTED = "import time, os; began = time.perf_counter(); {0}; print(time.perf_counter() - began)"


def start_seconds(sides: list[Side], python: str, starts: int) -> dict[str, float]:
    """Return what each import costs within a process, median, from a warm file cache."""
    taken: dict[str, list[float]] = {side.name: [] for side in sides}
    for _ in range(starts + 1):
        for side in sides:
            with bench(side, python) as at:
                taken[side.name].append(float(at.run("-c", STARTED.format(side.ready)).split()[-1]))
    return {name: statistics.median(times[1:]) for name, times in taken.items()}


CALLER = """
import time
_began = time.perf_counter()
from {ns}.m_{number} import f_{number}
took = time.perf_counter() - _began
assert f_{number}(2) == {two}
assert f_{number}(-3) == {three}
"""


def caller(namespace: str, number: int) -> str:
    """Return a program that imports one function and asserts two of its values."""
    two, three = (2 * 7919 + number) % 104729, (-3 * 7919 + number) % 104729
    return CALLER.format(ns=namespace, number=number, two=two, three=three)


FIRST = """
import importlib, json
times = [importlib.import_module(f"use_{{number}}").took for number in range({modules})]
print(json.dumps(times))
"""
BARE = """
import json, os, time, urllib.request
times = []
body = json.dumps({{"model": "test-model", "messages": [{{"role": "user", "content": "f_1 " + "x" * 4000}}]}}).encode()
for _ in range({modules}):
    began = time.perf_counter()
    address = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    asked = urllib.request.Request(address, body, {{"Authorization": "Bearer any"}})
    urllib.request.urlopen(asked).read()
    times.append(time.perf_counter() - began)
print(json.dumps(times))
"""
PINNED = """
import importlib, json, sys
pairs = []
import plain.warm, {ns}.m_0
for number in range(1, {modules}):
    pairs.append([importlib.import_module(f"use_{{number}}").took, importlib.import_module(f"plain_use_{{number}}").took])
heavy = {{"langgraph", "langchain_core", "openai", "litellm", "pydantic"}}
loaded = sorted({{name.partition(".")[0] for name in sys.modules}} & heavy)
print(json.dumps([pairs, loaded]))
"""


def measured(at: Bench, modules: int, rounds: int) -> dict[str, Any]:
    """Return the figures of first generations and of pinned imports of one side."""
    namespace = at.side.namespace
    plain = at.beside / "plain"
    plain.mkdir(parents=True)
    for name in ("__init__", "warm"):
        (plain / f"{name}.py").write_text("")
    for number in range(modules):
        (at.folder / f"use_{number}.py").write_text(caller(namespace, number))
        (at.beside / f"plain_use_{number}.py").write_text(caller("plain", number))
        (plain / f"m_{number}.py").write_text(FUNCTION.format(number))
    bare = json.loads(at.run("-c", BARE.format(modules=modules)))
    asked = at.model.calls
    first, *warm = json.loads(at.run("-c", FIRST.format(modules=modules)))
    calls = at.model.calls - asked
    ratios, ours, theirs, again, loaded = [], [], [], 0, []
    for turn in range(rounds + 1):
        asked = at.model.calls
        pairs, loaded = json.loads(at.run("-c", PINNED.format(ns=namespace, modules=modules)))
        again = at.model.calls - asked
        if turn:  # the first one wrote the plain files' bytecode
            ratios.append(statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs))
            ours += [a for a, _ in pairs]
            theirs += [b for _, b in pairs]
    return {
        "bare_request": statistics.median(bare),
        "first": first,
        "warm_p50": statistics.median(warm),
        "warm_p95": statistics.quantiles(warm, n=20)[-1],
        "calls_a_statement": calls / modules,
        "pinned_p50": statistics.median(ours),
        "plain_p50": statistics.median(theirs),
        "pinned_ratio": statistics.median(ratios),
        "calls_when_pinned": again,
        "loaded_when_pinned": loaded,
    }


def call_counts(at: Bench) -> dict[str, int]:
    """Return how often the model was asked by each program."""
    counts = {}
    (at.folder / "test_it.py").write_text(
        f"from {at.side.namespace}.t import f_1\n\n\ndef test():\n    assert f_1(2) == 15839\n"
    )
    for name, text in CALLS.items():
        before = at.model.calls
        if text:
            program = textwrap.dedent(text).format(ns=at.side.namespace)
            (at.folder / "program.py").write_text(program + "\n")
            at.run("program.py", check=False)  # some end with the error that Python has for it
        else:
            at.run("-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", check=False)
        counts[name] = at.model.calls - before
    return counts


def table(rows: list[tuple[str, list[str]]], names: list[str]) -> str:
    head = ["| |" + "".join(f" {name} |" for name in names), "|---|" + "---|" * len(names)]
    return "\n".join([*head, *(f"| {label} |" + "".join(f" {value} |" for value in values) for label, values in rows)])


def report(figures: Mapping[str, Any]) -> None:
    sides = figures["sides"]
    names = list(sides)

    def row(label: str, key: str, scale: float = 1000, digits: int = 2) -> tuple[str, list[str]]:
        return label, [f"{sides[name][key] * scale:.{digits}f}" for name in names]

    rows = [
        row("start, ms", "start", digits=1),
        row("bare request to the model, ms", "bare_request"),
        row("first generation, cold, ms", "first", digits=0),
        row("first generation, warm, p50, ms", "warm_p50", digits=1),
        row("… p95, ms", "warm_p95", digits=1),
        row("model calls a statement", "calls_a_statement", scale=1),
        row("pinned import, p50, ms", "pinned_p50", digits=3),
        row("a plain file's, p50, ms", "plain_p50", digits=3),
        row("ratio", "pinned_ratio", scale=1),
        row("model calls of pinned imports", "calls_when_pinned", scale=1, digits=0),
        (
            "frameworks that a pinned import loads",
            [", ".join(sides[name]["loaded_when_pinned"]) or "-" for name in names],
        ),
    ]
    print(f"{figures['conditions']}\n")
    if figures["missing"]:
        print(f"Not tried, because the interpreter has none: {', '.join(figures['missing'])}.\n")
    print(table(rows, names))
    print()
    counts = [(f"calls: {name}", [str(sides[side]["calls"][name]) for side in names]) for name in CALLS]
    print(table(counts, names))


def main() -> None:
    parser = argparse.ArgumentParser(description="imports that write themselves, side by side")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--modules", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--starts", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    sides, missing = available(asked.python)
    version = subprocess.run([asked.python, "-V"], capture_output=True, text=True, check=True).stdout.split()[-1]
    figures: dict[str, Any] = {"conditions": conditions(programs=f"Python {version}"), "missing": missing, "sides": {}}
    progress("starts")
    starts = start_seconds(sides, asked.python, asked.starts)
    for side in sides:
        progress(side.name)
        with bench(side, asked.python) as at:
            figures["sides"][side.name] = {"start": starts[side.name], **measured(at, asked.modules, asked.rounds)}
        with bench(side, asked.python) as at:
            figures["sides"][side.name]["calls"] = call_counts(at)
    if asked.json:
        print(json.dumps(figures, indent=1))
    else:
        report(figures)


if __name__ == "__main__":
    main()
