"""Which lines no check reached, as `genloom verify` shows it."""

from __future__ import annotations

import pytest
from genloom_program import Program

from genloom.interfaces.cli.report import verdict_lines
from genloom.state import Coverage, FileCoverage, Passed

SIGN = """def sign(x):
    if x > 0:
        return 1
    if x < 0:
        return -1
    return 0


def never():
    first = 1
    return first
"""


@pytest.mark.slow
def test_lines_no_check_reached_are_listed(program: Program) -> None:
    """As ranges in the text, as numbers in JSON; where all are reached it says so."""
    (program.folder / "sign.py").write_text(SIGN)
    shown = program("verify", "sign.py", "-e", "sign(2) == 1")
    assert shown.code == 0
    assert "lines no check reached: 4-11 (5 of 7)\n" in shown.out
    told = program("verify", "sign.py", "-e", "sign(2) == 1", "-e", "sign(0) == 0", "--json").json["coverage"]
    assert (told["lines"], told["reached"], told["files"][0]["missed"]) == (7, 4, [[5, 5], [10, 11]])
    every = program("verify", "sign.py", *(part for x in "1 -1 0".split() for part in ("-e", f"sign({x}) == {x}")))
    assert "lines no check reached: 10-11 (2 of 7)\n" in every.out


@pytest.mark.parametrize(
    ("coverage", "line"),
    [
        (Coverage(files=(FileCoverage(path="a.py", lines=3, reached=3),)), "every line of the functions (3)"),
        (Coverage(unknown="it was too long"), "coverage unknown: it was too long"),
        (
            Coverage(
                files=(
                    FileCoverage(path="a.py", lines=3, reached=0, missed=((2, 4),)),
                    FileCoverage(path="b.py", lines=2, reached=1, missed=((7, 7),)),
                )
            ),
            "lines no check reached: a.py: 2-4; b.py: 7 (4 of 5)",
        ),
    ],
)
def test_coverage_is_one_line(coverage: Coverage, line: str) -> None:
    """Several files are named; the unknown says why."""
    assert any(each.endswith(line) for each in verdict_lines(Passed(coverage=coverage)))


def test_nothing_is_shown_where_there_is_nothing_to_reach() -> None:
    """A module without functions has no line about them."""
    without = Coverage(files=(FileCoverage(path="a.py", lines=0, reached=0),))
    assert [*verdict_lines(Passed(coverage=without))] == [*verdict_lines(Passed())]
