"""What waits for a person is decided in another process; a pin is written anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from genloom_program import Program

from genloom.errors import PendingReview
from genloom.interfaces.importer.asked import GeneratedSource, ModuleRequest
from genloom.interfaces.importer.generation.generating import generate_module
from genloom.interfaces.importer.library.library import Library
from genloom.testing import OpenAIServer

SHOUT = 'def shout(text: str) -> str:\n    """Return it in capitals."""\n    return text.upper()\n'
WEIGH = (
    'def weigh(text: str) -> int:\n    """Return a sum over the text."""\n'
    "    return sum((i + 3) * ord(c) for i, c in enumerate(text)) % 97\n"
)
OTHER = WEIGH.replace("(i + 3) * ord(c)", "ord(c) * (i + 3)")
WRONG = WEIGH.replace("% 97", "% 89")
CHECKS = ("weigh('ab') == 4", "weigh('') == 0", "weigh('hello') == 62")

pytestmark = pytest.mark.slow


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    """A model on loopback that the environment names; it says what `told` holds."""
    told: list[str] = [SHOUT]
    with OpenAIServer(lambda _: f"```python\n{told[0]}```\n") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "any")
        monkeypatch.setenv("GENLOOM_MODEL", "openai:test-model")
        server.told = told  # type: ignore[attr-defined]
        yield server


def ask_for_review(library: Library) -> PendingReview:
    """Ask for a module that a person has to accept, where no person is."""
    request = ModuleRequest(
        module="myapp.gen.loud",
        names=("shout",),
        options=library.options(mode="review"),
        examples=("shout('a') == 'A'", "shout('B c') == 'B C'"),
    )
    with pytest.raises(PendingReview) as raised:
        generate_module(request)
    return raised.value


def test_what_waits_is_listed_shown_and_accepted_without_a_second_call(
    program: Program, library: Library, model: OpenAIServer
) -> None:
    """The diff, the thread; then the pin, with the checks that it passed, accepted by a person."""
    error = ask_for_review(library)
    (waiting,) = program("lib", "pending", "--json").json["pending"]
    assert (waiting["module"], waiting["thread_id"]) == ("myapp.gen.loud", error.thread_id)
    assert "+def shout" in waiting["diff"]
    assert "+def shout" in program("lib", "show", "loud").out
    states = {m["module"]: m["state"] for m in program("lib", "list", "--json").json["modules"]}
    assert states == {"myapp.gen.loud": "pending", "myapp.gen.text": "pinned"}
    accepted = program("lib", "accept", "loud", "--json")
    assert accepted.code == 0, accepted.err
    assert accepted.json["state"] == "pinned"
    state = library.state("loud")
    assert state.entry is not None
    assert (state.verdict, state.entry.accepted_by, state.names) == ("passed", "review", ("shout",))
    assert library.source("myapp.gen.loud") == SHOUT
    assert program("lib", "pending", "--json").json == {"pending": []}
    assert len(model.chats) == 1
    assert program("lib", "verify", "loud").code == 0


def test_an_accepted_extension_keeps_what_the_module_was_checked_by(
    program: Program, library: Library, model: OpenAIServer, made: GeneratedSource
) -> None:
    """Names and checks of both; the old text is the beginning of the new one."""
    request = ModuleRequest(
        module="myapp.gen.text",
        names=("shout",),
        existing=made.source,
        options=library.options(mode="review"),
        examples=("shout('a') == 'A'", "shout('B c') == 'B C'"),
    )
    with pytest.raises(PendingReview):
        generate_module(request)
    assert program("lib", "accept", "text").code == 0
    state = library.state("text")
    assert library.source("myapp.gen.text").startswith(made.source)
    assert state.names == ("double", "shout")
    assert state.entry is not None
    assert set(state.entry.checks) == {*made.checks, *request.examples}
    assert "test_double_of_zero" in state.entry.tests
    assert program("lib", "verify").code == 0


def test_what_another_user_generated_cannot_be_accepted_and_says_why(
    program: Program, library: Library, model: OpenAIServer, tmp_path: Path
) -> None:
    """The run is kept in the data folder of whoever imported; rejecting clears the way."""
    ask_for_review(library)
    refused = program("lib", "accept", "loud", GENLOOM_HOME=str(tmp_path / "another"))
    assert refused.code == 2
    assert "genloom lib reject myapp.gen.loud" in refused.err
    assert program("lib", "reject", "loud", GENLOOM_HOME=str(tmp_path / "another")).code == 0
    assert library.waiting() == ()


def test_what_is_rejected_is_pinned_by_nobody(program: Program, library: Library, model: OpenAIServer) -> None:
    """Nor can it be accepted later."""
    ask_for_review(library)
    assert program("lib", "reject", "loud", "--comment", "too loud").code == 0
    assert program("lib", "pending", "--json").json == {"pending": []}
    assert program("lib", "accept", "loud").code == 2
    assert not library.path("myapp.gen.loud").exists()


def test_what_was_pinned_meanwhile_is_not_written_over(
    program: Program, library: Library, model: OpenAIServer, made: GeneratedSource
) -> None:
    """The person saw the diff against another text. A run that is gone can still be rejected."""
    error = ask_for_review(library)
    library.pin("myapp.gen.loud", made)
    refused = program("lib", "accept", "loud")
    assert refused.code == 2
    assert "is not what it was" in refused.err
    assert library.source("myapp.gen.loud") == made.source
    assert program("thread", "delete", error.thread_id).code == 0
    assert program("lib", "reject", "loud").code == 0
    assert program("lib", "pending", "--json").json == {"pending": []}


@pytest.fixture
def weigh(library: Library, made: GeneratedSource) -> GeneratedSource:
    """A second pinned module, of a kind that only a model writes."""
    tests = "from myapp.gen.scale import weigh\n\n\ndef test_weigh() -> None:\n    assert weigh('a') == 0\n"
    source = replace(made, source=WEIGH, names=("weigh",), checks=CHECKS, tests=tests)
    library.pin("myapp.gen.scale", source)
    return source


def test_regenerate_writes_a_module_anew_with_its_kept_checks(
    program: Program, library: Library, model: OpenAIServer, weigh: GeneratedSource
) -> None:
    """The checks of the lock file decide: what fails them leaves the old file as it was."""
    model.told[0] = OTHER  # type: ignore[attr-defined]
    done = program("lib", "regenerate", "scale", "--json")
    assert done.code == 0, done.err
    state = library.state("scale")
    assert library.source("myapp.gen.scale") == OTHER
    assert (state.state, state.verdict) == ("pinned", "passed")
    assert state.entry is not None
    assert set(state.entry.checks) == set(CHECKS)
    assert "test_weigh" in state.entry.tests
    model.told[0] = WRONG  # type: ignore[attr-defined]
    refused = program("lib", "regenerate", "scale")
    assert refused.code == 1, refused.err
    assert "weigh('ab') == 4: expected 4, got" in refused.err
    assert library.source("myapp.gen.scale") == OTHER
    assert library.state("scale").state == "pinned"
    assert program("lib", "regenerate", "nothing").code == 2


def test_regenerate_may_wait_for_a_person(
    program: Program, library: Library, model: OpenAIServer, weigh: GeneratedSource
) -> None:
    """Exit code 5; the diff is against the pinned text, which stands until somebody accepts."""
    model.told[0] = OTHER  # type: ignore[attr-defined]
    waits = program("lib", "regenerate", "scale", "--review", "--json")
    assert waits.code == 5, waits.err
    assert (waits.json["outcome"], waits.json["module"]) == ("pending", "myapp.gen.scale")
    assert waits.json["thread_id"]
    assert library.source("myapp.gen.scale") == WEIGH
    assert [m["waits"] for m in program("lib", "list", "--json").json["modules"]] == [True, False]
    (waiting,) = program("lib", "pending", "--json").json["pending"]
    assert waiting["diff"] == waits.json["diff"]
    assert "-    return sum((i + 3) * ord(c)" in waiting["diff"]
    assert "+    return sum(ord(c) * (i + 3)" in waiting["diff"]
    assert program("lib", "accept", "scale").code == 0
    assert library.source("myapp.gen.scale") == OTHER


def test_regenerate_tells_a_refused_key_by_its_exit_code(
    program: Program, library: Library, weigh: GeneratedSource
) -> None:
    """3, as everywhere; the pinned file stands."""
    with OpenAIServer([], api_key="another") as server:
        settings = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "wrong", "GENLOOM_MODEL": "openai:test-model"}
        refused = program("lib", "regenerate", "scale", **settings)
    assert refused.code == 3, refused.err
    assert library.state("scale").state == "pinned"


def test_regenerate_tells_why_a_model_cannot_be_asked(
    program: Program, library: Library, model: OpenAIServer, weigh: GeneratedSource
) -> None:
    """The cause and its exit code, not only what to do about it."""
    refused = program("lib", "regenerate", "scale", "--model", "openai:unheard-of")
    assert refused.code == 2, refused.err
    assert "no model 'openai:unheard-of'" in refused.err
