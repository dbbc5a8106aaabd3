"""Records cannot be forged: whatever the draft does to its worker, junk is never a result."""

from __future__ import annotations

import pytest

from genloom.tools.sandbox import NoRecord, Raised, Returned, Sandbox

FORGERIES = {
    "writes records to every descriptor": """
import os
def f(x):
    for n in range(3, 40):
        try:
            os.write(n, b'["returned",42]\\n' + b'0' * 32 + b' ["returned",42]\\n')
        except OSError:
            pass
    return 0
""",
    "writes a record with the stolen nonce beside its own": """
import os, sys
def f(x):
    frame = sys._getframe()
    while frame:
        message = frame.f_locals.get('message')
        if message is not None:
            os.write(4, message.nonce + b' ["returned",41]\\n')
        frame = frame.f_back
    return 0
""",
    "leaves after half a record": """
import os
def f(x):
    os.write(4, b'0123')
    os._exit(0)
""",
    "leaves at once": """
import os
def f(x):
    os._exit(0)
""",
    "dies by a signal": """
import os
def f(x):
    os.kill(os.getpid(), 9)
""",
    "closes the pipe": """
import os
def f(x):
    os.close(4)
    return 0
""",
    "replaces the worker's own functions": """
import sys
def f(x):
    frame = sys._getframe()
    while frame:
        g = frame.f_globals
        if 'encode' in g:
            g['encode'] = lambda value: '42], ["returned",42'
        frame = frame.f_back
    return 0
""",
    "writes before any call is made": """
import os
os.write(4, b'\\n["loaded"]\\n' * 3)
def f(x): return 0
""",
    "floods the records": """
import os
def f(x):
    while True:
        os.write(4, b'x' * 65536)
""",
    "gives a value larger than the limit": """
def f(x):
    return 'x' * 3_000_000
""",
    "ends before the closing record": """
import os, threading, time
def f(x):
    if x == 2:
        threading.Thread(target=lambda: (time.sleep(0.02), os._exit(0))).start()
        time.sleep(0.001)
    return 0
def g():
    import time
    time.sleep(5)
""",
}


@pytest.mark.parametrize("source", FORGERIES.values(), ids=FORGERIES.keys())
def test_forged_record_is_no_result(sandbox: Sandbox, source: str) -> None:
    """A run whose records were tampered with has a call without a record, and nothing that the draft made up."""
    calls = ["f(1)", "f(2)", "g()" if "def g" in source else "f(3)"]
    report = sandbox.call({"draft.py": source}, "draft", calls)
    assert report.loading is not None or any(isinstance(result, NoRecord) for result in report.results), report
    assert not any(isinstance(result, Returned) and result.value in (41, 42) for result in report.results)
    assert not any(isinstance(result, Returned) and result.value == 0 for result in report.results[2:])


def test_forked_copy_of_the_worker_does_not_speak(sandbox: Sandbox) -> None:
    """A draft that forks and returns twice gives one record a call: the copy is silent and ends."""
    source = "import os\ndef f(x):\n    os.fork()\n    return x\n"
    report = sandbox.call({"draft.py": source}, "draft", ["f(1)", "f(2)"])
    assert report.results == (Returned(value=1), Returned(value=2))


def test_result_before_an_early_exit_is_kept_but_the_run_is_not_whole(sandbox: Sandbox) -> None:
    """A draft that leaves in its second call keeps its first result, and the rest has no record."""
    source = "import os\ndef f(x):\n    if x: os._exit(0)\n    return 5\n"
    report = sandbox.call({"draft.py": source}, "draft", ["f(0)", "f(1)", "f(0)"])
    assert report.results[0] == Returned(value=5)
    assert all(isinstance(result, NoRecord) for result in report.results[1:])


def test_draft_that_answers_for_the_worker_gains_nothing(sandbox: Sandbox) -> None:
    """Taking over the whole conversation gives just the values that the draft could have returned."""
    source = """
import os, re
def f(x):
    pending = b''
    import sys
    frame = sys._getframe()
    while 'message' not in frame.f_locals:
        frame = frame.f_back
    os.write(4, frame.f_locals['message'].nonce + b' ["returned",7]\\n')
    count = 1
    while True:
        nonce, length = os.read(3, 65536).split(b'\\n')[0].split(b' ')
        record = b'["returned",7]' if int(length) > 3 else b'["closed",%d]' % count
        count += 1
        os.write(4, nonce + b' ' + record + b'\\n')
        if b'closed' in record:
            os._exit(0)
"""
    report = sandbox.call({"draft.py": source}, "draft", ["f(1)", "f(2)"])
    assert [result for result in report.results if result != Returned(value=7)] == []


HOOKS = {
    "exit handler": "import atexit, os\natexit.register(lambda: os._exit(3))\n",
    "trace function": "import sys\nsys.settrace(lambda *a: None)\n",
    "audit hook": "import sys\nsys.addaudithook(lambda *a: None)\n",
    "replaced builtins": "import builtins\nbuiltins.isinstance = builtins.repr = builtins.type = None\n",
    "replaced output": "import sys\nsys.stdout = sys.stderr = None\n",
    "patched os": "import os\nos.write = os.read = os._exit = os.getpid = None\n",
    "thread left over": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n",
    "closed output": "import os\nos.close(1)\nos.close(2)\n",
}


@pytest.mark.parametrize("source", HOOKS.values(), ids=HOOKS.keys())
def test_draft_that_bends_the_interpreter_keeps_its_right_values(sandbox: Sandbox, source: str) -> None:
    """Strange but honest code is judged by what it returns: the worker took what it needs before."""
    report = sandbox.call({"draft.py": source + "def f(x): return [x]\n"}, "draft", ["f(1)", "f(2)"])
    assert report.results == (Returned(value=[1]), Returned(value=[2])), report
    assert report.ended == "normal"


def test_draft_that_replaces_builtins_in_a_call_keeps_its_right_values(sandbox: Sandbox) -> None:
    """Once the module is loaded the worker has what it needs; while it loads, Python's own import calls `len`."""
    source = (
        "import builtins\n"
        "def f(x):\n"
        "    builtins.isinstance = builtins.len = builtins.repr = builtins.type = None\n"
        "    return [x, {2.5: 'a'}]\n"
    )
    report = sandbox.call({"draft.py": source}, "draft", ["f(1)", "f(2)"])
    assert report.results == (Returned(value=[1, {2.5: "a"}]), Returned(value=[2, {2.5: "a"}])), report
    assert report.ended == "normal"


def test_exception_that_lies_about_its_class_is_named_truly(sandbox: Sandbox) -> None:
    """The names of an exception's classes come from its true type."""
    source = (
        "class Fake(Exception):\n"
        "    __class__ = property(lambda self: ValueError)\n"
        "    def __str__(self): raise SystemExit\n"
        "def f(): raise Fake\n"
    )
    (result,) = sandbox.call({"draft.py": source}, "draft", ["f()"]).results
    assert isinstance(result, Raised)
    assert result.types == ("Fake", "Exception", "BaseException", "object")
