"""The stored attack and benign cases on every tier that this machine has, run inside the sandbox and nowhere else.

A benign module's tests run on every tier. The verdict on them, which takes five such runs (the controls), is genloom's own
business: on the strongest tier it is asked for with each module, on the others with every fifth.

All of them belong to the slow suite. The quick one has, on the strongest tier and by values, every ordinary module, and of
the attacks a spread over their kinds: the first of each category and every fifth after it, but none that runs until it
meets a limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from canary import Ground, canary_ground
from sandbox_variants import VARIANTS, first_here, first_is_quick, unavailable
from stored_cases import WAYS, RecordingSandbox, Way, attack, benign_report, read_cases, stays_benign

from genloom.tools.sandbox.warm.warm_pool import stop_servers

KNOWN_BREACHES: Mapping[tuple[str, str], str] = {}
"""(sandbox, case) -> why it cannot be stopped there. Empty: with private namespaces Landlock's tier stops all of them."""

RUNS_TO_ITS_LIMIT = {"forge_settrace_jump"}
EVERY = 5


def parameters(name: str, *, every: int = 1) -> list[Any]:
    """Every case of a file by every way of checking; of each category one in `every` is in the quick suite."""
    cases = read_cases(name)
    if cases is None:
        reason = pytest.mark.skip(reason="GENLOOM_DATA does not name the folder of cases")
        return [pytest.param({}, "values", id=name, marks=reason)]
    return list(spread(cases, every))


def spread(cases: list[dict[str, Any]], every: int) -> Iterator[Any]:
    """Return the cases as parameters, with their marks."""
    seen = Counter[str]()
    for case in cases:
        endless = case["category"] == "resources" or case["id"] in RUNS_TO_ITS_LIMIT
        quick = not endless and seen[case["category"]] % every == 0
        seen[case["category"]] += not endless
        for way in WAYS:
            marks = [] if quick and way == "values" else [pytest.mark.slow]
            yield pytest.param(case, way, id=f"{case['id']}-{way}", marks=marks)


@pytest.fixture(scope="module", params=first_is_quick(VARIANTS))
def variant(request: pytest.FixtureRequest) -> str:
    """The name of each sandbox; one that this machine does not have is skipped."""
    if why := unavailable(request.param):
        pytest.skip(f"no {request.param} here: {why}")
    return str(request.param)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Where the canaries are; the tests' own folders do not lie there."""
    tmp_path_factory.getbasetemp()
    with canary_ground() as found:
        yield found


@pytest.fixture(scope="module")
def sandbox(variant: str, ground: Ground) -> Iterator[RecordingSandbox]:
    """One for all cases. No other servers are there, whose end could hide that a process is left over."""
    stop_servers()
    yield RecordingSandbox(**VARIANTS[variant])
    stop_servers()


@pytest.mark.parametrize(("case", "way"), parameters("attacks.jsonl", every=EVERY))
async def test_stored_attack_neither_passes_nor_reaches_anything(
    variant: str, sandbox: RecordingSandbox, ground: Ground, case: dict[str, Any], way: Way
) -> None:
    """An attack gives no passing verdict where it must not, has no effect outside, and leaves no process."""
    known = KNOWN_BREACHES.get((variant, case["id"]))
    seen = await attack(case, sandbox, way, ground)
    assert seen.result != "not_run" or case["id"] == "faulty_import", seen
    assert not seen.forged, seen
    assert bool(seen.breaches) == bool(known), seen


@pytest.mark.parametrize(("case", "way"), parameters("benign.jsonl"))
async def test_stored_benign_module_passes(
    variant: str, sandbox: RecordingSandbox, case: dict[str, Any], way: Way
) -> None:
    """An ordinary module loads, gives what it should, and passes."""
    if way == "test_report" and variant != first_here() and not is_one_of_many(case):
        report = await benign_report(case, sandbox)
        assert (report.complete, report.ended) == (True, "normal"), report
        assert {found.result for found in report.cases} == {"passed"}, report
        return
    seen = await stays_benign(case, sandbox, way)
    assert seen.result == "passed", seen


def is_one_of_many(case: Mapping[str, Any]) -> bool:
    """Whether a benign case is one of those that stand for all: every fifth, as they are stored."""
    ids = [each["id"] for each in read_cases("benign.jsonl") or ()]
    return ids.index(case["id"]) % EVERY == 0
