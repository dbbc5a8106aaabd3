"""Counts of a repository, and its functions as building blocks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import UsageError
from genloom.tools.codebase import (
    Codebase,
    FunctionSignature,
    Query,
    get_class_summary,
    get_codebase_summary,
    get_file_summary,
    get_function_summary,
    get_symbol_summary,
)
from genloom.tools.codebase.relations.modules import ModuleMap
from genloom.tools.codebase.summaries.summary import SummaryKind


def test_the_repository_is_counted(shop: Path) -> None:
    """Top-level symbols by kind, imports, and the modules from elsewhere."""
    assert Codebase(shop).summary().counts == {
        "files": 6,
        "imports": 7,
        "external_modules": 2,
        "symbols": 12,
        "classes": 2,
        "functions": 9,
        "global_vars": 1,
        "interfaces": 0,
    }


def test_files_classes_and_functions_are_counted(shop: Path) -> None:
    """By path, by address and by name, with the text beside."""
    codebase = Codebase(shop)
    file = codebase.summary("shop/billing.py")
    assert (file.kind, file.counts["classes"], file.counts["global_vars"], file.counts["importers"]) == (
        "file",
        2,
        1,
        3,
    )
    invoice = codebase.summary("Invoice")
    assert (invoice.kind, invoice.target) == ("class", "shop/billing.py::Invoice")
    assert {key: invoice.counts[key] for key in ("methods", "attributes", "parent_classes")} == {
        "methods": 2,
        "attributes": 1,
        "parent_classes": 0,
    }
    function = codebase.summary("shop/warehouse.py::restock")
    assert function.counts["parameters"] == 3
    assert function.counts["return_statements"] == 1
    assert function.counts["function_calls"] == 3  # one of them in the function inside it
    assert function.counts["dependencies"] == 0  # what it defines itself is none
    assert codebase.summary("shop/warehouse.py::bill").counts["dependencies"] == 2
    assert codebase.summary("round_cents").counts["call_sites"] == 1
    assert "- 2 methods" in invoice.text


def test_usages_are_told_by_what_uses(shop: Path) -> None:
    """By relations, not by name alone; what is possible by its name stands apart."""
    codebase = Codebase(shop)
    usages = codebase.summary("shop/billing.py::Invoice", kind="symbol").counts
    assert usages == {
        "usages": 5,
        "function_usages": 2,
        "class_usages": 1,
        "interface_usages": 0,
        "type_usages": 0,
        "module_usages": 0,
        "import_usages": 2,
        "possible_usages": 0,
    }
    due = codebase.summary("shop/billing.py::Invoice.total_due", kind="symbol").counts
    assert (due["usages"], due["possible_usages"]) == (1, 1)


def test_the_summaries_are_functions_too(shop: Path) -> None:
    """Of graph-sitter's names; each returns the text and refuses what is of another kind."""
    codebase = Codebase(shop)
    assert get_codebase_summary(codebase) == codebase.summary().text
    assert "- 3 importers" in get_file_summary(codebase, "shop/billing.py")
    assert "- 2 methods" in get_class_summary(codebase, "Invoice")
    assert "- 1 call_sites" in get_function_summary(codebase, "round_cents")
    assert "- 5 usages" in get_symbol_summary(codebase, "Invoice")
    with pytest.raises(UsageError, match="no function, but a class"):
        get_function_summary(codebase, "Invoice")
    with pytest.raises(UsageError, match="no file, but a class"):
        get_file_summary(codebase, "Invoice")


def test_a_kind_is_what_the_summary_is_of(shop: Path) -> None:
    """Of a name's definitions the first of that kind; anything that is of another kind is refused."""
    (shop / "shop" / "a.py").write_text("def Invoice(): ...\n")
    codebase = Codebase(shop)
    assert codebase.summary("Invoice", kind="function").target == "shop/a.py::Invoice"
    assert codebase.summary("Invoice", kind="class").target == "shop/billing.py::Invoice"
    assert codebase.summary(kind="codebase") == codebase.summary()
    assert codebase.summary("shop/billing.py::TAX").kind == "symbol"
    wrong: list[tuple[str | None, SummaryKind]] = [
        ("Invoice", "file"),
        ("shop/a.py", "symbol"),
        ("TAX", "class"),
        ("TAX", "codebase"),
        (None, "file"),
    ]
    for target, kind in wrong:
        with pytest.raises(UsageError, match=f"is no {kind}, but a "):
            codebase.summary(target, kind=kind)


@pytest.mark.parametrize("target", ["nowhere", "shop/none.py", "shop/money.py::nowhere", "nowhere.py::Invoice"])
def test_an_unknown_target_is_refused(shop: Path, target: str) -> None:
    """A path or symbol that the index does not have."""
    with pytest.raises(UsageError, match="no file or symbol"):
        Codebase(shop).summary(target)


def test_functions_are_those_that_can_be_called_as_building_blocks(shop: Path) -> None:
    """No effects, coroutines, private names, needed keywords or tests; with types and the docstring's first line."""
    found = {function.name: function for function in Codebase(shop).functions()}
    assert found.keys() == {"round_cents", "parse_amount", "restock", "bill"}
    assert found["round_cents"] == FunctionSignature(
        module="shop.money",
        name="round_cents",
        parameters=(("amount", "float", False), ("digits", "int", True)),
        returns="float",
        doc="Round an amount of money to cents.",
        path="shop/money.py",
        import_root="",
    )
    assert found["parse_amount"].parameters == (("text", "str", False),)
    assert all(function.is_typed for function in found.values())


def test_the_functions_that_a_request_points_at_come_first(tmp_path: Path) -> None:
    """Of 300, the one that fits is among the few, though it stands last; the order is the same every time."""
    for number in range(299):
        path = tmp_path / f"part_{number:03}.py"
        path.write_text(f"def work_{number}(value: int) -> int:\n    return value + {number}\n")
    (tmp_path / "zz_last.py").write_text(
        "def roman_numeral(number: int) -> str:\n"
        '    """Write a number in roman numerals."""\n    return "I" * number\n\n\n'
        "def roman_untyped(number):\n    return number\n"
    )
    codebase = Codebase(tmp_path)
    prompt = "Write the year of a date in roman numerals"
    best = codebase.component_functions(prompt, 10)
    assert [function.name for function in best] == ["roman_numeral", *(f"work_{number}" for number in range(9))]
    assert codebase.component_functions(Query.from_text(prompt), 10) == best
    assert Codebase(tmp_path).component_functions(prompt, 10) == best
    assert len(codebase.component_functions(prompt, 1000)) == 300
    assert codebase.component_functions(prompt, 0) == ()
    odd = codebase.component_functions(prompt, 2, accept=lambda function: function.name.endswith("1"))
    assert [function.name for function in odd] == ["work_1", "work_11"]


def test_module_names_follow_packages_and_import_roots() -> None:
    """A src layout, a package inside a package, a lone script."""
    modules = ModuleMap(
        ["src/app/__init__.py", "src/app/core.py", "src/app/sub/__init__.py", "tool.py", "loose/part.py"]
    )
    assert modules.module("src/app/core.py") == ("src", "app.core")
    assert modules.module("src/app/sub/__init__.py") == ("src", "app.sub")
    assert modules.module("tool.py") == ("", "tool")
    assert modules.module("loose/part.py") == ("loose", "part")


@pytest.mark.parametrize(
    ("module", "target"),
    [
        ("app.core", "src/app/core.py"),
        ("app", "src/app/__init__.py"),
        (".", "src/app/__init__.py"),
        (".core", "src/app/core.py"),
        ("..core", None),
        ("loose.part", "loose/part.py"),
        ("loose", "loose"),
        ("os", None),
        ("......", None),
    ],
)
def test_imports_are_resolved_to_files(module: str, target: str | None) -> None:
    """Absolute, relative and namespace imports, as seen from `src/app/other.py`; a namespace package is its folder."""
    modules = ModuleMap(["src/app/__init__.py", "src/app/core.py", "src/app/other.py", "loose/part.py"])
    assert modules.locate(module, "src/app/other.py") == target


@given(st.text("./a", max_size=12), st.text("ab/", min_size=1, max_size=8).map(lambda p: f"{p}.py"))
def test_resolving_never_fails(module: str, importer: str) -> None:
    """Whatever stands in an import."""
    ModuleMap(["a.py", "a/__init__.py", importer], "a").locate(module, importer)


def test_usages_are_the_sum_of_their_kinds(tmp_path: Path) -> None:
    """Also where a type, which is neither class nor function, uses a definition."""
    pytest.importorskip("tree_sitter_go")
    (tmp_path / "gin.go").write_text(
        "package gin\n\ntype Context struct {\n\tN int\n}\n\ntype HandlerFunc func(*Context)\n\n"
        "func run(c *Context) {\n}\n\nvar one = Context{}\n"
    )
    counts = Codebase(tmp_path).summary("Context").counts
    assert counts["type_usages"] == 1
    kinds = [value for key, value in counts.items() if key.endswith("_usages") and key != "possible_usages"]
    assert sum(kinds) == counts["usages"] >= 2
