"""What a module does when it is imported, beyond defining."""

import ast

import pytest

from genloom.tools.checks.reviewing.static.at_import import acts_at_import
from genloom.tools.checks.reviewing.static.capabilities import find_capabilities


def acts(source: str) -> list[tuple[int, str]]:
    tree = ast.parse(source)
    return list(acts_at_import(tree, {use.line for use in find_capabilities(tree)}))


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.write(1, b'x')\n",
        "import os\nX = dict(os.environ)\n",
        "print('hello')\n",
        "import os\ndef f():\n    os.write(1, b'x')\nf()\n",
        "import os\ndef f(x=os.getpid()):\n    return x\n",
        "import os\nclass A:\n    x = os.getpid()\n",
        "import os\nclass A:\n    def __init__(self):\n        os.write(1, b'x')\nB = A()\n",
        "import os\nclass A:\n    def go(self):\n        os.write(1, b'x')\nA().go()\n",
        "import os\nclass A:\n    def __init_subclass__(cls):\n        os.write(1, b'x')\nclass B(A):\n    pass\n",
        "import os\ndef mark(f):\n    os.write(1, b'x')\n    return f\n@mark\ndef g():\n    pass\n",
        "import os\nX = list(map(lambda n: os.write(1, n), [b'x']))\n",
        "import os\ndef f(n):\n    os.write(1, n)\nX = list(map(f, [b'x']))\n",
        "from pathlib import Path\nX = Path('/etc/passwd').read_text()\n",
        "import threading\nthreading.Thread(target=print).start()\n",
        "with open('/proc/1/environ') as f:\n    X = f\n",
        "X = bytearray(700 << 20)\n",
        "X = ().__class__.__base__.__subclasses__()\n",
        "__import__('os').write(1, b'x')\n",
        "import os\nif True:\n    try:\n        os.write(1, b'x')\n    finally:\n        pass\n",
        "import os\ndef f(x: os.getpid()):\n    return x\n",
        "import os\ndef f() -> os.getpid():\n    return 1\n",
        "import os\nclass M(type):\n    def __new__(m, *a):\n        os.write(1, b'x')\nclass A(metaclass=M):\n    pass\n",
        "import enum, os\nclass A(enum.Enum):\n    B = 1\n    def __init__(self, n):\n        os.write(1, b'x')\n",
        "import os\nclass A:\n    def keys(self):\n        os.write(1, b'x')\nX = {**A()}\n",
        "import os\nclass A:\n    @property\n    def a(s):\n        os.getpid()\nmatch A():\n    case A(a=1): ...\n",
        "import os\ndef f():\n    os.write(1, b'x')\nX = (g := f)()\n",
    ],
)
def test_what_acts_is_told(source: str) -> None:
    assert acts(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""A module."""\nimport re\nWORD = re.compile("[a-z]+")\nSMALL = frozenset("a an the".split())\n',
        "import os\ndef f():\n    os.write(1, b'x')\n",
        "import logging\nlog = logging.getLogger(__name__)\n",
        "import functools\n@functools.lru_cache(maxsize=None)\ndef f(n: int) -> int:\n    return n\n",
        "from dataclasses import dataclass, field\n@dataclass\nclass A:\n    x: list[int] = field(default_factory=list)\n",
        "def table():\n    return [n * n for n in range(256)]\nTABLE = table()\n",
        "from enum import Enum, auto\nclass Colour(Enum):\n    RED = auto()\n",
        "class E(ValueError):\n    def __init__(self, cycle):\n        super().__init__('cycle')\n",
        "if __name__ == '__main__':\n    print('hello')\n",
        "import os\nclass Base:\n    def save(self):\n        os.write(1, b'x')\nclass A(Base):\n    pass\n",
        "import string\nSHIFT = str.maketrans(string.digits, string.digits)\nNAMES = {}\nNAMES.update(a=1)\n",
    ],
)
def test_what_only_defines_is_left_alone(source: str) -> None:
    assert acts(source) == []
