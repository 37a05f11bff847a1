"""Renderings of a review: text, Markdown, HTML and JSON; the same review gives the same text."""

from __future__ import annotations

import json

from rag.types import Review

FORMATS = ("text", "md", "html", "json")


def rendered(review: Review, format_name: str) -> str:
    """The review in one of `FORMATS`."""
    from refdesk.render import review_html, review_markdown, review_text

    if format_name == "json":
        return json.dumps(review.to_dict(), ensure_ascii=False) + "\n"
    renderers = {"text": review_text.text, "md": review_markdown.document, "html": review_html.html}
    return renderers[format_name](review)
