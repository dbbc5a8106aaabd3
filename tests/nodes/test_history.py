"""The conversation of earlier attempts stays within its budget."""

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.messages.utils import count_tokens_approximately

from genloom.nodes.generators.model import HISTORY_TOKENS, recent

SIZES = st.lists(st.sampled_from([10, 1_000, 60_000, 200_000]), max_size=12)


@given(SIZES)
def test_the_newest_messages_are_kept_in_order_and_within_the_budget(sizes):
    """A suffix of the conversation, never without its last message."""
    kinds = (AIMessage, HumanMessage)
    messages = [kinds[n % 2]("x" * size) for n, size in enumerate(sizes)]
    kept = recent(messages)
    assert kept == messages[len(messages) - len(kept) :]
    assert bool(kept) == bool(messages)
    assert len(kept) <= 1 or count_tokens_approximately(kept) <= HISTORY_TOKENS
