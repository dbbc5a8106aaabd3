"""Bad input: a clear message, the right exit code, one JSON object when asked, no traceback, nothing half-written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from genloom_program import DOUBLE, Program, command, environment

from genloom.testing import OpenAIServer

KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyzABCD"
ONLY_MODEL = ("generate", "Do something", "--generators", "model", "--model", "openai:test-model")

BAD_REQUESTS = {
    "an empty prompt": (["generate", ""], "the prompt is empty"),
    "a blank prompt from standard input": (["generate", "-"], "the prompt is empty"),
    "an example that is no comparison": (["generate", "Add", "-e", "add(1, 2)"], "does not say what a call must give"),
    "an example that is no Python": (["generate", "Add", "-e", "add(1 == "], "is not a Python expression"),
    "a contradiction": (["generate", "Add", "-e", "f(1) == 2", "-e", "f(1) == 3"], "contradict each other"),
    "a name that is none": (["generate", "Add", "--name", "two words"], "not a Python identifier"),
    "a target outside": (["generate", "Add", "--target", "../x.py"], "inside the repository"),
    "an unknown generator": (["generate", "Add", "--generators", "magic"], "no generator"),
    "no attempts": (["generate", "Add", "--attempts", "0"], "--attempts"),
    "a missing test file": (["generate", "Add", "--tests", "missing.py"], "cannot be read"),
    "a missing context file": (["generate", "Add", "--context-file", "missing.md"], "cannot be read"),
    "a missing interpreter": (["generate", "Add", "--python", "/nonexistent/python"], "no Python interpreter"),
    "a missing folder for --out": (["generate", "Add", "--out", "missing/x.py"], "does not exist"),
    "a folder as --out": (["generate", "Add", "--out", "."], "is no file"),
    "a missing repository": (["generate", "Add", "--repo", "missing"], "There is no folder"),
    "an unknown option": (["generate", "Add", "--nonsense"], "--nonsense"),
    "an unknown command": (["nonsense"], "nonsense"),
    "a missing file to verify": (["verify", "missing.py"], "does not exist"),
    "a missing repository to verify in": (["verify", "x.py", "--repo", "missing"], "cannot be read"),
    "an interpreter in a place that is no folder": (["verify", "x.py", "--python", "/dev/null/python"], "no Python"),
    "contradicting examples to verify": (["verify", "x.py", "-e", "f(1) == 2", "-e", "f(1) == 3"], "contradict"),
    "a missing file to review": (["review", "missing.py"], "missing.py"),
    "a context of no repository": (["context", "query", "--repo", "missing"], "There is no folder"),
    "a summary of nothing": (["summary", "nothing_of_that_name"], "nothing_of_that_name"),
    "an index of no folder": (["index", "--repo", "missing"], "There is no folder"),
    "a graph that is none": (["graph", "draw", "nonsense"], "nonsense"),
    "a time that is none": (["stats", "--since", "yesterday-ish"], "neither a span"),
    "a shell that is none": (["completion", "powershell"], "powershell"),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_bad_input_is_told_and_exits_with_2(program: Program, case: str) -> None:
    """Standard error says what is wrong, standard output stays empty, and nothing is written."""
    arguments, message = BAD_REQUESTS[case]
    done = program(*arguments)
    assert done.code == 2
    assert message in done.err
    assert done.out == ""
    assert list(program.folder.iterdir()) == []


@pytest.mark.parametrize(
    "case", ["a contradiction", "an unknown option", "a missing folder for --out", "an unknown command"]
)
def test_bad_input_with_json_prints_one_object(program: Program, case: str) -> None:
    """The object says `error` and holds type, message and hint, for mistakes in the arguments as well."""
    arguments, message = BAD_REQUESTS[case]
    done = program(*arguments, "--json")
    assert done.code == 2
    assert done.json["outcome"] == "error"
    assert message in done.json["errors"][0]["message"]
    assert set(done.json["errors"][0]) == {"type", "message", "hint"}


def test_setting_that_makes_no_sense_is_named(program: Program) -> None:
    """An environment variable with a bad value is a usage error that names it."""
    done = program("doctor", GENLOOM_THREADS_KEPT="many")
    assert done.code == 2
    assert "GENLOOM_THREADS_KEPT" in done.err


def test_repository_that_is_a_binary_file_is_refused(program: Program) -> None:
    """A file is no folder, whatever it holds."""
    (program.folder / "program.bin").write_bytes(bytes(range(256)))
    done = program("generate", "Add", "--repo", "program.bin", "--json")
    assert done.code == 2
    assert "is a file, not a folder" in done.json["reason"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_repository_that_cannot_be_read_is_refused(program: Program) -> None:
    """A folder without permission is told, not taken for an empty one."""
    closed = program.folder / "closed"
    closed.mkdir(mode=0)
    done = program("context", "anything", "--repo", "closed")
    assert done.code == 2
    assert "cannot be read" in done.err


@pytest.mark.slow
def test_repository_with_broken_files_still_serves(program: Program, repository: Path) -> None:
    """Syntax errors and binary files are noted and left out; the request is answered."""
    (repository / "broken.py").write_text("def broken(:\n")
    (repository / "binary.py").write_bytes(b"\0\1\2" * 100)
    done = program(*DOUBLE, "--repo", str(repository), "--json")
    assert (done.code, done.json["outcome"]) == (0, "passed")
    assert "have syntax errors" in done.err


@pytest.mark.slow
def test_unknown_provider_is_a_usage_error(program: Program) -> None:
    """A model of no known provider exits with 2 and shows how names are written."""
    done = program("generate", "Do something", "--generators", "model", "--model", "nonsense:model", "--json")
    assert done.code == 2
    assert done.json["errors"][0]["type"] == "ModelNameError"
    assert "provider:model" in done.json["errors"][0]["hint"]


@pytest.mark.slow
def test_missing_key_exits_with_3(program: Program) -> None:
    """The message names the variable to set."""
    done = program(*ONLY_MODEL, "--json")
    assert done.code == 3
    assert done.json["errors"][0]["type"] == "CredentialError"
    assert "OPENAI_API_KEY" in done.json["errors"][0]["hint"]


@pytest.mark.slow
def test_refused_key_exits_with_3_after_one_request_and_is_never_shown(program: Program) -> None:
    """401 is not retried, and neither output holds the key."""
    with OpenAIServer(["unused"], api_key="another-key") as server:
        done = program(*ONLY_MODEL, "--json", OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY=KEY)
        assert len(server.requests) == 1
    assert done.code == 3
    assert "refused the key" in done.json["reason"]
    assert KEY not in done.out + done.err


@pytest.mark.slow
def test_model_that_the_server_lacks_is_a_usage_error(program: Program) -> None:
    """404 names the model and is not retried."""
    with OpenAIServer(["unused"], models=["another-model"]) as server:
        done = program(*ONLY_MODEL, OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY=KEY)
    assert done.code == 2
    assert "knows no model" in done.err


@pytest.mark.slow
def test_unreachable_server_exits_with_4(program: Program) -> None:
    """After the retries the failure is told with its cause, and how to look for servers."""
    done = program(*ONLY_MODEL, "--json", OPENAI_BASE_URL="http://127.0.0.1:9/v1", OPENAI_API_KEY=KEY)
    assert done.code == 4
    assert done.json["outcome"] == "error"
    assert "cannot be reached" in done.json["reason"]
    assert "genloom doctor" in done.err
    assert re.search(r"genloom thread resume [0-9a-f]{12}", done.err)


def test_full_standard_output_is_told(program: Program) -> None:
    """An answer that cannot be written is an error, not silence."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("graph", "--help"), stdout=full, stderr=subprocess.PIPE, text=True, env=environment({}), check=False
        )
        assert done.returncode != 0
        done = subprocess.run(
            command("completion", "bash"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment({}),
            check=False,
        )
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_reader_that_is_gone_ends_the_program_silently() -> None:
    """As other programs do when a pipe breaks: 141, and no words."""
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "wb") as closed:
        done = subprocess.run(
            command("completion", "bash"), stdout=closed, stderr=subprocess.PIPE, env=environment({}), check=False
        )
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.slow
def test_full_disk_is_told_and_leaves_nothing_behind(program: Program, tmp_path: Path) -> None:
    """With no space for the data folder, or for the file to be written, the program exits with 2 and leaves no file."""
    disk = tmp_path / "disk"
    disk.mkdir()
    unshare = shutil.which("unshare")
    script = 'mount -t tmpfs -o size=64k tmpfs "$1" && head -c 63000 /dev/zero > "$1/fill" 2>/dev/null; shift; "$@"'
    if unshare is None or os.geteuid() != 0:
        pytest.skip("a small disk of its own needs root and unshare")
    inside = [unshare, "--mount", "sh", "-c", script, "sh", str(disk)]
    if subprocess.run([*inside, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no private mounts here")

    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        look = f"import os; print(sorted(os.listdir({str(disk)!r})))"
        both = f'"$@"; code=$?; {sys.executable} -c "{look}" >&2; exit $code'
        full = [*inside, "sh", "-c", both, "sh", *command(*arguments)]
        return subprocess.run(full, capture_output=True, text=True, env=environment(env), check=False)

    done = run(*DOUBLE, "--json", GENLOOM_HOME=str(disk / "home"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "GENLOOM_HOME" in done.stderr
    done = run(*DOUBLE, "--out", str(disk / "double.py"))
    assert (done.returncode, "def double" in done.stdout) == (2, True)
    assert "No space left" in done.stderr
    assert "['fill']" in done.stderr
