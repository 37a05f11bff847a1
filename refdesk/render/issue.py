"""Renderings of an issue: text, Markdown, HTML, JSON and a mail message."""

from __future__ import annotations

import json
from datetime import datetime, time

from rag.types import Digest, zone

FORMATS = ("text", "md", "html", "json")


def rendered(digest: Digest, format_name: str) -> str:
    """The issue in one of `FORMATS`; the same issue gives the same text."""
    from refdesk.render import issue_html, issue_markdown, issue_text

    if format_name == "json":
        return json.dumps(digest.to_dict(), ensure_ascii=False) + "\n"
    renderers = {"text": issue_text.text, "md": issue_markdown.issue, "html": issue_html.html}
    return renderers[format_name](digest)


def subject(digest: Digest) -> str:
    """The subject of the message: the period, the number of papers and the first title."""
    from refdesk.render import wording
    from refdesk.render.tex import readable

    first = f": {wording.plain(readable(digest.papers[0].paper.title))}" if digest.papers else ""
    return f"{wording.days(digest.period)}, {wording.count(digest.coverage.included)}{first}"


def summary(digest: Digest) -> str:
    """An issue in a few lines: its headline."""
    from refdesk.render import wording
    from refdesk.render.tex import readable

    headline = " ".join(wording.plain(readable(claim.text)) for claim in digest.headline)
    return headline or " ".join(wording.notices(digest)) or wording.about(digest)


def body(html: str) -> str:
    """The content of the body element of a page, to be put into another page."""
    return html.partition("<body")[2].partition(">")[2].rpartition("</body>")[0]


def message(digest: Digest, *, sender: str, to: str) -> bytes:
    """The issue as a message that is not sent, dated at the end of its period."""
    from rag.delivery import message as mail

    made = mail.message(
        subject=subject(digest),
        text=rendered(digest, "text"),
        html=rendered(digest, "html"),
        sender=sender,
        to=to,
        message_id=mail.message_id(
            library="", subscription=digest.subscription, period=digest.period.name, sender=sender
        ),
        list_id=mail.list_id(subscription=digest.subscription, sender=sender),
        date=datetime.combine(digest.period.end, time(), zone(digest.period.timezone)),
    )
    return made.as_bytes()
