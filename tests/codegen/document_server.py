"""A server that knows nothing but an API document: it takes what the document lets be asked, and answers as it says."""

from __future__ import annotations

import re
from typing import Any

from api_document import Schema, document

from genloom.testing.loopback import Answer, LoopbackServer, RecordedRequest

Operation = tuple[str, str]


class DocumentServer(LoopbackServer):
    """A context manager. `answered` are the operations (method, path as documented) that were asked for rightly,
    `mistakes` what was wrong with other requests."""

    def __init__(self, name: str) -> None:
        super().__init__()
        document(name)  # where there is none, the test is skipped from here: the server's thread cannot
        self.name = name
        self.answered_operations: set[Operation] = set()
        self.mistakes: list[str] = []

    @property
    def operations(self) -> dict[Operation, Schema]:
        """The documented operations."""
        paths = document(self.name)["paths"]
        return {(method.upper(), path): told for path, methods in paths.items() for method, told in methods.items()}

    def answer(self, request: RecordedRequest) -> Answer:
        """Return the least that the document promises."""
        found = [
            key for key in self.operations if key[0] == request.method and _template(key[1]).fullmatch(request.path)
        ]
        # a path without numbers is meant where one with numbers would fit, too
        key = min(found, key=lambda operation: operation[1].count("{"), default=None)
        if key is None:
            self.mistakes.append(f"{request.method} {request.path} is not documented")
            return Answer.of_json({"message": "?", "status_code": 404}, 404)
        self.mistakes += self._wrong(key, request)
        self.answered_operations.add(key)
        content = self.operations[key]["responses"]["200"]["content"]["application/json"]["schema"]
        return Answer.of_json(self._least(content))

    def _wrong(self, key: Operation, request: RecordedRequest) -> list[str]:
        told = self.operations[key]
        names = {part["name"]: part for part in told.get("parameters", ()) if part["in"] == "query"}
        wrong = [f"{key}: query {name}" for name in request.query.keys() - names.keys()]
        wrong += [f"{key}: no {name}" for name, part in names.items() if part["required"] and name not in request.query]
        body = told.get("requestBody")
        if body is None:
            return wrong + ([f"{key}: a body"] if request.body else [])
        schema = self._resolve(body["content"]["application/json"]["schema"])
        sent = request.json()
        wrong += [f"{key}: field {name}" for name in sent.keys() - schema["properties"].keys()]
        return wrong + [f"{key}: no field {name}" for name in set(schema.get("required", ())) - sent.keys()]

    def _resolve(self, schema: Schema) -> Schema:
        if "$ref" not in schema:
            return schema
        resolved: Schema = document(self.name)["components"]["schemas"][schema["$ref"].split("/")[-1]]
        return resolved

    def _least(self, schema: Schema) -> Any:
        schema = self._resolve(schema)
        if "anyOf" in schema:
            return self._least(schema["anyOf"][0])
        if schema.get("type") == "array":
            return [self._least(schema["items"])]
        if "properties" in schema:
            return {name: self._least(schema["properties"][name]) for name in schema.get("required", ())}
        return {"string": "text", "integer": 1, "boolean": True, "object": {}}.get(schema.get("type", ""))


def _template(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", r"\\d+", re.escape(path)))
