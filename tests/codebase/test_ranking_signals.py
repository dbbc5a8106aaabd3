"""Signals of the ranking: what a request names, tests, code of callers, and statistics that follow the index."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genloom.state import GenerationRequest
from genloom.tools.codebase import Codebase, Query
from genloom.tools.codebase.ranking import search


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    more=st.lists(st.sampled_from(["restock", "`Invoice`", "tax", "shop/money.py", "zeppelin", "cents"]), max_size=5)
)
def test_more_words_never_take_a_reason_away(shop: Path, more: list[str]) -> None:
    """What the request names is told however much else it says; each item has a reason; relevance stays within bounds."""
    ranking = Codebase(shop).rank(" ".join(["`parse_amount` in shop/billing.py", *more]))
    reasons = {item.path: item.reasons for item in ranking.files}
    (named,) = [symbol.reasons for symbol in ranking.symbols if symbol.qualified == "parse_amount"]
    assert "the request names `parse_amount`" in named
    assert "the request names `shop/billing.py`" in reasons["shop/billing.py"]
    assert any(reason.startswith("defines `parse_amount`") for reason in reasons["shop/money.py"])
    assert all(item.reasons and all(item.reasons) for item in (*ranking.files, *ranking.symbols))
    assert 0.0 <= ranking.relevance <= 1.0


def test_a_tests_id_leads_to_the_tested_file(shop: Path) -> None:
    """Even where nothing else of the request stands in it."""
    ranking = Codebase(shop).rank("FAILED tests/test_billing.py::test_zeppelin")
    reasons = {file.path: file.reasons for file in ranking.files}
    assert "`tests/test_billing.py` tests it" in reasons["shop/billing.py"]
    assert [file.path for file in ranking.files][:2] == ["tests/test_billing.py", "shop/billing.py"]


def test_tests_are_not_ranked_lower_where_tests_are_asked_for(shop: Path) -> None:
    """But where one fails, the code is wanted."""
    codebase = Codebase(shop)
    asked = [file.path for file in codebase.rank("Add tests for the total due of an invoice with tax").files]
    failing = [
        file.path for file in codebase.rank("AssertionError: the test of total due of an invoice with tax").files
    ]
    assert asked[0] == "tests/test_billing.py"
    assert failing[0] == "shop/billing.py"


def test_for_an_import_the_callers_code_is_the_query(shop: Path) -> None:
    """What it works with is found, though the prompt names nothing of it."""
    caller = "from shop.extra import discount\n\ninvoice = Invoice(lines)\nprint(round_cents(discount(invoice)))\n"
    context = {"the code that imports it (main.py)": caller, "uses of it in app.py": "restock(shelf, discount(1))"}
    request = GenerationRequest(
        prompt="`discount` of the module `shop.extra`.", name="discount", codebase_context=context
    )
    query = Query.from_request(request)
    assert {"Invoice", "round_cents", "restock"} <= set(query.words)
    assert "discount" in query.identifiers
    found = {symbol.qualified for symbol in Codebase(shop).rank(query).symbols[:8]}
    assert {"Invoice", "round_cents", "restock"} <= found
    other = request.model_copy(update={"codebase_context": {"notes": caller}})
    assert "Invoice" not in Query.from_request(other).words


def test_statistics_follow_every_change_of_the_index(shop: Path, tmp_path: Path) -> None:
    """Of this process and of others that share the cache folder."""
    codebase, other = (Codebase(shop, cache=tmp_path / "cache") for _ in range(2))
    assert codebase.rank("zeppelin").files == ()
    (shop / "shop/zeppelin.py").write_text("def zeppelin(): ...\n")
    other.refresh()
    assert [file.path for file in codebase.rank("zeppelin").files] == ["shop/zeppelin.py"]
    (shop / "shop/zeppelin.py").unlink()
    codebase.refresh()
    assert (codebase.rank("zeppelin").files, other.rank("zeppelin").files) == ((), ())


def test_a_first_look_does_not_lose_the_best(tmp_path: Path) -> None:
    """In a repository of more files than are looked into: a rare word may be a name."""
    for number in range(search.CANDIDATES * 2):
        words = " ".join(["alpha"] * (number % 7) + ["beta"] * (number % 5) + ["gamma"] * (number % 11))
        (tmp_path / f"module_{number}.py").write_text(f'def run_{number}():\n    """{words}"""\n')
    (tmp_path / "right.py").write_text("def alpha_delta(): ...\n")
    assert [file.path for file in Codebase(tmp_path).rank("alpha beta delta", limit=1).files] == ["right.py"]
