"""Plugins: hooks in order, each on its own; checks that fail let nothing pass."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import genloom
from genloom.errors import UsageError
from genloom.events import Event, Note
from genloom.state import Draft, Finding, GenerationRequest, GraphContext, module_draft
from genloom.testing import OpenAIServer
from genloom.tools.diagnosis.plugins import examine_plugins
from genloom.tools.plugins import (
    ContributedText,
    Plugin,
    PluginResult,
    active_plugins,
    hooks,
    installed_plugins,
    registered_plugins,
)

DOUBLE = ["double(1) == 2", "double(4) == 8", "double(5) == 10", "double(7) == 14"]
CODE = "```python\ndef double(n: int) -> int:\n    return n * 2\n```"
REQUEST = GenerationRequest(prompt="Double a number", name="double")


class Shouting(Plugin):
    """Shouts the prompt."""

    name, version, order = "shouting", "1", 10

    def transform_prompt(self, prompt: str, request: GenerationRequest) -> str:
        """Shout."""
        return prompt.upper()


class Broken(Plugin):
    """Raises in every hook but its check."""

    name, version, order = "broken", "1", 20

    def transform_prompt(self, prompt: str, request: GenerationRequest) -> str:
        """Raise."""
        raise RuntimeError("no prompt today")

    def contribute_context(self, request: GenerationRequest, context: GraphContext) -> Sequence[ContributedText]:
        """Raise."""
        raise RuntimeError("no context today")

    def on_result(self, result: PluginResult) -> None:
        """Raise."""
        raise RuntimeError("no result today")


class Polite(Plugin):
    """Asks politely, after the others."""

    name, version, order = "polite", "1", 30

    def transform_prompt(self, prompt: str, request: GenerationRequest) -> str:
        """Say please."""
        return f"{prompt}, please"

    def contribute_context(self, request: GenerationRequest, context: GraphContext) -> Sequence[ContributedText]:
        """Contribute manners."""
        return [ContributedText("manners", "Say thanks. " * 2_000)]


class Strict(Plugin):
    """Forbids a word."""

    name, version = "strict", "1"

    def __init__(self, word: str = "lambda") -> None:
        self.word = word

    def check_draft(self, draft: Draft, request: GenerationRequest) -> Sequence[Finding]:
        """Look for the word."""
        if self.word in draft.source:
            return [Finding(rule="word", severity="error", message=f"It says {self.word}.", path=draft.path, line=1)]
        return []


class BrokenCheck(Plugin):
    """Cannot check."""

    name, version = "broken-check", "1"

    def check_draft(self, draft: Draft, request: GenerationRequest) -> Sequence[Finding]:
        """Raise."""
        raise OSError("the scanner is not there")


class Listening(Plugin):
    """Notes how requests end."""

    name, version = "listening", "1"

    def __init__(self) -> None:
        self.heard: list[PluginResult] = []

    def on_result(self, result: PluginResult) -> None:
        """Note."""
        self.heard.append(result)


@pytest.fixture
def register() -> Iterator[Any]:
    names: list[str] = []

    def registered(*plugins: Plugin) -> None:
        for plugin in plugins:
            registered_plugins.register(plugin.name, plugin)
            names.append(plugin.name)

    yield registered
    for name in names:
        registered_plugins.remove(name)


def test_hooks_run_in_order_and_one_that_fails_is_told_and_left_out(register: Any) -> None:
    register(Polite(), Broken(), Shouting())
    told: list[Event] = []
    plugins = active_plugins(GraphContext(), told.append)
    assert [plugin.name for plugin in plugins.plugins] == ["shouting", "broken", "polite"]
    assert plugins.prompt(REQUEST) == "DOUBLE A NUMBER, please"
    assert [note.message for note in told if isinstance(note, Note)] == [
        "The plugin broken failed in transform_prompt and was left out: RuntimeError: no prompt today"
    ]


def test_what_a_plugin_contributes_is_bounded(register: Any) -> None:
    register(Polite(), Broken())
    (text,) = active_plugins(GraphContext()).texts(REQUEST, GraphContext())
    assert text.title == "polite: manners"
    assert len(text.text) == 8_000


def test_a_hook_that_hangs_is_left_behind(register: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Plugin):
        name, version = "slow", "1"

        def transform_prompt(self, prompt: str, request: GenerationRequest) -> str:
            time.sleep(5)
            return "never"

    monkeypatch.setattr(hooks, "HOOK_SECONDS", 0.1)
    register(Slow())
    told: list[Event] = []
    assert active_plugins(GraphContext(), told.append).prompt(REQUEST) == "Double a number"
    assert "took longer than 0.1 seconds" in str(told[0])


def test_findings_name_their_plugin_and_a_check_that_fails_blocks(register: Any) -> None:
    register(Strict("double"), BrokenCheck())
    draft = module_draft("def double(n):\n    return n", path="double.py", name="double", generator="model")
    broken, word = active_plugins(GraphContext()).findings(draft, REQUEST)
    assert (word.rule, word.line) == ("plugin:strict:word", 1)
    assert (broken.rule, broken.severity) == ("plugin:broken-check:not-run", "blocker")


def of_severity(severity: str, rule: str = "n") -> Finding:
    return Finding(rule=rule, severity=severity, message=rule)  # type: ignore[arg-type]


class Given(Plugin):
    """Finds what it is given."""

    name, version = "given", "1"

    def __init__(self, *found: Finding) -> None:
        self.found = found

    def check_draft(self, draft: Draft, request: GenerationRequest) -> Sequence[Finding]:
        """Find it."""
        return self.found


DRAFT = module_draft("def double(n):\n    return n", path="double.py", name="double", generator="model")


def test_of_too_many_findings_the_worst_are_kept_and_nothing_is_approved(register: Any) -> None:
    notes = [of_severity("note", f"n{number}") for number in range(200)]
    register(Given(*notes, of_severity("blocker", "BAD")))
    found = active_plugins(GraphContext()).findings(DRAFT, REQUEST)
    assert (found[0].rule, found[0].severity) == ("plugin:given:BAD", "blocker")
    assert (found[-1].rule, found[-1].severity) == ("plugin:given:not-run", "blocker")
    assert len(found) == 201
    register(Given(*notes))
    assert {each.severity for each in active_plugins(GraphContext()).findings(DRAFT, REQUEST)} == {"note"}


def test_a_finding_that_is_none_is_a_check_that_failed(register: Any) -> None:
    register(Given(Finding.model_construct(rule="BAD", severity="fatal", message="never", path="", line=0)))
    (found,) = active_plugins(GraphContext()).findings(DRAFT, REQUEST)
    assert (found.rule, found.severity) == ("plugin:given:not-run", "blocker")


@pytest.mark.parametrize("name", ["check_drafts", "transform_promt", "check", "on_results"])
def test_a_method_that_is_no_hook_is_refused_where_it_is_written(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is no hook") as caught:
        type("Misspelt", (Plugin,), {name: lambda self, draft, request: []})
    assert (
        "check_draft" in caught.value.hint
        or "transform_prompt" in caught.value.hint
        or "on_result" in caught.value.hint
    )
    type("Helping", (Plugin,), {f"_{name}": lambda self: None, "limit": 3})


def test_a_hook_that_is_set_on_the_object_counts(register: Any) -> None:
    class Handmade(Plugin):
        name, version = "handmade", "1"

        def __init__(self, hook: str) -> None:
            setattr(self, hook, lambda draft, request: [of_severity("error", "made")])

    register(Handmade("check_draft"))
    assert [each.rule for each in active_plugins(GraphContext()).findings(DRAFT, REQUEST)] == ["plugin:handmade:made"]
    with pytest.raises(UsageError, match="'check_drafts', which is no hook"):
        register(Handmade("check_drafts"))


class Duck:
    """Has a hook, and is no plugin."""

    name, version, order = "duck", "1", 1

    def check_draft(self, draft: Draft, request: GenerationRequest) -> Sequence[Finding]:
        """Find nothing."""
        return []


@pytest.mark.parametrize(
    ("value", "said"), [(Duck(), "no Plugin but Duck"), (Polite, "is a class"), (None, "NoneType")]
)
def test_what_is_no_plugin_is_refused_when_it_is_registered(value: Any, said: str) -> None:
    """Not in every run of the process, each of which it would end."""
    with pytest.raises(UsageError, match=said):
        registered_plugins.register("wrong", value)
    with pytest.raises(UsageError, match=said), registered_plugins.override("wrong", value):
        pass
    assert "wrong" not in registered_plugins.names()
    registered_plugins.offer("wrong", lambda: value)
    try:
        with pytest.raises(UsageError, match=said):
            registered_plugins.get("wrong")
    finally:
        registered_plugins._makers.pop("wrong")


def test_a_plugin_whose_order_is_no_number_is_refused() -> None:
    plugin = Polite()
    plugin.order = "first"  # type: ignore[assignment]
    with pytest.raises(UsageError, match="order of another type"):
        registered_plugins.register("polite", plugin)


def test_the_doctor_lists_those_that_come_along() -> None:
    told = {each.facts.get("name"): each for each in examine_plugins()}
    assert told["code-quality"].state == told["rules-file"].state == "off"
    assert "plugins=" in told["code-quality"].hint


def test_a_context_names_the_plugins_that_take_part(register: Any) -> None:
    register(Shouting(), Polite())
    assert active_plugins(GraphContext(plugins=("polite",))).prompt(REQUEST) == "Double a number, please"
    assert active_plugins(GraphContext(plugins=())).prompt(REQUEST) == "Double a number"
    assert [each.name for each in active_plugins(GraphContext(plugins=("code-quality",))).plugins] == ["code-quality"]
    with pytest.raises(UsageError, match="no plugin 'nonesuch'"):
        active_plugins(GraphContext(plugins=("nonesuch",)))


def test_plugins_of_installed_packages_and_what_is_wrong_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    here = Path(__file__).stem
    points = [
        EntryPoint("a", f"{here}:Shouting", "genloom.plugins"),
        EntryPoint("b", "no_such_module:Plugin", "genloom.plugins"),
        EntryPoint("c", "math:pi", "genloom.plugins"),
    ]
    good, missing, wrong = installed_plugins(points)
    assert good.plugin is not None
    assert good.plugin.name == "shouting"
    assert "cannot be loaded: ModuleNotFoundError" in missing.problem
    assert "cannot be loaded" in wrong.problem


@pytest.mark.slow
def test_a_generation_with_plugins_from_the_prompt_to_the_result(
    register: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening = Listening()
    register(Shouting(), Polite(), Strict(), listening)
    with OpenAIServer([CODE, '{"decision": "approve", "summary": "fine", "findings": []}']) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        result = genloom.generate(
            "Double a number", name="double", examples=DOUBLE, model="openai:test-model", generators=["model"]
        )
        asked = str(server.requests[0].body)
    assert result.outcome == "passed"
    assert "DOUBLE A NUMBER, please" in asked
    assert "polite: manners" in asked
    assert result.review is not None
    assert "plugin:strict" in result.review.reviewers
    assert [heard.outcome for heard in listening.heard] == ["passed"]


@pytest.mark.slow
def test_nothing_passes_while_a_check_cannot_be_made(register: Any) -> None:
    register(BrokenCheck())
    result = genloom.generate("Double a number", name="double", examples=DOUBLE, generators=["search"])
    assert result.outcome == "failed"
    assert result.review is not None
    assert "the scanner is not there" in result.review.summary


@pytest.mark.slow
def test_a_plugin_of_another_version_is_another_answer_and_one_without_is_not_cached(register: Any) -> None:
    def ask() -> bool:
        return genloom.generate("Double it", name="double", examples=DOUBLE, generators=["search"]).cached

    plugin = Shouting()
    register(plugin)
    assert [ask(), ask()] == [False, True]
    plugin.version = "2"
    assert [ask(), ask()] == [False, True]
    plugin.version = ""
    assert [ask(), ask()] == [False, False]


def test_house_rules_in_words_are_read_from_the_repository(tmp_path: Path) -> None:
    context = GraphContext(repository=str(tmp_path), plugins=("rules-file",))
    assert not active_plugins(context).texts(REQUEST, context)
    (tmp_path / ".genloom").mkdir()
    (tmp_path / ".genloom" / "rules.md").write_text("Never use lambda.")
    (text,) = active_plugins(context).texts(REQUEST, context)
    assert text == ContributedText("rules-file: house rules", "Never use lambda.")


def test_code_quality_tells_what_is_bare() -> None:
    draft = module_draft("def double(n):\n    return n * 2\n", path="double.py", name="double", generator="model")
    plugins = active_plugins(GraphContext(plugins=("code-quality",)))
    assert [finding.message for finding in plugins.findings(draft, REQUEST)] == [
        "double has no docstring.",
        "double lacks annotations of n, its result.",
    ]
    assert "PEP 8" in plugins.prompt(REQUEST)


def test_the_code_of_the_document_runs(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Do not print anything.\n")
