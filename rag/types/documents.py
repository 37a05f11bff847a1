"""The id of a document: a hash by which `verify` finds that an answer or an issue in JSON was changed."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from rag.types.paper import JsonDict

_LEFT_OUT = ("id", "took_ms", "event")


def document_id(document: JsonDict) -> str:
    """
    The hash of a document as JSON, without its own id and the time that it took.

    The order of keys and the way in which a number is written do not count: programs change them.

    >>> document_id({"a": 1.0, "b": "x"}) == document_id({"b": "x", "a": 1, "took_ms": 3.4})
    True
    """
    given = {key: value for key, value in document.items() if key not in _LEFT_OUT}
    written = json.dumps(_whole(given), sort_keys=True, separators=(",", ":"))
    return f"sha256:{sha256(written.encode()).hexdigest()[:32]}"


def _whole(value: Any) -> Any:
    """A value whose whole numbers are integers: some programs write 1.0 as 1."""
    if isinstance(value, dict):
        return {str(key): _whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
