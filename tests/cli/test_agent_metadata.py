"""What `genloom agent run` makes of `--metadata` and of the options beside it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import UsageError
from genloom.interfaces.cli.agent_input import metadata_of

_LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    _LEAVES | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=9
)


@given(_JSON.filter(lambda value: not isinstance(value, str)))
def test_json_is_sent_as_what_it_is(value: object) -> None:
    assert metadata_of([f"key={json.dumps(value)}"]) == {"key": value}


@given(st.text())
def test_any_other_text_is_sent_as_it_stands(text: str) -> None:
    sent = metadata_of([f"key={text}"])
    assert sent is not None
    assert sent["key"] == text or json.loads(text) == sent["key"]


@pytest.mark.parametrize(
    "text", ["A-1", "1.10", "007", "1e999", "[1e999]", "NaN", '"quoted"', "[1,", "[" * 100_000, ""]
)
def test_what_json_would_change_stays_text(text: str) -> None:
    assert metadata_of([f"key={text}"]) == {"key": text}


def test_options_stand_beside_it_and_nothing_is_said_twice() -> None:
    asked = metadata_of(["ticket=A-1"], examples=("f(1) == 2",), tests="x", approval=True)
    assert asked == {"ticket": "A-1", "examples": ["f(1) == 2"], "tests": "x", "approval": True}
    assert metadata_of([]) is None
    for pairs, options in [(["approval=false"], {"approval": True}), (["tests=x"], {"tests": "y"})]:
        with pytest.raises(UsageError, match="option of its own"):
            metadata_of(pairs, **options)
