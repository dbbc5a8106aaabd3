"""Negative controls in a real sandbox: reports that forged code gives, and honest tests of every shape."""

from __future__ import annotations

import pytest

from genloom.state import Failed, GenerationRequest, NotRun, Passed, module_draft
from genloom.tools.checks import verify_draft
from genloom.tools.sandbox import Limits, Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    made = Sandbox(limits=Limits(wall_seconds=20))
    status = made.status()
    if status.tier is None:
        pytest.skip(f"no sandbox here: {status.reason}")
    return made


async def verdict_on(sandbox: Sandbox, source: str, tests: str) -> Passed | Failed | NotRun:
    draft = module_draft(source, path="double.py", name="double", generator="model")
    return await verify_draft(draft, GenerationRequest(prompt="double it", name="double", tests=tests), sandbox)


GOOD = "def double(x):\n    return x + x\n"
TESTS = "from double import double\n\n\ndef test_it():\n    assert double(2) == 4\n    assert double(3) == 6\n"

FORGED = {
    "every item runs nothing": "import _pytest.python as p\np.Function.runtest = lambda self: None\n",
    "every report is turned": """
import _pytest.reports as r
made = r.TestReport.from_item_and_call.__func__
def kind(cls, item, call):
    call.excinfo = None
    return made(cls, item, call)
r.TestReport.from_item_and_call = classmethod(kind)
""",
    "a hook found among all objects": """
import gc, pytest
class Kind:
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        report.outcome, report.longrepr = 'passed', None
        return report
for found in gc.get_objects():
    if type(found).__name__ == 'PytestPluginManager':
        found.register(Kind())
""",
    "the reporter itself": """
import gc
for found in gc.get_objects():
    if type(found).__name__ == '_Reporter':
        record = found.tell
        found.tell = lambda name, result, detail: record(name, 'passed', '')
""",
    "records written by hand": """
import gc, json, os
for found in gc.get_objects():
    if type(found).__name__ == '_Reporter':
        nonce = found._nonce
        for record in (['collected', 1], ['test', 'x.py::test_it', 'passed', ''], ['closed', 0, 1]):
            os.write(4, nonce + b' ' + json.dumps(record, separators=(',', ':')).encode() + b'\\n')
        os._exit(0)
""",
    "assertions that raise something else": """
import builtins, _pytest.runner as r
class Mild(Exception): pass
builtins.AssertionError = Mild
called = r.CallInfo.from_call.__func__
def mild(cls, func, when, reraise=None):
    def quiet():
        try:
            return func()
        except Mild:
            return None
    return called(cls, quiet, when, reraise)
r.CallInfo.from_call = classmethod(mild)
""",
}

LYING = {
    "equal to everything": "class Yes:\n    def __eq__(self, other): return True\ndef double(x): return Yes()\n",
    "equal to one thing of two": (
        "class Yes(int):\n    def __eq__(self, other): return True\ndef double(x): return x + x if x == 2 else Yes()\n"
    ),
    "reads what is expected": """
import sys, linecache, re
def double(x):
    frame = sys._getframe(1)
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    return int(re.search(r'== (-?\\d+)', line)[1])
""",
}


@pytest.mark.parametrize("forgery", FORGED.values(), ids=FORGED.keys())
async def test_code_that_forges_its_test_report_does_not_pass(sandbox: Sandbox, forgery: str) -> None:
    """A report turned to passed is turned for the wrong expectation too."""
    bare = sandbox.test({"double.py": forgery + "def double(x): return 0\n"}, TESTS)
    assert [case.result for case in bare.cases if bare.complete] == ["passed"], "the forgery itself is to work"
    verdict = await verdict_on(sandbox, forgery + "def double(x): return 0\n", TESTS)
    assert not isinstance(verdict, Passed)


@pytest.mark.parametrize("source", LYING.values(), ids=LYING.keys())
async def test_values_that_agree_with_every_expectation_fail(sandbox: Sandbox, source: str) -> None:
    """An object equal to all, for one of several assertions too, and code that reads the expectation."""
    verdict = await verdict_on(sandbox, source, TESTS)
    assert isinstance(verdict, Failed)
    assert "its control passed" in verdict.reason


async def test_honest_code_passes_and_says_that_it_was_controlled(sandbox: Sandbox) -> None:
    """The detail names the controls that failed as they must; a wrong draft fails by its own test."""
    verdict = await verdict_on(sandbox, GOOD, TESTS)
    assert isinstance(verdict, Passed)
    assert verdict.evidence == "test_report"
    assert verdict.checks[-1].detail == (
        "controlled: it fails with a wrong expectation (2 runs), and with a stub in the code's place"
    )
    wrong = await verdict_on(sandbox, "def double(x):\n    return x * x\n", TESTS)
    assert isinstance(wrong, Failed)
    assert "assert 9 == 6" in wrong.reason


BENIGN = """
import math
import unittest
import pytest
import double as module
from double import double, Pair, LIMIT

CASES = [(1, 2), (5, 10)]

@pytest.fixture
def four():
    return double(2)

def test_fixture(four, tmp_path):
    (tmp_path / 'x').write_text('x')
    assert four == 4
    assert (tmp_path / 'x').exists()

def test_only_by_fixture(four):
    pass

@pytest.mark.parametrize(('x', 'y'), [(1, 2), (None, None), ('a', 'aa')])
def test_branches(x, y):
    if x is None:
        with pytest.raises(TypeError):
            double(x)
        return
    assert double(x) == y, f'of {x}'

@pytest.mark.parametrize('x', [1, 2.5, [1]])
def test_many(x):
    assert double(x) == x + x
    assert not double(x) != (x + x)
    assert double(x) is not None and double(x) == (
        x  # a comment
        + x
    )

def test_raises():
    with pytest.raises(TypeError, match='.'):
        double(None)

def test_loops():
    for x, y in CASES:
        assert double(x) == y
    for nothing in double([]):
        assert False, 'there is nothing'
    for nothing in double([]):
        assert nothing == 1

def test_helper():
    check(3, 6)

def check(x, y):
    assert double(x) == y

def test_floats_and_text():
    assert double(0.1) == pytest.approx(0.2)
    assert math.isclose(double(0.1), 0.2)
    assert 5 == pytest.approx(double(2.4), abs=1)
    assert 'b' in double('äb') and 'c' not in double('äb')
    assert double(2) < 5 <= double(3)
    assert double(3) > 5
    assert isinstance(double('ü'), str)

class TestPair:
    def setup_method(self):
        self.pair = Pair(1, 2)
    def test_sum(self):
        assert self.pair.sum() == 3
    @pytest.mark.parametrize('n', [1, 2])
    def test_attributes(self, n):
        assert Pair(n, n).left == n
        assert (value := Pair(n, n)).right == n

class Old(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(double(2), 4)
        self.assertTrue(double(2))
        self.assertFalse(double(0))

def test_constant_and_module():
    assert LIMIT == 10
    assert module.double(2) == 4

def test_of_nothing():
    assert 1 + 1 == 2

def test_handled():
    try:
        double(None)
    except TypeError as error:
        assert str(error)
    else:
        assert False
    double(1)

def test_state(capsys, monkeypatch):
    monkeypatch.setattr(module, 'LIMIT', 3)
    assert module.LIMIT == 3
    print('said')
    assert capsys.readouterr().out == 'said\\n'

def test_shadowed():
    double = lambda x: x
    assert double(1) == 1
"""

BENIGN_DRAFT = (
    GOOD
    + """
LIMIT = 10

class Pair:
    def __init__(self, left, right):
        self.left, self.right = left, right
    def sum(self):
        return self.left + self.right
"""
)


SOMETIMES = {"test_branches[1-2]", "test_branches[None-None]", "test_branches[a-aa]"}
"""Their one assertion stands after a branch that may leave: a control that passes is no alarm."""


@pytest.mark.slow
async def test_honest_tests_of_every_shape_give_no_alarm(sandbox: Sandbox) -> None:
    """Fixtures, parameters, classes, branches, loops, helpers: all pass, and those without an assertion of their own say
    that they are uncontrolled."""
    for _ in range(3):  # what is put wrong is drawn anew each time
        verdict = await verdict_on(sandbox, BENIGN_DRAFT, BENIGN)
        assert isinstance(verdict, Passed), verdict.reason
        tests = [check for check in verdict.checks if check.source == "test"]
        uncontrolled = {check.check for check in tests if check.detail.startswith("uncontrolled")}
        assert uncontrolled - SOMETIMES == {"test_only_by_fixture", "test_raises", "test_helper"}


async def test_tests_that_cannot_fail_prove_nothing(sandbox: Sandbox) -> None:
    """A test that calls the code and passes with a stub in its place is told apart from one that checks it."""
    tests = "from double import double\ndef test_it():\n    for _ in range(0):\n        assert double(2) == 4\n"
    verdict = await verdict_on(sandbox, GOOD, tests)
    assert isinstance(verdict, Failed)
    assert "cannot tell right from wrong" in verdict.reason


async def test_code_that_no_test_uses_is_not_blamed(sandbox: Sandbox) -> None:
    """A test that asserts nothing and calls nothing passes as uncontrolled."""
    verdict = await verdict_on(sandbox, GOOD, "def test_it():\n    pass\n")
    assert isinstance(verdict, Passed)
    assert verdict.checks[-1].detail.startswith("uncontrolled")
