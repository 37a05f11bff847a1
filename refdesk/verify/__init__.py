"""
`refdesk verify`: the check of an answer or an issue that Refdesk wrote, and that somebody may have edited since.

Takes JSON, in which every object with `text` and `citations` is a claim, or the Markdown that Refdesk writes.
"""

from __future__ import annotations

import json
import re

from rag.errors import UnreadableInput
from refdesk.ask import Answering
from refdesk.verify.claims import Verified
from refdesk.verify.json_documents import in_json, is_issue
from refdesk.verify.markdown_documents import in_markdown, starts_an_issue

__all__ = ["MAX_CHARS", "Verified", "verify"]

MAX_CHARS = 2_000_000
_PAGE = re.compile(r"(?i)<!doctype|<html|(?:from|to|subject|mime-version|message-id|return-path|received):\s")
"""How HTML and messages begin."""


def verify(document: str, answering: Answering) -> list[Verified]:
    """
    Check every claim of a document, in its order. An issue of a week without papers has none.

    Raises:
        UnreadableInput: It is neither JSON nor Markdown of ours, or holds no claim.
    """
    text = document.lstrip("\ufeff").strip()
    if len(text) > MAX_CHARS:
        raise UnreadableInput(
            f"The document has {len(text):,} characters; the limit is {MAX_CHARS:,}.", hint="Split it."
        )
    if _PAGE.match(text):
        raise UnreadableInput(
            "The document is a page or a message, which is not read.",
            hint="Give the issue's .md or .json in its place.",
        )
    if text[:1] in "{[":
        try:
            read = json.loads(text)
            found, issue = list(in_json(read, answering)), is_issue(read)
        except (ValueError, RecursionError) as error:
            raise UnreadableInput(
                f"The document is no whole JSON: {error}.", hint="Give it as `ask --json` wrote it."
            ) from error
    else:
        found, issue = list(in_markdown(text, answering)), starts_an_issue(text)
    if not found and not issue:
        raise UnreadableInput(
            "The document holds no claim with citations.",
            hint="Give what `refdesk ask --json`, `refdesk ask --markdown` or `refdesk digest` writes.",
        )
    return found
