"""The codebase as a LangChain retriever, and other retrievers that take part in its ranking."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from genloom.errors import UsageError
from genloom.tools.codebase import Codebase


class Listed(BaseRetriever):
    """Finds what it was given."""

    documents: list[Document]

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return self.documents


def _places(*metadata: dict[str, object]) -> Listed:
    return Listed(documents=[Document(page_content="", metadata=one) for one in metadata])


def test_documents_hold_the_code_with_place_score_and_reasons(shop: Path) -> None:
    """As delimited data, sync and async alike."""
    retriever = Codebase(shop).as_retriever(limit=3)
    documents = retriever.invoke("`round_cents`")
    first = documents[0]
    assert "def round_cents(amount: float" in first.page_content
    assert first.page_content.startswith("<")
    assert {key: first.metadata[key] for key in ("path", "symbol", "start_line", "end_line")} == {
        "path": "shop/money.py",
        "symbol": "round_cents",
        "start_line": 6,
        "end_line": 11,
    }
    assert "the request names `round_cents`" in first.metadata["reasons"]
    assert first.metadata["score"] > 0
    assert asyncio.run(retriever.ainvoke("`round_cents`")) == documents


def test_no_document_repeats_another(shop: Path) -> None:
    """A method of a class that is returned is passed over."""
    documents = Codebase(shop).as_retriever(limit=20).invoke("invoice total due")
    spans = [(d.metadata["path"], d.metadata["start_line"], d.metadata["end_line"]) for d in documents]
    for position, (path, start, end) in enumerate(spans):
        assert not any(p == path and s <= start and end <= e for p, s, e in spans[:position])


def test_a_long_definition_is_cut_after_a_line_and_says_so(shop: Path) -> None:
    """The metadata tell the lines that are shown."""
    body = "".join(f"    zeppelin_{number} = {number}\n" for number in range(500))
    (shop / "shop/long.py").write_text(f"def zeppelins():\n{body}")
    (document,) = Codebase(shop).as_retriever(limit=1, max_tokens=100).invoke("zeppelins")
    end = document.metadata["end_line"]
    assert f"[cut after line {end} of 501]" in document.page_content
    assert f"zeppelin_{end - 2} = " in document.page_content
    assert f"zeppelin_{end - 1} = " not in document.page_content


def test_documents_hold_no_secrets_and_nothing_that_changed(shop: Path) -> None:
    """What was indexed is what is shown, or nothing."""
    (shop / "shop/keys.py").write_text('def zeppelin():\n    return "a-key-of-no-known-shape"\n')
    codebase = Codebase(shop)
    retriever = codebase.as_retriever(secrets=["a-key-of-no-known-shape"])
    (document,) = retriever.invoke("zeppelin")
    assert "a-key-of-no-known-shape" not in document.page_content
    (shop / "shop/keys.py").write_text("def zeppelin():\n    return 2\n")
    assert retriever.invoke("zeppelin") == []


def test_a_further_retriever_takes_part_in_the_ranking(shop: Path) -> None:
    """Its places are lifted and say by whom; by symbol where it names one."""
    codebase = Codebase(shop)
    assert codebase.rank("zeppelin").files == ()
    codebase.add_retriever("vectors", _places({"path": "shop/money.py", "symbol": "save_amount"}))
    ranking = codebase.rank("zeppelin")
    assert [file.path for file in ranking.files] == ["shop/money.py"]
    assert ranking.symbols[0].address == "shop/money.py::save_amount"
    assert "found by the retriever `vectors`" in ranking.files[0].reasons
    assert "found by the retriever `vectors`" in ranking.symbols[0].reasons


def test_places_outside_the_repository_do_not_count(shop: Path) -> None:
    """Whatever a retriever names."""
    codebase = Codebase(shop)
    outside = [{"path": "../secret.py"}, {"source": "/etc/passwd"}, {"path": "a\0b"}, {"path": 3}, {}]
    codebase.add_retriever("odd", _places(*outside, {"source": str(codebase.root / "shop/money.py")}))
    assert [file.path for file in codebase.rank("zeppelin").files] == ["shop/money.py"]


def test_a_retriever_is_replaced_under_its_name_and_never_its_own(shop: Path) -> None:
    """The codebase's own would ask itself for ever."""
    codebase = Codebase(shop)
    codebase.add_retriever("one", _places({"path": "shop/money.py"}))
    codebase.add_retriever("one", _places({"path": "shop/billing.py"}))
    assert [file.path for file in codebase.rank("zeppelin").files] == ["shop/billing.py"]
    with pytest.raises(UsageError, match="own retriever"):
        codebase.add_retriever("self", codebase.as_retriever())


class Broken(BaseRetriever):
    """Fails, and its error holds a key."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        raise RuntimeError("no answer with sk-proj-0123456789abcdefghijklmnopqrstuvwxyzABCD")


def test_a_retriever_that_fails_is_left_out_and_told(shop: Path) -> None:
    """The rest of the ranking is what it is without it; the key in its error is in nothing that is told."""
    codebase = Codebase(shop)
    plain = codebase.rank("round cents")
    codebase.add_retriever("broken", Broken())
    codebase.add_retriever("fine", _places({"path": "shop/money.py"}), weight=0)
    ranking = codebase.rank("round cents")
    assert [file.path for file in ranking.files] == [file.path for file in plain.files]
    (told,) = ranking.left_out
    assert told.startswith("the retriever `broken`, which failed: RuntimeError: no answer with [redacted")
    assert "sk-proj" not in told


@pytest.mark.parametrize(
    ("name", "weight"), [("", 0.3), ("  ", 0.3), ("one", -1.0), ("one", float("nan")), ("one", float("inf"))]
)
def test_what_is_no_retriever_with_a_name_and_a_weight_is_refused(shop: Path, name: str, weight: float) -> None:
    """When it is registered, not when it is asked."""
    codebase = Codebase(shop)
    with pytest.raises(UsageError):
        codebase.add_retriever(name, _places({}), weight=weight)
    with pytest.raises(UsageError, match="no retriever"):
        codebase.add_retriever("three", 3)  # type: ignore[arg-type]
    assert codebase.rank("round cents").left_out == ()
