"""Ranking finds what a query is about and says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.state import GenerationRequest
from genloom.tools.codebase import Codebase, Query
from genloom.tools.codebase.ranking.roles import file_role
from genloom.tools.codebase.ranking.scoring import Scores


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
        ("test.c", "test"),
        ("src/ring-test.cc", "test"),
        ("src/ring_unittest.cc", "test"),
        ("server/server_test.go", "test"),
        ("src/tests.rs", "test"),
        ("spec/parser_spec.rb", "test"),
        ("src/test/java/a/B.java", "test"),
        ("src/a/TestParser.java", "test"),
        ("src/App.Tests/Parser.cs", "test"),
        ("src/PolicySpecs.cs", "test"),
        ("src/app.spec.ts", "test"),
        ("src/a/Testament.java", "source"),
        ("src/contest.c", "source"),
        ("app.gemspec", "source"),
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


FAILURES = {
    "typescript": ("src/app.ts:1:5 - error TS2322: Type 'string' is not assignable", "src/app.ts", 1),
    "tsc": ("src/app.ts(2,5): error TS2322", "src/app.ts", 2),
    "node": (
        "TypeError: x\n    at Cart.total (/srv/shop/src/app.ts:2:11)\n    at node:internal/main:1:1",
        "src/app.ts",
        2,
    ),
    "bundled": ("at total (webpack:///./src/app.ts:2:11)", "src/app.ts", 2),
    "go": ("panic: boom\n\nmain.total(0x1)\n\t/build/server.go:3 +0x1d", "server.go", 3),
    "go test": ("--- FAIL: TestTotal (0.00s)\n    server_test.go:3: got 1", "server_test.go", 3),
    "java": ("java.lang.NullPointerException\n\tat com.x.Foo.bar(Foo.java:2)", "src/main/java/com/x/Foo.java", 2),
    "rust": ("thread 'main' panicked at src/main.rs:2:5:\nboom", "src/main.rs", 2),
    "csharp": ("   at X.Cart.Total(Int32 a) in C:\\src\\lib\\Cart.cs:line 2", "lib/Cart.cs", 2),
    "ruby": ("app/cart.rb:2:in `total': boom (RuntimeError)", "app/cart.rb", 2),
    "php": ("PHP Fatal error: boom in /srv/www/Cart.php:2\n#0 /srv/www/Cart.php(2): Cart->total()", "www/Cart.php", 2),
    "php warning": ("Warning: boom in /srv/www/Cart.php on line 2", "www/Cart.php", 2),
    "gcc": ("src/cart.c:2:5: error: expected ';'", "src/cart.c", 2),
}


def test_each_frame_of_java_has_the_package_of_its_own_class() -> None:
    """Two classes of one name lead to two files."""
    trace = "\tat com.acme.bill.Utils.total(Utils.java:42)\n\tat com.acme.ship.Utils.pack(Utils.java:17)\n"
    places = {("com/acme/bill/Utils.java", 42), ("com/acme/ship/Utils.java", 17)}
    assert set(Query.from_text(trace).places) == places


@pytest.mark.parametrize("failure", FAILURES)
def test_files_and_lines_are_read_out_of_every_languages_failures(failure: str) -> None:
    """Compilers, stack traces, test runners; the path may be another machine's."""
    text, path, line = FAILURES[failure]
    (found,) = {(named, at) for named, at in Query.from_text(text).places if at == line}
    assert path.endswith(found[0]) or found[0].endswith(path)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("at total (src/app.js:1:2)", "total"),
        ("at async load (src/app.js:1:2)", "load"),
        ("app/cart.rb:2:in 'Cart#total'", "total"),
        ("app/cart.rb:2:in `total'", "total"),
        ("#0 /srv/Cart.php(12): Cart->total()", "total"),
        ("   3: shop::cart::total\n             at ./src/cart.rs:2:5", "total"),
        ("main.(*Cart).total(0xc000)\n\t/build/cart.go:3 +0x1d", "total"),
        ("test cart::tests::total ... FAILED", "total"),
        ("--- FAIL: TestTotal/empty (0.00s)", "TestTotal"),
        ("FooTest#adds", "FooTest"),
        ("1) Tests\\FooTest::adds", "FooTest"),
    ],
)
def test_functions_are_read_out_of_stack_frames_and_test_ids(text: str, name: str) -> None:
    """Also where nothing else marks them as code."""
    assert name in Query.from_text(text).identifiers


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("FAIL src/cart.test.ts", "src/cart.ts"),
        ("rspec ./spec/models/user_spec.rb:3 # User saves", "app/models/user.rb"),
        ("server_test.go:40: got 1", "server.go"),
        ("[ERROR] FooTest.adds:12 expected 1", "src/main/java/com/x/Foo.java"),
        ("FooTest::adds", "src/main/java/com/x/Foo.java"),
    ],
)
def test_a_failing_tests_id_leads_to_what_it_tests(tmp_path: Path, text: str, path: str) -> None:
    """jest, rspec, go, JUnit, PHPUnit: by the name of the file or of the class."""
    for name in ("src/cart.ts", "app/models/user.rb", "server.go", "src/main/java/com/x/Foo.java"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("// nothing\n" if not name.endswith(".rb") else "# nothing\n")
    best = Codebase(tmp_path).rank(text).files[0]
    assert best.path == path
    assert any(reason.endswith("tests it") for reason in best.reasons)
