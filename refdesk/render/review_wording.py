"""Wording that all renderings of a review share: what it covers, how it was read and made, its chart and headings."""

from __future__ import annotations

from collections.abc import Iterator

from rag.types import Agreement, Citation, Claim, Difference, Month, Review, Theme
from refdesk.render.tex import readable
from refdesk.render.wording import capital, count, counted, link, name, own, plain

LONGEST_TOPIC = 200
"""Characters of a topic in a heading."""
AGREEING = 3
"""Claims of an agreement that are shown in full; of the other papers the numbers are given."""
WIDTH = 24
"""Characters of the longest bar of the chart."""
_FILTERS = {
    "categories": "in",
    "tags": "with the tag",
    "sources": "imported from",
    "authors": "by",
}


def topic(review: Review) -> str:
    """The topic as a heading has it."""
    text = plain(review.topic)
    return text if len(text) <= LONGEST_TOPIC else f"{text[:LONGEST_TOPIC].rstrip()} …"


def about(review: Review) -> str:
    """The line below the topic: how many papers treat it, and among which papers it was looked for."""
    shown, treating = len(review.papers), review.coverage.listed - review.coverage.excluded.get("only mention it", 0)
    if shown < treating:
        more = "more than " if review.partial else ""
        counts = f"The nearest {shown:,} of {more}{count(treating)} that {'treats' if treating == 1 else 'treat'} it"
    else:
        counts = f"{counted(shown, 'paper treats it', 'papers treat it')}" if shown else "No papers"
    mentioning = review.coverage.excluded.get("only mention it", 0)
    mention = f"{counted(mentioning, 'other only mentions it', 'others only mention it')}" if mentioning else ""
    return " · ".join(filter(None, (counts, mention, among(review))))


def among(review: Review) -> str:
    """Which papers were looked at, in words; empty if all were."""
    given = review.filter
    span = " ".join(f"{word} {day}" for word, day in (("since", given.since), ("until", given.until)) if day)
    parts = [f"listed {span}"] if span else []
    for field, words in _FILTERS.items():
        if values := getattr(given, field):
            parts.append(f"{words} {' or '.join(map(plain, values))}")
    parts += [f"among {count(len(given.papers))} that were named"] if given.papers else []
    return ", ".join(parts)


def made(review: Review) -> str:
    """How a review was made, and where its numbers lead."""
    if review.mode == "extractive":
        return "The papers' own sentences, word for word; a number leads to the paper."
    model = plain(str(review.manifest.get("model") or "a language model"))
    return (
        f"Partly written by {model} and checked; what stands in quotation marks is the authors' own. "
        "A number leads to the paper."
    )


def notices(review: Review) -> Iterator[str]:
    """What a reader must know before the text."""
    if review.reason:
        yield f"{review.reason[:1].upper()}{plain(review.reason)[1:]}."
    corrected = review.understood.corrected
    if corrected:
        yield f"Read as: {'; '.join(f'“{plain(word)}” as “{plain(right)}”' for word, right in corrected.items())}."
    if review.without and review.papers:
        things = " and ".join(f"“{plain(thing)}”" for thing in review.without)
        yield f"Few papers name all of the topic; some of these do not name {things}."
    if review.partial:
        yield "More papers may treat it than were read; a narrower topic shows all of them."
    if review.papers and len(review.papers) < 3:
        yield "That is too little to compare; the nearest other papers stand at the end."
    if review.degraded:
        yield f"{review.degraded['reason'][:1].upper()}{plain(review.degraded['reason'])[1:].rstrip('.')}."


def theme(given: Theme) -> str:
    """The heading of a theme: its name and its size."""
    return f"{name(given)} ({count(given.size)})"


def agreement(given: Agreement) -> str:
    """The heading of an agreement: what changes which way, and in how many papers."""
    way = "rises" if given.direction == "up" else "falls"
    return f"{capital(plain(readable(given.about)))} {way} ({count(len(given.claims))})"


def shown(given: Agreement) -> tuple[Claim, ...]:
    """The claims of an agreement that are shown in full: the first few, of which each has a number if any has."""
    return given.claims[:AGREEING]


def also(given: Agreement) -> str:
    """The numbers of the other papers that agree; empty if there are none."""
    numbers = sorted({each.source for claim in given.claims[AGREEING:] for each in claim.citations})
    return f"Likewise: {', '.join(map(str, numbers))}" if numbers else ""


def difference(given: Difference) -> str:
    """The heading of a difference."""
    sides = f"{len(given.claims):,} say that it rises, {len(given.against):,} that it falls"
    return f"{capital(plain(readable(given.about)))}: {sides}"


def months(review: Review) -> list[tuple[Month, str, str]]:
    """Each month with its bar and its share in words; the highest share has the longest bar."""
    top = max((month.share for month in review.months), default=0.0) or 1.0
    return [(month, _bar(month.share / top), share(month)) for month in review.months]


def share(month: Month) -> str:
    """
    The papers of a month on the topic, and their share of all.

    >>> share(Month(name="2026-03", papers=4, listed=800))
    '4 of 800, 0.50 %'
    """
    if not month.listed:
        return "no papers"
    percent = 100 * month.share
    digits = 0 if percent >= 10 or not percent else 1 if percent >= 1 else 2
    return f"{month.papers:,} of {month.listed:,}, {percent:.{digits}f} %"


def caption(review: Review) -> str:
    """The caption of the chart."""
    unit = "month" if len(review.months[0].name) > len("2026") else "year"
    return f"Papers that treat it, of all that were listed in the {unit}"


def _bar(part: float) -> str:
    filled = round(WIDTH * part)
    return "█" * (filled or bool(part))


def facts(review: Review) -> str:
    """The foot of a review: version and id."""
    version = f"Refdesk {review.manifest.get('refdesk') or ''}".strip()
    identity = plain(str(review.manifest.get("id") or ""))[:19]
    return " · ".join(filter(None, (plain(version), f"review {identity}" if identity else "")))


def claims(review: Review) -> Iterator[Claim]:
    """Every claim of a review that is shown in full, in its order."""
    yield from review.headline
    for theme_ in review.themes:
        yield from theme_.claims
    for agreement_ in review.agreements:
        yield from shown(agreement_)
    for difference_ in review.differences:
        yield from (*difference_.claims, *difference_.against)
    yield from (row.finding for row in review.table)


def unshown(review: Review) -> dict[int, list[Citation]]:
    """The cited sentences by source that no claim shows word for word, in the order of the abstract."""
    shown = {(each.paper_id, each.quote) for claim in claims(review) if own(claim) for each in claim.citations}
    found: dict[int, dict[int, Citation]] = {}
    for claim in claims(review):
        for citation in claim.citations:
            if (citation.paper_id, citation.quote) not in shown:
                found.setdefault(citation.source, {})[citation.sentence] = citation
    return {number: [held[at] for at in sorted(held)] for number, held in found.items()}


def members(given: Theme, review: Review) -> list[int]:
    """The numbers of the papers of a theme."""
    numbers = {row.paper_id: row.source for row in review.table}
    return sorted(numbers[paper_id] for paper_id in given.paper_ids if paper_id in numbers)


def url(given: str | None) -> str | None:
    """A stored address that may be linked to."""
    return link(given)
