"""Papers as bytes in a format of reference managers."""

from __future__ import annotations

from collections.abc import Iterable

from rag.types import Paper


def exported(format_name: str, papers: Iterable[Paper]) -> bytes:
    """Papers in a format that `refdesk export` knows, in UTF-8."""
    from refdesk.render.export import FORMATS

    return ("\n".join(FORMATS[format_name](papers)) + "\n").encode(errors="replace")
