"""Signals of the ranking: what a request names, tests, code of callers, and statistics that follow the index."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from genloom.state import GenerationRequest
from genloom.tools.codebase import Codebase, Query
from genloom.tools.codebase.index.postings import Occurrence
from genloom.tools.codebase.ranking import search


class _Fixed(BaseRetriever):
    """Finds the same documents for every query."""

    documents: list[Document]

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return self.documents


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


def test_a_modules_own_text_and_its_constants_are_found_and_packed(tmp_path: Path) -> None:
    """A script without a function is shown; of a module the stretches between its functions; and both are relevant."""
    (tmp_path / "deploy.py").write_text(
        '"""Deploy."""\nimport os\n\nfor host in ["a"]:\n    os.system("rsync " + host)\n'
    )
    (tmp_path / "net.py").write_text("import time\n\n\ndef run():\n    return 1\n\n\nMAX_RETRIES = 3\nOTHER = 2\n")
    codebase = Codebase(tmp_path)
    script = codebase.rank("deploy by rsync")
    assert (script.symbols[0].address, script.symbols[0].kind) == ("deploy.py", "module")
    assert script.relevance == 1.0
    constant = {symbol.address: symbol for symbol in codebase.rank("how many retries at most").symbols}
    assert "name matches `retries`" in constant["net.py::MAX_RETRIES"].reasons
    text = codebase.render(codebase.context(GenerationRequest(prompt="deploy, retries"), budget_tokens=1_000))
    assert 'os.system("rsync " + host)' in text
    assert "## net.py:8-9 the module" in text
    assert "def run" not in text.partition("## net.py:8-9")[2]


def test_a_further_retrievers_weight_is_no_matter_of_the_files_role(shop: Path) -> None:
    """What it finds in a test counts as much as what it finds elsewhere, and alone makes the ranking relevant."""
    codebase = Codebase(shop)
    places = ("tests/test_billing.py::test_total_due_of_an_invoice_has_tax", "shop/money.py::convert")
    scores = []
    for place in places:
        document = Document(page_content="", metadata={"path": place.partition("::")[0], "symbol": place})
        codebase.add_retriever("vectors", _Fixed(documents=[document]), weight=0.4)
        ranking = codebase.rank("zeppelin")
        assert ranking.symbols[0].address == place
        assert ranking.relevance == 0.4
        scores.append(ranking.symbols[0].score)
    assert scores[0] == scores[1]


def test_a_bare_file_name_that_many_files_have_decides_nothing(tmp_path: Path) -> None:
    """With its folder it stands out of them."""
    for number in range(10):
        folder = tmp_path / f"app{number}"
        folder.mkdir()
        (folder / "views.py").write_text(f"def show_{number}():\n    return {number}\n")
    (tmp_path / "cart.py").write_text("def checkout_total(cart):\n    return sum(cart)\n")
    codebase = Codebase(tmp_path)
    assert codebase.rank("checkout total of the cart, as in views.py").files[0].path == "cart.py"
    assert codebase.rank("checkout total of the cart, as in app3/views.py").files[1].path == "app3/views.py"


def test_the_end_of_a_long_log_counts_as_its_start_does(shop: Path) -> None:
    """What lies between is left out, and that is told."""
    noise = "".join(f"INFO step {number} of the long run\n" for number in range(5_000))
    for log in (f"{noise}ValueError in shop/money.py:18: amount\n", f"ValueError in shop/money.py:18: amount\n{noise}"):
        ranking = Codebase(shop).rank(log)
        assert ranking.files[0].path == "shop/money.py"
        assert any("characters in the middle" in told for told in ranking.left_out)
    assert Codebase(shop).rank("restock").left_out == ()


@pytest.mark.parametrize(
    "text",
    [
        "Why does shop/money.py:18 fail?\n" + '{"id":1},' * 6_000 + "\n",
        "x " * 25_000 + "see shop/money.py:18 of it\n",
        "\n" + "x" * 50_000 + " see shop/money.py:18 of it\n",
    ],
)
def test_both_ends_of_a_long_text_count_whatever_its_lines_are(text: str) -> None:
    """A line that is longer than an end is cut, not left out."""
    query = Query.from_text(text)
    assert query.places == (("shop/money.py", 18),)
    assert 38_000 < len(query.text) <= 40_001


def test_a_request_that_points_everywhere_is_bounded_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many names, files and words it has, so many files are looked into; ordinary ones are not touched by that."""
    for number in range(600):
        (tmp_path / f"module_{number}.py").write_text(f"def run_{number}():\n    return word_{number}\n")
    looked_into: list[set[int]] = []
    real = search.read_occurrences

    def counted(connection: sqlite3.Connection, term: str, file_ids: Iterable[int]) -> list[Occurrence]:
        looked_into.append(set(file_ids))
        return real(connection, term, file_ids)

    monkeypatch.setattr(search, "read_occurrences", counted)
    codebase = Codebase(tmp_path)
    ranking = codebase.rank("\n".join(f"module_{n}.py:2: in run_{n} word_{n}" for n in range(600)))
    assert len(set().union(*looked_into)) <= search.CANDIDATES + search.FURTHER + 100
    assert len(looked_into) <= search.MAX_TERMS
    left_out = " ".join(ranking.left_out)
    assert "files that it points at" in left_out
    assert "words" in left_out


@pytest.mark.parametrize("query", ["BillingCase.test_zeppelin", "BillingCase::test_zeppelin", "`test_zeppelin` fails"])
def test_a_test_named_without_its_path_is_found_with_what_it_tests(shop: Path, query: str) -> None:
    """The test itself first, as where its path is given; the same words that name no test lead to no test."""
    (shop / "tests/test_billing.py").write_text("class BillingCase:\n    def test_zeppelin(self):\n        assert 1\n")
    (shop / "shop/zeppelin.py").write_text("def zeppelin(): ...\ndef billing_case(): ...\n")
    codebase = Codebase(shop)
    ranking = codebase.rank(query)
    assert ranking.files[0].path == "tests/test_billing.py"
    assert "ranked lower" not in " ".join(ranking.files[0].reasons)
    assert ranking.symbols[0].address == "tests/test_billing.py::BillingCase.test_zeppelin"
    reasons = {file.path: file.reasons for file in ranking.files}
    assert "`tests/test_billing.py` tests it" in reasons["shop/billing.py"]
    assert codebase.rank("test the zeppelin of a billing case").files[0].path == "shop/zeppelin.py"


def test_reasons_name_the_part_of_a_word_that_matched(tmp_path: Path) -> None:
    """Never the whole of one of which a part stands there; the whole where it does, or where a word says it alone."""
    (tmp_path / "filters.py").write_text("class DupeFilter:\n    pass\n\n\nclass LeakyBucket:\n    pass\n")
    codebase = Codebase(tmp_path)

    def told(query: str) -> str:
        ranking = codebase.rank(query)
        return " | ".join(reason for item in (*ranking.files, *ranking.symbols) for reason in item.reasons)

    parts = told("TestRFPDupeFilter")
    assert "path matches `Filter` of `TestRFPDupeFilter`" in parts
    assert "name matches `Dupe`, `Filter` of `TestRFPDupeFilter`" in parts
    assert "matches `TestRFPDupeFilter`" not in parts
    assert "name matches `dupeFilter`" in told("dupeFilter")
    assert "`Dupe` of `TestDupe`, `filters`" in told("TestDupe, filters")
    assert "name matches `filters`" in told("TestFilter, filters")


@pytest.mark.parametrize("query", ["base.rb:6:in 'Web::Base#route!'", "in `route!'", "`route!` is slow"])
def test_an_exclamation_mark_belongs_to_a_rubys_name(tmp_path: Path, query: str) -> None:
    """Another method has the name without it; where the request writes that, too, both are meant."""
    pytest.importorskip("tree_sitter_ruby")
    (tmp_path / "base.rb").write_text(
        "class Base\n  def route(verb)\n    verb\n  end\n\n  def route!(base)\n    base\n  end\nend\n"
    )
    codebase = Codebase(tmp_path)
    first, *others = codebase.rank(query).symbols
    assert first.qualified == "Base.route!"
    assert "the request names `route!`" in first.reasons
    assert not any("the request names `route`" in symbol.reasons for symbol in others)
    both = {symbol.qualified: symbol.reasons for symbol in codebase.rank(f"{query}, route is not").symbols}
    assert "the request names `route`" in both["Base.route"]


def test_an_index_that_is_cut_short_is_told_by_the_ranking(shop: Path) -> None:
    """Never an empty answer without a word; a whole one says nothing."""
    codebase = Codebase(shop)
    assert not codebase.refresh(deadline=time.monotonic() - 1).complete
    assert any("files that the index does not have" in told for told in codebase.rank("round cents").left_out)
    codebase.refresh()
    assert codebase.rank("round cents").left_out == ()
