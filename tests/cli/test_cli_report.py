"""What the report tells people of single checks."""

from __future__ import annotations

from genloom.interfaces.cli.report import verdict_lines
from genloom.state import CheckResult, Passed


def test_passed_test_without_a_control_is_told_as_uncontrolled() -> None:
    """Its report could be forged: who reads only the lines for people learns it, too."""
    told, controlled = (
        "uncontrolled: no assertion of it could be put wrong",
        "controlled: it fails with a wrong expectation",
    )
    checks = tuple(
        CheckResult(check=name, source="test", evidence="test_report", result="passed", detail=detail)
        for name, detail in (("test_raises", told), ("test_plain", controlled))
    )
    lines = list(verdict_lines(Passed(checks=checks)))
    assert [line.strip() for line in lines if "controlled" in line] == [told]
