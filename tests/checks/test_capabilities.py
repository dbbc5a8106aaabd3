"""What the capability pass sees, and what it leaves alone."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.tools.checks import find_capabilities


def seen(source: str) -> dict[str, str]:
    """Capability -> the gravest weight found."""
    order = ["mild", "plain", "grave"]
    found: dict[str, str] = {}
    for use in find_capabilities(ast.parse(dedent(source))):
        found[use.capability] = max(found.get(use.capability, "mild"), use.weight, key=order.index)
    return found


@pytest.mark.parametrize(
    ("source", "capability", "weight"),
    [
        ("import socket", "network", "plain"),
        ("from urllib import request", "network", "plain"),
        ("import urllib.request as r", "network", "plain"),
        ("import asyncio\nasyncio.open_connection('h', 1)", "network", "plain"),
        ("import subprocess", "processes", "plain"),
        ("import os\nos.system('ls')", "processes", "plain"),
        ("import os as o\no.system('ls')", "processes", "plain"),
        ("from os import system as s\ns('ls')", "processes", "plain"),
        ("from os import *\nsystem('ls')", "processes", "plain"),
        ("import os\nmine = os\nmine.system('ls')", "processes", "plain"),
        ("import os\nx = [os.popen]", "processes", "plain"),
        ("__import__('os').system('ls')", "processes", "plain"),
        ("import importlib\nimportlib.import_module('os').system('ls')", "processes", "plain"),
        ("import os\ngetattr(os, 'system')('ls')", "processes", "plain"),
        ("from concurrent.futures import ProcessPoolExecutor as P\nP()", "processes", "plain"),
        ("import ctypes", "native_code", "grave"),
        ("from cffi import FFI", "native_code", "grave"),
        ("import sys\nsys._getframe(1)", "introspection", "grave"),
        ("from inspect import currentframe as c\nc()", "introspection", "grave"),
        ("().__class__.__base__.__subclasses__()", "introspection", "grave"),
        ("def f(e): return e.f_back", "introspection", "grave"),
        ("import gc\ngc.get_objects()", "introspection", "grave"),
        ("f = lambda o: getattr(o, '__globals__')", "introspection", "plain"),
        ("eval('1')", "dynamic_code", "plain"),
        ("list(map(eval, ['1']))", "dynamic_code", "plain"),
        ("import builtins as b\nb.exec('x')", "dynamic_code", "plain"),
        ("import importlib\ndef f(n): return importlib.import_module(n)", "dynamic_code", "plain"),
        ("import os\ndef f(n): return getattr(os, n)", "dynamic_code", "plain"),
        ("import os\nvars(os)['sys' + 'tem']", "dynamic_code", "plain"),
        ("import os\nos.__dict__['sys' + 'tem']", "dynamic_code", "plain"),
        ("__builtins__['eval']", "dynamic_code", "grave"),
        ("import pickle\ndef f(b): return pickle.loads(b)", "deserialisation", "plain"),
        ("import yaml\ndef f(t): return yaml.load(t, Loader=yaml.Loader)", "deserialisation", "plain"),
        ("import marshal as m\nm.loads(b'')", "deserialisation", "plain"),
        ("import os\nos.environ['A'] = '1'", "environment", "plain"),
        ("import os\nos.environ.update(A='1')", "environment", "plain"),
        ("import os\nhome = os.environ.get('HOME')", "environment", "mild"),
        ("import sys\nsys.modules['os'] = None", "environment", "plain"),
        ("import json\njson.dumps = print", "environment", "plain"),
        ("from unittest import TestCase\nTestCase.assertEqual = print", "environment", "plain"),
        ("import os\nsetattr(os, 'getpid', print)", "environment", "plain"),
        ("def f(p): return open(p).read()", "files", "mild"),
        ("def f(p): return open(p, 'w')", "files", "plain"),
        ("def f(p, m): return open(p, m)", "files", "plain"),
        ("open('/var/data')", "files", "plain"),
        ("import pathlib\ndef f(p): pathlib.Path(p).write_text('')", "files", "plain"),
        ("import shutil\ndef f(p): shutil.rmtree(p)", "files", "plain"),
        ("place = '~/.ssh/id_rsa'", "files", "plain"),
    ],
)
def test_reaching_out_is_seen(source: str, capability: str, weight: str) -> None:
    """Imports, aliases, plain assignments, mentions and the usual detours are followed."""
    assert seen(source).get(capability) == weight


@pytest.mark.parametrize(
    "source",
    [
        "import re\nPATTERN = re.compile('x')",
        "class Runner:\n    def exec(self): ...\n    def eval(self): ...\nRunner().exec()\nRunner().eval()",
        "import json\njson.loads('1')",
        "import ast\nast.literal_eval('1')",
        "import os.path\nos.path.join('a', 'b')",
        "import os\nNAME = os.sep + os.linesep",
        "from urllib.parse import quote\nquote('a')",
        "import asyncio\nasync def f(): await asyncio.sleep(0)\nasyncio.run(f())",
        "import sys\ndef main(): sys.exit(0)",
        "import inspect\ndef f(g): return inspect.signature(g)",
        "import yaml\ndef f(t): return yaml.load(t, Loader=yaml.SafeLoader), yaml.safe_load(t)",
        "import pickle\ndef f(o): return pickle.loads(pickle.dumps(o))",
        "def f(open): return open(1)",
        "def f():\n    compile = len\n    return compile('x')",
        "def eval(x): return x\nprint(eval(1))",
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\na = A()\na.x = 2\ngetattr(a, 'x')",
        "from settings import config\ndef f(n): return getattr(config, n)",
        "import threading\nlock = threading.Lock()",
        "import decimal\ndecimal.getcontext().prec = 5",
        '"""Never use eval, os.system or /etc/passwd, nor __globals__."""',
    ],
)
def test_benign_look_alikes_are_left_alone(source: str) -> None:
    """Names that only look like the dangerous ones give nothing."""
    assert seen(source) == {}


@pytest.mark.parametrize(
    "source",
    [
        "def decoy(eval): pass\neval('1')",
        "def outer():\n    def decoy(eval): pass\n    return eval('1')",
        "def f(eval=eval('1')): return eval",
        "def f():\n    global eval\n    if 0: eval = None\n    return eval('1')",
        "eval('1')\ndef eval(x): return x",
        "def eval(x): return x\ndel eval\neval('1')",
        "if 0:\n    def eval(x): return x\neval('1')",
        "(lambda eval: 0)(1), eval('1')",
    ],
)
def test_a_decoy_does_not_hide_the_builtin(source: str) -> None:
    """Only a binding that certainly hides the builtin at that place counts."""
    assert seen(source).get("dynamic_code") == "plain"


def test_a_registry_of_own_classes_is_mild() -> None:
    """`__subclasses__` of the file's own class is a common pattern."""
    assert seen("class Plugin: ...\ndef all_of(): return Plugin.__subclasses__()") == {"introspection": "mild"}


def test_uses_carry_their_line_once() -> None:
    """A use is told once for its line, with the line's number."""
    uses = find_capabilities(ast.parse("import os\n\nos.environ['A'] = os.environ['B']\n"))
    assert [(use.line, use.name) for use in uses] == [(3, "os.environ")]


def test_uses_are_bounded() -> None:
    """A file of nothing but calls gives no more than the bound."""
    assert len(find_capabilities(ast.parse("eval('1')\n" * 1000))) == 200


LINES = st.lists(
    st.sampled_from(
        ["import os", "os.system('x')", "x = eval", "def f(open): return open", "open = 1", "from os import *"]
    ),
    max_size=6,
)


@given(LINES, LINES)
def test_more_lines_never_hide_an_import(before: list[str], after: list[str]) -> None:
    """What stands around it does not hide a plain import of a telling module."""
    assert "network" in seen("\n".join([*before, "import socket", *after]))
