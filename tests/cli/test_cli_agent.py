"""`genloom agent`: the real program against the API on loopback."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from genloom_program import Done, Program, command, environment

from genloom.testing import CodegenServer, Fault, RecordedRequest, RunPlan
from genloom.tools.codegen import AsyncCodegen
from genloom.tools.codegen.wire import CreateAgentRunInput


def env_of(server: CodegenServer, **more: str) -> dict[str, str]:
    return {
        "CODEGEN_API_TOKEN": server.token,
        "CODEGEN_ORG_ID": "1",
        "CODEGEN_API_BASE_URL": server.base_url,
        **more,
    }


def stopped(program: Program, server: CodegenServer, *arguments: str, until: str, number: int = signal.SIGINT) -> Done:
    """Run the program until its standard error says something, then stop it."""
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=program.folder,
        env=environment(env_of(server)),
        text=True,
    )
    assert process.stderr is not None
    said = ""
    while until not in said and process.poll() is None:
        said += process.stderr.readline()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in said + err
    return Done(process.returncode, out, said + err)


def test_run_waits_and_prints_the_result(program: Program) -> None:
    """The result on standard output, the run's number and link beside it."""
    with CodegenServer(RunPlan(result="all done", pull_requests=("https://github.com/o/r/pull/3",))) as server:
        done = program("agent", "run", "make it", "--repo-id", "7", "--metadata", "ticket=A-1", **env_of(server))
        asked = server.runs[0].asked
    assert (done.code, done.out) == (0, "all done\n")
    for part in ("run 1: completed", "https://codegen.example/agent/trace/1", "https://github.com/o/r/pull/3"):
        assert part in done.err
    assert (asked.prompt, asked.repo_id, (asked.metadata or {})["ticket"]) == ("make it", 7, "A-1")
    assert server.token not in done.out + done.err


@pytest.mark.slow
def test_run_as_json_is_the_apis_object_with_both_statuses(program: Program) -> None:
    """The contract: the API's fields, `status` normalised and `raw_status` beside it."""
    with CodegenServer(RunPlan(status="COMPLETE", result="r", summary="s")) as server:
        shown = program("agent", "run", "make it", "--key", "mine", "--json", **env_of(server)).json
        again = program("agent", "get", "1", "--json", **env_of(server)).json
    assert (shown["id"], shown["status"], shown["raw_status"]) == (1, "completed", "COMPLETE")
    assert (shown["organization_id"], shown["result"], shown["summary"]) == (1, "r", "s")
    assert shown["metadata"]["idempotency_key"] == shown["idempotency_key"] == "mine"
    assert {"created_at", "web_url", "github_pull_requests", "source_type"} <= set(shown)
    assert again == shown


@pytest.mark.parametrize(
    ("plan", "code", "status"),
    [
        (RunPlan(status="FAILED", result=None), 4, "failed"),
        (RunPlan(status="Stopped"), 4, "cancelled"),
        (RunPlan(status="TIMEOUT"), 4, "timeout"),
        (RunPlan(status="COMPLETE"), 0, "completed"),
    ],
)
@pytest.mark.slow
def test_the_exit_code_says_how_the_run_ended(program: Program, plan: RunPlan, code: int, status: str) -> None:
    """0 only for a run that completed; reading a failed one is no failure, waiting for it is."""
    with CodegenServer(plan) as server:
        done = program("agent", "run", "make it", "--json", **env_of(server))
        assert (done.code, done.json["status"]) == (code, status)
        assert program("agent", "get", "1", **env_of(server)).code == 0
        assert program("agent", "get", "1", "--wait", **env_of(server)).code == code


@pytest.mark.slow
def test_a_deadline_ends_the_waiting_and_says_how_to_go_on(program: Program) -> None:
    """Exit 130, the run's object, and the run goes on."""
    with CodegenServer(RunPlan(seconds=600)) as server:
        done = program("agent", "run", "make it", "--deadline", "2", "--json", **env_of(server))
        assert (done.code, done.json["status"], done.json["raw_status"]) == (130, "timeout", "ACTIVE")
        assert "genloom agent get 1 --wait" in done.err
        server.end_run(1, status="COMPLETE", result="late")
        assert program("agent", "get", "1", "--wait", **env_of(server)).out == "late\n"
        assert len(server.runs) == 1


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_ctrl_c_leaves_the_run_findable(program: Program, number: int, code: int) -> None:
    """Its number, its key and how to go on are told; the same key finds the run and starts no second one."""
    with CodegenServer(RunPlan(seconds=600)) as server:
        done = stopped(program, server, "agent", "run", "make it", "--json", until="run 1", number=number)
        assert done.code == code
        assert "genloom agent get 1 --wait" in done.err
        told = done.json
        assert (told["outcome"], told["id"]) == ("cancelled", 1)
        key = server.runs[0].idempotency_key
        assert told["idempotency_key"] == key
        assert key in done.err
        server.end_run(1, status="COMPLETE", result="late")
        again = program("agent", "run", "make it", "--key", key, **env_of(server))
        assert (again.code, again.out) == (0, "late\n")
        assert len(server.runs) == 1


@pytest.mark.slow
def test_ctrl_c_before_the_create_is_answered_tells_the_key(program: Program) -> None:
    """The run may exist: the key that is told finds it, and no second one is started."""

    def strike(request: RecordedRequest) -> Fault | None:
        return Fault(delay=30, after_work=True) if request.method == "POST" and len(server.runs) == 0 else None

    with CodegenServer(RunPlan(result="once"), faults=strike) as server:
        process = subprocess.Popen(
            command("agent", "run", "make it", "--key", "k1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=program.folder,
            env=environment(env_of(server)),
            text=True,
        )
        while not server.runs and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert "--key k1" in err
        again = program("agent", "run", "make it", "--key", "k1", **env_of(server))
        assert (again.code, again.out) == (0, "once\n")
        assert len(server.runs) == 1


@pytest.mark.slow
def test_credentials_usage_and_servers_that_fail_have_their_codes(program: Program) -> None:
    """3 without or with a wrong token, 2 for what makes no sense, 4 where the server fails; each as JSON, too."""
    with CodegenServer() as server:
        assert program("agent", "list").code == 3
        wrong = program("agent", "list", "--json", **env_of(server, CODEGEN_API_TOKEN="wrong-token-here"))
        assert (wrong.code, wrong.json["errors"][0]["type"]) == (3, "TokenRefusedError")
        assert "wrong-token-here" not in wrong.err + wrong.out
        assert program("agent", "get", "99", **env_of(server)).code == 2
        assert program("agent", "run", "  ", **env_of(server)).code == 2
        assert program("agent", "run", "x", "--image", "a.txt", **env_of(server)).code == 2
        assert program("agent", "run", "x", "--metadata", "noequals", **env_of(server)).code == 2
        assert program("agent", "get", "x", **env_of(server)).code == 2
        assert server.runs == ()
    with CodegenServer(faults=lambda _: Fault(status=402)) as server:
        assert program("agent", "get", "1", **env_of(server)).code == 4


async def start(server: CodegenServer, *prompts: str) -> None:
    """Start runs, one after the other."""
    async with AsyncCodegen(token=server.token, org_id=1, base_url=server.base_url) as client:
        for prompt in prompts:
            await client.create_run(prompt)


@pytest.mark.slow
def test_list_shows_the_newest_first(program: Program) -> None:
    """Of one status if asked, as lines or as JSON."""

    def plan(asked: CreateAgentRunInput) -> RunPlan:
        failed = asked.prompt.endswith(("3", "4"))
        return RunPlan(polls=0, status="FAILED" if failed else "COMPLETE", result=f"did {asked.prompt}")

    with CodegenServer(plan) as server:
        asyncio.run(start(server, *[f"job {number}" for number in range(6)]))
        shown = program("agent", "list", "--json", "--limit", "4", **env_of(server)).json
        assert [run["id"] for run in shown["runs"]] == [6, 5, 4, 3]
        assert shown["total"] == 6
        failed = program("agent", "list", "--status", "failed", **env_of(server))
    assert [line.split()[0] for line in failed.out.splitlines()] == ["5", "4"]


@pytest.mark.slow
def test_logs_are_shown_and_followed(program: Program) -> None:
    """All of a log, a part of it, and a log that grows until its run ends."""
    thoughts = tuple(f"thought {number}" for number in range(5))
    with CodegenServer([RunPlan(polls=0, logs=thoughts), RunPlan(seconds=2.0, logs=thoughts)]) as server:
        asyncio.run(start(server, "one"))
        plain = program("agent", "logs", "1", **env_of(server))
        assert [line.split("  ")[-1] for line in plain.out.splitlines()] == list(thoughts)
        part = program("agent", "logs", "1", "--skip", "2", "--limit", "2", "--json", **env_of(server)).json
        assert [step["thought"] for step in part["logs"]] == ["thought 2", "thought 3"]
        assert (part["total_logs"], part["run"]["status"]) == (5, "completed")
        asyncio.run(start(server, "two"))
        followed = program("agent", "logs", "2", "--follow", "--json", **env_of(server))
    lines = [json.loads(line) for line in followed.out.splitlines()]
    assert [line["entry"]["thought"] for line in lines[:-1]] == list(thoughts)
    assert lines[-1]["run"]["status"] == "completed"
    assert followed.code == 0


def test_run_can_show_its_log_beside_the_result(program: Program) -> None:
    """`--follow` tells the steps on standard error and leaves the result alone on standard output."""
    with CodegenServer(RunPlan(logs=("I look", "I write"), result="the result")) as server:
        done = program("agent", "run", "make it", "--follow", **env_of(server))
    assert done.out == "the result\n"
    assert "I look" in done.err
    assert "I write" in done.err


@pytest.mark.slow
@pytest.mark.slow
def test_a_deadline_counts_from_the_command_not_from_its_answer(program: Program) -> None:
    """What the request took is missing to the waiting: here nothing is left of the second."""
    with CodegenServer(RunPlan(pauses=True, seconds=0.5)) as server:
        program("agent", "run", "make it", "--no-wait", **env_of(server))
        server.set_faults([Fault(delay=1.5)])
        done = program("agent", "resume", "1", "go on", "--deadline", "1", **env_of(server))
        assert done.code == 130
        assert "not finished within 0 s" in done.err


def test_resume_goes_on_with_a_paused_run(program: Program) -> None:
    """A paused run ends waiting with 5; resumed, it comes to its end."""
    with CodegenServer(RunPlan(pauses=True, seconds=0.05, result="now it is")) as server:
        program("agent", "run", "make it", "--no-wait", "-q", **env_of(server))
        done = program("agent", "resume", "1", "go on", **env_of(server))
        assert server.runs[0].resumed[0].prompt == "go on"
    assert (done.code, done.out) == (0, "now it is\n")


def batch_file(folder: Path, *lines: object) -> str:
    (folder / "prompts.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    return "prompts.jsonl"


@pytest.mark.slow
def test_batch_prints_a_line_for_each_prompt_and_starts_nothing_twice(program: Program) -> None:
    """Strings and objects; given again, also with a line put in before the others, only what is new is started."""

    def plan(asked: CreateAgentRunInput) -> RunPlan:
        return RunPlan(result=asked.prompt.upper(), status="FAILED" if "bad" in asked.prompt else "COMPLETE")

    with CodegenServer(plan) as server:
        lines: list[object] = ["one", {"prompt": "two", "repo_id": 7, "idempotency_key": "mine"}, "bad"]
        done = program("agent", "batch", batch_file(program.folder, *lines), **env_of(server))
        results = {found["line"]: found for found in map(json.loads, done.out.splitlines())}
        assert {number: result["run"]["status"] for number, result in results.items()} == {
            1: "completed",
            2: "completed",
            3: "failed",
        }
        assert results[1]["run"]["result"] == "ONE"
        assert done.code == 1
        assert "2 of 3 completed" in done.err
        assert [run.asked.repo_id for run in server.runs if run.idempotency_key == "mine"] == [7]
        again = program("agent", "batch", batch_file(program.folder, "zero", *lines), **env_of(server))
        assert len(server.runs) == 4
        assert len(again.out.splitlines()) == 4


@pytest.mark.slow
def test_batch_goes_on_after_ctrl_c(program: Program) -> None:
    """What was started is found again; nothing is started twice."""
    file = batch_file(program.folder, *[f"job {number}" for number in range(4)])
    with CodegenServer(RunPlan(seconds=600)) as server:
        done = stopped(program, server, "agent", "batch", file, until="run 4")
        assert done.code == 130
        assert "same command again" in done.err
        for run in server.runs:
            server.end_run(run.id, status="COMPLETE")
        again = program("agent", "batch", file, **env_of(server))
        assert again.code == 0
        assert len(again.out.splitlines()) == 4
        assert len(server.runs) == 4


@pytest.mark.parametrize("line", ["{", "7", '{"prompt": ""}', '{"prompt": "x", "modle": "m"}', "[" * 5000])
def test_a_line_that_is_no_prompt_is_told_before_anything_is_sent(program: Program, line: str) -> None:
    """By its number, with exit code 2."""
    (program.folder / "bad.jsonl").write_text(f'"fine"\n\n{line}\n')
    with CodegenServer() as server:
        done = program("agent", "batch", "bad.jsonl", **env_of(server))
        assert done.code == 2
        assert "Line 3" in done.err
        assert server.requests == ()


def test_help_and_completion_know_the_commands(program: Program) -> None:
    """Each has examples; a shell is offered the commands and their values."""
    for name in ("run", "get", "list", "logs", "resume", "batch"):
        shown = program("agent", name, "--help")
        assert shown.code == 0
        assert "Example" in shown.out
    words = {"COMP_WORDS": "genloom agent ", "COMP_CWORD": "2", "_GENLOOM_COMPLETE": "bash_complete"}
    offered = program(**words).out
    assert {"plain,run", "plain,logs", "plain,batch"} <= set(offered.split())
    words = {"COMP_WORDS": "genloom agent list --status ", "COMP_CWORD": "4", "_GENLOOM_COMPLETE": "bash_complete"}
    assert "plain,running" in program(**words).out
