"""Examples held back from a model: which they are, that no prompt holds them, and that they decide."""

import json

from scenarios import fenced

from genloom.graphs import build_generation_graph
from genloom.nodes.holding_back import hidden_examples
from genloom.state import Attempt, Failed, GenerationRequest, module_draft
from genloom.testing import RunPlan

EXAMPLES = [
    "slugify('Hello World') == 'hello-world'",
    "slugify('One Two Three') == 'one-two-three'",
    "slugify('Plain') == 'plain'",
    "slugify('Last One Here') == 'last-one-here'",
    "raises(AttributeError, slugify(None))",
]
RIGHT = "def slugify(text):\n    return '-'.join(text.lower().split())\n"


def request(**fields):
    return GenerationRequest.model_validate(
        {"prompt": "Make a slug", "name": "slugify", "examples": EXAMPLES, **fields}
    )


def hidden(asked, *, hold=True):
    return hidden_examples(asked, (), hold=hold)


def test_one_of_four_is_held_back_and_always_the_same():
    """At most a quarter, never what raises, and nothing of fewer than four or where the caller says so."""
    held = hidden(request())
    assert len(held) == 1
    assert held < set(EXAMPLES[:4])
    assert hidden(request()) == held
    assert hidden(request(examples=EXAMPLES[:3])) == frozenset()
    assert hidden(request(), hold=False) == frozenset()
    many = [f"slugify('Word{n} Next') == 'word{n}-next'" for n in range(13)]
    assert len(hidden(request(examples=many))) == 3


def test_what_the_model_reads_anyway_is_not_held_back():
    """An example in the prompt, the tests, the module to extend or the caller's context is shown whatever is done."""
    (held,) = hidden(request())
    call = held.split(" == ")[0]
    tests = f"from slug import slugify\n\ndef test_it():\n    assert {held.replace(chr(39), chr(34))}\n"
    context, prompt, module = f"assert {held}", f"Make a slug; {held}", f"x = 1  # {held}\n"
    for fields in ({"tests": tests}, {"codebase_context": context}, {"prompt": prompt}, {"extends": module}):
        assert all(call not in text for text in hidden(request(**fields)))


def attempt(generator, source="", held_out=(), evidence=""):
    draft = module_draft(source, path="slugify.py", name="slugify", generator=generator)
    draft = draft.model_copy(update={"held_out": tuple(held_out)})
    return Attempt(number=1, draft=draft, verdict=Failed(reason="no"), evidence=evidence)


def test_what_a_search_held_back_is_shown_where_the_model_reads_it_anyway():
    """The search may hold back what stands in the prompt; for a model that read it, it proves nothing."""
    asked = request(prompt=f"Make a slug, such as {EXAMPLES[0]}", examples=EXAMPLES[1:])
    for generator in ("search", "model"):
        earlier = (attempt(generator, held_out=[EXAMPLES[0], EXAMPLES[3]]),)
        assert hidden_examples(asked, earlier, hold=True) == {EXAMPLES[3]}
        assert hidden_examples(asked, earlier, hold=False) == {EXAMPLES[3]}


def test_what_stands_in_a_program_that_a_search_found_is_not_held_back():
    """A repair shows it to the model. What a model itself wrote gives nothing away."""
    (usual,) = hidden(request())
    call, expected = usual.split(" == ")
    source = f'def slugify(text):\n    """\n    >>> {call}\n    {expected}\n    """\n'
    assert usual not in hidden_examples(request(), (attempt("search", source),), hold=True)
    assert hidden_examples(request(), (attempt("model", source, held_out=[usual]),), hold=True) == {usual}


def test_a_model_proves_nothing_by_examples_that_it_read_in_the_prompt(use_model):
    """A search's program fails on the tests; the model's draft after it names no example as unseen."""
    examples = "\n".join(f">>> double({n})\n{2 * n}" for n in (2, 0, -3, 7))
    tests = "import pytest\n\nfrom double import double\n\n\ndef test_it():\n"
    tests += "    with pytest.raises(TypeError):\n        double('a')\n"
    server = use_model([fenced("def double(number: int) -> int:\n    return number - -number\n")])
    state = build_generation_graph().invoke(
        {"request": {"prompt": f"Double a number.\n{examples}", "name": "double", "tests": tests}},
        context={"model": "openai:test-model", "generators": ["search", "model"], "one_call": True},
    )
    found, written = state["attempts"]
    assert (found.draft.generator, written.draft.generator) == ("search", "model")
    assert found.draft.held_out
    assert written.verdict.result == "passed"
    assert written.draft.held_out == ()
    assert all(text.split(" == ")[0] in str(server.chats[0]["messages"]) for text in found.draft.held_out)


def test_an_agent_proves_nothing_by_examples_that_it_read_in_the_prompt(use_agent):
    """What a search had held back stands in the prompt that the agent is sent, and so its draft names none."""
    examples = "\n".join(f">>> double({n})\n{2 * n}" for n in (2, 0, -3, 7))
    tests = "import pytest\n\nfrom double import double\n\n\ndef test_it():\n"
    tests += "    with pytest.raises(TypeError):\n        double('a')\n"
    use_agent(RunPlan(result=fenced("def double(number: int) -> int:\n    return number - -number\n")))
    state = build_generation_graph().invoke(
        {"request": {"prompt": f"Double a number.\n{examples}", "name": "double", "tests": tests}},
        context={"generators": ["search"], "allow_fallback": True},
    )
    found, written = state["attempts"]
    assert (found.draft.generator, written.draft.generator) == ("search", "agent")
    assert found.draft.held_out
    assert (written.verdict.result, written.draft.held_out) == ("passed", ())


def test_a_draft_made_for_what_it_was_shown_fails_and_is_told_nothing_more(use_model, model_context):
    """No prompt of generation, repair or review holds the call or the value; the draft that holds in general passes."""
    shown = {"Hello World": "hello-world", "One Two Three": "one-two-three", "Plain": "plain"}
    shown |= {"Last One Here": "last-one-here"}
    (secret,) = hidden(request())
    fitted = f"KNOWN = { ({k: v for k, v in shown.items() if repr(k) not in secret})!r}\n\n"
    fitted += "def slugify(text):\n    return KNOWN[text] if text in KNOWN else text.lower() and ''\n"
    server = use_model([fenced(fitted), fenced(RIGHT)])
    context = {**model_context, "reviewer_model": None}
    state = build_generation_graph().invoke({"request": request().model_dump(mode="json")}, context=context)
    first, last = state["attempts"]
    (held,) = first.draft.held_out
    assert (first.verdict.result, last.verdict.result) == ("failed", "passed")
    assert first.verdict.reason == "An example that was held back from the generator did not hold."
    assert [check.result for check in last.verdict.checks if check.source == "held_out"] == ["passed"]
    told = json.dumps([chat["messages"] for chat in server.chats])
    call, expected = held.split(" == ")
    assert call not in told
    assert expected.strip("'") not in told
    assert "must hold in general" in told
