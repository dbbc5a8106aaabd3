"""Search and reuse as generators: how long they may take for all asked names together."""

import pytest

import genloom
from genloom.nodes import NODE_POLICIES
from genloom.nodes.generators import search
from genloom.state import GraphContext

TWO = {
    "prompt": "Double and negate",
    "names": ["double", "negate"],
    "examples": [f"double({n}) == {2 * n}" for n in (2, 0, -3)] + [f"negate({n}) == {-n}" for n in (2, 0, -3)],
}


@pytest.mark.parametrize("generator", ["reuse", "search"])
def test_the_time_for_all_names_together_is_bounded(monkeypatch, generator):
    """Not each name has a whole search: two hundred would outlast the node."""
    monkeypatch.setattr(search, "MOST_SECONDS", 1e-9)
    result = genloom.generate(TWO, generators=[generator])
    assert result.outcome == "needs_model"
    assert "the time for all names together ran out" in result.reason


def test_the_longest_search_that_can_be_asked_for_stays_below_the_limit_of_its_node():
    """Reuse and search each; half is left for a model."""
    (longest,) = (rule.le for rule in GraphContext.model_fields["search_seconds"].metadata if hasattr(rule, "le"))
    assert longest <= search.MOST_SECONDS
    assert NODE_POLICIES["generate"].limit_seconds >= 4 * search.MOST_SECONDS
