"""The description of the API (OpenAPI 3.1), from the models of its requests."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel

from refdesk._version import __version__
from refdesk.serve import requests as given
from refdesk.serve.sessions import COOKIE

_JSON = "application/json"
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


def _object(*keys: str) -> dict[str, Any]:
    """The shape of a document by its top-level keys; the manual has the rest."""
    return {"type": "object", "required": list(keys)}


_ANSWER = _object("question", "answered", "confidence", "mode", "text", "claims", "sources", "id")
_ISSUE = _object("headline", "themes", "papers", "sources", "manifest")
_PAPER = _object("paper_id", "title", "abstract", "authors", "sentences", "aliases")
_SUBSCRIPTION = _object("name", "reader", "settings", "is_own", "mailed_to", "feed")
_TEXT: dict[str, Any] = {"type": "string"}
Operation = tuple[str, str, str, type[BaseModel] | None, dict[str, Any] | None, int]
OPERATIONS: tuple[Operation, ...] = (
    ("get", "/search", "Rank the papers that match a query.", given.Search, _object("query", "hits", "took_ms"), 200),
    ("post", "/ask", "Answer a question with cited sentences, or abstain.", given.Asked, _ANSWER, 200),
    (
        "post",
        "/verify",
        "Check a document that Refdesk wrote.",
        given.Document,
        _object("ok", "checked", "claims"),
        200,
    ),
    ("post", "/review", "Review a topic.", given.Reviewed, _object("topic", "papers", "sources"), 200),
    ("get", "/reviews", "One's last reviews.", None, _object("reviews"), 200),
    ("get", "/reviews/{id}", "A kept review; .md or .html gives its text.", None, _object("topic", "sources"), 200),
    ("delete", "/reviews/{id}", "Delete a kept review.", None, None, 204),
    ("get", "/answers", "One's last answers.", None, _object("answers"), 200),
    ("get", "/answers/{id}", "A kept answer; .md gives its text, .bib, .ris or .csl its sources.", None, _ANSWER, 200),
    ("delete", "/answers/{id}", "Delete a kept answer.", None, None, 204),
    ("get", "/papers", "A page of papers.", given.Papers, _object("papers", "count", "facets", "next"), 200),
    ("get", "/papers/{id}", "A paper by any of its ids.", None, _object(*_PAPER["required"], "revisions"), 200),
    ("put", "/ratings/{id}", "Rate a paper.", given.Rating, _object("paper_id", "rating"), 200),
    ("get", "/export", "Papers in a format of reference managers.", given.Export, _TEXT, 200),
    ("get", "/issues", "The stored issues.", None, _object("issues"), 200),
    ("get", "/issues/{subscription}/{period}", "A stored issue; .md or .html gives its text.", None, _ISSUE, 200),
    ("get", "/subscriptions", "One's subscriptions.", None, _object("subscriptions"), 200),
    ("get", "/subscriptions/{name}", "A subscription.", None, _SUBSCRIPTION, 200),
    ("put", "/subscriptions/{name}", "Make or change a subscription.", given.Subscription, _SUBSCRIPTION, 200),
    ("delete", "/subscriptions/{name}", "Delete a subscription; its issues stay.", None, None, 204),
    ("post", "/subscriptions/{name}/feed", "The secret address of its feed.", None, _object("address"), 200),
    ("delete", "/subscriptions/{name}/feed", "End that address.", None, None, 204),
    ("post", "/address", "Mail a link that confirms one's address.", given.Address, _object("address"), 202),
    ("get", "/status", "What the library holds.", None, _object("papers", "first_day", "last_day"), 200),
)


@cache
def document(*, signs_in: bool) -> dict[str, Any]:
    """The whole description; `signs_in` says that a token, or a session, is needed."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, summary, model, shape, status in OPERATIONS:
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
            for name in (part[1:-1] for part in path.split("/") if part.startswith("{"))
        ]
        operation: dict[str, Any] = {"summary": summary, "operationId": f"{method}{path.title().replace('/', '')}"}
        media = "text/plain" if shape is _TEXT else _JSON
        content = {"content": {media: {"schema": shape}}} if shape else {}
        operation["responses"] = {
            str(status): {"description": summary, **content},
            "default": {"description": "An error.", "content": {_JSON: {"schema": _ERROR}}},
        }
        if model and method == "get":
            parameters += _in_query(model)
        elif model:
            operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": _schema(model)}}}
        operation["parameters"] = parameters
        paths.setdefault(f"/api/v1{path}", {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Refdesk", "version": __version__, "description": "Cited answers from one library."},
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            }
        },
        "security": [{"token": []}, {"session": []}] if signs_in else [],
        "paths": paths,
    }


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
