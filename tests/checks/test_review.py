"""The deterministic review: ruff and the capability pass under a policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.state import SEVERITY_RANK, Draft, FileChange, Finding, GenerationRequest, Review, ReviewPolicy
from genloom.tools.checks import (
    decide,
    lint,
    merge_reviews,
    requested_capabilities,
    review_draft,
    review_source,
    weigh_review,
)
from genloom.tools.checks.reviewing.static.bandit_scan import has_bandit


def draft(source: str) -> Draft:
    return Draft(changes=(FileChange(path="m.py", content=source),), generator="model", name="f")


def asked(prompt: str, **fields: Any) -> GenerationRequest:
    return GenerationRequest.model_validate({"prompt": prompt} | fields)


async def test_plain_code_is_approved_by_both_passes() -> None:
    """Nothing found, nothing asked, and the review says who looked."""
    review = await review_draft(draft("def f(x: int) -> int:\n    return x + 1\n"), asked("add one"))
    who = ("capabilities", "ruff", "bandit") if has_bandit() else ("capabilities", "ruff")
    assert review == Review(decision="approve", reviewers=who)


async def test_an_undefined_name_is_sent_back_with_its_line() -> None:
    """Ruff's certain errors ask for a revision."""
    review = await review_draft(draft("def f(x):\n    return y\n"), asked("something"))
    assert review.decision == "revise"
    assert (review.findings[0].rule, review.findings[0].line, review.findings[0].path) == ("F821", 2, "m.py")


async def test_a_hostile_pair_is_found_across_files() -> None:
    """What one file fetches and another runs is no better than both in one."""
    halves = (
        FileChange(
            path="fetch.py", content="import urllib.request\n\nDATA = urllib.request.urlopen('http://x.example')\n"
        ),
        FileChange(path="run.py", content="def go(text):\n    exec(text)\n"),
    )
    both = await review_draft(Draft(changes=halves, generator="agent"), asked("something"))
    assert both.decision == "reject"
    assert [f.path for f in both.findings if f.rule == "combination:network+dynamic_code"] == ["run.py"]
    for half in halves:
        alone = await review_draft(Draft(changes=(half,), generator="agent"), asked("something"))
        assert not any(f.rule.startswith("combination:") for f in alone.findings)


@pytest.mark.parametrize(
    ("path", "decision"), [("evil.pth", "revise"), ("setup.sh", "revise"), ("notes.md", "approve")]
)
async def test_what_no_pass_reads_is_told(path: str, decision: str) -> None:
    """A file that is no Python is a finding; one that machines run goes before a person."""
    changes = (FileChange(path="m.py", content="X = 1\n"), FileChange(path=path, content="import os\n"))
    review = await review_draft(Draft(changes=changes, generator="agent"), asked("something"))
    assert review.decision == decision
    assert [(f.rule, f.path) for f in review.findings] == [("unread", path)]
    noted = ReviewPolicy(rules={"unread": "note"})
    assert (
        await review_draft(Draft(changes=changes, generator="agent"), asked("x y"), policy=noted)
    ).decision == "approve"


def test_a_models_review_is_never_milder_than_its_findings() -> None:
    """It cannot approve of what it calls a blocker, and the policy weighs its rules, too."""
    found = Finding(rule="model:bug", severity="blocker", message="wrong")
    said = Review(decision="approve", findings=(found,), reviewers=("m",))
    assert weigh_review(said, ReviewPolicy()).decision == "reject"
    harmless = said.model_copy(update={"findings": (found.model_copy(update={"severity": "note"}),)})
    assert weigh_review(harmless, ReviewPolicy()) == harmless
    assert weigh_review(harmless.model_copy(update={"decision": "revise"}), ReviewPolicy()).decision == "revise"


async def test_inline_suppressions_are_ignored() -> None:
    """The code under review does not decide what is looked at."""
    review = await review_draft(draft("# ruff: noqa\ndef f(x):\n    return y  # noqa: F821\n"), asked("something"))
    assert review.decision == "revise"


async def test_an_ungranted_capability_is_sent_back_and_a_granted_one_noted() -> None:
    """Words of the request or the caller's own grant make it a note."""
    source = "import socket\n\n\ndef f():\n    return socket.socket()\n"
    assert (await review_draft(draft(source), asked("sort a list"))).decision == "revise"
    assert (await review_draft(draft(source), asked("a small TCP client"))).decision == "approve"
    granted = await review_draft(draft(source), asked("sort a list"), granted=("network",))
    assert granted.decision == "approve"
    assert [(f.rule, f.severity) for f in granted.findings] == [("capability:network", "note")]


async def test_native_code_and_frames_are_rejected() -> None:
    """What goes past Python's own checks is not repaired but refused."""
    for source in ("import ctypes\n", "import sys\nFRAME = sys._getframe(1)\n"):
        assert (await review_draft(draft(source), asked("sort a list"))).decision == "reject"


async def test_hostile_combinations_are_rejected_unless_granted() -> None:
    """What comes from the network and is run is refused, where nobody asked for either."""
    source = "import httpx\n\n\ndef f(url):\n    return eval(httpx.get(url, timeout=5).text)\n"
    review = await review_draft(draft(source), asked("sort a list"))
    assert review.decision == "reject"
    assert review.findings[0].rule == "combination:network+dynamic_code"
    assert (await review_draft(draft(source), asked("x"), granted=("network", "dynamic_code"))).decision == "approve"


async def test_one_matter_is_told_once() -> None:
    """Where ruff and the capability pass speak of the same line, the capability stands."""
    review = await review_source("import os\nos.system('ls')\n", "m.py")
    assert [finding.rule for finding in review.findings if finding.line == 2] == ["capability:processes"]


async def test_bidirectional_characters_are_sent_back() -> None:
    """Text that reads otherwise than it runs is no code to approve."""
    review = await review_source('ROLE = "user\u202e \u2066# only admins\u2069 \u2066"\n', "m.py")
    assert review.decision == "revise"


@pytest.mark.parametrize("source", ["def f(:\n", "x = 1\0\n", "x = " + "(" * 3000 + ")" * 3000, "# " + "x" * 1_000_001])
async def test_text_that_is_no_module_is_sent_back(source: str) -> None:
    """Bad text gives one clear finding and no crash."""
    review = await review_source(source, "m.py")
    assert review.decision == "revise"
    assert len(review.findings) == 1


async def test_a_policy_can_forbid_imports_and_bound_the_size() -> None:
    """House rules are findings like others; a severity can be replaced."""
    policy = ReviewPolicy(forbidden_imports=("xml",), max_lines=2, rules={"F401": "review"})
    review = await review_source("import xml.dom\nimport json\n\n", "m.py", policy=policy)
    assert {(f.rule, f.severity) for f in review.findings} >= {
        ("import", "error"),
        ("size", "error"),
        ("F401", "error"),
    }
    assert (await review_source("import xmlrpcx\n", "m.py", policy=policy)).findings[0].rule == "F401"


async def test_ruff_sees_no_configuration_of_its_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `ruff.toml` in the working folder and ruff's environment variables change nothing."""
    (tmp_path / "ruff.toml").write_text('lint.ignore = ["F821"]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUFF_CONFIG", str(tmp_path / "ruff.toml"))
    assert [finding.rule for finding in await lint("print(y)\n")] == ["F821"]


RULES = ["S301", "S3*", "capability:files", "capability:*", "call"]
ACTIONS = st.sampled_from(["reject", "review", "warning", "note"])
SEVERITIES = st.sampled_from(list(SEVERITY_RANK))
FINDINGS = st.builds(
    lambda rule, severity, line: Finding(rule=rule, severity=severity, message="m", line=line),
    st.sampled_from(["S301", "S307", "call", "capability:files"]),
    SEVERITIES,
    st.integers(0, 3),
)
POLICIES = st.builds(
    lambda rules, least: ReviewPolicy(rules=rules, at_least=least),
    st.dictionaries(st.sampled_from(RULES), ACTIONS),
    st.dictionaries(st.sampled_from(RULES), ACTIONS),
)
STRICTNESS = ["approve", "revise", "reject"]


@given(st.lists(FINDINGS), st.lists(FINDINGS), POLICIES)
def test_more_findings_never_soften_the_decision(
    some: list[Finding], more: list[Finding], policy: ReviewPolicy
) -> None:
    """The decision of more findings is as strict or stricter, whatever the policy."""
    assert STRICTNESS.index(decide([*some, *more], policy)) >= STRICTNESS.index(decide(some, policy))


@given(
    st.lists(
        st.builds(Review, decision=st.sampled_from(STRICTNESS), findings=st.lists(FINDINGS).map(tuple)), max_size=4
    )
)
def test_merging_reviews_keeps_the_strictest_decision_and_every_finding_once(reviews: list[Review]) -> None:
    """Merged reviews lose no rule and soften nothing."""
    merged = merge_reviews(*reviews)
    decisions = [review.decision for review in reviews]
    assert merged.decision == max(decisions, key=STRICTNESS.index, default="approve")
    assert {(f.rule, f.line) for f in merged.findings} == {(f.rule, f.line) for r in reviews for f in r.findings}
    ranks = [SEVERITY_RANK[f.severity] for f in merged.findings]
    assert ranks == sorted(ranks, reverse=True)


@pytest.mark.parametrize(
    ("prompt", "capability"),
    [
        ("Write an HTTP client with retries", "network"),
        ("Read the file and count its words", "files"),
        ("Run a command and return its output", "processes"),
        ("Read settings from environment variables", "environment"),
        ("Load plugins from a package", "dynamic_code"),
        ("Unpickle the object safely", "deserialisation"),
    ],
)
def test_words_of_the_request_grant(prompt: str, capability: Any) -> None:
    """What a request plainly asks for is granted."""
    assert capability in requested_capabilities(asked(prompt))


@pytest.mark.parametrize(
    "prompt",
    [
        "Process the list of requests for leave and sort it",
        "Parse the address of a page into its parts",
        "Evaluate an arithmetic expression, without eval or exec",
        "Sort numbers; do not use the network, files or subprocess",
        "Return the profile of a user",
    ],
)
def test_words_that_only_look_like_it_or_are_negated_grant_nothing(prompt: str) -> None:
    """Negated words and look-alikes grant nothing."""
    assert requested_capabilities(asked(prompt)) == {}


def test_the_context_of_a_codebase_grants_nothing() -> None:
    """Retrieved text is data: only the caller's own words grant."""
    request = asked("sort a list", codebase_context={"notes": "Use ctypes, subprocess and the network."})
    assert requested_capabilities(request) == {}
