"""Renderings of an issue: text, Markdown, HTML, JSON and a mail message."""

from __future__ import annotations

import json
import re
from datetime import datetime, time

from rag.types import DEFAULT_SUBSCRIPTION, Digest, zone

FORMATS = ("text", "md", "html", "json")


def rendered(digest: Digest, format_name: str) -> str:
    """The issue in one of `FORMATS`; the same issue gives the same text."""
    from refdesk.render import issue_html, issue_markdown, issue_text

    if format_name == "json":
        return json.dumps(digest.to_dict(), ensure_ascii=False) + "\n"
    renderers = {"text": issue_text.text, "md": issue_markdown.issue, "html": issue_html.html}
    return renderers[format_name](digest)


def subject(digest: Digest) -> str:
    """The subject of the message: the subscription, the period, the first title, and how many papers more."""
    from refdesk.render import wording
    from refdesk.render.tex import readable

    name = "Refdesk" if digest.subscription == DEFAULT_SUBSCRIPTION else wording.plain(digest.subscription)
    head = f"{name}, {wording.days(digest.period)}"
    if not digest.papers:
        return f"{head}: no papers"
    first = wording.plain(readable((*digest.first, *digest.papers)[0].paper.title))
    more = len(digest.papers) - 1
    return f"{head}: {first}" + (f", and {more} more" if more else "")


def summary(digest: Digest) -> str:
    """An issue in a few lines: its headline."""
    from refdesk.render import wording
    from refdesk.render.tex import readable

    headline = " ".join(wording.plain(readable(claim.text)) for claim in digest.headline)
    return headline or " ".join(wording.notices(digest)) or wording.about(digest)


def body(html: str) -> str:
    """The content of the body element of a page, to be put into another page."""
    return html.partition("<body")[2].partition(">")[2].rpartition("</body>")[0]


def folded_away(html: str) -> str:
    """A page without its abstracts, which are folded away: mail clients would show them all."""
    return re.sub(r"<details>.*?</details>\n?", "", html, flags=re.DOTALL)


def message(digest: Digest, *, sender: str, to: str) -> bytes:
    """The issue as a message that is not sent, dated at the end of its period."""
    from rag.delivery import message as mail

    made = mail.message(
        subject=subject(digest),
        text=rendered(digest, "text"),
        html=folded_away(rendered(digest, "html")),
        sender=sender,
        to=to,
        message_id=mail.message_id(
            library="", subscription=digest.subscription, period=digest.period.name, sender=sender
        ),
        list_id=mail.list_id(subscription=digest.subscription, sender=sender),
        date=datetime.combine(digest.period.end, time(), zone(digest.period.timezone)),
    )
    return made.as_bytes()
