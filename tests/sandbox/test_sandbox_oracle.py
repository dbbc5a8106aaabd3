"""The cold way is the oracle: a run that a warm server made cannot be told from one that was started for itself."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genloom.tools.sandbox import CallReport, Limits, Returned, Sandbox
from genloom.tools.sandbox.warm.warm_pool import stop_servers

LIMITS = Limits(
    wall_seconds=10, cpu_seconds=10, memory_megabytes=256, processes=24, file_megabytes=4, output_kilobytes=64
)


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Sandbox, Sandbox]]:
    """The same sandbox twice: warm, and cold."""
    warm, cold = (Sandbox(limits=LIMITS, warm=each) for each in (True, False))
    if warm.status().tier != "bubblewrap":
        pytest.skip(f"no warm starts here: {warm.status().reason}")
    warm.run_program("")  # programs are run warm from the second on
    yield warm, cold
    stop_servers()


def told_apart(report: CallReport) -> CallReport:
    """A report without what differs between any two runs: times, the scratch folder's name, and root's runs' users."""
    return replace(report, seconds=0.0)


STATE = """
import sys
at_start = sorted(sys.modules)
order = list(sys.modules)
flags, path, argv = repr(sys.flags), list(sys.path), list(sys.argv)
original = list(getattr(sys, 'orig_argv', ()))
meta, hooks = [repr(type(f)) for f in sys.meta_path], len(sys.path_hooks)
depth = 0
frame = sys._getframe()
while frame: depth, frame = depth + 1, frame.f_back
main = sorted(name for name in sys.modules['__main__'].__dict__)
import os, signal, resource, threading, gc
def clean(value):
    return repr(value).replace(os.getcwd(), 'SCRATCH').replace(str(os.getuid()), 'USER')
def state():
    return dict(
        modules=at_start, order=order, flags=flags, path=clean(path), argv=clean(argv), original=clean(original),
        meta=meta, hooks=hooks, depth=depth, recursion=sys.getrecursionlimit(), main=main,
        environment=clean(dict(os.environ)), inherited=clean(sorted(os.environb.items())),
        pids=(os.getpid(), os.getppid(), os.getsid(0), os.getpgrp()),
        umask=os.umask(0o022), ids=clean((os.getuid(), os.geteuid(), os.getgid(), os.getegid())), groups=os.getgroups(),
        limits={n: resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith('RLIMIT_')},
        signals=[repr(signal.getsignal(n)) for n in signal.valid_signals()], mask=repr(signal.pthread_sigmask(0, [])),
        threads=[t.name for t in threading.enumerate()], nice=os.nice(0), affinity=sorted(os.sched_getaffinity(0)),
        hashes=(hash('a'), hash(b'b')), frozen=gc.get_freeze_count(), gc=(gc.isenabled(), gc.get_threshold()),
        tty=[os.isatty(n) for n in range(3)], buffered=[(s.encoding, s.errors, s.line_buffering) for s in
        (sys.stdin, sys.stdout, sys.stderr)],
    )
def descriptors():
    found = []
    for n in range(256):
        try: mode = os.fstat(n).st_mode
        except OSError: continue
        found.append((n, oct(mode), os.get_inheritable(n)))
    return found
def capabilities():
    import ctypes, struct
    data = ctypes.create_string_buffer(24)
    ctypes.CDLL(None).capget(struct.pack('=Ii', 0x20080522, 0), data)
    bounding = [ctypes.CDLL(None).prctl(24, n, 0, 0, 0) for n in range(41)]
    return data.raw, ctypes.CDLL(None).prctl(39, 0, 0, 0, 0), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), bounding
def files():
    return sorted(os.listdir('.')), oct(os.stat('.').st_mode), os.statvfs('.').f_blocks, os.statvfs('.').f_files
def sees():
    seen = {}
    for path in ('/', '/tmp', '/proc', '/dev', '/dev/shm', '/sys', '/etc', '/root', '/home', '/run', '/var'):
        try: seen[path] = len(os.listdir(path))
        except OSError as error: seen[path] = type(error).__name__
    return seen
"""


def test_interpreter_and_process_are_in_the_state_of_a_fresh_start(pair: tuple[Sandbox, Sandbox]) -> None:
    """Modules, paths, arguments, environment, identities, limits, signals, threads, descriptors and rights are equal."""
    calls = ["state()", "descriptors()", "capabilities()", "files()", "sees()"]
    warm, cold = (each.call({"draft.py": STATE}, "draft", calls) for each in pair)
    for ours, theirs in zip(warm.results, cold.results, strict=True):
        assert isinstance(theirs, Returned), theirs
        assert isinstance(ours, Returned), ours
        if isinstance(theirs.value, dict):
            assert {n: v for n, v in ours.value.items() if v != theirs.value[n]} == {}
        assert repr(ours) == repr(theirs)
    assert (warm.ended, warm.stdout, warm.stderr) == (cold.ended, cold.stdout, cold.stderr)


PROGRAMS = [
    "print('out'); import sys; print('err', file=sys.stderr)",
    "import sys; sys.exit(3)",
    "import os; os._exit(4)",
    "raise ValueError('no')",
    "def f(n): return f(n + 1)\nf(0)",
    "n = 0\ndef f():\n    global n\n    n += 1\n    f()\ntry: f()\nexcept RecursionError: print(n)",
    "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
    "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "import atexit; atexit.register(print, 'bye')",
    "import sys; print(sys.stdin.read())",
    "import sys; print(sorted(sys.modules), len(sys.modules))",
    "print(input() + input())",
    "import threading; t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()",
    "import subprocess, sys; print(subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True))",
    "import ctypes, socket, select, struct, fcntl, resource, marshal, time; print(ctypes.sizeof(ctypes.c_long))",
    "import os\nif os.fork() == 0:\n    print('child'); raise SystemExit\nos.wait(); print('parent')",
    "import os; print(os.listdir('.'), open('genloom_program.py').read()[:9])",
    "open('big', 'wb').write(b'x' * (9 << 20))",
    "x = bytearray(900 << 20)",
    "import os, time\nn = 0\ntry:\n    while os.fork(): n += 1\n    time.sleep(9)\nexcept OSError: print(n)",
    "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_utime < 1)",
    "print('x' * 100_000)",
    "import os; os.close(1); os.close(2)",
    "import os; os.setsid()",
    "import os, sys; sys.stdout.write('no newline'); os.write(1, b'first')",
    "import random, tempfile, uuid; random.random(); tempfile.mkdtemp(); uuid.uuid4(); print('ok')",
    "import __main__; print(sorted(vars(__main__)), __file__[-18:], __name__)",
    "import warnings; warnings.warn('careful')",
    "import faulthandler; faulthandler.enable(); import ctypes; ctypes.string_at(0)",
    "1 +",
    "import missing_package",
]


def one_in_four_is_quick(programs: list[str]) -> list[Any]:
    """Return the programs as parameters: the quick suite has every fourth, the slow one the others."""
    return [pytest.param(each, marks=pytest.mark.slow if place % 4 else ()) for place, each in enumerate(programs)]


def observed(sandbox: Sandbox, source: str) -> tuple[object, ...]:
    report = sandbox.run_program(source, stdin=b"one\ntwo\n")
    scratch = re.compile(r"/tmp/genloom-[0-9a-f]+")
    return (
        report.ended,
        report.exit_code,
        report.not_run,
        scratch.sub("SCRATCH", report.stdout),
        re.sub(r"0x[0-9a-f]+", "ADDRESS", scratch.sub("SCRATCH", report.stderr)),
    )


@pytest.mark.parametrize("source", one_in_four_is_quick(PROGRAMS))
def test_program_runs_the_same(pair: tuple[Sandbox, Sandbox], source: str) -> None:
    """Output, errors with their tracebacks, and the end of a program are equal."""
    warm, cold = pair
    assert observed(warm, source) == observed(cold, source)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.lists(VALUES, max_size=4), raises=st.sampled_from(["", "KeyError('k')", "SystemExit(1)", "1 / 0"]))
def test_generated_calls_give_equal_reports(pair: tuple[Sandbox, Sandbox], values: list[object], raises: str) -> None:
    """Whatever values go through, and whatever is raised between, both ways report the same."""
    source = "nan, inf = float('nan'), float('inf')\ndef same(x): return x\nclass K: pass\n"
    calls = [f"same({value!r})" for value in values] + (
        [f"(_ for _ in ()).throw({raises})"] if raises[:1] > "A" else []
    )
    calls += [raises, "K()", "set('abcdef')"] if raises == "1 / 0" else ["set('abcdef')"]
    warm, cold = (each.call({"draft.py": source}, "draft", calls) for each in pair)
    hide = re.compile(r"0x[0-9a-f]{6,}")
    assert hide.sub("", repr(told_apart(warm))) == hide.sub("", repr(told_apart(cold)))


TESTS = """
import os, sys, pytest
from draft import f
def test_modules(): print(sorted(sys.modules)); assert 0
def test_passes(tmp_path, capsys, monkeypatch): assert f(1) == 1
def test_fails(): assert f([1, 2]) == [1, 3]
def test_raises():
    with pytest.raises(ZeroDivisionError): f(1) / 0
@pytest.mark.parametrize('n', [1, 2, 3])
def test_many(n): assert f(n) < 3
def test_warns():
    with pytest.warns(UserWarning): pass
@pytest.fixture
def broken(): raise OSError('x')
def test_error(broken): pass
@pytest.mark.skip
def test_skipped(): pass
@pytest.mark.xfail
def test_expected(): assert 0
def test_depth():
    depth, frame = 0, sys._getframe()
    while frame: depth, frame = depth + 1, frame.f_back
    assert depth == 0
def test_finders(): assert [type(f).__name__ for f in sys.meta_path] == []
"""


def hidden(text: str) -> str:
    return re.sub(r"0x[0-9a-f]+|test_[0-9a-f]{16}|/tmp/genloom-[0-9a-f]+|\d+\.\d+s|pytest-of-\w+", "", text)


def test_pytest_reports_the_same(pair: tuple[Sandbox, Sandbox]) -> None:
    """A server with pytest loaded ahead gives the reports, messages and modules of a fresh start."""
    warm, cold = (each.test({"draft.py": "def f(x): return x\n"}, TESTS) for each in pair)
    assert [(case.name, case.result) for case in warm.cases] == [(case.name, case.result) for case in cold.cases]
    assert [hidden(case.detail) for case in warm.cases] == [hidden(case.detail) for case in cold.cases]
    assert hidden(warm.stdout) == hidden(cold.stdout)
    assert (warm.complete, warm.ended) == (cold.complete, cold.ended) == (True, "normal")


@pytest.mark.parametrize(
    "name",
    [
        "pytest",
        "json",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("queue", "calendar", "values", "argparse")),
    ],
)
def test_draft_named_like_a_module_that_pytest_loads_is_imported_as_in_a_fresh_start(
    pair: tuple[Sandbox, Sandbox], name: str
) -> None:
    """What was loaded ahead never stands in for a file of the run."""
    tests = f"import {name}\ndef test_own(): assert {name}.OWN == 1\n"
    warm, cold = (each.test({f"{name}.py": "OWN = 1\n"}, tests) for each in pair)
    assert [(case.name, case.result) for case in warm.cases] == [(case.name, case.result) for case in cold.cases]
    assert (warm.complete, warm.ended, warm.not_run_cause) == (cold.complete, cold.ended, cold.not_run_cause)


def test_refusals_are_the_same(pair: tuple[Sandbox, Sandbox]) -> None:
    """A run that cannot be set up is refused with the same stage and reason."""
    for files in ({"a/b": "x", "a": "y"}, {"x" * 300: ""}, {"big": "x" * (9 << 20)}):
        warm, cold = (each.call({**files, "draft.py": ""}, "draft", ["1"]) for each in pair)
        assert warm.not_run == cold.not_run
        assert warm.hint == cold.hint
        assert warm.not_run != "" or sys.platform != "linux"
