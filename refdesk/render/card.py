"""Wording on the card of a paper: its people, its venue and day, and why it is here."""

from __future__ import annotations

from collections.abc import Sequence

from rag.types import IssuePaper, Paper
from refdesk.render.plain import plain

LONGEST_VENUE = 50
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def meta(paper: IssuePaper) -> str:
    """First and last author, venue or category, and the day of a paper."""
    return " · ".join(filter(None, (people(paper.paper.authors), place(paper.paper), day(paper.paper.day))))


def people(names: Sequence[str]) -> str:
    """
    The first and the last author.

    >>> people(["Ada Byron", "Alan Turing", "Grace Hopper"]), people(["Ada Byron"])
    ('Ada Byron, … Grace Hopper', 'Ada Byron')
    """
    if len(names) < 2:
        return plain("".join(names))
    return f"{plain(names[0])}, {'… ' if len(names) > 2 else ''}{plain(names[-1])}"


def place(paper: Paper) -> str:
    """The venue of a paper, else its first category."""
    venue = plain(paper.venue or "")
    if len(venue) > LONGEST_VENUE:
        venue = venue[: LONGEST_VENUE - 1].rsplit(" ", 1)[0] + "…"
    return venue or plain(next(iter(paper.categories), ""))


def day(written: str) -> str:
    """
    A date as short as a card has it, as exact as it is known.

    >>> day("2026-06-17"), day("2026-06"), day("2026"), day("")
    ('17 Jun 2026', 'Jun 2026', '2026', '')
    """
    year, month, number = (*written[:10].split("-"), "", "")[:3]
    if not month.isdigit() or not 1 <= int(month) <= len(_MONTHS):
        return plain(year)
    return " ".join(filter(None, (str(int(number)) if number.isdigit() else "", _MONTHS[int(month) - 1], year)))


def why(paper: IssuePaper) -> str:
    """How near a paper is and why it is here, with what its sources say of its popularity."""
    seen = (f"{each.count:,} {plain(each.name)} ({plain(each.seen)})" for each in paper.paper.attention)
    reason = plain(paper.why).rstrip(".")
    return " · ".join(filter(None, ((paper.closeness or "").capitalize(), reason, *seen)))
