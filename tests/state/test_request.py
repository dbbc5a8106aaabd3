"""The request: what is refused at the border."""

import pytest
from pydantic import ValidationError

from genloom.state import GenerationRequest, GraphContext


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"prompt": "  "}, "empty"),
        ({"prompt": "x", "examples": ["f(1)"]}, "does not say what a call must give"),
        ({"prompt": "x", "examples": ["f(1) == 1", "f(1) == 2"]}, "contradict"),
        ({"prompt": "f(1) == 1", "examples": ["f(1) == 2"]}, "contradict"),
        ({"prompt": "x", "name": "not a name"}, "identifier"),
        ({"prompt": "x", "name": "class"}, "identifier"),
        ({"prompt": "x", "target": "../outside.py"}, "inside the repository"),
        ({"prompt": "x", "target": "/etc/passwd"}, "inside the repository"),
        ({"prompt": "x", "colour": "red"}, "Extra inputs"),
        ({"prompt": "x", "signature": "f(a, b"}, "signature"),
        ({"prompt": "x", "signature": "not a signature at all"}, "signature"),
        ({"prompt": "x", "name": "d", "signature": "other(n: int) -> int"}, "signature is that of other"),
        ({"prompt": "x", "name": "h", "examples": ["f(1) == 2"]}, "h is asked for"),
        ({"prompt": "x", "tests": "def test_("}, "tests are not Python"),
        ({}, "Field required"),
    ],
)
def test_a_bad_request_is_refused_with_the_reason(fields, says):
    """Every refusal says in words what is wrong."""
    with pytest.raises(ValidationError, match=says):
        GenerationRequest.model_validate(fields)


def test_the_callers_context_may_be_text_or_titles_with_text():
    """A bare text gets a title; other values are shown as Python writes them."""
    assert GenerationRequest(prompt="x", codebase_context="hello").codebase_context == {"context": "hello"}
    request = GenerationRequest.model_validate({"prompt": "x", "codebase_context": {"a": "b", "n": [1]}})
    assert request.codebase_context == {"a": "b", "n": "[1]"}


def test_a_request_is_frozen_and_equal_after_json():
    """Parts do not change, and JSON is a faithful copy."""
    request = GenerationRequest(prompt="x", examples=("f(1) == 2",), constraints=("no regex",))
    with pytest.raises(ValidationError):
        request.prompt = "y"
    assert GenerationRequest.model_validate_json(request.model_dump_json()) == request


def test_every_context_field_has_a_title_and_a_description_for_forms():
    """Studio builds its forms from them."""
    for name, field in GraphContext.model_fields.items():
        assert field.title, name
        assert field.description, name


def test_blank_fields_of_a_form_are_left_out():
    """Studio sends an empty text where nothing was typed."""
    request = GenerationRequest(prompt="x", name="", signature=" ", target="")
    assert (request.name, request.signature, request.target) == (None, None, None)
