"""The generation behind an import: with a model on loopback and the real sandbox."""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from generation import CALLER, MODULE, SLUGIFY, Project, fenced, prompt_of

from genloom.errors import CredentialError, GeneratedImportError
from genloom.interfaces.importer.generation.generating import generate_module
from genloom.testing import CodegenServer, Fault, OpenAIServer, RunPlan

Serve = Callable[..., OpenAIServer]


def test_what_holds_the_callers_assertions_is_accepted_after_one_call(project: Project, serve: Serve) -> None:
    server = serve(fenced(SLUGIFY))
    made = generate_module(project.asked())
    assert made.source == SLUGIFY
    assert made.verdict == "passed"
    assert made.checks == ("slugify('A b') == 'a-b'", "slugify('C') == 'c'")
    assert made.generator == "model"
    assert made.model == "openai:test-model"
    assert made.tier != "rlimits"
    assert len(server.chats) == 1
    assert not (project.directory / "text.py").exists()
    assert MODULE not in sys.modules


def test_the_model_is_told_the_callers_code_uses_and_the_modules_beside_it(project: Project, serve: Serve) -> None:
    server = serve(fenced(SLUGIFY))
    project.write(
        "myapp/pages.py", "from .gen.text import slugify\n\n\ndef link(page):\n    return slugify(page.title)\n"
    )
    project.write("myapp/gen/names.py", "def initials(name: str) -> str:\n    return name[0]\n")
    generate_module(project.asked(f"# Slugs are for links.\n{CALLER}", description="Texts of a blog."))
    told = prompt_of(server)
    for part in (
        "# Slugs are for links.",
        "return slugify(page.title)",
        "def initials(name: str) -> str: ...",
        "a blog",
    ):
        assert part in told


def test_a_reply_is_formatted_before_it_is_checked(project: Project, serve: Serve) -> None:
    serve(fenced("def slugify( text ):\n  return '-'.join(text.lower( ).split())\n"))
    made = generate_module(project.asked())
    assert made.source == 'def slugify(text):\n    return "-".join(text.lower().split())\n'


def test_a_wrong_reply_is_repaired_with_the_evidence(project: Project, serve: Serve) -> None:
    server = serve(fenced("def slugify(text):\n    return text\n"), fenced(SLUGIFY))
    assert generate_module(project.asked()).source == SLUGIFY
    assert "expected 'a-b', got 'A b'" in prompt_of(server)


def test_what_never_holds_is_an_error_with_the_evidence(project: Project, serve: Serve) -> None:
    serve(lambda request: fenced("def slugify(text):\n    return text\n"))
    with pytest.raises(GeneratedImportError) as caught:
        generate_module(project.asked())
    text = str(caught.value)
    assert caught.value.name == MODULE
    assert "slugify('A b') == 'a-b': expected 'a-b', got 'A b'" in text
    assert "3 drafts" in text


def test_an_assertion_with_its_statements_decides(project: Project, serve: Serve) -> None:
    caller = """\
from myapp.gen.text import slugify

parts = ['A', 'b']
found = [slugify(p) for p in parts]
assert found == ['a', 'b']
"""
    serve(fenced("def slugify(text):\n    return text\n"), fenced(SLUGIFY))
    made = generate_module(project.asked(caller))
    assert made.source == SLUGIFY
    assert "from myapp.gen.text import slugify" in made.tests
    assert "assert found == ['a', 'b']" in made.tests


def test_all_names_of_a_statement_come_of_one_generation(project: Project, serve: Serve) -> None:
    caller = "from myapp.gen.text import slugify, LIMIT\n\nassert slugify('A') == 'a'\n"
    both = f"LIMIT = 10\n\n\n{SLUGIFY}"
    server = serve(fenced(SLUGIFY), fenced(both))
    made = generate_module(project.asked(caller, names=("slugify", "LIMIT")))
    assert made.source == both
    assert "does not define `LIMIT`" in prompt_of(server)


def test_what_is_there_stays_byte_for_byte(project: Project, serve: Serve) -> None:
    existing = "import re\n\n\ndef words(text):  # kept  as it is\n    return re.findall('[a-z]+', text)\n"
    project.write("myapp/gen/text.py", existing)
    server = serve(fenced("import re\n\n\ndef slugify(text):\n    return '-'.join(words(text.lower()))\n"))
    made = generate_module(project.asked(existing=existing))
    assert made.source.startswith(existing)
    assert made.source.count("import re") == 1
    assert "def words(text):" in prompt_of(server)


def test_a_reply_that_defines_anew_what_is_there_is_refused(project: Project, serve: Serve) -> None:
    existing = "def words(text):\n    return text.split()\n"
    project.write("myapp/gen/text.py", existing)
    serve(lambda request: fenced(f"def words(text):\n    return []\n\n\n{SLUGIFY}"))
    with pytest.raises(GeneratedImportError, match="defines `words` anew"):
        generate_module(project.asked(existing=existing))


def test_generated_modules_may_import_each_other_and_the_repositorys_own(project: Project, serve: Serve) -> None:
    project.write("myapp/gen/names.py", "def lower(text):\n    return text.lower()\n")
    project.write("myapp/rules.py", 'SEPARATOR = "-"\n')
    reply = """\
from ..rules import SEPARATOR
from .names import lower


def slugify(text):
    return SEPARATOR.join(lower(text).split())
"""
    serve(fenced(reply))
    assert generate_module(project.asked()).source == reply


def test_assertions_elsewhere_in_the_repository_are_kept_with_what_they_proved(project: Project, serve: Serve) -> None:
    serve(fenced(SLUGIFY))
    project.write("myapp/pages.py", CALLER)
    made = generate_module(project.asked("from myapp.gen.text import slugify\n"))
    assert made.verdict == "passed"
    assert made.checks == ("slugify('A b') == 'a-b'", "slugify('C') == 'c'")


def test_without_checks_nothing_is_accepted_and_the_error_says_how(project: Project, serve: Serve) -> None:
    serve(lambda request: fenced(SLUGIFY))
    with pytest.raises(GeneratedImportError, match="accept_unverified") as caught:
        generate_module(project.asked("from myapp.gen.text import slugify\n"))
    assert "assert slugify" in caught.value.hint


def test_what_nothing_speaks_against_is_accepted_unverified_after_one_call(project: Project, serve: Serve) -> None:
    doctest = "\n\n    >>> slugify('A')\n    'a'\n    "
    server = serve(fenced(SLUGIFY.replace("Return a slug.", f"Return a slug.{doctest}")))
    made = generate_module(project.asked("from myapp.gen.text import slugify\n", accept_unverified=True))
    assert (made.verdict, made.accepted_by) == ("unverified", "accept_unverified")
    assert len(server.chats) == 1
    assert "doctest" in prompt_of(server)


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ('    """Return a slug.\n\n    >>> slugify("A")\n    \'b\'\n    """\n    return text.lower()\n', "slugify"),
        ("    import socket\n\n    return socket.gethostbyname(text)\n", "network"),
        ("    raise SystemExit\n\n\nslugify('x')\n", "load"),
    ],
    ids=["its own check", "its reach", "the smoke run"],
)
def test_what_something_speaks_against_is_refused(project: Project, serve: Serve, body: str, seen: str) -> None:
    serve(lambda request: fenced(f"def slugify(text):\n{body}"))
    with pytest.raises(GeneratedImportError) as caught:
        generate_module(project.asked("from myapp.gen.text import slugify\n", accept_unverified=True))
    assert seen in str(caught.value)


def test_an_agent_takes_over_where_the_caller_allowed_it(
    project: Project, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model's drafts do not hold; the agent's answer is verified as any draft is. Without leave none is dispatched."""
    wrong = fenced("def slugify(text):\n    return text\n")
    serve(*[wrong] * 4)
    with CodegenServer(RunPlan(result=fenced(SLUGIFY))) as backend:
        monkeypatch.setenv("CODEGEN_API_BASE_URL", backend.base_url)
        monkeypatch.setenv("CODEGEN_API_TOKEN", backend.token)
        monkeypatch.setenv("CODEGEN_ORG_ID", "1")
        context = {"generators": ("model",), "max_attempts": 2}
        with pytest.raises(GeneratedImportError, match="2 drafts"):
            generate_module(project.asked(context=context))
        assert backend.runs == ()
        made = generate_module(project.asked(context={**context, "allow_fallback": True}))
        assert len(backend.runs) == 1
        assert "slugify" in backend.runs[0].asked.prompt
    assert (made.generator, made.verdict, made.source) == ("agent", "passed", SLUGIFY)


def test_the_search_writes_what_examples_show_with_no_model(project: Project) -> None:
    caller = """\
from myapp.gen.text import shout, total

assert shout("ab") == "AB!"
assert shout("x y") == "X Y!"
assert shout("q") == "Q!"
assert shout("hello") == "HELLO!"
assert total([1, 2]) == 3
assert total([5]) == 5
assert total([4, 4, 4]) == 12
assert total([7, -2, 10]) == 15
"""
    search = {"generators": ("search",), "search_seconds": 120}
    asked = project.asked(caller, names=("shout", "total"), model=None, context=search)
    made = generate_module(asked)
    assert made.generator == "search"
    assert "def shout(" in made.source
    assert "def total(" in made.source


def test_no_model_and_no_examples_says_what_is_missing(project: Project) -> None:
    asked = project.asked("from myapp.gen.text import slugify\n", model=None, context={})
    with pytest.raises(GeneratedImportError, match="GENLOOM_MODEL"):
        generate_module(asked)


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_model_that_fails_is_told_as_such(project: Project, serve: Serve, status: int) -> None:
    server = serve(lambda request: fenced(SLUGIFY), faults=lambda request: Fault(status=status))
    with pytest.raises(GeneratedImportError) as caught:
        generate_module(project.asked(deadline=60.0))
    assert caught.value.__cause__ is not None
    assert isinstance(caught.value.__cause__, CredentialError) == (status == 401)
    assert len(caught.value.evidence) == 1, "what went wrong is said once"
    assert server.requests


def test_secrets_of_the_caller_reach_neither_model_nor_result(project: Project, serve: Serve) -> None:
    secret = "sk-proj-" + "a1B2c3D4e5F6g7H8" * 3
    caller = f"{CALLER}\nOPENAI_API_KEY = '{secret}'\nassert slugify(OPENAI_API_KEY) == OPENAI_API_KEY\n"
    server = serve(fenced(SLUGIFY))
    made = generate_module(project.asked(caller))
    assert secret not in prompt_of(server)
    assert secret not in repr(made)


def test_a_deadline_stops_it(project: Project, serve: Serve) -> None:
    def slow(request: object) -> str:
        time.sleep(20)
        return fenced(SLUGIFY)

    serve(slow)
    began = time.monotonic()
    with pytest.raises(GeneratedImportError, match="deadline"):
        generate_module(project.asked(deadline=1.0))
    assert time.monotonic() - began < 15


def test_contradicting_assertions_are_told_before_any_call(project: Project, serve: Serve) -> None:
    server = serve(fenced(SLUGIFY))
    with pytest.raises(GeneratedImportError, match="contradict"):
        generate_module(project.asked(CALLER + 'assert slugify("C") == "d"\n'))
    assert not server.chats


def test_unrelated_modules_are_generated_at_the_same_time(project: Project, serve: Serve) -> None:
    meeting = threading.Barrier(2, timeout=60)

    def together(request: object) -> str:
        meeting.wait()  # breaks where one call waits for the other's end
        return fenced(SLUGIFY)

    serve(together)
    caller = CALLER.replace("gen.text", "gen.other")
    asked = [project.asked(), project.asked(caller, module="myapp.gen.other", path="myapp/other.py")]
    made: list[str] = []
    threads = [threading.Thread(target=lambda each=each: made.append(generate_module(each).source)) for each in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert made == [SLUGIFY, SLUGIFY]


def test_a_namespace_whose_folder_has_another_name_is_checked_too(
    project: Project, serve: Serve, tmp_path: Path
) -> None:
    serve(fenced(SLUGIFY))
    caller = (
        CALLER.replace("myapp.gen.text", "autogenlib.text")
        + "data = ['A']\nassert [slugify(d) for d in data] == ['a']\n"
    )
    asked = project.asked(caller, module="autogenlib.text")
    options = type(asked.options)(
        namespace="autogenlib",
        directory=tmp_path / "cache",
        mode="auto",
        model="openai:test-model",
        context={"generators": ("model",)},
    )
    made = generate_module(
        type(asked)(module="autogenlib.text", names=("slugify",), caller=asked.caller, options=options)
    )
    assert made.verdict == "passed"
    assert made.tests


@pytest.mark.parametrize(
    "leave", [{"policy": {"granted": ["network"]}}, "Finds hosts, and downloads the pages of URLs."]
)
def test_a_refused_reach_says_how_to_allow_it(project: Project, serve: Serve, leave: object) -> None:
    body = "    if not text:\n        urllib.request.urlopen(text)\n    return '-'.join(text.lower().split())\n"
    serve(lambda request: fenced(f"import urllib.request\n\n\ndef slugify(text):\n{body}"))
    with pytest.raises(GeneratedImportError) as caught:
        generate_module(project.asked())
    assert "context={'policy': {'granted': ['network']}}" in caught.value.hint
    assert "description=" in caught.value.hint
    generators = {"generators": ("model",)}
    allowed = (
        project.asked(context={**generators, **leave}) if isinstance(leave, dict) else project.asked(description=leave)
    )
    assert generate_module(allowed).verdict == "passed"
