"""Further checks in a real sandbox: what they find, what they leave alone, and what they decide."""

from __future__ import annotations

import ast

import pytest

from genloom.state import (
    CheckResult,
    Failed,
    FurtherChecks,
    GenerationRequest,
    Passed,
    Review,
    Verdict,
    module_draft,
)
from genloom.tools.checks import decide_outcome, evidence_for_repair, verdict_to_json, verify_draft
from genloom.tools.checks.derived import further as further_checks
from genloom.tools.sandbox import Limits, Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    made = Sandbox(limits=Limits(wall_seconds=20))
    status = made.status()
    if status.tier is None:
        pytest.skip(f"no sandbox here: {status.reason}")
    return made


@pytest.fixture(autouse=True)
def enough_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found must not depend on how busy the machine is."""
    monkeypatch.setattr(further_checks, "MAX_SECONDS", 4.0)


async def verified(
    sandbox: Sandbox, source: str, *examples: str, further: FurtherChecks = "advisory", tests: str | None = None
) -> Verdict:
    request = GenerationRequest(prompt="work it out", name="f", examples=examples, tests=tests)
    draft = module_draft(source, path="f.py", name="f", generator="model")
    return await verify_draft(draft, request, sandbox, further=further)


def derived(verdict: Verdict, title: str) -> CheckResult:
    found = [check for check in verdict.checks if check.source == "derived" and title in check.check]
    assert len(found) == 1, verdict.checks
    return found[0]


TITLES = ("no crash", "deterministic", "arguments not mutated")
CRASHING = "def f(xs, n):\n    return sum(xs) // (n - 7)\n"
CRASHING_EXAMPLES = ("f([3, 1], 5) == -2", "f([5, 4], 10) == 3")


async def test_sound_code_holds_all_three(sandbox: Sandbox) -> None:
    """Each is reported with its own source, as values, and what was tried."""
    verdict = await verified(
        sandbox, "def f(xs): return sorted(xs)\n", "f([3, 1, 2]) == [1, 2, 3]", "f([9, 4]) == [4, 9]"
    )
    assert isinstance(verdict, Passed)
    for title in TITLES:
        check = derived(verdict, title)
        assert (check.result, check.evidence, check.advisory) == ("passed", "values", True)
        assert "inputs" in check.detail
    assert not derived(verdict, "no crash").proves


async def test_a_crash_is_found_with_its_smallest_input(sandbox: Sandbox) -> None:
    """The finding names the call, the exception and its line; the verdict stays `passed`, and says that there is advice."""
    verdict = await verified(sandbox, CRASHING, *CRASHING_EXAMPLES)
    assert isinstance(verdict, Passed)
    crash = derived(verdict, "no crash")
    assert crash.result == "failed"
    assert "ZeroDivisionError" in crash.actual
    assert "(line 2)" in crash.actual
    assert crash.detail.endswith(", 7)")
    request = GenerationRequest(prompt="work it out", name="f", examples=CRASHING_EXAMPLES)
    draft = module_draft(CRASHING, path="f.py", name="f", generator="model")
    outcome = decide_outcome(request, draft, verdict, None, accept_unverified=False)
    assert outcome.result == "passed"
    assert "Advice: 1" in outcome.reason


async def test_the_same_request_finds_the_same(sandbox: Sandbox) -> None:
    """Nothing of the clock or of chance is in a finding."""
    one, other = [await verified(sandbox, CRASHING, *CRASHING_EXAMPLES) for _ in range(2)]
    assert derived(one, "no crash") == derived(other, "no crash")


async def test_required_checks_fail_a_draft_and_off_makes_none(sandbox: Sandbox) -> None:
    """The policy decides: what is advice by default fails the draft, or is not looked for."""
    verdict = await verified(sandbox, CRASHING, *CRASHING_EXAMPLES, further="required")
    assert isinstance(verdict, Failed)
    assert "Derived check" in verdict.reason
    assert "ZeroDivisionError" in evidence_for_repair(verdict, None)
    assert not derived(verdict, "no crash").advisory
    silent = await verified(sandbox, CRASHING, *CRASHING_EXAMPLES, further="off")
    assert all(check.source != "derived" for check in silent.checks)


async def test_nothing_is_derived_once_a_given_check_failed(sandbox: Sandbox) -> None:
    """A wrong draft is told of what was asked, and nothing else."""
    verdict = await verified(sandbox, CRASHING, "f([3, 1], 5) == 99")
    assert isinstance(verdict, Failed)
    assert all(check.source != "derived" for check in verdict.checks)


@pytest.mark.parametrize(
    "source",
    [
        "def f(xs, n):\n    if n == 7:\n        raise ZeroDivisionError(n)\n    return sum(xs) // (n - 7)\n",
        "def f(xs, n):\n    assert n != 7\n    return sum(xs) // (n - 7)\n",
        'def f(xs, n):\n    """Raises ZeroDivisionError for seven."""\n    return sum(xs) // (n - 7)\n',
    ],
)
async def test_an_exception_that_is_meant_is_no_crash(sandbox: Sandbox, source: str) -> None:
    """Raised by a `raise` or an `assert`, or spoken of in the docstring."""
    verdict = await verified(sandbox, source, *CRASHING_EXAMPLES)
    assert derived(verdict, "no crash").result == "passed"


async def test_a_text_that_is_refused_is_no_crash(sandbox: Sandbox) -> None:
    """A look-up or conversion whose error quotes the input speaks of a vocabulary that the examples cannot tell."""
    source = "NUMBERS = {'one': 1, 'two': 2, 'five': 5}\ndef f(text): return [NUMBERS[word] for word in text.split()]\n"
    verdict = await verified(sandbox, source, "f('one two') == [1, 2]", "f('five') == [5]")
    assert derived(verdict, "no crash").result == "passed"


async def test_state_and_mutation_are_found_by_values(sandbox: Sandbox) -> None:
    """The second call answers otherwise; the arguments come back changed."""
    verdict = await verified(
        sandbox,
        "seen = []\ndef f(xs):\n    xs.sort()\n    seen.append(1)\n    return len(seen) if xs[-1] > 20 else 0\n",
        "f([3, 21, 2]) == 1",
        "f([9, 4]) == 0",
    )
    assert isinstance(verdict, Passed)
    changing = derived(verdict, "arguments not mutated")
    assert changing.result == "failed"
    assert sorted(ast.literal_eval(changing.expected)) == ast.literal_eval(changing.actual)
    assert derived(verdict, "deterministic").result == "failed"


@pytest.mark.parametrize(
    ("source", "title", "why"),
    [
        ("import random\ndef f(xs): return random.choice(xs) * 0\n", "deterministic", "imports `random`"),
        ("def f(xs):\n    xs.clear()\n    return 0 if True else 1\n", "arguments not mutated", ""),
        (
            'def f(xs):\n    """Clears it in place."""\n    xs.clear()\n    return 0\n',
            "arguments not mutated",
            "in place",
        ),
    ],
)
async def test_what_is_meant_is_left_alone(sandbox: Sandbox, source: str, title: str, why: str) -> None:
    """Chance that is imported and changes that are documented are not looked for, and it is said so."""
    verdict = await verified(sandbox, source, "f([3, 1]) == 0", "f([4, 5, 6]) == 0")
    check = derived(verdict, title)
    assert check.result == ("not_run" if why else "failed")
    assert why in check.detail


async def test_a_class_is_left_alone_and_it_is_said_why(sandbox: Sandbox) -> None:
    """That nothing was derived takes nothing from a verdict."""
    verdict = await verified(sandbox, "class f:\n    def __init__(self, x): self.x = x\n", "f(1).x == 1")
    assert isinstance(verdict, Passed)
    check = derived(verdict, "further checks")
    assert (check.result, check.evidence) == ("not_run", "none")
    assert "is a class" in check.detail


async def test_a_process_that_dies_is_a_crash(sandbox: Sandbox) -> None:
    """That it left without an answer is the finding."""
    dying = "import os\ndef f(x):\n    if x > 30: os._exit(0)\n    return x\n"
    assert "the process died" in derived(await verified(sandbox, dying, "f(30) == 30", "f(2) == 2"), "no crash").actual


@pytest.mark.slow
async def test_code_that_never_answers_stays_within_the_time(sandbox: Sandbox) -> None:
    """To hang is no crash, and is stopped."""
    hanging = "def f(x):\n    while x > 30: pass\n    return x\n"
    verdict = await verified(sandbox, hanging, "f(30) == 30", "f(2) == 2")
    assert isinstance(verdict, Passed)
    assert derived(verdict, "no crash").result != "failed"


async def test_forged_answers_only_hide_findings(sandbox: Sandbox) -> None:
    """Results that are no plain values are neither compared nor trusted, and never make a draft pass or fail."""
    source = (
        "class Odd:\n    def __eq__(self, other): return True\ndef f(x):\n    return x if x in (2, 30) else Odd()\n"
    )
    verdict = await verified(sandbox, source, "f(30) == 30", "f(2) == 2")
    assert isinstance(verdict, Passed)
    check = derived(verdict, "deterministic")
    assert check.result == "not_run"
    assert "no plain values" in check.detail


async def test_tests_alone_leave_it_to_the_hints(sandbox: Sandbox) -> None:
    """A pytest file is no example: the type hints say what to draw, and the evidence stays that of the tests."""
    source = "def f(n: int) -> int:\n    return 100 // (n - 5)\n"
    verdict = await verified(sandbox, source, tests="from f import f\ndef test_it(): assert f(6) == 100\n")
    assert isinstance(verdict, Passed)
    assert derived(verdict, "no crash").detail == "the smallest input found: f(5)"
    assert verdict.evidence == "test_report"


async def test_advice_reaches_repair_as_advice_and_json_as_such(sandbox: Sandbox) -> None:
    """Where a review asks for changes, the findings go along, marked; they stand in the JSON contract."""
    verdict = await verified(sandbox, CRASHING, *CRASHING_EXAMPLES)
    told = evidence_for_repair(verdict, Review(decision="revise", findings=(), reviewers=("x",), summary="Rename it."))
    assert "Advice, which nobody asked for" in told
    assert "ZeroDivisionError" in told
    shown = [check for check in verdict_to_json(verdict)["checks"] if check["source"] == "derived"]
    assert [check["advisory"] for check in shown] == [True, True, True]


async def test_held_back_examples_do_not_shape_what_is_drawn(sandbox: Sandbox) -> None:
    """Their values could be read off the findings otherwise."""
    request = GenerationRequest(
        prompt="work it out", name="f", examples=("f([3, 1], 5) == -2", "f([5, 4], 10) == 3", "f([777], 8) == 777")
    )
    draft = module_draft(CRASHING, path="f.py", name="f", generator="model")
    draft = draft.model_copy(update={"held_out": ("f([777], 8) == 777",)})
    verdict = await verify_draft(draft, request, sandbox, further="advisory")
    assert [check.hidden for check in verdict.checks if check.source == "held_out"] == [True]
    assert derived(verdict, "no crash").result == "failed"
    assert all("777" not in check.model_dump_json() for check in verdict.checks if check.source == "derived")
    assert "777" not in evidence_for_repair(verdict, None)
