"""`genloom review` and `genloom verify` alone on files: house rules, SARIF, progress, and files that are none."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from genloom_program import Program, command, environment
from pseudo_terminal import PseudoTerminal

SCHEMA = json.loads((Path(__file__).parents[1] / "checks" / "sarif" / "sarif-schema-2.1.0.json").read_text())
USES_NET = "import socket\n\nS = socket.socket()\n"


def rules(done: Any) -> set[str]:
    return {finding["rule"] for finding in done.json["findings"]}


def test_house_rules_are_named_or_lie_in_the_repository(program: Program) -> None:
    """A file that `--policy` names may loosen, the repository's own only tightens and is told so."""
    (program.folder / "net.py").write_text(USES_NET)
    assert program("review", "net.py").code == 1
    house = program.folder / ".genloom" / "policy.toml"
    house.parent.mkdir()
    house.write_text('granted = ["network"]\nforbidden_imports = ["socket"]\n')
    done = program("review", "net.py", "--json")
    assert done.code == 1
    assert rules(done) == {"capability:network", "import"}
    assert "cannot loosen the review (granted)" in done.err
    named = program("review", "net.py", "--json", "--policy", str(house))
    assert {f["rule"]: f["severity"] for f in named.json["findings"]} == {
        "capability:network": "note",
        "import": "error",
    }
    assert named.err == ""


@pytest.mark.parametrize("arguments", [("review", "net.py"), ("generate", "Double a number", "-e", "double(2) == 4")])
def test_house_rules_that_cannot_be_used_exit_with_2(program: Program, arguments: tuple[str, ...]) -> None:
    """The message names the file and the key; nothing runs."""
    (program.folder / "net.py").write_text(USES_NET)
    (program.folder / "house.toml").write_text("max_line = 3\n")
    done = program(*arguments, "--policy", "house.toml")
    assert (done.code, done.out) == (2, "")
    assert "house.toml" in done.err
    assert "`max_line` is no key of a policy" in done.err
    assert program(*arguments, "--policy", "missing.toml").code == 2


def test_house_rules_of_a_repository_hold_when_code_is_made(program: Program, repository: Path) -> None:
    """Broken ones end the command before anything runs; good ones reach the review, and belong to the answer's key."""
    (repository / ".genloom").mkdir()
    (repository / ".genloom" / "policy.toml").write_text("max_line = 3\n")
    asked = ("generate", "Double a number", "-e", "double(2) == 4", "-e", "double(0) == 0", "-e", "double(-3) == -6")
    done = program(*asked, "--repo", str(repository), "--json")
    assert (done.code, done.json["outcome"]) == (2, "error")
    assert "`max_line` is no key" in done.json["reason"]


@pytest.mark.slow
def test_a_policy_decides_over_what_is_generated_and_kept(program: Program) -> None:
    """The same request passes without it, fails under it, and is not answered from the cache of the other."""
    asked = ("generate", "Double a number", "-e", "double(2) == 4", "-e", "double(0) == 0", "-e", "double(-3) == -6")
    (program.folder / "house.toml").write_text("max_bytes = 10\n")
    assert program(*asked, "--json").json["outcome"] == "passed"
    assert program(*asked, "--json").json["cached"] is True
    strict = program(*asked, "--json", "--policy", "house.toml")
    assert (strict.json["outcome"], strict.json["cached"]) == ("failed", False)
    assert {f["rule"] for f in strict.json["review"]["findings"]} >= {"size"}
    assert program(*asked, "--json").json["cached"] is True


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("review", "net.py"), 1),
        (("review", "good.py"), 0),
        (("review", "broken.py"), 1),
        (("verify", "good.py", "-e", "add(1, 2) == 3"), 0),
        (("verify", "good.py", "-e", "add(1, 2) == 4"), 1),
        (("verify", "good.py"), 1),
        (("verify", "broken.py", "-e", "add(1, 2) == 4"), 1),
    ],
)
def test_sarif_is_one_valid_object(program: Program, arguments: tuple[str, ...], code: int) -> None:
    """By the official schema; where something is wrong there is a result with a place and a fingerprint."""
    (program.folder / "net.py").write_text(USES_NET)
    (program.folder / "good.py").write_text("# one\ndef add(a, b):\n    return a + b\n")
    (program.folder / "broken.py").write_text("def add(:\n")
    done = program(*arguments, "--sarif")
    assert done.code == code
    jsonschema.Draft4Validator(SCHEMA).validate(done.json)
    results = done.json["runs"][0]["results"]
    assert bool(results) is (code == 1)
    for result in results:
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == arguments[1]
        assert result["partialFingerprints"]
    if arguments[-1] == "add(1, 2) == 4" and arguments[1] == "good.py":
        assert results[0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 2}


NO_PYTHON: dict[str, bytes] = {
    "javascript": b"let x = 1;\n",
    "latin-1": b"x = '\xe4'\n",
    "latin-1 with its cookie": b"# coding: latin-1\nx = '\xe4'\n",
    "utf-16": "x = 'ä'\n".encode("utf-16"),
    "utf-16 without a mark": "x = 1\n".encode("utf-16-le"),
    "an unknown cookie": b"# coding: klingon\nx = 1\n",
    "10 MB": b"# " + b"x" * 10_000_000 + b"\n",
    "10 MB of code": b"x = 1\n" * 1_700_000,
    "NUL": b"x = 1\n\0\n",
    "parentheses": b"x = " + b"(" * 10_000 + b")" * 10_000 + b"\n",
    "brackets that stay open": b"x = " + b"[" * 10_000,
    "a long chain of attributes": b"x = a" + b".b" * 100_000 + b"\n",
    "a long chain of calls": b"x = a" + b"()" * 50_000 + b"\n",
    "a long sum": b"x = " + b"1+" * 100_000 + b"1\n",
    "many signs": b"x = " + b"-" * 100_000 + b"1\n",
    "deep blocks": b"".join(b" " * n + b"if 1:\n" for n in range(300)) + b" " * 300 + b"pass\n",
    "a huge number": b"x = " + b"9" * 100_000 + b"\n",
    "a text that stays open": b"x = '''\n",
    "a picture": b"\x89PNG\r\n\x1a\n\xff\xd8",
    "controls": b"\x1b[2J\x07x = 1\n",
    "a mark alone": b"\xef\xbb\xbf\xef\xbb\xbf",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", NO_PYTHON)
def test_a_file_that_cannot_be_read_as_python_gets_a_clear_answer(program: Program, kind: str) -> None:
    """`verify` says failed or not run with a reason, `review` asks for a revision; neither crashes, waits or passes."""
    (program.folder / "m.py").write_bytes(NO_PYTHON[kind])
    verified = program("verify", "m.py", "-e", "f(1) == 1", "--json")
    assert verified.code == 1
    assert verified.json["result"] in ("failed", "not_run")
    assert verified.json["reason"]
    reviewed = program("review", "m.py", "--json")
    assert reviewed.code in (0, 1)
    if reviewed.code == 0:  # it is Python after all, and harmless: what it lacks is only what the check asks for
        assert verified.json["checks"]
    else:
        assert reviewed.json["findings"][0]["message"]


def test_a_mark_of_utf_8_is_no_fault(program: Program) -> None:
    """The file is checked and read like any other."""
    (program.folder / "m.py").write_bytes(b"\xef\xbb\xbfdef f(x):\n    return x\n")
    assert program("verify", "m.py", "-e", "f(1) == 1").code == 0
    assert program("review", "m.py").code == 0


def test_an_empty_file_shows_nothing_and_is_nothing_to_object_to(program: Program) -> None:
    """Nothing could be shown by running it, and nothing is found by reading it."""
    (program.folder / "m.py").write_bytes(b"")
    done = program("verify", "m.py", "--json")
    assert (done.code, done.json["result"]) == (1, "not_run")
    assert program("verify", "m.py", "-e", "f(1) == 1", "--json").json["result"] == "failed"
    assert program("review", "m.py").code == 0


def no_file(folder: Path, kind: str) -> Path:
    """Something that has a path and is no file."""
    path = folder / "thing.py"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(str(path))
        case "device":
            return Path("/dev/zero")
        case "endless link":
            path.symlink_to(path)
        case "long name":
            return folder / ("x" * 300 + ".py")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", "pipe", "socket", "device", "endless link", "long name"])
@pytest.mark.parametrize("use", ["verify", "tests", "policy", "review"])
def test_what_is_no_file_exits_with_2_and_nothing_waits(program: Program, tmp_path: Path, kind: str, use: str) -> None:
    """A folder, a pipe, a socket or a device given as a file: a usage error at once. `review` takes folders, too."""
    name = str(no_file(tmp_path, kind))
    (program.folder / "m.py").write_text("x = 1\n")
    arguments = {
        "verify": ("verify", name, "-e", "f(1) == 1"),
        "tests": ("verify", "m.py", "--tests", name),
        "policy": ("review", "m.py", "--policy", name),
        "review": ("review", name),
    }[use]
    done = program(*arguments)
    if (use, kind) == ("review", "folder"):
        assert done.code == 0
    else:
        assert (done.code, done.out) == (2, "")
        assert "genloom: " in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
@pytest.mark.parametrize("use", ["verify", "review"])
def test_a_file_that_may_not_be_read_exits_with_2(program: Program, use: str) -> None:
    """Permissions are told, not taken for an empty file."""
    path = program.folder / "m.py"
    path.write_text("x = 1\n")
    path.chmod(0)
    done = program(use, "m.py")
    assert done.code == 2
    assert "cannot be read" in done.err


def test_a_name_that_is_no_utf_8_is_shown_escaped(program: Program) -> None:
    """Files may be called anything; JSON and SARIF stay text."""
    name = os.fsdecode(b"\xff.py")
    (program.folder / name).write_text(USES_NET)
    for form in ("--json", "--sarif"):
        done = program("review", name, form)
        assert done.code == 1
        assert "\\\\xff.py" in done.out or "%5Cxff.py" in done.out


@pytest.mark.slow
def test_missing_packages_are_named(program: Program) -> None:
    """The verdict is not run, not failed: the code is not at fault."""
    (program.folder / "m.py").write_text("import surely_not_installed_pkg\n\n\ndef f(x):\n    return x\n")
    (program.folder / "n.py").write_text("def f(x):\n    import surely_not_installed_pkg\n    return x\n")
    (program.folder / "test_n.py").write_text(
        "import surely_not_installed_pkg\nfrom n import f\n\n\ndef test_f():\n    assert f(1)\n"
    )
    for arguments in (("m.py", "-e", "f(1) == 1"), ("n.py", "-e", "f(1) == 1"), ("n.py", "--tests", "test_n.py")):
        # not by `program`: the answer quotes pytest, whose words hold a traceback of the test file's
        done = subprocess.run(
            command("verify", *arguments, "--json"),
            capture_output=True,
            text=True,
            cwd=program.folder,
            env=environment({}),
            check=False,
        )
        verdict = json.loads(done.stdout)
        assert (done.returncode, verdict["result"], done.stderr) == (1, "not_run", "")
        assert "surely_not_installed_pkg" in verdict["reason"]


ENDLESS_TESTS = {
    "never end": "import time\nfrom m import f\n\n\ndef test_f():\n    while True:\n        time.sleep(1)\n",
    "never end when they are collected": "while True:\n    pass\n",
}
HOSTILE_TESTS = {
    "delete their folder": (
        "import os, shutil\nfrom m import f\n\n\ndef test_f():\n    shutil.rmtree(os.getcwd(), ignore_errors=True)\n"
        "    shutil.rmtree(os.path.dirname(__file__), ignore_errors=True)\n    assert f(1) == 2\n"
    ),
    "delete their folder and hold": (
        "import os, shutil\nfrom m import f\n\n\ndef test_f():\n    assert f(1) == 1\n"
        "    shutil.rmtree(os.getcwd(), ignore_errors=True)\n"
    ),
    "leave at once": "import os\nos._exit(0)\n",
    "are not Python": "def test_f(:\n",
    "hold no test": "x = 1\n",
    "nest until the parser breaks": "x = " + "(" * 10_000 + "\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE_TESTS)
def test_hostile_tests_get_a_verdict_and_harm_nothing(program: Program, kind: str) -> None:
    """Whatever a test file does, the program ends with a verdict, within its limits, and the files stay."""
    ends_with_a_verdict(program, HOSTILE_TESTS[kind])


@pytest.mark.slow
def test_tests_without_an_end_get_a_verdict_and_harm_nothing(program: Program) -> None:
    """At the limit of time, which is long: both kinds at once."""
    programs = [Program(program.folder / name) for name in ("one", "other")]
    for each in programs:
        each.folder.mkdir()
    with ThreadPoolExecutor(len(programs)) as pool:
        list(pool.map(ends_with_a_verdict, programs, ENDLESS_TESTS.values()))


def ends_with_a_verdict(program: Program, tests: str) -> None:
    (program.folder / "m.py").write_text("def f(x):\n    return x\n")
    (program.folder / "test_m.py").write_text(tests)
    before = sorted(program.folder.iterdir())
    done = program("verify", "m.py", "--tests", "test_m.py", "--json")
    assert done.code == 1
    assert done.json["result"] in ("failed", "not_run")
    assert done.json["reason"]
    assert sorted(program.folder.iterdir()) == before


@pytest.mark.slow
def test_progress_shows_at_a_terminal_after_a_second(program: Program) -> None:
    """A long check tells what it is at on standard error, a quick one nothing; standard output holds the answer alone."""
    (program.folder / "m.py").write_text("import time\n\n\ndef f(x):\n    time.sleep(x)\n    return x\n")
    slow = error_at_terminal(program, "verify", "m.py", "-e", "f(4) == 4", "--json")
    assert "checking m.py" in slow[1]
    assert json.loads(slow[0])["result"] == "passed"
    (program.folder / "good.py").write_text("x = 1\n")
    answer, shown = error_at_terminal(program, "doctor", "--help")
    assert (bool(answer), shown) == (True, "")


def error_at_terminal(program: Program, *arguments: str) -> tuple[str, str]:
    """Run the program with a terminal as standard error alone; return both outputs."""
    terminal = PseudoTerminal()
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=terminal.end,
        cwd=program.folder,
        env=environment({"TERM": "xterm"}),
    )
    terminal.let_go()
    answer, _ = process.communicate(timeout=60)
    return answer.decode(), terminal.shown()
