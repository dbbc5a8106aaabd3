"""Replies of models are parsed strictly."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.tools.chat import module_in_reply

MODULE = "def f(x: int) -> int:\n    return x\n"


@pytest.mark.parametrize(
    "reply",
    [
        MODULE,
        f"```python\n{MODULE}```",
        f"Here it is:\n\n```python\n{MODULE}```\n\nEnjoy!",
        f"~~~py\n{MODULE}~~~",
        f"```\n{MODULE}```\n",
        f"```python\r\n{MODULE}```".replace("\n", "\r\n").replace("\r\r", "\r"),
    ],
)
def test_one_module_is_read_fenced_or_not(reply):
    """Prose around the one block does not matter."""
    assert module_in_reply(reply) == (MODULE, "")


def test_two_blocks_are_never_joined():
    """The source is left as it stands, which is no module."""
    source, complaint = module_in_reply(f"```python\n{MODULE}```\nand\n```python\n{MODULE}```\n")
    assert "2 code blocks" in complaint
    with pytest.raises(SyntaxError):
        ast.parse(source)


def test_a_block_that_was_cut_off_is_said():
    """An unclosed fence is not guessed shut."""
    source, complaint = module_in_reply(f"```python\n{MODULE}")
    assert "not closed" in complaint
    with pytest.raises(SyntaxError):
        ast.parse(source)


def test_a_fence_inside_a_docstring_does_not_end_a_longer_fence():
    """Four back-quotes hold three."""
    inner = 'def f():\n    """\n    ```\n    x\n    ```\n    """\n'
    assert module_in_reply(f"````python\n{inner}````") == (inner, "")


@given(st.text(max_size=300))
def test_any_reply_is_read_without_error_and_without_growing(text):
    """The parser is total."""
    source, _ = module_in_reply(text)
    assert len(source) <= len(text) + 1
