"""Ranking finds what a query is about and says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.state import GenerationRequest
from genloom.tools.codebase import Codebase, Query
from genloom.tools.codebase.ranking.ranking import Scores
from genloom.tools.codebase.ranking.roles import file_role


def _first(codebase: Codebase, query: str) -> str:
    return codebase.rank(query).symbols[0].address


def test_symbols_are_found_by_the_words_of_their_names_and_text(shop: Path) -> None:
    """Camel, snake and stemmed forms find each other."""
    codebase = Codebase(shop)
    assert _first(codebase, "restocking shelves with items") == "shop/warehouse.py::restock"
    assert _first(codebase, "parseAmount") == "shop/money.py::parse_amount"
    assert _first(codebase, "rounding of cents") == "shop/money.py::round_cents"


def test_tests_and_examples_stand_below_the_source(shop: Path) -> None:
    """Even where their text fits better; unless the query names the file."""
    codebase = Codebase(shop)
    paths = [file.path for file in codebase.rank("total due of an invoice with tax").files]
    assert paths[0] == "shop/billing.py"
    assert paths.index("shop/billing.py") < paths.index("docs/examples/invoice_example.py")
    assert codebase.rank("total due in tests/test_billing.py").files[0].path == "tests/test_billing.py"


def test_every_item_has_reasons_in_words(shop: Path) -> None:
    """Names, paths, importers and text matches are told."""
    ranking = Codebase(shop).rank("`round_cents` for billing")
    symbol = ranking.symbols[0]
    assert symbol.address == "shop/money.py::round_cents"
    assert "the request names `round_cents`" in symbol.reasons
    files = {file.path: file.reasons for file in ranking.files}
    assert "path matches `billing`" in files["shop/billing.py"]
    assert "imported by `shop/warehouse.py`" in files["shop/billing.py"]
    assert "defines `round_cents`" in files["shop/money.py"]
    assert all(item.reasons and all(item.reasons) for item in (*ranking.files, *ranking.symbols))


def test_a_stack_trace_points_at_the_function_around_its_line(shop: Path) -> None:
    """Absolute paths of another machine are matched by their end."""
    trace = 'Traceback:\n  File "/srv/app/shop/warehouse.py", line 11, in checked\nValueError: bad'
    ranking = Codebase(shop).rank(trace)
    assert ranking.files[0].path == "shop/warehouse.py"
    assert ranking.symbols[0].address == "shop/warehouse.py::restock.checked"
    assert "the request points at line 11" in ranking.symbols[0].reasons


def test_relevance_is_the_share_of_the_query_that_the_best_cover(shop: Path) -> None:
    """One for a query that stands in the code, none for one that does not, between for half of each."""
    codebase = Codebase(shop)
    full, half, none = (codebase.rank(q).relevance for q in ("restock shelf", "restock zeppelin", "zeppelin quark"))
    assert full == 1.0
    assert 0.0 < half < 1.0
    assert none == 0.0
    assert codebase.rank("zeppelin quark").files == ()


def test_ranking_is_the_same_from_a_file_and_from_memory(shop: Path, tmp_path: Path) -> None:
    """And in whatever order the files were indexed."""
    codebase = Codebase(shop, cache=tmp_path)
    codebase.refresh()
    for path in ("shop/billing.py", "shop/money.py"):
        text = (shop / path).read_text()
        (shop / path).write_text("")
        codebase.refresh()
        (shop / path).write_text(text)
    codebase.refresh()
    assert codebase.rank("invoice amount total") == Codebase(shop).rank("invoice amount total")


def test_an_empty_repository_ranks_nothing(tmp_path: Path) -> None:
    """No files, no symbols, no relevance."""
    ranking = Codebase(tmp_path).rank("anything")
    assert (ranking.files, ranking.symbols, ranking.relevance) == ((), (), 0.0)


def test_hints_are_read_out_of_a_prompt() -> None:
    """Names in back-ticks, calls, dotted names, file names with lines, stack traces and test ids."""
    query = Query.from_text(
        "Fix `Invoice.total_due` and parsePair, see ./shop/money.py:12 and compute(x) "
        'File "C:\\app\\core.py", line 7, in run_it\n fails in tests/test_a.py::TestB::test_c'
    )
    assert {"Invoice.total_due", "total_due", "parsePair", "compute", "run_it", "TestB", "test_c"} <= set(
        query.identifiers
    )
    assert set(query.places) == {("shop/money.py", 12), ("C:/app/core.py", 7)}
    assert {"shop/money.py", "tests/test_a.py", "C:/app/core.py"} <= set(query.paths)


def test_a_requests_query_holds_what_is_asked_but_not_the_examples_values() -> None:
    """Prompt, name, signature, constraints and target."""
    request = GenerationRequest(
        prompt="Sum the lines",
        name="total_due",
        signature="total_due(lines: list[Amount]) -> int",
        examples=("total_due([9]) == 10",),
        constraints=("use Decimal",),
        target="shop/extra.py",
    )
    query = Query.from_request(request)
    assert {"Sum", "lines", "Amount", "Decimal", "total_due"} <= set(query.words)
    assert "total_due" in query.identifiers
    assert query.paths == ("shop/extra.py",)


@given(st.text(max_size=300))
def test_any_text_is_a_query(text: str) -> None:
    """Hints are found in it or not; nothing raises."""
    query = Query.from_text(text)
    assert all(line > 0 for _, line in query.places)


@pytest.mark.parametrize("unit", ["a", "_", "a.", "a/", "aB", "`a", 'File "', "a_", "x.py:", "a/b.py::"])
def test_hostile_prompts_are_read_in_linear_time(unit: str) -> None:
    """Texts made to make expressions backtrack come back; a catastrophic one would never end here."""
    Query.from_text(unit * 20_000)


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("tests/a.py", "test"),
        ("src/pkg/test_a.py", "test"),
        ("pkg/a_test.py", "test"),
        ("conftest.py", "test"),
        ("pkg/testing_tools.py", "source"),
        ("docs/conf.py", "documentation"),
        ("examples/run.py", "documentation"),
        ("pkg/__init__.py", "package"),
        ("pkg/latest.py", "source"),
    ],
)
def test_roles_are_told_from_paths(path: str, role: str) -> None:
    """Tests, documentation and examples, packages, source."""
    assert file_role(path) == role


@given(st.lists(st.floats(0.01, 12), min_size=10, max_size=40))
def test_relevance_does_not_depend_on_the_order_of_sets(weights: list[float]) -> None:
    """It is another one in every process; the sum over all terms is the whole to the last bit."""
    idf = {f"term{number}": weight for number, weight in enumerate(weights)}
    assert Scores({}, {}, idf=idf).coverage(set(idf)) == 1.0
