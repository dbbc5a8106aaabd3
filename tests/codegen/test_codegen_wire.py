"""The wire models against the API's own documents."""

from __future__ import annotations

import json
from typing import Any

import pytest
from api_document import (
    CONFIRMED,
    OTHER_NAMES,
    UNCONFIRMED,
    Instances,
    Schema,
    document,
    model_of,
    object_schemas,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from genloom.tools.codegen import wire
from genloom.tools.codegen.wire.shape import PROMISED

ADDED_FIELDS = {"CreateAgentRunInput": {"webhooks"}, "ResumeAgentRunInput": {"model", "webhooks"}}
OUR_OWN = {"ErrorBody", "Page", "RunFields", "WireInput", "WireModel"}
NULL = {"type": "null"}


def shape_of(schema: Schema, definitions: dict[str, Schema]) -> object:
    """Return what a schema says about types, in a form that can be compared: two documents write the same in two ways."""
    if "$ref" in schema:
        name = schema["$ref"].split("/")[-1]
        target = definitions[name]
        return OTHER_NAMES.get(name, name) if "properties" in target else shape_of(target, definitions)
    if "anyOf" in schema:
        return frozenset(shape_of(choice, definitions) for choice in schema["anyOf"])
    if schema.get("type") == "array":
        return ("array", shape_of(schema["items"], definitions))
    if schema.get("type") == "object":
        values = schema.get("additionalProperties", True)
        return ("object", shape_of(values, definitions) if isinstance(values, dict) else "anything")
    return schema.get("type", "anything")


def or_null(shape: object) -> object:
    return shape | {"null"} if isinstance(shape, frozenset) else frozenset({shape, "null"})


def disagreements(name: str, documented: Schema, definitions: dict[str, Schema], added: set[str]) -> list[str]:
    ours = model_of(name).model_json_schema()
    fields = {key: value for key, value in ours["properties"].items() if key not in added}
    theirs = documented["properties"]
    promised = {key for key, value in fields.items() if value.get(PROMISED)}
    found = [f"{name}.{key}: only on one side" for key in fields.keys() ^ theirs.keys()]
    required = set(documented.get("required", ()))
    found += [f"{name}.{key}: required differs" for key in required ^ (set(ours.get("required", ())) | promised)]
    for key in fields.keys() & theirs.keys():
        told, kept = shape_of(theirs[key], definitions), shape_of(fields[key], ours.get("$defs", {}))
        if kept != told and not (key in promised and kept == or_null(told)):
            found.append(f"{name}.{key}: {told} documented, {kept} here")
        if theirs[key].get("default", fields[key].get("default")) != fields[key].get("default"):
            found.append(f"{name}.{key}: another default")
    return found


@pytest.mark.parametrize("name", [CONFIRMED, UNCONFIRMED])
def test_every_documented_schema_has_a_model_with_the_same_fields(name: str) -> None:
    """Names, types, defaults and what is required agree, both ways; what 2026-02 adds is listed here by name."""
    definitions = document(name)["components"]["schemas"]
    found = []
    for schema_name, schema in object_schemas(name).items():
        added = ADDED_FIELDS.get(schema_name, set()) if name == CONFIRMED else set[str]()
        found += disagreements(schema_name, schema, definitions, added)
    assert found == []


def test_every_model_is_documented() -> None:
    """No model was invented: all stand in a document, and those of 2026-02 alone are the models and webhooks."""
    ours = {name for name in wire.__all__ if isinstance(getattr(wire, name), type)} - OUR_OWN
    confirmed = {OTHER_NAMES.get(name, name) for name in object_schemas()}
    later = {OTHER_NAMES.get(name, name) for name in object_schemas(UNCONFIRMED)}
    assert ours == confirmed | later
    assert all("Model" in name or "Webhook" in name for name in ours - confirmed)


def test_the_documented_sources_and_states_are_known() -> None:
    """The two documented enumerations stand in the models, word by word."""
    schemas = document()["components"]["schemas"]
    assert list(wire.SOURCE_TYPES) == schemas["ApiAgentRunSourceType"]["enum"]
    state = wire.EditPRInput.model_json_schema()["properties"]["state"]
    assert state["enum"] == schemas["EditPRInput"]["properties"]["state"]["enum"]


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_whatever_the_documents_allow_is_taken_and_nothing_of_it_is_dropped(data: st.DataObject) -> None:
    """Generated answers, with fields that nobody documented, come back from the model as they went in."""
    names = [name for name in object_schemas() if issubclass(model_of(name), wire.WireModel)]
    for name in names:
        told = data.draw(Instances().of(object_schemas()[name]))
        kept = model_of(name).model_validate_json(json.dumps(told))
        assert json.loads(kept.model_dump_json(exclude_unset=True)) == told


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_whatever_the_documents_let_be_sent_can_be_sent(data: st.DataObject) -> None:
    """Generated inputs pass; a field that is not documented does not, since it can only be a mistake."""
    names = [name for name in object_schemas() if issubclass(model_of(name), wire.WireInput)]
    assert len(names) == 7
    for name in names:
        asked = data.draw(Instances(extra=False).of(object_schemas()[name]))
        assert json.loads(model_of(name).model_validate(asked).model_dump_json(exclude_unset=True)) == asked
        with pytest.raises(ValidationError):
            model_of(name).model_validate({**asked, "not_documented": 1})


@given(st.text(), st.dictionaries(st.text(min_size=1).map(lambda key: f"new_{key}"), st.integers() | st.none()))
def test_unknown_statuses_sources_and_fields_stay(text: str, extra: dict[str, Any]) -> None:
    """A status and a source that no document names are kept as they are, on the run and in the graph's state."""
    run = wire.AgentRunResponse.model_validate(
        {**extra, "id": 1, "organization_id": 2, "status": text, "source_type": text}
    )
    assert (run.status, run.source_type, run.model_extra) == (text, text, extra)
    assert run.to_run().raw_status == text


@pytest.mark.parametrize(
    "body",
    [
        {"items": [{"id": 1, "organization_id": 2}]},
        {"items": [{"id": 1, "organization_id": 2, "github_pull_requests": [{"id": 4, "url": "u"}]}], "total": 1},
    ],
)
def test_what_nobody_needs_may_be_missing(body: dict[str, Any]) -> None:
    """A server that leaves out a page's counts or a pull request's date does not make a run disappear."""
    assert wire.AgentRunPage.model_validate(body).items[0].to_run().id == 1


def test_secrets_in_wire_models_do_not_show() -> None:
    """A webhook's secret and a Slack token are sent and read, and stand in no `repr`."""
    hook = wire.WebhookOverride(url="https://a.example", secret="hush-hush")
    token = wire.GenerateTokenResponse(token="hush-hush", message="m", expires_in_minutes=1)
    whole = wire.CreateAgentRunInput(prompt="p", webhooks=(hook,))
    assert "hush" not in f"{hook!r}{token!r}{whole!r}{hook}{whole}"
    assert whole.model_dump()["webhooks"][0]["secret"] == "hush-hush"
