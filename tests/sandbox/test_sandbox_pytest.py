"""Test files: what pytest reports from inside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from genloom.tools.sandbox import Sandbox, TestReport

DRAFT = {"draft.py": "def double(x):\n    return x * 2\n"}


def results(report: TestReport) -> dict[str, str]:
    return {case.name.split("::", 1)[-1]: case.result for case in report.cases}


def test_each_test_is_reported_with_its_result(sandbox: Sandbox) -> None:
    """Every kind of result is told apart, with the detail of what failed."""
    tests = """
import pytest
from draft import double
def test_right(): assert double(2) == 4
def test_wrong(): assert double(2) == 5
def test_raises():
    with pytest.raises(TypeError): double(None)
@pytest.mark.skip(reason='later')
def test_skipped(): pass
@pytest.mark.xfail
def test_known(): assert double(1) == 3
@pytest.mark.xfail
def test_surprise(): assert double(1) == 2
@pytest.mark.parametrize('x', [1, 2])
def test_each(x): assert double(x) == x + x
@pytest.fixture
def broken(): raise RuntimeError('no')
def test_fixture(broken): pass
@pytest.fixture
def leaky():
    yield
    raise RuntimeError('late')
def test_teardown(leaky): pass
class TestGroup:
    def test_method(self, tmp_path): (tmp_path / 'x').write_text('x')
"""
    report = sandbox.test(DRAFT, tests)
    assert results(report) == {
        "test_right": "passed",
        "test_wrong": "failed",
        "test_raises": "passed",
        "test_skipped": "skipped",
        "test_known": "xfailed",
        "test_surprise": "xpassed",
        "test_each[1]": "passed",
        "test_each[2]": "passed",
        "test_fixture": "error",
        "test_teardown": "error",
        "TestGroup::test_method": "passed",
    }
    details = {case.name.split("::")[-1]: case.detail for case in report.cases}
    assert "assert 4 == 5" in details["test_wrong"]
    assert report.complete
    assert report.not_run == ""


def test_a_long_report_keeps_the_error_at_its_end(sandbox: Sandbox) -> None:
    """The traceback through a library's long function begins far above what went wrong."""
    body = "".join(f"    # line {number} of a function that is shown whole\n" for number in range(300))
    draft = f"def double(x):\n    y = x\n{body}    raise OSError('the very end')\n"
    report = sandbox.test({"draft.py": draft}, "from draft import double\ndef test_a(): double(1)\n")
    assert "E       OSError: the very end" in report.cases[0].detail


def test_file_that_cannot_be_collected_is_an_error(sandbox: Sandbox) -> None:
    """A test file that does not import is one error, and nothing passes."""
    report = sandbox.test(DRAFT, "import draft\nfrom draft import missing\ndef test_a(): pass\n")
    assert [case.result for case in report.cases] == ["error"]
    assert "missing" in report.cases[0].detail


def test_file_without_tests_is_complete_and_empty(sandbox: Sandbox) -> None:
    """No tests is a report of no cases."""
    report = sandbox.test(DRAFT, "import draft\n")
    assert report.cases == ()
    assert report.complete


@pytest.mark.parametrize(
    "draft",
    [
        "import os\nos._exit(0)\n",
        "import sys, os\ndef double(x): os._exit(0)\n",
        "import os\ndef double(x): os.kill(os.getpid(), 9)\n",
        "import atexit, os\ndef double(x):\n    os.close(4)\n    return 4\n",
        "import os\nos.write(4, b'x [\"closed\",0,1]\\n')\ndef double(x): return 4\n",
    ],
)
def test_session_that_ends_early_or_is_forged_is_not_complete(sandbox: Sandbox, draft: str) -> None:
    """A draft that leaves, dies or writes on the pipe during the session never gives a complete report."""
    report = sandbox.test({"draft.py": draft}, "from draft import double\ndef test_a(): assert double(2) == 4\n")
    assert not report.complete


def test_exit_in_a_test_is_not_a_pass(sandbox: Sandbox) -> None:
    """`sys.exit` in a test fails that test or ends the session; it passes nothing."""
    report = sandbox.test(
        {"draft.py": "import sys\ndef double(x): sys.exit(0)\n"}, "from draft import double\ndef test_a(): double(1)\n"
    )
    assert "passed" not in results(report).values()


def test_conftest_that_the_draft_writes_is_not_loaded(sandbox: Sandbox) -> None:
    """Only a conftest.py of the caller's own takes part."""
    hook = (
        "import pytest\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
        "    out = yield\n    out.get_result().outcome = 'passed'\n"
    )
    draft = (
        f"open('conftest.py', 'w').write({hook!r})\n"
        "open('pytest.ini', 'w').write('[pytest]\\naddopts = -k nothing')\ndef double(x): return 0\n"
    )
    report = sandbox.test({"draft.py": draft}, "from draft import double\ndef test_a(): assert double(2) == 4\n")
    assert results(report) == {"test_a": "failed"}
    own = {"conftest.py": "import pytest\n@pytest.fixture\ndef four(): return 4\n", **DRAFT}
    report = sandbox.test(own, "from draft import double\ndef test_a(four): assert double(2) == four\n")
    assert results(report) == {"test_a": "passed"}


@pytest.mark.slow
def test_endless_test_is_a_timeout(sandbox: Sandbox) -> None:
    """Tests that never end are stopped; what was reported before stays, and the report is not complete."""
    short = replace(sandbox.limits, cpu_seconds=3, wall_seconds=100)  # a busy machine takes long to come to the tests
    report = sandbox.test(DRAFT, "def test_a(): pass\ndef test_b():\n    while True: pass\n", limits=short)
    assert (report.ended, report.complete) == ("timeout", False)
    assert results(report) == {"test_a": "passed"}


def test_name_of_the_test_file_gives_way_to_the_caller_s(sandbox: Sandbox) -> None:
    """A file of the caller's with the name that the tests would get is left alone."""
    files = {**DRAFT, "test_genloom_checks.py": "def test_other(): assert False\n"}
    assert results(sandbox.test(files, "def test_a(): pass\n")) == {"test_a": "passed"}


def test_name_of_the_test_file_is_new_in_each_run_and_shown_as_one(sandbox: Sandbox) -> None:
    """Code cannot tell runs apart by the file's name, and reports of the same failure read the same."""
    tests = """import hashlib, os
def test_a(): assert hashlib.md5(os.path.basename(__file__).encode()).hexdigest() == ''
"""
    found = [sandbox.test(DRAFT, tests).cases[0] for _ in range(2)]
    assert {case.name for case in found} == {"test_genloom_checks.py::test_a"}
    assert all("test_genloom_checks.py:2: AssertionError" in case.detail for case in found)
    assert found[0].detail != found[1].detail, "the hash of the name that code sees"
