"""The output policy: size, imports, calls, and what single rules lead to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from genloom.state import SEVERITY_RANK, Draft, FileChange, Finding, GenerationRequest, Review, ReviewPolicy
from genloom.tools.checks import review_draft, review_source


async def found(source: str, **policy: Any) -> set[tuple[str, int]]:
    """The policy's own findings on a text."""
    review = await review_source(source, "m.py", policy=ReviewPolicy(**policy))
    return {(f.rule, f.line) for f in review.findings if f.rule in ("import", "call", "size", "licence")}


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import xml.dom\n", {1}),
        ("import xml.dom as d\n", {1}),
        ("from xml import dom\n", {1}),
        ("from xml.dom import minidom\n", {1}),
        ("def f():\n    import xml\n", {2}),
        ("__import__('xml.dom')\n", {1}),
        ("import importlib\nimportlib.import_module('xml')\n", {2}),
        ("from importlib import import_module as i\ni('xml')\n", {2}),
        ("import xmlrpc.client\n", set()),
        ("from . import xml\n", set()),
        ("import a.xml\n", set()),
    ],
)
async def test_forbidden_imports_are_found_however_they_are_written(source: str, lines: set[int]) -> None:
    """Parts of a forbidden module count, look-alikes do not."""
    assert {line for rule, line in await found(source, forbidden_imports=["xml"]) if rule == "import"} == lines


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import json\nimport re\n", {2}),
        ("import json.decoder\n", set()),
        ("from os import path\n", set()),
        ("from os.path import join\n", set()),
        ("from os import path, getcwd\n", {1}),
        ("import os.path\n", set()),
        ("import os\n", {1}),
        ("from os import *\n", {1}),
        ("from __future__ import annotations\n", set()),
        ("from .own import f\n", set()),
        ("__import__('re')\n", {1}),
    ],
)
async def test_an_allow_list_names_all_that_may_be_imported(source: str, lines: set[int]) -> None:
    """What is on it, with its parts; relative imports stay within the draft."""
    assert {
        line for rule, line in await found(source, allowed_imports=["json", "os.path"]) if rule == "import"
    } == lines


async def test_modules_of_the_draft_itself_may_be_imported() -> None:
    """An allow-list is about what lies outside of it."""
    draft = Draft(
        changes=(
            FileChange(path="pairs/__init__.py", content="from pairs.parsing import parse\n\n__all__ = ['parse']\n"),
            FileChange(path="pairs/parsing.py", content="import re\n\n\ndef parse(t):\n    return re.split(';', t)\n"),
        ),
        generator="agent",
        name="parse",
    )
    request = GenerationRequest(prompt="parse pairs")
    review = await review_draft(draft, request, policy=ReviewPolicy(allowed_imports=("json",)))
    assert [(f.rule, f.path, f.line) for f in review.findings] == [("import", "pairs/parsing.py", 1)]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import os\nos.getcwd()\n", {2}),
        ("import os as o\no.getcwd()\n", {2}),
        ("from os import getcwd\ngetcwd()\n", {2}),
        ("from os import getcwd as g\nlist(map(g, []))\n", {2}),
        ("from os import *\ngetcwd()\n", {2}),
        ("import os\nhere = os.getcwd\nhere()\n", {2, 3}),
        ("import os\ngetattr(os, 'getcwd')()\n", {2}),
        ("__import__('os').getcwd()\n", {1}),
        ("print(1)\n", {1}),
        ("import builtins\nbuiltins.print(1)\n", {2}),
        ("import random\nrandom.choice([1])\n", {2}),
        ("import secrets\nsecrets.choice([1])\n", set()),
        ("import os\nos.getpid()\n", set()),
        ("class A:\n    def getcwd(self): ...\nA().getcwd()\n", set()),
        ("def print(x): return x\nprint(1)\n", set()),
        ("def f(print):\n    return print(1)\n", set()),
    ],
)
async def test_forbidden_calls_are_followed_through_their_names(source: str, lines: set[int]) -> None:
    """Aliases, plain assignments, star imports and mentions count; methods and names of the file's own do not."""
    calls = ["os.getcwd", "print", "random.*"]
    assert {line for rule, line in await found(source, forbidden_calls=calls) if rule == "call"} == lines


async def test_one_use_is_one_finding() -> None:
    """A forbidden module and its function on one line are one matter."""
    review = await review_source(
        "import random\n\nx = random.choice([1])\n", "m.py", policy=ReviewPolicy(forbidden_calls=("random",))
    )
    assert [f.message for f in review.findings if f.rule == "call"] == [
        "uses `random.choice`, which the policy forbids"
    ]


@pytest.mark.parametrize(("lines", "size"), [(2, 100), (100, 10)])
async def test_size_is_bounded_by_lines_and_by_bytes(lines: int, size: int) -> None:
    """Either bound is a finding of the whole file; exactly the bound is none."""
    assert await found("x = 1\ny = 2\nz = 3\n", max_lines=lines, max_bytes=size) == {("size", 0)}
    assert await found("x = 1\ny = 2\nz = 3\n", max_lines=3, max_bytes=18) == set()


@pytest.mark.parametrize(
    ("action", "decision"), [("reject", "reject"), ("review", "revise"), ("warning", "approve"), ("note", "approve")]
)
async def test_a_rule_leads_to_what_the_policy_says(action: Any, decision: str) -> None:
    """The same finding refuses, goes back, warns or is noted."""
    review = await review_source(
        "import socket\n\nS = socket\n", "m.py", policy=ReviewPolicy(rules={"capability:network": action})
    )
    assert review.decision == decision


async def test_the_longest_name_that_fits_counts() -> None:
    """A family gives the rule, one of its members the exception."""
    source = "import hashlib\n\nhashlib.md5(b'')\nexec('1')\n"
    policy = ReviewPolicy(rules={"S*": "reject", "S324": "note", "capability:*": "note"})
    review = await review_source(source, "m.py", policy=policy)
    assert {f.rule: f.severity for f in review.findings if f.rule[0] == "S"} == {"S324": "note"}
    assert {f.severity for f in review.findings if f.rule.startswith("capability:")} == {"note"}


async def test_ruffs_rules_that_are_named_are_looked_for() -> None:
    """Also those outside of the review's own selection, and those that it leaves out."""
    source = 'password = "hunter22"\nassert password\nx = [i for i in range(3)]\n'
    assert not [f for f in (await review_source(source, "m.py")).findings if f.rule in ("S105", "S101", "C416")]
    policy = ReviewPolicy(rules={"S105": "reject", "C416": "review"})
    review = await review_source(source, "m.py", policy=policy)
    assert {(f.rule, f.severity) for f in review.findings} >= {("S105", "blocker"), ("C416", "error")}
    assert not any(f.rule == "S101" for f in review.findings)


async def test_a_rule_that_ruff_does_not_know_is_told_and_hides_nothing() -> None:
    """The fixed selection is looked at all the same."""
    review = await review_source("print(y)\n", "m.py", policy=ReviewPolicy(rules={"QQ999": "reject"}))
    assert {(f.rule, f.severity) for f in review.findings} == {("ruff:not-run", "error"), ("F821", "error")}
    assert "QQ999" in review.findings[-1].message + review.findings[0].message


@pytest.mark.parametrize(
    "fields",
    [
        {"rules": {"no such rule": "note"}},
        {"rules": {"capability:telepathy": "note"}},
        {"rules": {"syntax": "note"}},
        {"rules": {"S301": "ignore"}},
        {"granted": ["telepathy"]},
        {"max_lines": 0},
        {"max_lines": "many"},
        {"allowed_imports": ["two words"]},
        {"forbidden_calls": ["os.system("]},
        {"forbidden_calls": "os.system"},
        {"allowed_licences": ["MIT License!"]},
        {"unknown": 1},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    """Nothing is taken for a rule that would never fit."""
    with pytest.raises(ValidationError):
        ReviewPolicy.model_validate(fields)


ACTIONS = st.sampled_from(["reject", "review", "warning", "note"])
RULES = st.dictionaries(st.sampled_from(["S301", "S3*", "S*", "call", "capability:files", "capability:*"]), ACTIONS)
NAMES = st.lists(st.sampled_from(["os", "os.path", "json", "xml"]), max_size=3).map(tuple)
POLICIES = st.builds(
    ReviewPolicy,
    granted=st.lists(st.sampled_from(["files", "network"]), max_size=2).map(tuple),
    rules=RULES,
    at_least=RULES,
    max_lines=st.integers(1, 9),
    max_bytes=st.integers(1, 9),
    allowed_imports=st.none() | NAMES,
    forbidden_imports=NAMES,
    forbidden_calls=NAMES,
    allowed_licences=st.none() | st.lists(st.sampled_from(["MIT", "ISC", "BSD-*"]), max_size=3).map(tuple),
)
FINDINGS = st.builds(
    Finding,
    rule=st.sampled_from(["S301", "S307", "call", "capability:files"]),
    severity=st.sampled_from(list(SEVERITY_RANK)),
    message=st.just("m"),
)


@given(POLICIES, POLICIES, FINDINGS, st.sampled_from(["os", "os.path", "os.path.x", "json", "xml.dom", "re"]))
def test_another_policy_only_ever_tightens(
    mine: ReviewPolicy, other: ReviewPolicy, finding: Finding, module: str
) -> None:
    """Tightened by any policy, nothing weighs less, nothing more is granted, allowed or left unbounded."""
    from genloom.state.review_policy import covers

    both = mine.tightened_by(other)
    assert SEVERITY_RANK[both.weigh(finding).severity] >= SEVERITY_RANK[mine.weigh(finding).severity]
    assert both.granted == mine.granted
    assert both.max_lines <= mine.max_lines
    assert both.max_bytes <= mine.max_bytes
    for policy in (mine, other):
        assert set(both.forbidden_imports) >= set(policy.forbidden_imports)
        assert set(both.forbidden_calls) >= set(policy.forbidden_calls)
        if policy.allowed_imports is not None and not covers(policy.allowed_imports, module):
            assert both.allowed_imports is not None
            assert not covers(both.allowed_imports, module)
    if mine.allowed_licences is not None:
        assert set(both.allowed_licences or ()) <= set(mine.allowed_licences)


@given(POLICIES)
def test_a_policy_survives_json(policy: ReviewPolicy) -> None:
    """It travels in the context of a run."""
    assert ReviewPolicy.model_validate_json(policy.model_dump_json()) == policy


async def test_a_grant_says_whose_it_is() -> None:
    """The policy's, the caller's, or the request's own words: each in the finding that it makes a note."""

    async def message(request: str, **options: Any) -> str:
        draft = Draft(
            changes=(FileChange(path="m.py", content="import socket\n\nS = socket\n"),), generator="model", name="S"
        )
        review: Review = await review_draft(draft, GenerationRequest(prompt=request), **options)
        (finding,) = review.findings
        assert (finding.severity, review.decision) == ("note", "approve")
        return finding.message

    assert "granted: by the policy" in await message("sort", policy=ReviewPolicy(granted=("network",)))
    assert "granted: by the caller" in await message("sort", granted=("network",))
    assert "granted: the request says 'HTTP client'" in await message("an HTTP client")


SUPPRESSED = [
    "print(y)  # noqa",
    "print(y)  # noqa: F821",
    "print(y)  #noqa:F821,E501",
    "print(y)  # NOQA : F821",
    "print(y)  # noqa F821",
    "print(y)  # type: ignore # noqa",
    "print(y)  # type: ignore[name-defined]",
    "print(y)  # ruff: ignore[F821]",
    "# ruff: ignore[F821]\nprint(y)",
    "# ruff: noqa\nprint(y)",
    "# ruff: noqa: F821\nprint(y)",
    "#ruff:NOQA\nprint(y)",
    "# ruff: file-ignore[F821]\nprint(y)",
    "# ruff: disable[F821]\nprint(y)\n# ruff: enable[F821]",
    "# flake8: noqa\nprint(y)",
    "# flake8: noqa: F821\nprint(y)",
    "# pylint: disable=all\nprint(y)",
    "# pylint: skip-file\nprint(y)",
    "# fmt: off\nprint(y)",
    "# mypy: ignore-errors\nprint(y)",
    "# pyright: ignore\nprint(y)  # pyright: ignore",
    "# /// script\n# [tool.ruff.lint]\n# ignore = ['F821']\n# ///\nprint(y)",
    "# isort: skip_file\nprint(y)",
    "# nosec\nprint(y)  # nosec",
    "'''\n# ruff: noqa\n'''\nprint(y)",
    "print(\n    y,  # noqa\n)  # noqa",
    "# @generated\nprint(y)",
]


@pytest.mark.parametrize("source", SUPPRESSED)
async def test_no_inline_suppression_has_a_say(source: str) -> None:
    """Whatever a draft says to ruff, flake8, pylint, bandit or a type checker, its faults are found."""
    review = await review_source(f"{source}\n", "m.py")
    assert "F821" in {finding.rule for finding in review.findings}


@pytest.mark.parametrize(
    "comment", ["# noqa", "# nosec", "# nosec B102", "# ruff: ignore[S102]", "# genloom: ignore", "# pragma: no cover"]
)
async def test_no_inline_suppression_hides_a_capability(comment: str) -> None:
    """The capability pass reads the tree, which has no comments."""
    review = await review_source(f"exec('1')  {comment}\n", "m.py")
    assert review.decision == "revise"
    assert [f.rule for f in review.findings if f.line == 1] == ["capability:dynamic_code"]
