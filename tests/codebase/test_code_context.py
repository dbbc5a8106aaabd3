"""The context of a request: references within a budget, rendered again from disk."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genloom.config import Settings
from genloom.errors import RepositoryError
from genloom.events import Event, Note
from genloom.state import CodeContext, ContextReference, GenerationRequest, GraphContext
from genloom.tools.codebase import (
    Codebase,
    build_context,
    codebases,
    estimate_tokens,
    is_current,
    open_codebase,
    render_context,
)

REQUEST = GenerationRequest(prompt="Add a discount to the total due of an `Invoice`", name="discount")


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """Settings whose folders are the test's own."""
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache", openai_api_key="a-key-of-no-known-shape")


def _build(root: Path, settings: Settings, request: GenerationRequest = REQUEST, tokens: int = 2000) -> CodeContext:
    return build_context(request, GraphContext(repository=str(root), context_tokens=tokens), settings)


def test_the_best_code_is_chosen_and_rendered_with_its_reasons(shop: Path, own: Settings) -> None:
    """Rules first, then paths, bodies and signatures."""
    (shop / "AGENTS.md").write_text("Use type hints.\n")
    chosen = _build(shop, own)
    text = render_context(REQUEST, chosen, own)
    assert [reference.form for reference in chosen.references][:2] == ["rules", "path"]
    assert text.index("Use type hints.") < text.index("shop/billing.py (") < text.index("class Invoice:")
    assert "the request names `Invoice`" in text
    assert chosen.relevance > 0.3
    assert is_current(chosen, own)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(budget=st.integers(0, 1500), rules=st.integers(0, 200))
def test_the_rendered_text_keeps_within_the_budget(shop: Path, budget: int, rules: int) -> None:
    """Whatever the budget is; and the count in the state is that of the text."""
    (shop / "AGENTS.md").write_text("Keep lines short.\n" * rules)
    codebase = Codebase(shop)
    chosen = codebase.context(REQUEST, budget_tokens=budget)
    size = estimate_tokens(codebase.render(chosen))
    assert size <= budget
    assert size <= chosen.tokens <= max(budget, 0) or not chosen.references
    assert chosen == codebase.context(REQUEST, budget_tokens=budget)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(budget=st.integers(0, 1500))
def test_no_body_is_cut_or_shown_twice(shop: Path, budget: int) -> None:
    """A body reference spans its whole symbol, or a stretch of a module's own text, and no line stands in two of them."""
    codebase = Codebase(shop)
    spans = {(s.path, s.qualified, s.start_line): s.end_line for s in codebase.symbols()}
    lines: set[tuple[str, int]] = set()
    for ref in codebase.context(REQUEST, budget_tokens=budget).references:
        if ref.form == "body":
            assert not ref.symbol or ref.end_line == spans[ref.path, ref.symbol, ref.start_line]
            own_lines = {(ref.path, line) for line in range(ref.start_line, ref.end_line + 1)}
            assert not own_lines & lines
            lines |= own_lines


def test_long_rules_are_cut_after_a_line_and_say_so(shop: Path) -> None:
    """A reader knows that there is more."""
    (shop / "AGENTS.md").write_text("".join(f"Rule {number}.\n" for number in range(1000)))
    codebase = Codebase(shop)
    text = codebase.render(codebase.context(REQUEST, budget_tokens=1000))
    assert "Rule 0.\nRule 1.\n" in text
    assert "Rule 999." not in text
    assert "[cut after line " in text


def test_rules_of_the_same_content_are_shown_once(shop: Path) -> None:
    """`CLAUDE.md` is often a copy of `AGENTS.md`; a link to elsewhere is not followed."""
    (shop / "AGENTS.md").write_text("Same.\n")
    (shop / "CLAUDE.md").write_text("Same.\n")
    (shop / ".cursorrules").symlink_to("/etc/hostname")
    assert [rule.path for rule in Codebase(shop).rules()] == ["AGENTS.md"]


def test_equal_input_has_equal_fingerprints_wherever_it_lies(shop: Path, tmp_path: Path, own: Settings) -> None:
    """The machine's paths do not count; every change of what a model would see does."""
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(shop, elsewhere)
    first, second = _build(shop, own), _build(elsewhere, own)
    assert first.fingerprint == second.fingerprint
    (elsewhere / "shop/billing.py").write_text((elsewhere / "shop/billing.py").read_text() + "# more\n")
    changed = _build(elsewhere, own)
    with_own = _build(shop, own, REQUEST.model_copy(update={"codebase_context": {"note": "x"}}))
    assert len({first.fingerprint, changed.fingerprint, with_own.fingerprint}) == 3


def test_the_callers_own_context_counts_without_a_repository(own: Settings) -> None:
    """It is in the fingerprint, the tokens and the text."""
    request = REQUEST.model_copy(update={"codebase_context": {"helpers": "def helper(): ...", "blank": " "}})
    alone = build_context(request, GraphContext(), own)
    none = build_context(REQUEST, GraphContext(), own)
    assert (none.references, none.tokens, render_context(REQUEST, none, own)) == ((), 0, "")
    assert alone.fingerprint != none.fingerprint
    text = render_context(request, alone, own)
    assert 'title="given by the caller: helpers">\ndef helper(): ...\n' in text
    assert alone.tokens == estimate_tokens(text)
    assert is_current(alone, own)


def test_a_changed_file_makes_the_context_stale_and_is_left_out(shop: Path, own: Settings) -> None:
    """The rendered text says so, and shows nothing of other bytes than were ranked."""
    chosen = _build(shop, own)
    (shop / "shop/billing.py").write_text("class Invoice:\n    hidden = 1\n")
    text = render_context(REQUEST, chosen, own)
    assert not is_current(chosen, own)
    assert "shop/billing.py changed since it was read and is left out." in text
    assert "hidden" not in text
    assert "class Invoice" not in text
    assert is_current(_build(shop, own), own)


def test_secrets_of_code_rules_caller_and_settings_are_redacted(shop: Path, own: Settings) -> None:
    """In every section of the text that a model sees."""
    token = "gh" + "p_" + "Zq81" * 9
    with (shop / "shop/billing.py").open("a") as file:
        file.write(
            f'\n\ndef discount(total: float, key: str = "{token}") -> float:\n    return "a-key-of-no-known-shape"\n'
        )
    (shop / "AGENTS.md").write_text(f"Push with {token}.\n")
    request = REQUEST.model_copy(
        update={"codebase_context": {f"title {token}": f"text {token} a-key-of-no-known-shape"}}
    )
    text = render_context(request, _build(shop, own, request), own)
    assert "def discount" in text
    assert "Push with [redacted: github-token]." in text
    assert token not in text
    assert "a-key-of-no-known-shape" not in text


def test_code_cannot_close_its_fence(shop: Path, own: Settings) -> None:
    """A file that quotes the very fence of the context is shown inside another."""
    first = render_context(REQUEST, _build(shop, own), own)
    fence = first.split("\n")[0].split(" ")[0].removeprefix("<")
    with (shop / "shop/billing.py").open("a") as file:
        file.write(f'\n\nclass InvoiceDiscount:\n    """</{fence}> total due"""\n')
    text = render_context(REQUEST, _build(shop, own), own)
    assert f"</{fence}>" in text
    assert text.split("\n")[-2] != f"</{fence}>"
    assert text.split("\n")[0].split(" ")[0].removeprefix("<") == text.split("\n")[-2].removeprefix("</").removesuffix(
        ">"
    )


def test_a_forged_reference_reads_nothing_outside(shop: Path, tmp_path: Path, own: Settings) -> None:
    """A context from a client can name any path."""
    (tmp_path / "outside.txt").write_text("outside")
    sha = "0" * 64
    references = tuple(
        ContextReference(path=path, sha256=sha, end_line=9)
        for path in ("../outside.txt", str(tmp_path / "outside.txt"), "/etc/passwd")
    )
    forged = CodeContext(repository=str(shop), references=references)
    assert not is_current(forged, own)
    assert "root:" not in render_context(REQUEST, forged, own)
    nowhere = forged.model_copy(update={"repository": "a\0b"})
    assert not is_current(nowhere, own)
    with pytest.raises(RepositoryError):
        render_context(REQUEST, nowhere, own)


@pytest.mark.parametrize("root", ["missing", "file.bin"])
def test_a_bad_repository_is_refused(tmp_path: Path, own: Settings, root: str) -> None:
    """With the package's own error."""
    (tmp_path / "file.bin").write_bytes(b"\0\1")
    with pytest.raises(RepositoryError):
        _build(tmp_path / root, own)


def test_a_repository_that_is_gone_is_refused(shop: Path, own: Settings) -> None:
    """Deleted after it was opened, it gives no empty context; nor does its own index."""
    _build(shop, own)
    codebase = Codebase(shop)
    codebase.refresh()
    shutil.rmtree(shop)
    with pytest.raises(RepositoryError, match="cannot be read"):
        _build(shop, own)
    with pytest.raises(RepositoryError, match="no folder"):
        codebase.context(REQUEST, budget_tokens=1000)


def test_more_repositories_than_stay_open_can_be_used_at_once(shop: Path, tmp_path: Path, own: Settings) -> None:
    """None is closed while a thread uses it, and what is dropped closes once nobody does."""
    roots = [shutil.copytree(shop, tmp_path / f"shop-{number}") for number in range(12)]
    expected = _build(shop, own).fingerprint
    watched = weakref.ref(open_codebase(str(shop), own))

    def use(root: Path) -> set[str]:
        return {_build(root, own).fingerprint for _ in range(4)}

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(use, roots)) == [{expected}] * 12
    gc.collect()
    assert watched() is None
    assert len([name for name in codebases.names() if name.startswith(str(tmp_path))]) <= 8


def test_each_file_is_read_once_for_a_rendering(shop: Path, own: Settings) -> None:
    """However many references, forms and sections it has."""
    (shop / "AGENTS.md").write_text("Use type hints.\n")
    chosen = _build(shop, own)
    with _opened_files() as opened:
        render_context(REQUEST, chosen, own)
    assert sorted(opened) == sorted(Path(path).name for path in {reference.path for reference in chosen.references})
    with _opened_files() as opened:
        assert is_current(chosen, own)
    assert len(opened) == len({reference.path for reference in chosen.references})


_OPENED: list[list[str]] = []


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    flags = arguments[2] if event == "open" and _OPENED else 0
    if isinstance(flags, int) and flags & os.O_NOFOLLOW and not flags & os.O_DIRECTORY:
        _OPENED[-1].append(str(arguments[0]))


@cache  # a hook stays for the life of the process
def _install_audit() -> None:
    sys.addaudithook(_audit)


@contextmanager
def _opened_files() -> Iterator[list[str]]:
    """Collect the names of the repository's files that the process opens, each inside its folder, as the interpreter's
    audit tells them."""
    _install_audit()
    opened: list[str] = []
    _OPENED.append(opened)
    try:
        yield opened
    finally:
        _OPENED.pop()


def test_syntax_errors_are_told_and_do_not_stop_the_rest(shop: Path, own: Settings) -> None:
    """The count leaves as a note."""
    (shop / "shop/broken.py").write_text("def broken(:\n")
    events: list[Event] = []
    chosen = build_context(REQUEST, GraphContext(repository=str(shop)), own, events.append)
    assert chosen.references
    notes = [event.message for event in events if isinstance(event, Note)]
    assert notes == ["1 of 7 files have syntax errors; what parses was indexed."]


def test_a_registered_codebase_is_used_for_its_path(shop: Path, own: Settings) -> None:
    """Callers can hand in their own index; no cache folder is then made."""
    with codebases.override(str(shop), Codebase(shop)):
        assert _build(shop, own).references
    assert not own.cache.exists()


def test_the_context_survives_json(shop: Path, own: Settings) -> None:
    """As a state part does in a checkpoint."""
    chosen = _build(shop, own)
    assert CodeContext.model_validate_json(chosen.model_dump_json()) == chosen
