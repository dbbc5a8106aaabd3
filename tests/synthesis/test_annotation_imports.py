"""A found module loads, whatever the annotations of the signature that was asked for."""

import pytest

from genloom.tools.synthesis.annotation_imports import import_lines


@pytest.mark.parametrize(
    ("annotations", "lines"),
    [
        (("list[int]", "int", ""), ()),
        (("List[int]", "Optional[str]"), ("from typing import List, Optional",)),
        (("Sequence[str]", "Callable[[int], int]"), ("from collections.abc import Callable, Sequence",)),
        (("datetime.date", "collections.abc.Iterable[int]"), ("import collections.abc", "import datetime")),
        (("Widget", "list[Any]"), ("from __future__ import annotations", "", "from typing import Any")),
        (("np.ndarray",), ("from __future__ import annotations", "")),
    ],
)
def test_annotations_bring_their_imports(annotations, lines):
    """Names of the standard library are imported, and no other name is looked up."""
    assert import_lines(annotations) == lines


async def test_a_module_with_foreign_annotations_loads(solve, sandbox):
    """The signature stays as it was asked for."""
    examples = ("total([1, 2]) == 3", "total([]) == 0", "total([4, 5, 6]) == 15")
    answer = await solve(
        "total", "The sum", *examples, signature="total(numbers: List[int], label: Widget = None) -> int"
    )
    assert "numbers: List[int], label: Widget = None" in answer.source
    report = await sandbox.acall({"found.py": answer.source}, "found", ["total([7, 8])"])
    assert [result.value for result in report.results] == [15]
