"""`--compare` and `--further-checks`: what they change, and how a wrong value is told."""

from __future__ import annotations

import pytest
from genloom_program import Program

SOURCE = "def halves(n):\n    return [n - n // 2, n / 2]\n"


@pytest.mark.parametrize(
    ("how", "example", "result", "words"),
    [
        (None, "halves(4) == [2, 2]", "passed", "compared by =="),
        ("exact", "halves(4) == [2, 2]", "failed", "compared by ==, exact types"),
        (None, "halves(5) == [2.5, 3]", "failed", "compared by =="),
        ("unordered", "halves(5) == [2.5, 3]", "passed", "compared by ==, any order"),
        ("unordered,tolerance=0.1", "halves(5) == [2.55, 3]", "passed", "compared by ==, tolerance 0.1, any order"),
    ],
)
def test_verify_compares_as_it_is_told_and_says_so(
    program: Program, how: str | None, example: str, result: str, words: str
) -> None:
    """The verdict, and each check that compared values, say how."""
    (program.folder / "halves.py").write_text(SOURCE)
    options = ["--compare", how] if how else []
    done = program("verify", "halves.py", "-e", example, *options, "--further-checks", "off", "--json")
    verdict = done.json
    assert verdict["result"] == result
    assert verdict["comparison"] == words
    assert [check["detail"] for check in verdict["checks"] if check["source"] == "example"] == [words]


def test_a_wrong_value_is_a_usage_error(program: Program) -> None:
    """The forms that there are stand in the message."""
    done = program("verify", "halves.py", "--compare", "sorted")
    assert done.code == 2
    assert "`unordered`" in done.err


def test_verify_shows_derived_checks_as_advice(program: Program) -> None:
    """They are told apart from what was asked, and change neither the result nor the exit code."""
    (program.folder / "share.py").write_text("def share(n: int, of: int) -> int:\n    return 100 * n // (of - 3)\n")
    done = program("verify", "share.py", "-e", "share(1, 5) == 50", "-e", "share(2, 13) == 20")
    assert done.code == 0
    assert "derived: advisory" in done.out
