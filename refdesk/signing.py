"""
Signed links of mails: what a click may do, for whom, and a code that only the library can make (HMAC-SHA-256).

The key is the reader's own, so all links of a reader end when the reader is removed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import NamedTuple

from stores.sql.readers import ReaderRecord

_CODE_BYTES = 16
LONGEST = 1_500


class Signed(NamedTuple):
    """What a link says: whose it is, the act, and what the act is done to."""

    reader: ReaderRecord
    act: str
    parts: tuple[str, ...]


def sign(reader: ReaderRecord, act: str, *parts: str) -> str:
    """The last part of a link's address: the act, and its code."""
    said = json.dumps([reader.name, act, *parts], ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return f"{_encoded(said)}.{_encoded(_code(reader, said))}"


def read(signed: str, find: Callable[[str], ReaderRecord | None], *, act: str) -> Signed | None:
    """
    What a link says.

    Args:
        signed: As `sign` made it.
        find: Finds a reader by name.
        act: The act that is wanted.

    Returns:
        None if it is not from this library, says another act, or its reader is gone.
    """
    said, _, code = signed.partition(".")
    try:
        given, signature = (_decoded(said), _decoded(code)) if len(signed) <= LONGEST else (b"", b"")
        parts = json.loads(given)
    except (ValueError, RecursionError):  # no base64, or no JSON
        return None
    if not isinstance(parts, list) or len(parts) < 2 or parts[1] != act:
        return None
    name = str(parts[0])
    reader = find(name) if name.isascii() and name.isprintable() else None  # a database refuses some characters
    if reader is None or not hmac.compare_digest(_code(reader, given), signature):
        return None
    return Signed(reader, act, tuple(map(str, parts[2:])))


def _code(reader: ReaderRecord, said: bytes) -> bytes:
    return hmac.digest(bytes.fromhex(reader.key), said, hashlib.sha256)[:_CODE_BYTES]


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
