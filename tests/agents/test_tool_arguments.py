"""Arguments against the JSON schema of a tool that comes from elsewhere, and examples of what fits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.nodes.agent.argument_example import argument_example
from genloom.nodes.agent.json_schema_problems import json_schema_problems

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "description": "how many days"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "required", "items", "$ref", "anyOf", "enum", "minimum", "minLength", "a"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def test_each_wrong_argument_is_named_once() -> None:
    assert json_schema_problems(SCHEMA, {"city": "Bonn", "days": "two"}) == ["`days`: type is integer (how many days)."]
    assert json_schema_problems(SCHEMA, {}) == ["`city`: field required. `days`: field required."]
    assert "`town` is no argument of it" in json_schema_problems(SCHEMA, {"town": "Bonn", "city": "", "days": 1})[0]
    assert json_schema_problems(SCHEMA, {"city": "Bonn", "days": 2}) == []


def test_the_value_itself_is_not_repeated() -> None:
    secret = {"type": "object", "properties": {"token": {"type": "integer"}}}
    assert "hunter2" not in str(json_schema_problems(secret, {"token": "hunter2"}))


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/schema.json", "file:///etc/passwd", "#/$defs/missing"])
def test_a_schema_elsewhere_is_not_fetched(address: str) -> None:
    """A socket would fail the test; the tool's own server checks what is not checked here."""
    assert json_schema_problems({"properties": {"a": {"$ref": address}}}, {"a": 1}) == []


def test_a_pattern_that_takes_forever_is_left_to_the_tool() -> None:
    schema = {"properties": {"a": {"type": "string", "pattern": "(a+)+$"}}, "patternProperties": {"(b+)+$": False}}
    assert json_schema_problems(schema, {"a": "a" * 60 + "!", "b" * 60 + "!": 1}) == []


def test_references_that_multiply_are_given_up() -> None:
    levels = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)}
    schema = {"$defs": {**levels, "d60": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/d0"}}}
    assert json_schema_problems(schema, {"a": 1}) == []


def _nested(levels: int) -> dict[str, Any]:
    return {"anyOf": [_nested(levels - 1)] * 6} if levels else {"type": "integer"}


LASTING = "^(b+)+$"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    "schema",
    [
        {"patternProperties": {LASTING: {}}, "additionalProperties": False},
        {"patternProperties": {LASTING: {}}, "unevaluatedProperties": False},
        {"$defs": {"p": {"patternProperties": {LASTING: {}}}}, "$ref": "#/$defs/p", "unevaluatedProperties": False},
        {"allOf": [{"$schema": DRAFT_2020, "patternProperties": {LASTING: {}}}]},
        {"$id": DRAFT_2020, "$dynamicAnchor": "meta", "patternProperties": {LASTING: {}}, "allOf": [{"$ref": "#"}]},
        {"$ref": DRAFT_2020, "$dynamicAnchor": "meta", "patternProperties": {LASTING: {}}},
        {"properties": {"a": _nested(7)}},
        {"properties": {"a": {"items": {"enum": [f"{n}" for n in range(5_000)]}}}},
        {"properties": {"a": {"uniqueItems": True}}},
    ],
)
def test_a_schema_of_a_hostile_server_does_not_keep_the_agent(schema: dict[str, Any]) -> None:
    """Each took minutes and more."""
    given = {"a": [{"a": n} for n in range(3_000)], "b" * 60 + "!": 1}
    assert json_schema_problems(schema, given) == []


def test_an_example_of_a_schema_without_end_is_short() -> None:
    names = [f"p{n}" for n in range(100)]
    node: dict[str, Any] = {
        "type": "object",
        "required": names,
        "properties": {n: {"$ref": "#/$defs/o"} for n in names},
    }
    assert len(str(argument_example({"$defs": {"o": node}, **node}))) < 100_000
    long = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "minLength": 10**12}}}
    assert len(argument_example(long)["a"]) < 100


@given(st.dictionaries(st.sampled_from(["type", "properties", "required", "$defs", "$ref"]), anything), anything)
def test_no_schema_raises(schema: dict[str, Any], value: Any) -> None:
    """Whatever a server sends for one."""
    assert isinstance(json_schema_problems(schema, {"a": value}), list)
    assert isinstance(argument_example(schema), dict)
