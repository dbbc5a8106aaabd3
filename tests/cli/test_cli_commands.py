"""The commands beside `generate`: what they print, as JSON and for people, and how they exit."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from genloom_program import Program, command, environment

from genloom.interfaces.cli.commands import COMMANDS
from genloom.interfaces.cli.graph import GRAPHS
from genloom.testing import OpenAIServer

GOOD = 'def add(a: int, b: int) -> int:\n    """Add two numbers."""\n    return a + b\n'


def test_version_and_help_of_every_command(program: Program) -> None:
    """`--version` prints one line; each command's help has examples and is reached from the first page."""
    assert program("--version").out.startswith("genloom ")
    page = program("--help")
    assert page.code == 0
    for name in COMMANDS:
        assert f"\n  {name}" in page.out


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_each_command_shows_how_it_is_used(program: Program, name: str) -> None:
    """Each page holds at least one command line that one can copy."""
    done = program(name, "--help")
    assert done.code == 0
    assert f"genloom {name}" in done.out.partition("Options:")[2]


def test_no_command_shows_the_help_and_exits_with_2(program: Program) -> None:
    """It is an incomplete command line, not a success."""
    done = program()
    assert (done.code, done.out) == (2, "")
    assert "Commands:" in done.err


def test_verify_passes_fails_and_shows_nothing(program: Program) -> None:
    """0 when the examples hold, 1 with the difference when not, 1 when there is nothing to go by."""
    (program.folder / "adding.py").write_text(GOOD)
    done = program("verify", "adding.py", "-e", "add(1, 2) == 3", "-e", "raises(TypeError, add(None, 1))", "--json")
    assert (done.code, done.json["result"], done.json["evidence"]) == (0, "passed", "values")
    assert {"result", "evidence", "sandbox", "checks", "seconds"} <= set(done.json)
    failed = program("verify", "adding.py", "-e", "add(1, 2) == 4")
    assert failed.code == 1
    assert "expected 4, got 3" in failed.out
    nothing = program("verify", "adding.py")
    assert nothing.code == 1
    assert nothing.out.startswith("not run: ")


def test_verify_runs_a_test_file(program: Program) -> None:
    """A pytest file imports the module by the file's name."""
    (program.folder / "adding.py").write_text(GOOD)
    (program.folder / "test_adding.py").write_text(
        "from adding import add\n\ndef test_add():\n    assert add(1, 2) == 3\n"
    )
    done = program("verify", "adding.py", "--tests", "test_adding.py", "--json")
    assert (done.code, done.json["result"], done.json["evidence"]) == (0, "passed", "test_report")


def test_review_tells_findings_of_files_and_folders(program: Program) -> None:
    """Approved code exits with 0; code that runs a shell command exits with 1 and a finding on its line; SARIF is one
    object, too."""
    (program.folder / "adding.py").write_text(GOOD)
    assert program("review", "adding.py", "--json").json["decision"] == "approve"
    (program.folder / "bad.py").write_text('import os\n\nos.system("ls " + input())\n')
    done = program("review", "--json")
    assert done.code == 1
    assert done.json["files"] == 2
    assert {(finding["path"], finding["line"]) for finding in done.json["findings"]} >= {("bad.py", 3)}
    sarif = program("review", "bad.py", "--sarif").json
    assert sarif["version"] == "2.1.0"
    assert sarif["runs"][0]["results"]


def test_context_ranks_files_and_symbols(program: Program, repository: Path) -> None:
    """Paths and `path::Class.method`, best first; the text holds the code, within the budget."""
    done = program("context", "where are pairs parsed", "--repo", str(repository), "--budget", "500", "--json")
    assert done.code == 0
    assert done.json["files"][0] == "pairs/parsing.py"
    assert done.json["symbols"][0] == "pairs/parsing.py::parse_pairs"
    assert "def parse_pairs" in done.json["text"]
    assert 0 < done.json["tokens"] <= 500
    people = program("context", "where are pairs parsed", "--repo", str(repository))
    assert "def parse_pairs" in people.out
    assert "pairs/parsing.py" in people.err


def test_index_and_summary_count(program: Program, repository: Path) -> None:
    """The index tells what it read; the summaries' counts are numbers at the top of the object."""
    indexed = program("index", "--repo", str(repository), "--json").json
    assert (indexed["files"], indexed["indexed"], indexed["complete"]) == (2, 2, True)
    assert program("index", "--repo", str(repository), "--json").json["indexed"] == 0
    whole = program("summary", "--repo", str(repository), "--json").json
    assert (whole["files"], whole["functions"], whole["classes"]) == (2, 1, 1)
    assert program("summary", "pairs/parsing.py::Writer.write", "--repo", str(repository)).code == 0


def test_the_graphs_that_studio_serves_can_be_listed_and_drawn() -> None:
    """By the same names."""
    served = json.loads((Path(__file__).parents[2] / "langgraph.json").read_text())["graphs"]
    assert set(served) == set(GRAPHS)


@pytest.mark.slow
def test_graph_is_listed_and_drawn(program: Program) -> None:
    """Mermaid on standard output, SVG and PNG into files by their suffix; the fallback edge is in them."""
    assert "fallback" in program("graph", "list", "--json").json["graphs"][0]["nodes"]
    assert "dispatch_agent" in program("graph", "draw").out
    assert program("graph", "draw", "generation", "--out", "graph.svg").code == 0
    assert "<svg" in (program.folder / "graph.svg").read_text()
    done = subprocess.run(
        command("graph", "draw", "--format", "png"),
        capture_output=True,
        env=environment({}),
        cwd=program.folder,
        check=False,
    )
    assert done.stdout.startswith(b"\x89PNG") or b"png" in done.stderr


@pytest.mark.slow
def test_threads_of_an_empty_home(program: Program) -> None:
    """Nothing is stored: an empty list, and clear words for a thread that is not there."""
    assert program("thread", "list", "--json").json == {"threads": []}
    for verb in ("show", "delete"):
        done = program("thread", verb, "nonsense", "--json")
        assert done.code == 2
        assert "no thread" in done.json["errors"][0]["message"]


def test_statistics_of_an_empty_home(program: Program) -> None:
    """No runs: zeros, not an error."""
    done = program("stats", "--since", "7d", "--json")
    assert (done.code, done.json["requests"], done.json["cache"]["entries"]) == (0, 0, 0)
    assert program("stats").out.startswith("requests")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_asks_genloom(program: Program, shell: str) -> None:
    """The script names the variable that genloom answers."""
    done = program("completion", shell)
    assert done.code == 0
    assert "_GENLOOM_COMPLETE" in done.out


def test_completion_is_answered(program: Program) -> None:
    """What the bash script asks gives the matching commands."""
    done = program(COMP_WORDS="genloom gen", COMP_CWORD="1", _GENLOOM_COMPLETE="bash_complete")
    assert done.out.split() == ["plain,generate"]


def test_doctor_tells_what_is_there_and_never_a_key(program: Program) -> None:
    """The configured server is asked for its models; a missing model is no obstacle to the main job; keys stay hidden."""
    key = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyzABCD"
    with OpenAIServer(models=["test-model"], api_key=key) as server:
        env = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": key, "GENLOOM_MODEL": "openai:test-model"}
        done = program("doctor", "--json", **env)
    found = {check["area"]: check for check in done.json["checks"]}
    assert (done.code == 0) is done.json["ok"]
    assert found["model server"]["facts"]["models"] == ["test-model"]
    assert found["model"]["state"] == "ok"
    assert found["agent"]["state"] == found["tracing"]["state"] == "off"
    assert {"python", "libraries", "ruff", "bandit", "git", "data folder", "cache folder", "sandbox"} <= set(found)
    assert key not in done.out + done.err


def test_doctor_tells_what_is_wrong(program: Program, tmp_path: Path) -> None:
    """A data folder that is a file keeps the main job from working: exit 1, and a hint; the rest is looked at all the
    same."""
    (tmp_path / "file").write_text("")
    env = {"GENLOOM_HOME": str(tmp_path / "file"), "GENLOOM_MODEL": "openai:x", "OPENAI_BASE_URL": "http://127.0.0.1:9"}
    done = program("doctor", **env, LANGSMITH_TRACING="true", CODEGEN_API_TOKEN="token with blanks")
    assert done.code == 1
    assert "is not a folder" in done.out
    assert "GENLOOM_HOME" in done.out
    assert "127.0.0.1:9: it cannot be reached" in done.out
    assert "LangSmith traces are on" in done.out
    assert "PROBLEM  agent" in done.out


def test_doctor_finds_a_server_on_this_machine(program: Program) -> None:
    """One that listens on a usual port is named with its models, and how to use it."""
    try:
        server = OpenAIServer(models=["local-model"], port=1234).__enter__()
    except OSError:
        pytest.skip("port 1234 is taken on this machine")
    try:
        done = program("doctor")
    finally:
        server.__exit__(None, None, None)
    assert "port 1234 (usually LM Studio): serves local-model" in done.out
    assert "OPENAI_BASE_URL=http://127.0.0.1:1234/v1" in done.out
