"""The generation graph, end to end: real clients, real servers on loopback, the real sandbox."""

import asyncio

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from scenarios import APPROVAL, REQUEST, RIGHT, WRONG, fenced

from genloom.config import load_settings
from genloom.errors import CredentialError, GenerationError, ModelNameError, RequestError, TimeLimitError
from genloom.events import parse_event
from genloom.graphs import build_generation_graph
from genloom.nodes import NodePolicy
from genloom.state import GenerationRequest, GraphContext
from genloom.testing import Fault, Reply, RunPlan
from genloom.tools.codebase import build_context
from genloom.tools.store.state_serializer import StateSerializer

QUICK = {"generate": NodePolicy(tries=3, base_seconds=0.01, cap_seconds=0.02)}


def test_the_model_answers_wrong_then_right_and_the_graph_repairs(use_model, model_context):
    """The second request carries the evidence; the outcome is passed, by values."""
    server = use_model([fenced(WRONG), fenced(RIGHT), APPROVAL])
    state = build_generation_graph().invoke({"request": REQUEST}, context=model_context)
    assert state["outcome"].result == "passed"
    assert state["draft"].source == RIGHT
    assert [a.verdict.result for a in state["attempts"]] == ["failed", "passed"]
    assert state["verdict"].evidence == "values"
    told = server.chats[1]["messages"][-1]["content"]
    assert "slugify('A b')" in told
    assert "'a b'" in told  # what the wrong draft gave


def test_it_stays_wrong_and_the_agent_takes_over_with_leave(use_model, use_agent, model_context):
    """Attempts spent: the fallback edge dispatches the agent, and its draft is verified like any other."""
    use_model([fenced(WRONG)] * 2)
    backend = use_agent(RunPlan(result=fenced(RIGHT)))
    context = {**model_context, "max_attempts": 2, "allow_fallback": True, "reviewer_model": None}
    with_agent_only = {**context, "generators": ["model"]}
    state = build_generation_graph().invoke({"request": REQUEST}, context=with_agent_only)
    assert state["outcome"].result == "passed"
    assert state["draft"].generator == "agent"
    assert len(backend.runs) == 1
    assert len(state["attempts"]) == 3


def test_the_server_fails_and_the_agent_takes_over_with_leave(use_model, use_agent, model_context):
    """A classified failure of the model goes over the error handler's edge."""
    use_model([], faults=[Fault(status=503)] * 50)
    backend = use_agent(RunPlan(result=fenced(RIGHT)))
    graph = build_generation_graph(policies=QUICK)
    state = graph.invoke({"request": REQUEST}, context={**model_context, "allow_fallback": True})
    assert state["outcome"].result == "passed"
    assert state["failure"].kind == "server"
    assert len(backend.runs) == 1


def test_model_and_agent_fail_and_the_error_holds_both_causes(use_model, use_agent, model_context):
    """Every backend failed: one error, with the causes in order."""
    use_model([], faults=[Fault(status=503)] * 50)
    use_agent(RunPlan(status="FAILED", result=None))
    graph = build_generation_graph(policies=QUICK)
    with pytest.raises(GenerationError) as caught:
        graph.invoke({"request": REQUEST}, context={**model_context, "allow_fallback": True})
    assert [type(cause).__name__ for cause in caught.value.causes] == ["ModelError", "AgentError"]
    assert caught.value.exit_code == 4


def test_no_agent_is_dispatched_without_leave(use_model, use_agent, model_context):
    """A configured backend alone is no leave: paid work is never a default."""
    use_model([], faults=[Fault(status=503)] * 50)
    backend = use_agent(RunPlan(result=fenced(RIGHT)))
    with pytest.raises(GenerationError):
        build_generation_graph(policies=QUICK).invoke({"request": REQUEST}, context=model_context)
    use_model([fenced(WRONG)] * 3)
    state = build_generation_graph().invoke({"request": REQUEST}, context=model_context)
    assert state["outcome"].result == "failed"
    assert backend.runs == ()


def test_leave_without_a_backend_is_refused_politely(use_model, model_context):
    """Nothing to fall back to: the drafts failed, and that is the outcome."""
    use_model([fenced(WRONG)] * 3)
    state = build_generation_graph().invoke({"request": REQUEST}, context={**model_context, "allow_fallback": True})
    assert state["outcome"].result == "failed"
    assert state.get("agent_run") is None


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_a_credential_error_and_never_falls_back(use_model, use_agent, model_context, status):
    """Neither retried nor sent to a paid agent."""
    server = use_model([], faults=[Fault(status=status)] * 9)
    backend = use_agent(RunPlan(result=fenced(RIGHT)))
    with pytest.raises(CredentialError) as caught:
        build_generation_graph().invoke({"request": REQUEST}, context={**model_context, "allow_fallback": True})
    assert caught.value.exit_code == 3
    assert len(server.requests) == 1
    assert backend.runs == ()


def test_a_missing_key_is_a_credential_error(model_context):
    """No request is made at all."""
    with pytest.raises(CredentialError, match="No key"):
        build_generation_graph().invoke({"request": REQUEST}, context=model_context)


@pytest.mark.parametrize("model", ["openai:no-such-model", "nosuchprovider:x"])
def test_an_unknown_model_is_a_usage_error(use_model, model_context, model):
    """Whether the server or LangChain does not know it."""
    use_model([])
    with pytest.raises(ModelNameError) as caught:
        build_generation_graph().invoke({"request": REQUEST}, context={**model_context, "model": model})
    assert caught.value.exit_code == 2


def test_transient_failures_are_retried_and_retry_after_is_honoured(use_model, model_context):
    """Two failures, then the answer: one draft, three requests."""
    faults = [Fault(status=429, headers={"Retry-After": "0"}), Fault(status=500)]
    server = use_model([fenced(RIGHT), APPROVAL], faults=faults)
    events = []
    graph = build_generation_graph(policies=QUICK)
    for item in graph.stream({"request": REQUEST}, context=model_context, stream_mode="custom"):
        events.append(parse_event(item))
    assert [e.attempt for e in events if e.kind == "retry_scheduled"] == [2, 3]
    assert len(server.chats) == 4


def test_direct_dispatch_goes_straight_to_the_agent(use_agent):
    """`use_agent` needs no model."""
    backend = use_agent(RunPlan(result=fenced(RIGHT)))
    state = build_generation_graph().invoke({"request": {**REQUEST, "use_agent": True}})
    assert state["outcome"].result == "passed"
    assert state["agent_run"].status == "completed"
    assert "slugify" in backend.runs[0].asked.prompt


def test_an_agents_failed_draft_never_falls_back_to_an_agent(use_agent):
    """One run, and the outcome says that its draft failed."""
    backend = use_agent(RunPlan(result=fenced(WRONG)))
    state = build_generation_graph().invoke(
        {"request": {**REQUEST, "use_agent": True}}, context={"allow_fallback": True}
    )
    assert state["outcome"].result == "failed"
    assert len(backend.runs) == 1


def test_an_agent_that_answers_no_module_is_not_run_with_the_link(use_agent):
    """Neither passed nor failed."""
    use_agent(RunPlan(result="I opened a pull request.", pull_requests=("https://example.invalid/pull/1",)))
    state = build_generation_graph().invoke({"request": {**REQUEST, "use_agent": True}})
    assert state["verdict"].result == "not_run"
    assert "https://example.invalid/pull/1" in state["verdict"].hint
    assert state["outcome"].result == "unverified"
    assert not state["outcome"].usable


def test_direct_dispatch_without_a_backend_is_a_credential_error():
    """The hint says what to set."""
    with pytest.raises(CredentialError) as caught:
        build_generation_graph().invoke({"request": {**REQUEST, "use_agent": True}})
    assert "CODEGEN_API_TOKEN" in caught.value.hint


def test_typed_and_json_input_give_the_same(use_model, model_context):
    """Studio and the SDK send dicts."""
    use_model([fenced(RIGHT), APPROVAL] * 2)
    graph = build_generation_graph()
    from_json = graph.invoke({"request": REQUEST}, context=model_context)
    typed = graph.invoke(
        {"request": GenerationRequest.model_validate(REQUEST)}, context=GraphContext.model_validate(model_context)
    )
    assert from_json["outcome"] == typed["outcome"]
    assert from_json["request"] == typed["request"]


def test_invalid_json_input_is_a_request_error_that_names_the_field():
    """At the border, before anything runs."""
    with pytest.raises(RequestError, match=r"request\.examples"):
        build_generation_graph().invoke({"request": {"prompt": "x", "examples": 3}})
    with pytest.raises(RequestError, match="contradict"):
        build_generation_graph().invoke({"request": {"prompt": "x", "examples": ["f(1) == 1", "f(1) == 2"]}})


async def test_ainvoke_and_invoke_inside_a_running_loop_both_work(use_model, model_context):
    """As in a notebook, whose loop runs already."""
    use_model([fenced(RIGHT), APPROVAL] * 2)
    graph = build_generation_graph()
    inside = await graph.ainvoke({"request": REQUEST}, context=model_context)
    blocking = graph.invoke({"request": REQUEST}, context=model_context)
    assert inside["outcome"] == blocking["outcome"]


def test_one_loop_after_another_works_with_the_same_model(use_model, model_context):
    """Connections belong to a loop; two `asyncio.run` calls must not share them."""
    use_model([fenced(RIGHT), APPROVAL] * 2)
    graph = build_generation_graph()
    for _ in range(2):
        state = asyncio.run(graph.ainvoke({"request": REQUEST}, context=model_context))
        assert state["outcome"].result == "passed"


async def test_updates_messages_and_custom_events_all_say_something(use_model, model_context):
    """Each stream mode shows the run from its side."""
    use_model([fenced(WRONG), fenced(RIGHT), APPROVAL])
    seen: dict[str, list] = {"updates": [], "messages": [], "custom": []}
    graph = build_generation_graph()
    async for mode, item in graph.astream({"request": REQUEST}, context=model_context, stream_mode=list(seen)):
        seen[mode].append(item)
    assert [next(iter(update)) for update in seen["updates"]] == [
        "inject_context", "generate", "verify", "repair", "generate", "verify", "review", "finalize",
    ]  # fmt: skip
    assert "def slugify" in "".join(str(chunk.content) for chunk, _ in seen["messages"])
    kinds = {parse_event(item).kind for item in seen["custom"]}
    assert {"node_started", "node_finished", "draft_made", "check_finished", "verdict_ready", "review_ready"} <= kinds
    assert {"model_usage", "context_ready", "run_finished"} <= kinds


def test_a_malformed_reply_is_sent_back_with_the_reason(use_model, model_context):
    """Two blocks are never joined: the model is told, and answers again."""
    server = use_model([fenced(RIGHT) + fenced(RIGHT), fenced(RIGHT), APPROVAL])
    state = build_generation_graph().invoke({"request": REQUEST}, context=model_context)
    assert state["outcome"].result == "passed"
    assert "2 code blocks" in str(server.chats[1]["messages"])


def test_a_reviewer_can_send_the_draft_back(use_model, model_context):
    """A revise decision becomes evidence for the next attempt."""
    revise = (
        '{"decision": "revise", "summary": "Tabs are not handled.",'
        ' "findings": [{"rule": "tabs", "severity": "error", "line": 3, "message": "A tab stays in."}]}'
    )
    server = use_model([fenced(RIGHT), revise, fenced(RIGHT), APPROVAL])
    state = build_generation_graph().invoke({"request": REQUEST}, context=model_context)
    assert state["outcome"].result == "passed"
    assert len(state["attempts"]) == 2
    assert "A tab stays in." in str(server.chats[2]["messages"])


def test_a_reviewer_who_answers_prose_leaves_the_decision_to_the_others(use_model, model_context):
    """It is said as a finding, and never taken for an approval of its own."""
    use_model([fenced(RIGHT), "Looks good to me!"])
    state = build_generation_graph().invoke({"request": REQUEST}, context=model_context)
    assert state["outcome"].result == "passed"
    assert [f.rule for f in state["review"].findings if f.rule.startswith("model:")] == ["model:unheard"]


def test_without_examples_the_models_own_checks_never_prove_anything(use_model, model_context):
    """They are proposed, shown and run; the outcome stays unverified."""
    proposals = "```python\nslugify('A b') == 'a-b'\nslugify('') == ''\nnonsense\n```"
    use_model([proposals, fenced(RIGHT), APPROVAL])
    request = {"prompt": "Make a URL slug", "name": "slugify"}
    state = build_generation_graph().invoke({"request": request}, context=model_context)
    assert state["outcome"].result == "unverified"
    assert {c.source for c in state["verdict"].checks} >= {"proposed"}
    assert state["draft"].proposed_checks == ("slugify('A b') == 'a-b'", "slugify('') == ''")


def test_attempts_are_bounded_and_so_is_the_graph(use_model, model_context):
    """A model that never gets it right is asked as often as allowed, and not once more."""
    server = use_model(lambda request: fenced(WRONG))
    state = build_generation_graph().invoke({"request": REQUEST}, context={**model_context, "max_attempts": 20})
    assert state["outcome"].result == "failed"
    assert len(server.chats) == 20


def test_the_key_never_reaches_the_state_or_an_event(use_model, model_context):
    """Not even when the model repeats it."""
    key = "sk-test-0123456789abcdef0123456789abcdef"
    server = use_model([fenced(RIGHT), APPROVAL])
    request = {**REQUEST, "codebase_context": {"settings.py": f"OPENAI_API_KEY = '{key}'\n"}}
    items = list(build_generation_graph().stream({"request": request}, context=model_context, stream_mode="custom"))
    assert key not in str(items)
    assert all(key not in str(chat) for chat in server.chats)


def test_a_thread_that_is_used_again_starts_afresh(use_model, model_context):
    """Studio and servers reuse threads: the second request sees nothing of the first."""
    other = {"prompt": "Shout", "examples": ["shout('a') == 'A'"]}
    shout = 'def shout(text: str) -> str:\n    """Shout."""\n    return text.upper()\n'
    server = use_model([fenced(WRONG), fenced(RIGHT), APPROVAL, fenced(shout), APPROVAL])
    graph = build_generation_graph(checkpointer=InMemorySaver(serde=StateSerializer()))
    config = {"configurable": {"thread_id": "one"}}
    first = graph.invoke({"request": REQUEST}, config, context=model_context)
    second = graph.invoke({"request": other}, config, context=model_context)
    assert (len(first["attempts"]), len(second["attempts"])) == (2, 1)
    assert second["outcome"].result == "passed"
    assert "slugify" not in str(server.chats[3]["messages"])


def test_nothing_is_left_of_an_interrupted_request_whatever_context_the_next_one_brings(use_model, model_context):
    """The context that comes along with the new request is no sign that the thread was the request's before."""
    other = GenerationRequest.model_validate({"prompt": "Shout", "examples": ["shout('a') == 'A'"]})
    shout = 'def shout(text: str) -> str:\n    """Shout."""\n    return text.upper()\n'
    graph = build_generation_graph(checkpointer=InMemorySaver(serde=StateSerializer()))
    config = {"configurable": {"thread_id": "one"}}
    use_model([fenced(WRONG)], faults=[None, Fault(status=401)])
    with pytest.raises(CredentialError):
        graph.invoke({"request": REQUEST}, config, context=model_context)
    assert len(graph.get_state(config).values["attempts"]) == 1
    server = use_model([fenced(shout), APPROVAL])
    brought = build_context(other, GraphContext(), load_settings())
    second = graph.invoke({"request": other, "context": brought}, config, context=model_context)
    assert [attempt.draft.name for attempt in second["attempts"]] == ["shout"]
    assert second["outcome"].result == "passed"
    assert "slugify" not in str(server.chats[0]["messages"])


def test_an_agent_run_that_times_out_is_waited_for_once(use_agent):
    """The deadline is the caller's: no retry starts it again."""
    backend = use_agent(RunPlan(seconds=600))
    graph, asked, events = build_generation_graph(), {"request": {**REQUEST, "use_agent": True}}, []
    with pytest.raises(GenerationError, match="did not end in time"):
        events.extend(graph.stream(asked, context={"agent_seconds": 1.0}, stream_mode="custom"))
    assert [event.node for event in map(parse_event, events) if event.kind == "node_started"].count(
        "dispatch_agent"
    ) == 1
    assert len(backend.runs) == 1


def test_an_agent_that_fails_after_failed_drafts_leaves_them_in_the_outcome(use_model, use_agent, model_context):
    """The drafts are not lost, and the agent's error stands beside them."""
    use_model([fenced(WRONG)])
    use_agent(RunPlan(status="FAILED", result=None))
    context = {**model_context, "max_attempts": 1, "allow_fallback": True}
    state = build_generation_graph().invoke({"request": REQUEST}, context=context)
    assert state["outcome"].result == "failed"
    assert state["outcome"].problems[0].type == "AgentError"
    assert state["attempts"][0].draft.source == WRONG


def test_a_node_that_overruns_its_limit_is_a_typed_error(use_model, model_context):
    """Not a bare TimeoutError, and not tried again."""
    server = use_model([fenced(RIGHT)], faults=[Fault(delay=20)] * 3)
    graph = build_generation_graph(policies={"generate": NodePolicy(limit_seconds=0.5)})
    with pytest.raises(GenerationError) as caught:
        graph.invoke({"request": REQUEST}, context=model_context)
    assert isinstance(caught.value.causes[0], TimeLimitError)
    assert caught.value.message.startswith("There is no draft: generate took longer")  # who took so long nobody knows
    assert len(server.requests) <= 1  # none where loading the client alone took as long


def test_held_out_examples_never_reach_a_model(use_model):
    """What search held back stays hidden from the model that goes on after it."""
    examples = [f"pick([{', '.join(map(str, range(n)))}]) == {n * n + 7}" for n in range(2, 8)]
    tests = "from pick import pick\n\ndef test_never():\n    assert pick([]) == 'never'\n"
    server = use_model(lambda request: fenced("def pick(xs):\n    return 0\n"))
    context = {"model": "openai:test-model", "max_attempts": 2}
    request = {"prompt": "Square of the length plus seven", "examples": examples, "tests": tests}
    state = build_generation_graph().invoke({"request": request}, context=context)
    hidden = [text for attempt in state["attempts"] for text in attempt.draft.held_out]
    assert state["outcome"].result == "failed"
    assert hidden, [a.draft.generator for a in state["attempts"]]
    told = "".join(message["content"] for chat in server.chats for message in chat["messages"])
    assert all(text.split(" == ")[0] not in told for text in hidden)


def test_what_abstained_once_is_not_asked_again(use_model):
    """Search is deterministic: a repair does not search anew."""
    use_model([fenced(WRONG), fenced(RIGHT), APPROVAL])
    request = {"prompt": "Translate", "examples": ["slugify('A b') == 'a-b'", "slugify('zz') == 'zz'"]}
    events = [
        parse_event(item)
        for item in build_generation_graph().stream(
            {"request": request},
            context={"model": "openai:test-model", "generators": ["reuse", "model"]},
            stream_mode="custom",
        )
    ]
    assert [e.generator for e in events if e.kind == "draft_made"] == ["reuse", "model", "model"]


def test_a_secret_in_an_example_never_reaches_an_event(use_model, model_context):
    """Events are redacted where they leave the graph."""
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2
    use_model(lambda request: fenced(RIGHT))
    request = {"prompt": f"Make a slug, `slugify('{token}') == 'x'`", "name": "slugify"}
    items = list(build_generation_graph().stream({"request": request}, context=model_context, stream_mode="custom"))
    assert items
    assert token not in str(items)


@pytest.mark.parametrize(
    "body", ["null", "[]", "{}", '{"choices": []}', '{"error": {"message": "no"}}', "<html>hi</html>"]
)
def test_an_odd_answer_with_status_200_is_a_malformed_answer(use_model, model_context, body):
    """Whatever the client stumbles over, the error is one of genloom's and is not tried again."""
    server = use_model([], faults=[Fault(body=body)] * 5)
    with pytest.raises(GenerationError) as caught:
        build_generation_graph(policies=QUICK).invoke({"request": REQUEST}, context=model_context)
    assert caught.value.causes[0].kind == "malformed"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "judgement",
    [
        '{"decision": "REJECT", "summary": "No."}',
        '{"decision": "reject", "findings": [{"severity": "critical", "message": "bad"}]}',
        '{"decision": "reject", "findings": [{"message": "' + "x" * 5000 + '"}]}',
        'I looked at {x} and {y}: {"decision": "reject", "summary": "No."}',
    ],
)
def test_a_readable_rejection_is_heard_however_it_is_dressed(use_model, model_context, judgement):
    """A malformed remark does not silence the decision."""
    use_model([fenced(RIGHT), judgement])
    state = build_generation_graph().invoke({"request": REQUEST}, context=model_context)
    assert state["outcome"].result == "failed"
    assert state["review"].decision == "reject"


def test_a_reviewer_answers_by_a_call_of_its_tool(use_model, model_context):
    """Structured output where the server takes tools."""
    server = use_model([fenced(RIGHT), Reply(value={"decision": "approve", "summary": "Fine."})])
    state = build_generation_graph().invoke({"request": REQUEST}, context=model_context)
    assert state["outcome"].result == "passed"
    assert state["review"].summary == "Fine."
    assert server.chats[1]["tools"]


def test_an_unproven_candidate_of_search_leaves_the_word_to_the_model(use_model):
    """One example proves nothing: with a model configured, it is asked."""
    server = use_model([fenced(RIGHT), APPROVAL])
    request = {"prompt": "Make a URL slug", "examples": ["slugify('A b') == 'a-b'"]}
    state = build_generation_graph().invoke({"request": request}, context={"model": "openai:test-model"})
    assert state["draft"].generator == "model"
    assert state["outcome"].result == "passed"
    assert server.chats


def test_tests_name_what_is_asked(use_model, model_context):
    """Without a name, the tests' own import says which module and which function."""
    use_model([fenced(RIGHT), APPROVAL])
    tests = "from text_tools import slugify\n\n\ndef test_it():\n    assert slugify('A b') == 'a-b'\n"
    state = build_generation_graph().invoke(
        {"request": {"prompt": "Make a URL slug", "tests": tests}}, context=model_context
    )
    assert state["outcome"].result == "passed", state["verdict"]
    assert state["draft"].path == "text_tools.py"


def test_a_changed_file_is_injected_anew_when_a_run_goes_on_later(use_model, model_context, tmp_path):
    """What was chosen before the interrupt does not match any more."""
    (tmp_path / "slugs.py").write_text("def slug_words(text):\n    '''Words of a slug.'''\n    return text.split()\n")
    server = use_model([fenced(RIGHT), APPROVAL])
    context = {**model_context, "repository": str(tmp_path)}
    graph = build_generation_graph(checkpointer=InMemorySaver(serde=StateSerializer()))
    config = {"configurable": {"thread_id": "one"}}
    graph.invoke({"request": REQUEST}, config, context=context, interrupt_before=["generate"])
    (tmp_path / "slugs.py").write_text(
        "def slug_words(text):\n    '''Words of a slug, anew.'''\n    return text.split()\n"
    )
    graph.invoke(None, config, context=context)
    assert "Words of a slug, anew." in str(server.chats[0]["messages"])
