"""The stored imports: the right implementation is accepted, a wrong one that the caller's own checks tell apart is not."""

from __future__ import annotations

from typing import Any

import pytest
from stored_imports import ImportCase, decide_all, read_import_cases, tells_apart

QUICK = {"cipher-shift", "json-pointer"}
"""The cases of the quick suite."""


def _cases() -> list[ImportCase]:
    return read_import_cases() or []


def _parameters(wrong: bool) -> list[Any]:
    if read_import_cases() is None:
        skipped = pytest.mark.skip(reason="GENLOOM_DATA does not name the folder of cases")
        return [pytest.param(None, 0, id="imports.jsonl", marks=skipped)]
    return [
        pytest.param(
            case,
            number,
            id=f"{case.id}-{number}" if wrong else case.id,
            marks=[] if case.id in QUICK and number == 0 else pytest.mark.slow,
        )
        for case in _cases()
        for number in range(len(case.wrong) if wrong else 1)
    ]


@pytest.mark.parametrize(("case", "_number"), _parameters(wrong=False))
def test_the_right_implementation_is_accepted_with_one_call_a_statement(case: ImportCase, _number: int) -> None:
    """And the caller's checks are what accepted it."""
    assert not tells_apart(case, case.reference)
    decision = decide_all(case, case.reference)
    assert decision.error is None, f"{decision.error}\n{decision.error.hint if decision.error else ''}"
    assert [each.verdict for each in decision.accepted] == ["passed"] * len(case.statements)
    assert decision.calls == len(case.statements)


@pytest.mark.parametrize(("case", "number"), _parameters(wrong=True))
def test_a_wrong_implementation_that_the_caller_tells_apart_is_refused(case: ImportCase, number: int) -> None:
    """Before it is imported: the caller's code is run over it in the sandbox to see whether it can tell."""
    source = case.wrong[number]
    apart = tells_apart(case, source)
    decision = decide_all(case, source, max_attempts=1)
    if apart:
        assert decision.error is not None, f"accepted: {case.labels[number]}"
    else:  # the further checks may tell it apart, or not
        assert decision.error is not None or decision.accepted
