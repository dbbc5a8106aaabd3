"""Calls: what loading a module and calling into it reports."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from genloom.errors import UsageError
from genloom.state import SandboxTier
from genloom.tools.sandbox import CallReport, Limits, NoRecord, Opaque, Raised, Returned, Sandbox


def values(report: CallReport) -> list[object]:
    return [result.value if isinstance(result, Returned) else result for result in report.results]


def test_calls_give_their_values_in_order(sandbox: Sandbox) -> None:
    """Each call's value comes back, and the report says how it was run."""
    source = "def double(x):\n    print('seen', x)\n    return x * 2\n"
    report = sandbox.call({"draft.py": source}, "draft", ["double(2)", "double('ab')", "[double(1.5)] * 2"])
    assert values(report) == [4, "abab", [3.0, 3.0]]
    assert (report.tier, report.ended, report.loading, report.not_run) == (sandbox.status().tier, "normal", None, "")
    assert report.stdout == "seen 2\nseen ab\nseen 1.5\n"
    assert "256 MiB" in report.limits


def test_call_sees_private_names_and_what_earlier_calls_changed(sandbox: Sandbox) -> None:
    """Every name of the module is there, and the module's state lives on from call to call."""
    source = (
        "_count = 0\ndef _next():\n    global _count\n    _count += 1\n    return _count\n"
        "class Stack(list):\n    def push(self, x):\n        self.append(x)\n        return self\n"
        "    @property\n    def size(self): return len(self)\n"
    )
    report = sandbox.call({"draft.py": source}, "draft", ["_next()", "_next()", "_count", "Stack().push(1).size"])
    assert values(report) == [1, 2, 2, 1]


def test_exception_comes_back_with_its_bases_and_line(sandbox: Sandbox) -> None:
    """A raising call reports the class with its bases, the message and the line in the draft."""
    source = (
        "class Odd(ValueError):\n    pass\n\ndef check(x):\n    if x % 2:\n"
        "        raise Odd(f'{x} is odd')\n    return int('x')\n"
    )
    report = sandbox.call({"draft.py": source}, "draft", ["check(3)", "check(2)", "missing()", "1 +"])
    odd, elsewhere, unknown, broken = report.results
    assert odd == Raised(
        types=("Odd", "ValueError", "Exception", "BaseException", "object"), message="3 is odd", line=6
    )
    assert isinstance(elsewhere, Raised)
    assert (elsewhere.types[0], elsewhere.line) == ("ValueError", 7)
    assert isinstance(unknown, Raised)
    assert (unknown.types[0], unknown.line) == ("NameError", 0)
    assert isinstance(broken, Raised)
    assert broken.types[0] == "SyntaxError"


def test_call_that_exits_is_a_raise_and_the_next_call_runs(sandbox: Sandbox) -> None:
    """`sys.exit` in a call is the exception it is; it does not end the run."""
    report = sandbox.call({"draft.py": "import sys\ndef leave(): sys.exit(0)\n"}, "draft", ["leave()", "1 + 1"])
    assert isinstance(report.results[0], Raised)
    assert report.results[0].types[0] == "SystemExit"
    assert report.results[1] == Returned(value=2)


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        ("x = 1\ny = (\n", "SyntaxError", 2),
        ("import no_such_package_anywhere\n", "ModuleNotFoundError", 1),
        ("\n\nraise RuntimeError('at import')\n", "RuntimeError", 3),
        ("import sys\nsys.exit('bye')\n", "SystemExit", 2),
        ("x = 1\0\n", "SyntaxError", 0),
    ],
)
def test_module_that_does_not_load_says_why(sandbox: Sandbox, source: str, kind: str, line: int) -> None:
    """What goes wrong while loading is reported apart from the calls, which then have no results."""
    report = sandbox.call({"draft.py": source}, "draft", ["f()"])
    assert isinstance(report.loading, Raised)
    kinds = {kind, "ValueError"} if "\0" in source else {kind}  # what Python 3.11 says of a null byte before 3.11.4
    assert kinds & set(report.loading.types)
    assert report.loading.line in (line, 0) if kind == "SyntaxError" else report.loading.line == line
    assert report.results == ()


def test_package_and_repository_can_be_imported(sandbox: Sandbox, open_folder: Path) -> None:
    """Files may form a package, and import what lies in the folders to import from, after themselves."""
    (open_folder / "lib.py").write_text("BASE = 10\n")
    (open_folder / "shadowed.py").write_text("WHO = 'repository'\n")
    other = Sandbox(import_from=[open_folder], tier=sandbox.status().tier)
    files = {
        "pack/__init__.py": "",
        "pack/part.py": "import lib, shadowed\ndef f(x): return lib.BASE + x, shadowed.WHO\n",
        "shadowed.py": "WHO = 'draft'\n",
    }
    assert values(other.call(files, "pack.part", ["f(1)"])) == [(11, "draft")]
    report = sandbox.call(files, "pack.part", ["f(1)"])
    assert isinstance(report.loading, Raised)
    assert "ModuleNotFoundError" in report.loading.types


def test_repository_closed_to_others_can_be_imported_read_only(tier: SandboxTier, tmp_path: Path) -> None:
    """A folder below closed ones, closed itself and with closed files, is importable and cannot be written."""
    closed = tmp_path / "outer" / "repository"
    (closed / "pack").mkdir(parents=True)
    (closed / "pack" / "__init__.py").write_text("X = 1\n")
    (closed / "secretive.py").write_text("Y = 2\n")
    (closed / "link.py").symlink_to("secretive.py")
    (closed / "secretive.py").chmod(0o600)
    for folder in (closed / "pack", closed, closed.parent):
        folder.chmod(0o700)
    source = "import pack, secretive, link\ndef f(): return pack.X, secretive.Y, link.Y\ndef w(p): open(p, 'w')\n"
    sandbox = Sandbox(import_from=[closed], tier=tier)
    if not sandbox.status().namespaces:
        pytest.skip(sandbox.status().reason)
    report = sandbox.call({"draft.py": source}, "draft", ["f()", f"w({str(closed / 'new.py')!r})"])
    assert report.results[0] == Returned(value=(1, 2, 2))
    assert isinstance(report.results[1], Raised)
    assert not (closed / "new.py").exists()


def test_repository_given_by_a_link_can_be_imported(tier: SandboxTier, tmp_path: Path, open_folder: Path) -> None:
    """A link to a repository below a closed folder is followed, and shows nothing else of that folder."""
    closed = tmp_path / "closed"
    (closed / "repository").mkdir(parents=True)
    (closed / "repository" / "lib.py").write_text("X = 1\n")
    (closed / "private").write_text("private")
    closed.chmod(0o700)
    (open_folder / "link").symlink_to(closed / "repository")
    sandbox = Sandbox(import_from=[open_folder / "link"], tier=tier)
    if not sandbox.status().namespaces:
        pytest.skip(sandbox.status().reason)
    source = f"import lib, os\ndef there(): return os.path.exists({str(closed / 'private')!r})\n"
    report = sandbox.call({"draft.py": source}, "draft", ["lib.X", "there()"])
    # with Landlock alone an ordinary user still sees that the file is there
    assert values(report) == [1, os.geteuid() != 0 and tier == "landlock"], report


def test_call_is_handed_over_only_when_its_turn_comes(sandbox: Sandbox) -> None:
    """While the module loads, and in an earlier call, nothing of a later call is in the process."""
    source = (
        "import gc, sys\n"
        "def seen(word):\n"
        "    return any(isinstance(o, (list, tuple, dict)) and word in repr(o) for o in gc.get_objects()\n"
        "        if type(o) is list and len(o) < 20)\n"
        "at_load = seen('later' + '_call')\n"
        "def later_call(): return 1\n"
    )
    report = sandbox.call({"draft.py": source}, "draft", ["at_load", "seen('surely_' + 'later')", "'surely_later'"])
    assert values(report) == [False, False, "surely_later"]


def test_value_of_no_plain_type_is_opaque(sandbox: Sandbox) -> None:
    """Objects come back as their type's name and a shortened text."""
    source = "class P:\n    def __repr__(self): return 'P' * 5000\n"
    (value,) = values(sandbox.call({"draft.py": source}, "draft", ["P()"]))
    assert isinstance(value, Opaque)
    assert value.type_name == "P"
    assert len(value.text) < 400


def test_file_outside_the_scratch_folder_cannot_be_named(sandbox: Sandbox) -> None:
    """Absolute names, names that climb and names with a NUL are refused before anything runs."""
    for name in ("/tmp/x.py", "../x.py", "a/../../x.py", "x\0.py", ""):
        with pytest.raises(UsageError):
            sandbox.call({name: ""}, "x", [])
    with pytest.raises(UsageError):
        sandbox.call({"x.py": ""}, "x", ["f()\0"])


def test_missing_folder_is_not_run(tmp_path: Path) -> None:
    """What cannot be run at all says why, and what to do."""
    report = Sandbox(import_from=[tmp_path / "none"]).call({"x.py": ""}, "x", ["1"])
    assert str(tmp_path / "none") in report.not_run
    assert report.hint
    assert report.results == ()
    assert report.not_run_cause == "no_sandbox"


def unusable(kind: str, folder: Path) -> Path:
    path = folder / "python"
    if kind == "a loop of links":
        path.symlink_to(path)
    elif kind == "no program":
        path.write_bytes(b"\0" * 64)
        path.chmod(0o755)
    elif kind == "another program":
        return Path("/bin/true")
    return path


@pytest.mark.parametrize("kind", ["missing", "a loop of links", "no program", "another program"])
def test_unusable_interpreter_is_told_from_a_missing_sandbox(tier: SandboxTier, open_folder: Path, kind: str) -> None:
    """Every report names the interpreter that cannot be used, and says what to do."""
    python = unusable(kind, open_folder)
    other = Sandbox(python=python, tier=tier)
    reports = (other.call({"x.py": ""}, "x", ["1"]), other.test({}, "def test(): pass\n"), other.run_program("1\n"))
    for report in reports:
        assert report.not_run_cause == "no_interpreter", report
        assert str(python) in report.not_run
        assert report.hint
    assert other.status().cause == "no_interpreter"
    assert Sandbox(tier=tier).status().cause == ""


def test_interpreter_that_goes_away_is_told(tier: SandboxTier, open_folder: Path) -> None:
    """What the self-test saw earlier is no reason to look for another cause."""
    link = open_folder / "python"
    link.symlink_to(Path(sys.executable).resolve())
    other = Sandbox(python=link, tier=tier)
    assert other.call({"x.py": ""}, "x", ["1"]).not_run_cause == ""
    link.unlink()
    assert other.call({"x.py": ""}, "x", ["1"]).not_run_cause == "no_interpreter"


async def test_limits_of_one_run_replace_the_sandboxs_own(sandbox: Sandbox) -> None:
    """A run with a shorter time of its own is stopped at that."""
    short = replace(sandbox.limits, wall_seconds=0.5)
    calls, tests = await asyncio.gather(
        sandbox.acall({"x.py": "import time\n"}, "x", ["time.sleep(60)"], limits=short),
        sandbox.atest({}, "import time\ndef test(): time.sleep(60)\n", limits=short),
    )
    assert (calls.ended, tests.ended) == ("timeout", "timeout")
    assert calls.limits == tests.limits == short.text


def test_script_in_an_interpreters_place_is_not_run(tmp_path: Path) -> None:
    """A shim that starts some interpreter is recognised, and never executed."""
    shim = tmp_path / "python"
    shim.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    shim.chmod(0o755)
    status = Sandbox(python=shim).status()
    assert status.tier is None
    assert status.cause == "no_interpreter"
    assert "script" in status.reason
    assert not (tmp_path / "ran").exists()


def test_large_files_and_odd_text_arrive_unchanged(sandbox: Sandbox) -> None:
    """Text of a megabyte, with line ends of every kind and characters beyond ASCII, is laid out as it is."""
    text = "é\r\n\t𝄞" * 100_000
    source = "def size(): return len(open('sub/data.txt', 'rb').read())\n"
    report = sandbox.call({"draft.py": source, "sub/data.txt": text}, "draft", ["size()"])
    assert values(report) == [len(text.encode())]


def test_more_files_than_the_scratch_folder_holds_are_not_run(sandbox: Sandbox) -> None:
    """Files beyond the limit are refused with a hint, not cut."""
    report = sandbox.call({"draft.py": "", "big.txt": "x" * (6 << 20)}, "draft", ["1"])
    assert "files" in report.not_run
    assert report.hint


async def test_calls_work_from_a_running_loop_and_many_at_once(sandbox: Sandbox) -> None:
    """Both faces work inside a loop, and runs side by side do not mix."""
    reports = await asyncio.gather(
        *(sandbox.acall({"draft.py": f"def f(): return {n}\n"}, "draft", ["f()"]) for n in range(6))
    )
    assert [values(report) for report in reports] == [[n] for n in range(6)]
    assert values(sandbox.call({"draft.py": "x = 1"}, "draft", ["x"])) == [1]


def test_no_calls_only_load_the_module(sandbox: Sandbox) -> None:
    """With nothing to call, the report still says whether the module loads."""
    assert sandbox.call({"draft.py": ""}, "draft", []).loading is None
    assert isinstance(sandbox.call({"draft.py": "import os\nos._exit(0)"}, "draft", []).loading, NoRecord)


def test_weak_sandbox_has_to_be_asked_for() -> None:
    """Resource limits alone are refused unless they are allowed, and then named in the report."""
    with pytest.raises(UsageError):
        Sandbox(tier="rlimits")
    weak = Sandbox(tier="rlimits", allow_weak=True, limits=Limits(wall_seconds=10))
    report = weak.call({"draft.py": "import os\n"}, "draft", ["os.getuid() == 0", "1"])
    assert (report.tier, values(report)) == ("rlimits", [False, 1])


def test_tier_that_is_not_of_this_system_is_not_run() -> None:
    """Asking for a tier that cannot be had here gives no run, and never a weaker one."""
    report = Sandbox(tier="seatbelt").call({"draft.py": ""}, "draft", ["1"])
    assert "seatbelt" in report.not_run
    assert report.tier is None
