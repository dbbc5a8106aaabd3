"""The stored attack and benign cases on every tier that this machine has, run inside the sandbox and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sandbox_variants import VARIANTS, first_is_quick, unavailable
from stored_cases import WAYS, RecordingSandbox, Way, attack, read_cases, stays_benign

KNOWN_BREACHES: Mapping[tuple[str, str], str] = {}
"""(sandbox, case) -> why it cannot be stopped there. Empty: with private namespaces Landlock's tier stops all of them."""

RUNS_TO_ITS_LIMIT = {"forge_settrace_jump"}


def parameters(name: str) -> list[Any]:
    """Every case of a file by every way of checking; what takes long is marked."""
    cases = read_cases(name)
    if cases is None:
        reason = pytest.mark.skip(reason="GENLOOM_DATA does not name the folder of cases")
        return [pytest.param({}, "values", id=name, marks=reason)]
    found = []
    for case in cases:
        endless = case["category"] == "resources" or case["id"] in RUNS_TO_ITS_LIMIT
        for way in WAYS:
            marks = [pytest.mark.slow] if endless or way == "test_report" else []
            found.append(pytest.param(case, way, id=f"{case['id']}-{way}", marks=marks))
    return found


@pytest.fixture(scope="module", params=first_is_quick(VARIANTS))
def variant(request: pytest.FixtureRequest) -> str:
    """The name of each sandbox; one that this machine does not have is skipped."""
    if why := unavailable(request.param):
        pytest.skip(f"no {request.param} here: {why}")
    return str(request.param)


@pytest.fixture(scope="module")
def sandbox(variant: str) -> RecordingSandbox:
    return RecordingSandbox(**VARIANTS[variant])


@pytest.mark.parametrize(("case", "way"), parameters("attacks.jsonl"))
async def test_stored_attack_neither_passes_nor_reaches_anything(
    variant: str, sandbox: RecordingSandbox, case: dict[str, Any], way: Way
) -> None:
    """An attack gives no passing verdict where it must not, has no effect outside, and leaves no process."""
    known = KNOWN_BREACHES.get((variant, case["id"]))
    seen = await attack(case, sandbox, way)
    assert seen.result != "not_run" or case["id"] == "faulty_import", seen
    assert not seen.forged, seen
    assert bool(seen.breaches) == bool(known), seen


@pytest.mark.parametrize(("case", "way"), parameters("benign.jsonl"))
async def test_stored_benign_module_passes(sandbox: RecordingSandbox, case: dict[str, Any], way: Way) -> None:
    """An ordinary module loads, gives what it should, and passes."""
    seen = await stays_benign(case, sandbox, way)
    assert seen.result == "passed", seen
