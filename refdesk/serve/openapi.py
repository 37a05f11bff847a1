"""The description of the API (OpenAPI 3.1), from its operations and the models of their requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from refdesk._version import __version__
from refdesk.serve.operations import CSL, EVENTS, JSON, TEXT, Operation
from refdesk.serve.sessions import COOKIE

_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["type", "message", "hint"],
            "properties": {
                "type": {"type": "string"},
                "message": {"type": "string"},
                "hint": {"type": ["string", "null"]},
            },
        }
    },
}
_OTHERS: dict[str, dict[str, Any]] = {
    EVENTS: {
        "type": "object",
        "required": ["event", "data"],
        "properties": {"event": {"enum": ["claim", "answer", "error"]}, "data": TEXT},
    },
    CSL: {"type": "array", "items": {"type": "object"}},
}
"""The schemas of media types that are neither a document nor text."""
_REASONS = {
    401: "The session or the token is not known, or has ended.",
    403: "The token may only read, the reader has not the role, or the library is read-only.",
    404: "There is nothing of this name or id that the reader may see.",
    413: "The body is too long.",
    422: "A value is wrong, or the question has no word to look for; `message` names it, `hint` says what to give.",
    429: "The reader asks too often; Retry-After says when to come again.",
    503: "The library cannot be read or written now.",
}
"""Why an operation fails, by status; each has the same document."""


def document(operations: Iterable[Operation], *, prefix: str, signs_in: bool) -> dict[str, Any]:
    """
    The whole description.

    Args:
        operations: Those of the API.
        prefix: Of their paths.
        signs_in: True if a token, or a session, is needed.
    """
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        path = prefix + each.path.replace(":path}", "}")
        paths.setdefault(path, {})[each.method.lower()] = _described(each)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Refdesk", "version": __version__, "description": "Cited answers from one library."},
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
        },
        "security": [{"token": []}, {"session": []}] if signs_in else [],
        "paths": paths,
    }


def _described(operation: Operation) -> dict[str, Any]:
    names = [part[1:-1].removesuffix(":path") for part in operation.path.split("/") if part.startswith("{")]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for name in names
    ]
    found: dict[str, Any] = {
        "operationId": operation.method.lower() + operation.path.replace(":path", "").title().replace("/", ""),
        "summary": operation.summary,
        "responses": {str(operation.status): {"description": operation.summary, **_content(operation)}},
    }
    if operation.role != "reader":
        found["description"] = f"For readers of the role {operation.role}, or a higher one."
    error = {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}
    found["responses"] |= {str(status): {"description": why, **error} for status, why in _REASONS.items()}
    found["responses"]["default"] = {"description": "Another error.", **error}
    if operation.takes and operation.method == "GET":
        parameters += _in_query(operation.takes)
    elif operation.takes:
        schema = _schema(operation.takes)
        found["requestBody"] = {
            "required": bool(schema.get("required")),
            "content": {operation.sent: {"schema": schema}},
        }
    return {**found, "parameters": parameters}


def _content(operation: Operation) -> dict[str, Any]:
    if operation.gives is None:
        return {}
    also = {media: {"schema": _OTHERS.get(media, TEXT)} for media in operation.also}
    return {"content": {operation.media: {"schema": operation.gives}, **also}}


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a model, its parts in their places."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})

    def inlined(value: Any) -> Any:
        if isinstance(value, list):
            return [inlined(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            rest = {key: item for key, item in value.items() if key != "$ref"}
            return {**inlined(parts[value["$ref"].rpartition("/")[2]]), **rest}
        return {key: inlined(item) for key, item in value.items() if key != "title" or not isinstance(item, str)}

    found: dict[str, Any] = inlined(schema)
    return found


def _in_query(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = _schema(model)
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": shape}
        for name, shape in schema["properties"].items()
    ]
