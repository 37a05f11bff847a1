"""
The links of one message: likes and dislikes of its papers, and the way to unsubscribe, signed for its reader.

They are put in when it is delivered; what is stored of an issue has none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from refdesk.render.tex import readable
from refdesk.render.wording import plain
from refdesk.signing import sign
from stores.sql.issues import IssueRecord
from stores.sql.readers import ReaderRecord

RATE, UNSUBSCRIBE = "rate", "unsubscribe"
_ARTICLE = re.compile(r'(<article class="paper[^"]*" id="p(\d+)">.*?)(</article>)', re.DOTALL)
_SMALL = 'class="muted" style="margin:4px 0 0;font-size:14px"'


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLinks:
    """
    Links of a message.

    Args:
        rate: By the rank of a paper, its title and the addresses that like and dislike it.
        unsubscribe: The address at which the reader unsubscribes; empty if there is none.
    """

    rate: Mapping[int, tuple[str, str, str]] = field(default_factory=dict)
    unsubscribe: str = ""

    @property
    def list_unsubscribe(self) -> str | None:
        """The address for the header of RFC 8058, which must be https."""
        return self.unsubscribe if self.unsubscribe.startswith("https:") else None

    def in_html(self, html: str) -> str:
        """A page with the links: those of a paper at its end, the other one at the end of the page."""

        def rated(article: re.Match[str]) -> str:
            if not (links := self.rate.get(int(article[2]))):
                return article[0]
            _, like, dislike = links
            row = f'<p {_SMALL}><a href="{escape(like)}">Like</a> · <a href="{escape(dislike)}">Not for me</a></p>\n'
            return f"{article[1]}{row}{article[3]}"

        html = _ARTICLE.sub(rated, html)
        if self.unsubscribe:
            end = f'<p {_SMALL}><a href="{escape(self.unsubscribe)}">Unsubscribe</a></p>\n</footer>'
            before, _, after = html.rpartition("</footer>")
            html = f"{before}{end}{after}"
        return html

    def in_text(self, text: str) -> str:
        """A text with the links at its end."""
        lines = [text]
        if self.rate:
            lines += ["", "Rate these papers; it steers the next issues."]
        for title, like, dislike in self.rate.values():
            lines += ["", title, f"Like: {like}", f"Not for me: {dislike}"]
        if self.unsubscribe:
            lines += ["", f"Unsubscribe: {self.unsubscribe}"]
        return "\n".join(lines) + ("\n" if len(lines) > 1 else "")


NO_LINKS = MailLinks()


def mail_links(
    issue: IssueRecord, public_url: str, *, owner: ReaderRecord | None, reader: ReaderRecord | None, to: str
) -> MailLinks:
    """
    The links of a message.

    Args:
        issue: What is sent.
        public_url: The address at which the library is served; without one there are no links.
        owner: Whose subscription it is; their key signs the way out, also of people who are no readers.
        reader: Who has the address; None if nobody who is known.
        to: The address.
    """
    if not public_url:
        return NO_LINKS
    rate: dict[int, tuple[str, str, str]] = {}
    if reader:
        name = f"{issue.subscription}/{issue.period}"
        for paper in issue.document["papers"]:
            like, dislike = (
                f"{public_url}/rated/{sign(reader, RATE, paper['paper_id'], name, rating)}" for rating in ("1", "-1")
            )
            rate[int(paper["rank"])] = (plain(readable(paper["title"])), like, dislike)
    signed = owner and sign(owner, UNSUBSCRIBE, issue.subscription, to)
    return MailLinks(rate=rate, unsubscribe=f"{public_url}/unsubscribe/{signed}" if signed else "")
