"""The API's OpenAPI documents, where they are at hand: in the folder `codegen-api` beside `GENLOOM_DATA`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from genloom.tools.codegen import wire

Schema = dict[str, Any]
CONFIRMED, UNCONFIRMED = "openapi-2025-10.json", "openapi-2026-02-unconfirmed.json"
OTHER_NAMES = {
    "GithubPullRequestResponse": "PullRequestResponse",
    "Page_AgentRunResponse_": "AgentRunPage",
    "Page_OrganizationResponse_": "OrganizationPage",
    "Page_RepoResponse_": "RepoPage",
    "Page_UserResponse_": "UserPage",
}


@lru_cache
def document(name: str = CONFIRMED) -> Schema:
    """Return a document; skips the test that asks where there is none."""
    data = os.environ.get("GENLOOM_DATA")
    path = Path(data or ".").parent / "codegen-api" / name
    if not data or not path.is_file():
        pytest.skip(f"no folder codegen-api with {name} stands beside the one that GENLOOM_DATA names")
    loaded: Schema = json.loads(path.read_text())
    return loaded


def object_schemas(name: str = CONFIRMED) -> dict[str, Schema]:
    """Return the schemas that are objects, by name."""
    schemas: dict[str, Schema] = document(name)["components"]["schemas"]
    return {key: schema for key, schema in schemas.items() if schema["type"] == "object"}


def model_of(schema_name: str) -> type[wire.WireModel | wire.WireInput]:
    """Return our model of a documented schema."""
    model: type[wire.WireModel | wire.WireInput] = getattr(wire, OTHER_NAMES.get(schema_name, schema_name))
    return model


@dataclass(frozen=True)
class Instances:
    """Values that the schemas of a document allow; with `extra`, objects with fields that it does not name among them."""

    extra: bool = True
    name: str = CONFIRMED

    def of(self, schema: Schema) -> st.SearchStrategy[Any]:
        """Return the values of a schema."""
        if "$ref" in schema:
            return self.of(document(self.name)["components"]["schemas"][schema["$ref"].split("/")[-1]])
        if "anyOf" in schema:
            return st.one_of([self.of(choice) for choice in schema["anyOf"]])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if schema.get("type") == "array":
            return st.lists(self.of(schema["items"]), max_size=3)
        if schema.get("type") == "object":
            return self._fields(schema) if "properties" in schema else self._mapping(schema)
        return SCALARS.get(str(schema.get("type")), ANY)

    def _mapping(self, schema: Schema) -> st.SearchStrategy[Any]:
        values = schema.get("additionalProperties")
        return st.dictionaries(st.text(max_size=5), self.of(values) if isinstance(values, dict) else ANY, max_size=3)

    def _fields(self, schema: Schema) -> st.SearchStrategy[Any]:
        fields = {key: self.of(value) for key, value in schema["properties"].items()}
        required = set(schema.get("required", ()))
        known = st.fixed_dictionaries(
            {key: value for key, value in fields.items() if key in required},
            optional={key: value for key, value in fields.items() if key not in required},
        )
        if not self.extra:
            return known
        more = st.dictionaries(st.text(min_size=1, max_size=5).map(lambda key: f"new_{key}"), ANY, max_size=2)
        return st.builds(lambda own, others: {**others, **own}, known, more)


SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(min_size=1, max_size=9),
    "integer": st.integers(min_value=-(2**53), max_value=2**53),
    "boolean": st.booleans(),
    "null": st.none(),
}
ANY: st.SearchStrategy[Any] = st.none() | st.booleans() | st.text(max_size=5) | SCALARS["integer"]
