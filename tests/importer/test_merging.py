"""Appending to a module: old text stays, byte for byte; what is added is new, formatted and says nothing twice."""

from __future__ import annotations

import ast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genloom.tools.merging import MergeError, append_block, bound_names

MODULE = '''"""Text."""

import re
from math import floor

SMALL = {"a"}


def slug(x):  # odd   spacing stays
    return  re.sub("a", "b", x)
'''


def test_old_text_is_a_prefix_byte_for_byte_and_the_addition_is_formatted() -> None:
    """What was pinned is not touched, not even its spacing; the block is written as ruff writes."""
    merged = append_block(MODULE, "def title( x ):\n  return x.title( )\n")
    assert merged == MODULE + "\n\ndef title(x):\n    return x.title()\n"


def test_imports_that_stand_there_are_left_out_and_others_are_carried() -> None:
    """Word for word the same: dropped. Of `from math import floor, ceil` the new name alone remains."""
    head = '"""More."""\nfrom __future__ import annotations\nimport re, json\nfrom math import floor, ceil\n'
    block = f"{head}\ndef f(): return json, ceil\n"
    added = append_block(MODULE, block).removeprefix(MODULE)
    assert added == "\n\nimport json\nfrom math import ceil\n\n\ndef f():\n    return json, ceil\n"


def test_a_definition_repeated_in_the_same_words_is_left_out() -> None:
    """A model that repeats a helper or a constant changes nothing by it."""
    added = append_block(MODULE, "SMALL = {'a'}\n\ndef g(): return SMALL\n").removeprefix(MODULE)
    assert added == "\n\ndef g():\n    return SMALL\n"


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("def slug(x):\n    return 1\ndef new(): pass\n", "`slug`"),
        ("SMALL = {'b'}\n", "`SMALL`"),
        ("from json import dumps as re\n", "`re`"),
        ("SMALL |= {'c'}\n", "`SMALL`"),
        ("del SMALL\n", "`SMALL`"),
        ("if True:\n    class slug: pass\n", "`slug`"),
        ("for slug in []: pass\n", "`slug`"),
        ("print((SMALL := 1))\n", "`SMALL`"),
        ("[SMALL := y for y in ()]\n", "`SMALL`"),
        ("from os.path import *\ndef new(): pass\n", "everything"),
        ("import re\n", "nothing"),
        ("", "nothing"),
        ('"""Only words."""\n', "nothing"),
        ("def broken(:\n", "not Python"),
        ("Here is your function:\n", "not Python"),
        ("x = '\0'\n", "not Python"),
    ],
)
def test_what_changes_the_module_or_adds_nothing_is_refused(block: str, said: str) -> None:
    """A name of the module may not be bound anew in any way; the message names it."""
    with pytest.raises(MergeError, match=said):
        append_block(MODULE, block)


def test_a_name_bound_inside_a_function_is_its_own_affair() -> None:
    """Locals of the new code may be called as globals of the old."""
    assert "slug = 1" in append_block(MODULE, "def new():\n    slug = 1\n    return [SMALL for SMALL in (slug,)]\n")


@pytest.mark.parametrize(
    ("start", "line"), [('__all__ = ["a"]', '__all__ += ["b"]'), ('__all__ = ("a",)', '__all__ += ("b",)')]
)
def test_the_modules_list_of_public_names_is_lengthened(start: str, line: str) -> None:
    """So that a star import finds the new name; a private helper is not listed."""
    existing = f"{start}\na = 1\n"
    merged = append_block(existing, "import os\n_h = 1\ndef b(): return _h, os\n")
    assert merged.endswith(f"\n\n{line}\n")
    space: dict[str, object] = {}
    exec(merged, space)
    assert list(space["__all__"]) == ["a", "b"]  # type: ignore[call-overload]


def test_the_blocks_own_list_of_public_names_counts_where_the_module_has_one() -> None:
    """It is never a second assignment; where the module has none, it is dropped, for it would hide the old names."""
    assert append_block('__all__ = ["a"]\na = 1\n', '__all__ = ["a", "c"]\nb = c = 2\n').endswith('__all__ += ["c"]\n')
    assert "__all__" not in append_block("a = 1\n", '__all__ = ["c"]\nc = 2\n')


def test_a_module_without_text_is_the_formatted_block_and_a_missing_last_newline_is_added() -> None:
    """Nothing to keep: the block with its docstring. A hand-edited file may lack its last newline."""
    assert append_block("", '"""Doc."""\nx=1\n') == '"""Doc."""\n\nx = 1\n'
    assert append_block("a = 1", "b = 2\n") == "a = 1\n\n\nb = 2\n"


def test_comments_above_a_definition_come_along() -> None:
    """A comment belongs to what follows it."""
    assert "# why\nb = 2\n" in append_block("a = 1\n", "import os\n\n# why\nb = 2\n")


NAMES = st.sampled_from([f"n{index}" for index in range(8)])
STATEMENTS = st.one_of(
    st.builds("def {0}(x):\n    return {1}\n".format, NAMES, NAMES),
    st.builds("{0} = {1}\n".format, NAMES, st.integers(0, 3)),
    st.builds("import {0}\n".format, NAMES),
    st.builds("from m import {0}, {1} as q{1}\n".format, NAMES, NAMES),
    st.builds("class {0}:\n    n1 = 1\n".format, NAMES),
    st.builds("# {0}\n".format, NAMES),
)
MODULES = st.lists(STATEMENTS, max_size=5).map("".join)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MODULES, MODULES)
def test_whatever_is_appended_the_module_keeps_its_text_and_its_names(existing: str, block: str) -> None:
    """Any two modules: either a refusal, or a longer text that parses, and in which no old name is bound twice."""
    try:
        merged = append_block(existing, block)
    except MergeError:
        return
    if not existing.strip():
        return
    assert merged.startswith(existing)
    added = ast.parse(merged[len(existing) :])
    assert bound_names(added)
    assert not bound_names(added) & bound_names(ast.parse(existing))
    assert bound_names(ast.parse(merged)) >= bound_names(ast.parse(block))
