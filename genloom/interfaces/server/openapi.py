"""The server's own OpenAPI document."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from genloom.interfaces.server.admission.gate import PROBES
from genloom.interfaces.server.routes.documented import ADDITION, BODY_MODELS

__all__ = ["describe"]

TEMPLATE = "#/components/schemas/{model}"
SCHEME = {"type": "http", "scheme": "bearer", "description": "A key of `genloom serve keys`"}


def describe(app: FastAPI) -> None:
    """Have the application's document name what routes read by themselves: bodies and keys. Additions are marked
    `x-addition`."""

    def openapi() -> dict[str, Any]:  # Any: JSON
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend its document


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    _, bodies = models_json_schema([(model, "validation") for model in BODY_MODELS], ref_template=TEMPLATE)
    components = document.setdefault("components", {})
    components["schemas"] = {**bodies.get("$defs", {}), **components.get("schemas", {})}
    components["securitySchemes"] = {"key": SCHEME}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path not in PROBES:
                operation["security"] = [{"key": []}]
            if ADDITION in operation.get("tags", ()):
                operation["x-addition"] = True
    return document
