"""`genloom generate`: what goes where, what is written, and how it exits."""

from __future__ import annotations

from pathlib import Path

import pytest
from genloom_program import DOUBLE, Program
from scenarios import APPROVAL, RIGHT, WRONG, fenced

from genloom.testing import CodegenServer, Fault, OpenAIServer, RunPlan

pytestmark = pytest.mark.slow

MODEL = ("--generators", "model", "--model", "openai:test-model")
SLUG = ("generate", "Make a URL slug", "-e", "slugify('A b') == 'a-b'", "-e", "slugify('x') == 'x'")
CONTRACT = {
    *("outcome", "name", "source", "path", "generator", "model", "attempts", "cached", "verdict", "review", "context"),
    *("agent_run", "thread_id", "seconds", "errors"),
}


def with_model(server: OpenAIServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-test-0123456789abcdef0123456789abcdef"}


def test_code_goes_to_standard_output_and_the_report_beside_it(program: Program) -> None:
    """What is piped is the module alone; the evidence, the sandbox, what was held back and the thread are told; the same
    request again is answered from the cache, and both count once in the statistics."""
    done = program(*DOUBLE, "--out", "double.py")
    assert done.code == 0
    compile(done.out, "double.py", "exec")
    assert (program.folder / "double.py").read_text() == done.out
    assert done.err.startswith("passed: double by search")
    for told in ("held out, values", "fitted to: no proof", "in the sandbox", "1 held back", "saved: ", "thread: "):
        assert told in done.err
    again = program(*DOUBLE, "--json")
    assert again.json["cached"] is True
    assert again.json["source"] == done.out
    assert set(again.json) >= CONTRACT
    counted = program("stats", "--json").json
    assert (counted["requests"], counted["cache_hits"]) == (2, 1)
    assert counted["outcomes"] == {"search": {"passed": 2}}
    assert counted["nodes"]["verify"]["count"] == 1


def test_out_is_replaced_when_unchanged_and_kept_when_nothing_passed(program: Program) -> None:
    """A file that stands there is replaced by what passed; a result that is not usable leaves it alone."""
    (program.folder / "slug.py").write_text("# mine\n")
    done = program("generate", "Double it", "-e", "double(2) == 4", "--out", "slug.py")
    assert done.code == 1
    assert (program.folder / "slug.py").read_text() == "# mine\n"
    assert "not saved" in done.err
    assert done.out.startswith("# genloom: UNVERIFIED")
    assert "--accept-unverified" in done.err
    done = program("generate", "Double it", "-e", "double(2) == 4", "--out", "slug.py", "--accept-unverified", "--json")
    assert (done.code, done.json["outcome"], done.json["accepted"]) == (0, "unverified", True)
    assert (program.folder / "slug.py").read_text() == done.json["source"]
    assert done.json["path"] == str(program.folder / "slug.py")


def test_file_that_changes_during_the_run_is_not_overwritten(program: Program) -> None:
    """The hash of the file at the start must hold at the end; the code is still shown, and the exit code is 2."""
    target = program.folder / "slug.py"
    target.write_text("# first\n")

    def reply(request: object) -> str:
        target.write_text("# changed meanwhile\n")
        return fenced(RIGHT)

    with OpenAIServer(reply, models=["test-model"]) as server:
        done = program(*SLUG, *MODEL, "--out", "slug.py", "--json", **with_model(server))
    assert done.code == 2
    assert "has changed since it was read" in done.json["reason"]
    assert (done.json["outcome"], done.json["source"]) == ("error", RIGHT)
    assert target.read_text() == "# changed meanwhile\n"


def test_model_repairs_its_draft(program: Program) -> None:
    """A wrong answer, then a right one: two drafts, passed, with the tokens in the statistics."""
    with OpenAIServer([fenced(WRONG), fenced(RIGHT), APPROVAL]) as server:
        done = program(*SLUG, *MODEL, "--json", **with_model(server))
    assert (done.code, done.json["outcome"], done.json["attempts"]) == (0, "passed", 2)
    assert done.json["model"] == "openai:test-model"
    assert program("stats", "--json").json["input_tokens"] > 0


def test_failed_draft_is_shown_beside_and_never_on_standard_output(program: Program) -> None:
    """What failed is nothing to pipe: standard output stays empty, the evidence is told."""
    with OpenAIServer([fenced(WRONG)]) as server:
        done = program(*SLUG, *MODEL, "--attempts", "1", **with_model(server))
    assert (done.code, done.out) == (1, "")
    assert "FAILED  slugify('A b') == 'a-b'" in done.err
    assert "expected 'a-b', got 'a b'" in done.err


def test_nothing_to_go_by_asks_for_a_model(program: Program) -> None:
    """No examples and no model: exit 3, and what to do; quietly, standard error says nothing at all."""
    done = program("generate", "Write a parser", "--json")
    assert (done.code, done.json["outcome"], done.json["source"]) == (3, "needs_model", None)
    assert "GENLOOM_MODEL" in done.err
    quiet = program("generate", "-", "--quiet", "--json", stdin="Write a parser")
    assert (quiet.code, quiet.err) == (3, "")


def test_examples_in_the_prompt_are_taken_and_said_so(program: Program) -> None:
    """They count like any other, wherever the prompt comes from, and are told once, also with a kept answer."""
    prompt = "Double it.\n>>> double(2)\n4\n>>> double(0)\n0\n>>> double(5)\n10\n"
    for cached in (False, True):
        done = program("generate", "-", "--json", stdin=prompt)
        assert (done.code, done.json["outcome"], done.json["cached"]) == (0, "passed", cached)
        assert done.err.count("from the prompt as an example: double(5) == 10") == 1


def test_approval_waits_and_the_thread_goes_on(program: Program) -> None:
    """Exit 5 with the thread; shown, approved and written in later processes; a rejected one is failed."""
    waits = program(*DOUBLE, "--approval", "--json")
    assert (waits.code, waits.json["outcome"]) == (5, "pending")
    thread = waits.json["thread_id"]
    shown = program("thread", "show", thread, "--json").json
    assert (shown["outcome"], shown["next"]) == ("pending", ["finalize"])
    assert shown["question"]["question"]
    done = program("thread", "resume", thread, "--approve", "--comment", "fine", "--out", "double.py", "--json")
    assert (done.code, done.json["outcome"]) == (0, "passed")
    assert "fine" in done.json["reason"]
    assert (program.folder / "double.py").read_text() == done.json["source"]
    named = program(*DOUBLE, "--approval", "--thread", "mine")
    assert (named.code, named.out) == (5, "")
    assert "thread resume mine" in named.err
    assert program("thread", "resume", "mine", "--reject").code == 1
    listed = program("thread", "list", "--json").json["threads"]
    assert {(t["thread_id"], t["unfinished"]) for t in listed} == {(thread, False), ("mine", False)}


def test_agent_is_dispatched_on_request(program: Program) -> None:
    """`--agent` gives the request to the configured backend, and its draft is checked like any other."""
    with CodegenServer(RunPlan(result=fenced(RIGHT))) as server:
        env = {"CODEGEN_API_BASE_URL": server.base_url, "CODEGEN_API_TOKEN": server.token, "CODEGEN_ORG_ID": "1"}
        done = program(*SLUG, "--agent", "--json", **env)
    assert (done.code, done.json["generator"]) == (0, "agent")
    assert done.json["agent_run"]["status"] == "completed"


def test_agent_without_a_backend_is_a_missing_credential(program: Program) -> None:
    """Nothing is configured, so nothing can be dispatched; nothing was begun that could be resumed."""
    done = program(*SLUG, "--agent")
    assert done.code == 3
    assert "no agent backend" in done.err
    assert "saved" not in done.err
    assert program("thread", "list", "--json").json["threads"] == []


def test_run_that_ends_for_want_of_a_key_names_its_thread(program: Program) -> None:
    """What was done is saved: the text and the JSON say under which name."""
    done = program(*SLUG, *MODEL, "--json")
    (thread,) = program("thread", "list", "--unfinished", "--json").json["threads"]
    assert (done.code, done.json["outcome"], done.json["thread_id"]) == (3, "error", thread["thread_id"])
    assert f"saved: `genloom thread resume {thread['thread_id']}`" in done.err


def test_deadline_stops_the_run_resumably(program: Program) -> None:
    """Past the deadline the exit code is 130, and the thread goes on from where it stood."""
    with OpenAIServer([fenced(RIGHT), APPROVAL], faults=[Fault(delay=20.0, cut=True)]) as server:
        done = program(*SLUG, *MODEL, "--deadline", "5", "--json", **with_model(server))
        assert (done.code, done.json["outcome"]) == (130, "cancelled")
        resumed = program("thread", "resume", done.json["thread_id"], "--json", **with_model(server))
    assert (resumed.code, resumed.json["outcome"]) == (0, "passed")


def test_control_characters_of_a_name_do_not_reach_the_terminal(program: Program, tmp_path: Path) -> None:
    """What somebody put into a path is shown as an escape, not acted on."""
    done = program("generate", "Add", "--repo", f"{tmp_path}/\x1b[31mred")
    assert done.code == 2
    assert "\x1b" not in done.err
