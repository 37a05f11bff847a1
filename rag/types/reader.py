"""What a reader of a served library may do, and what a token may."""

from __future__ import annotations

from typing import Literal, get_args

ReaderRole = Literal["reader", "curator", "admin"]
READER_ROLES: tuple[ReaderRole, ...] = get_args(ReaderRole)
"""Each may what those before it may: ask, rate and subscribe; import and sync; manage readers."""
TokenScope = Literal["read", "write"]
"""`read` asks and changes nothing; `write` may what the token's reader may."""
LOCAL = "local"
"""The reader of the command line, whose the library is."""
