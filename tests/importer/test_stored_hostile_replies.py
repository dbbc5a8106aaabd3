"""Stored attacks as a model's reply: none becomes a module, and ordinary code does. Nothing is run outside the sandbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from canary import Ground, canary_ground
from open_folders import folder_of_its_own, open_to_others
from stored_cases import read_cases
from stored_imports import Decision, decide

from genloom.interfaces.importer import CallSite, ImportOptions, ModuleRequest

RUNS_LONG = {"resources", "daemon"}
CANNOT_TELL = {"forge_float"}
"""Attacks that answer as the caller's own assertion wants it: 5.0 where it says `== 5`."""

REACHES = {"b_multiproc": "processes", "b_socketpair": "network", "b_gettempdir": "files"}
"""Honest modules that reach for something that their callers say nothing of, which is for a person to accept."""


def _parameters(name: str, quick: int) -> list[Any]:
    cases = read_cases(name)
    if cases is None:
        skipped = pytest.mark.skip(reason="GENLOOM_DATA does not name the folder of cases")
        return [pytest.param({}, id=name, marks=skipped)]
    cases = [case for case in cases if case.get("probe") != "verdict_pass_hidden" and case["id"] not in CANNOT_TELL]
    seen = Counter[str]()
    found = []
    for case in cases:
        seen[case["category"]] += 1
        early = case["category"] not in RUNS_LONG and seen[case["category"]] == 1 and seen.total() <= quick
        found.append(pytest.param(case, id=case["id"], marks=[] if early else pytest.mark.slow))
    return found


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Where the canaries are; the tests' own folders do not lie there."""
    tmp_path_factory.getbasetemp()
    with canary_ground() as found:
        yield found


@pytest.fixture
def folder() -> Iterator[Path]:
    """A project's folder."""
    with folder_of_its_own() as found:
        yield found


def _decision(folder: Path, case: dict[str, Any], source: str) -> Decision:
    name = case["checks"][0]["call"].partition("(")[0]
    checks = "".join(f"assert {check['call']} == {check['expect']}\n" for check in case["checks"])
    caller = folder / "program.py"
    caller.write_text(f"from myapp.gen.text import {name}\n\n{checks}", encoding="utf-8")
    gen = folder / "myapp" / "gen"
    gen.mkdir(parents=True)
    for path in (folder / "pyproject.toml", folder / "myapp" / "__init__.py", gen / "__init__.py"):
        path.write_text("")
    open_to_others(folder)
    options = ImportOptions(
        namespace="myapp.gen",
        directory=gen,
        mode="auto",
        model="openai:test-model",
        accept_unverified=True,
        context={"max_attempts": 1},
    )
    site = CallSite(filename=str(caller), lineno=1, module="__main__")
    return decide([ModuleRequest(module="myapp.gen.text", names=(name,), options=options, caller=site)], [source])


@pytest.mark.parametrize("case", _parameters("attacks.jsonl", quick=30))
def test_a_hostile_reply_is_refused(folder: Path, ground: Ground, case: dict[str, Any]) -> None:
    """Even with leave to accept what nothing checks; the error holds no secret, and nothing was reached."""
    with ground.canary() as canary:
        decision = _decision(folder, case, canary.place(case["code"]))
        reached = canary.effects()
    assert decision.error is not None, f"accepted: {case['what_must_not_happen']}"
    assert reached == []
    assert canary.secret not in f"{decision.error} {decision.error.hint}"
    assert sorted(path.name for path in folder.rglob("*.py")) == ["__init__.py", "__init__.py", "program.py"]


@pytest.mark.parametrize("case", _parameters("benign.jsonl", quick=2))
def test_an_ordinary_reply_is_accepted(folder: Path, case: dict[str, Any]) -> None:
    """So that what refuses attacks does not refuse everything. What reaches further than its caller says is refused with
    what it reaches for, and with what to do."""
    decision = _decision(folder, case, case["code"])
    if case["id"] not in REACHES:
        assert decision.error is None, decision.error
        return
    assert decision.error is not None
    assert REACHES[case["id"]] in str(decision.error)
    assert decision.error.hint
