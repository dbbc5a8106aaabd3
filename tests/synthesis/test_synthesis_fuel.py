"""Fuel: programs that are tried always end, whatever they compute."""

from __future__ import annotations

import pytest

from genloom.tools.synthesis.engine.fuel import OutOfFuelError, compiled


@pytest.mark.parametrize(
    "body",
    [
        "    return 2 if n == 0 else f(n - 1) ** f(n - 1)",
        "    return 10 ** 10 ** n",
        "    result = 3\n    while True:\n        result *= result\n    return result",
        "    result = 3\n    for _ in range(n):\n        result **= result\n    return result",
        "    return 1 << (1 << n)",
        "    return 'ab' * (10 ** n)",
        "    return [0] * (10 ** n)",
        "    while True:\n        n = n + 1\n    return n",
        "    return f(n + 1) if n < 900 else f(0)",
    ],
)
def test_a_program_without_an_end_or_a_bound_is_stopped(body: str) -> None:
    with pytest.raises((OutOfFuelError, RecursionError)):
        compiled(f"def f(n):\n{body}\n", "f")(40)


def test_ordinary_values_are_as_python_has_them() -> None:
    function = compiled(
        "def f(n):\n    result = 1\n    for i in range(1, n + 1):\n        result *= i\n"
        "    return [result, 2 ** n, 1 << n, 'a' * n, [n] * 2, 0.5 * n, 2 ** -1, (-1) ** 10 ** 6, n * 'b', 0 * 10 ** 9]\n",
        "f",
    )
    assert function(5) == [120, 32, 32, "aaaaa", [5, 5], 2.5, 0.5, 1, "bbbbb", 0]
    assert function(3)[0] == 6
