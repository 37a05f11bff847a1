"""Wording that all renderings of an issue share: its period, how it was made, claims, themes, coverage."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from rag.checking import CitedSentence, JudgedClaim, quoted_in
from rag.types import Citation, Claim, Digest, IssuePaper, JsonDict, Judgement, Period, ProblemKind, Theme
from rag.types.digest import ALSO_NEAR
from refdesk.render import card
from refdesk.render.plain import plain as plain

AUTHORS = 3
THEMES = 6
"""Themes in the table, the largest ones."""
LONGEST_NEW = 22
"""Words of the sentence that says what is new, on a card; a longer one is left to the abstract."""
WORDS = 240
"""Words that are read in a minute."""
ALWAYS = 100
"""About so many words stand in every issue: its head, headings, coverage and feeds."""
WEAK, UNSUPPORTED = "weak support", "unsupported"
OVERSTATED = "it says more than its source"
_WEAK_BY: Mapping[ProblemKind, str] = {
    "flagged": "its source is flagged",
    "coverage": "its source does not have all of it",
    "negation": "its source may deny it",
    "direction": "its source may say the opposite",
    "order": "its source may have them the other way round",
    "binding": "its number may belong to another thing",
    "quantifier": "its source says it of fewer",
    "certainty": "its source is less sure",
    "bound": "its source gives a limit, such as “up to”",
    "scope": "its source says it under a condition",
    "actor": "it may be said of another one",
    "invented": "its source does not have all of it",
}
"""Why a claim is weak, by what words found."""
_QUOTED = 80
_WEAK_REASON = "|".join(map(re.escape, _WEAK_BY.values()))
_WEAK_MARK = re.compile(rf"\({WEAK}(?:: (?:{_WEAK_REASON}|{OVERSTATED}(?:, see “([^“”]{{1,{_QUOTED}}})”)?))?\)")
_MONTHS = "January February March April May June July August September October November December".split()
_TROUBLED = {"broken": "could not be read", "partial": "brought far less than usual", "stale": "has long been silent"}


def link(url: str | None) -> str | None:
    """A stored address that may be linked to: http or https, and nothing that could end it."""
    return url if url and re.fullmatch(r"https?://[^\s<>\"'`\\]+", plain(url)) and url == plain(url) else None


# ---- the issue


def days(period: Period) -> str:
    """
    The days of a period in words; a whole month is its name.

    >>> days(Period(name="2026-W27", first=date(2026, 6, 29), end=date(2026, 7, 6)))
    '29 June – 5 July 2026'
    """
    first, last = period.first, period.end - timedelta(days=1)
    if noun(period) == "month":
        return f"{_MONTHS[first.month - 1]} {first.year}"
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    return f"{day(first) if first.year != last.year else day(first).rpartition(' ')[0]} – {day(last)}"


def day(given: date) -> str:
    """A day in words: 5 July 2026."""
    return f"{given.day} {_MONTHS[given.month - 1]} {given.year}"


def noun(period: Period) -> str:
    """The noun for such a period: day, week, month, or period."""
    if re.fullmatch(r"\d{4}-W\d\d", period.name):
        return "week"
    return {10: "day", 7: "month"}.get(len(period.name), "period")


def about(digest: Digest) -> str:
    """The line below the period: the week's number, the subscription, how many papers of how many, the reading time."""
    week = f"Week {int(digest.period.name[-2:])}" if noun(digest.period) == "week" else ""
    listed = digest.coverage.listed
    counts = f"{digest.coverage.included:,} of {count(listed)}" if listed else "no papers"
    long = counted(minutes(digest), "minute", "minutes") if digest.papers else ""
    return " · ".join(filter(None, (week, plain(digest.subscription), counts, long)))


def sections(digest: Digest) -> tuple[str, str, str, str]:
    """The headings over the three papers, the others, the ones that are named, and the numbers."""
    interested = any(paper.closeness for paper in digest.papers)
    papers, also = ("Your papers", "Also near") if interested else ("Papers", "Also listed")
    return "If you read only three", papers, also, f"The {noun(digest.period)} in numbers"


OTHERS = "On other subjects"
"""The heading of papers that share no subject, where others do."""


def grouped(digest: Digest) -> list[tuple[str, list[IssuePaper]]]:
    """The papers after the three, by headings; no group has a heading where there is only one."""
    groups = digest.cards
    return [((heading or OTHERS) if len(groups) > 1 else "", papers) for heading, papers in groups]


def model(digest: Digest) -> str:
    """The model that wrote a generated issue."""
    return plain(str(digest.manifest.get("model") or "a language model"))


def made(digest: Digest) -> str:
    """The way an issue was made."""
    return "The papers' own sentences" if digest.mode == "extractive" else f"Written by {model(digest)}, and checked"


def legend(digest: Digest) -> str:
    """The legend: which sentences are the authors', and where the numbers lead."""
    if digest.mode == "extractive":
        return "Every sentence is quoted word for word; its number leads to the source."
    others = (
        "What stands in quotation marks is the authors' own, word for word; the rest was checked against the sentences"
    )
    return f"{others} that its numbers lead to."


def notices(digest: Digest) -> list[str]:
    """Notices before the text: an empty issue, parts without the model, feeds that fail."""
    found = []
    if not digest.coverage.listed:
        found.append(f"No paper was listed in this {noun(digest.period)}.")
    elif not digest.papers:
        found.append(f"Of the {count(digest.coverage.listed)} listed, none is in this issue.")
    if digest.degraded:
        found.append(f"{capital(plain(digest.degraded['reason'])).rstrip('.')}.")
    for feed in digest.coverage.feeds:
        if trouble := _TROUBLED.get(str(feed.get("state"))):
            found.append(f"Papers may be missing: {plain(str(feed.get('name')))} {trouble}.")
    return found


def facts(digest: Digest) -> str:
    """The foot of an issue: version and id."""
    identity = str(digest.manifest.get("id") or "")
    version = f"Refdesk {digest.manifest.get('refdesk') or ''}".strip()
    return " · ".join(filter(None, (plain(version), f"issue {plain(identity)[:19]}" if identity else "")))


def claims(digest: Digest) -> Iterator[Claim]:
    """Every claim that is shown of an issue, once, in the order of reading."""
    yield from headline(digest)
    for paper in (*digest.first, *(paper for _, group in digest.cards for paper in group)):
        yield from lines(paper, first=paper in digest.first)
    for theme in digest.themes:
        yield from theme.claims


def headline(digest: Digest) -> list[Claim]:
    """The sentences of the headline that no card repeats: all of a model's, none of the papers' own."""
    told = {_said(paper.tldr) for paper in digest.papers}
    return [claim for claim in digest.headline if _said(claim) not in told]


def lines(paper: IssuePaper, *, first: bool) -> list[Claim]:
    """The sentences on a card: the finding, and what is new if it is said shortly; of the first three the finding."""
    new = paper.contribution
    if first or new is None or len(new.text.split()) > LONGEST_NEW or _said(new) == _said(paper.tldr):
        return [paper.tldr]
    return [paper.tldr, new]


def _said(claim: Claim) -> tuple[str, tuple[tuple[str, int], ...]]:
    return claim.text, tuple((each.paper_id, each.sentence) for each in claim.citations)


def minutes(digest: Digest) -> int:
    """The time that reading takes, without the sources and what is folded away."""
    texts = [
        *(claim.text for claim in claims(digest)),
        *(text for paper in digest.papers for text in (paper.paper.title, card.meta(paper), card.why(paper))),
        *(each.paper.title for each in digest.also_near),
        *(theme.name for theme in digest.themes[:THEMES]),
    ]
    words = sum(len(text.split()) for text in texts) + ALWAYS + 5 * min(len(digest.themes), THEMES)
    return max(1, round(words / WORDS))


def cited(digest: Digest) -> dict[int, list[Citation]]:
    """
    The sentences that are cited of each source, by number, each once and in the order of the abstract; those that are
    shown word for word are marked by an empty quote.
    """
    found: dict[int, dict[int, Citation]] = {source.number: {} for source in digest.sources}
    for claim in claims(digest):
        for citation in claim.citations:
            shown = found.setdefault(citation.source, {}).get(citation.sentence)
            if shown is None or shown.quote:
                found[citation.source][citation.sentence] = replace(citation, quote="") if own(claim) else citation
    return {number: [held[sentence] for sentence in sorted(held)] for number, held in found.items()}


# ---- claims, papers, themes


def own(claim: Claim) -> bool:
    """True if a claim is a sentence of the authors, word for word."""
    return any(claim.text == citation.quote for citation in claim.citations)


def support(claim: Claim) -> str:
    """The mark of a claim that is not well supported, and in plain words why; empty for others."""
    if claim.support != "weak":
        return UNSUPPORTED if claim.support == "unsupported" else ""
    if claim.judgement and claim.judgement.verdict == "overstated":
        quotes = "".join(f", see “{_quotable(words)}”" for words in claim.judgement.because[:1])
        return f"{WEAK}: {OVERSTATED}{quotes}"
    reasons = dict.fromkeys(_WEAK_BY[each.kind] for each in claim.problems if each.kind in _WEAK_BY)
    return f"{WEAK}: {next(iter(reasons))}" if reasons else WEAK


def judged(judgement: Judgement) -> str:
    """How a judge read a claim, for the report of `verify`."""
    quotes = ", ".join(f"“{plain(words)}”" for words in judgement.because)
    return f"judged: {judgement.verdict}" + (f": see {quotes}" if quotes else "")


def is_weak_mark(text: str, cited: Sequence[CitedSentence]) -> bool:
    """True if a text is a mark that `support` writes, in parentheses; the words that it quotes are of the sentences."""
    found = _WEAK_MARK.fullmatch(text)
    return found is not None and (not found[1] or quoted_in(found[1], JudgedClaim("", tuple(cited))))


def _quotable(words: str) -> str:
    return plain(words.replace("“", "").replace("”", ""))[:_QUOTED]


def authors(names: Sequence[str]) -> str:
    """The first authors and how many more there are."""
    more = f" and {len(names) - AUTHORS} more" if len(names) > AUTHORS else ""
    return ", ".join(map(plain, names[:AUTHORS])) + more


def status(paper: IssuePaper) -> list[str]:
    """Notes on a paper: it was revised and how, it was withdrawn, it is flagged."""
    found = []
    if paper.status == "revised":
        found.append(f"Revised: {plain(paper.changes)}" if paper.changes else "Revised")
    if paper.status == "withdrawn" or "withdrawn" in paper.paper.flags:
        changes = plain(paper.changes or "") if paper.status == "withdrawn" else ""
        found.append(f"Withdrawn: {changes}" if changes else "Withdrawn")
    if other := [plain(flag) for flag in paper.paper.flags if flag != "withdrawn"]:
        found.append(f"Flagged: {', '.join(other)}. Read this abstract with care")
    return found


def name(theme: Theme) -> str:
    """The name of a theme as a heading has it."""
    return capital(plain(theme.name)) or "Unnamed"


def growth(theme: Theme, digest: Digest) -> str:
    """The state of a theme with its shares in both periods."""
    given = noun(digest.period)
    now, before = share(theme, digest), theme.previous_share
    shares = f"{percent(now)} of the {given}" + ("" if before is None else f", {percent(before)} the {given} before")
    formerly = f" · formerly “{plain(theme.formerly)}”" if theme.formerly else ""
    return f"{theme.status.capitalize()} · {count(theme.size)}, {shares}{formerly}"


def share(theme: Theme, digest: Digest) -> float:
    """The share of the period's papers that a theme has."""
    return theme.share or theme.size / max(1, digest.coverage.listed)


def percent(share: float) -> str:
    """
    A share in percent.

    >>> percent(0.0834)
    '8.3 %'
    """
    return f"{100 * share:.1f} %"


def count(papers: int) -> str:
    """
    A number of papers in words.

    >>> count(1), count(2_008)
    ('1 paper', '2,008 papers')
    """
    return counted(papers, "paper", "papers")


def counted(number: int, one: str, many: str) -> str:
    """
    A number with the words that agree with it.

    >>> counted(1, "delivery waits", "deliveries wait"), counted(0, "delivery waits", "deliveries wait")
    ('1 delivery waits', '0 deliveries wait')
    """
    return f"{number:,} {one if number == 1 else many}"


# ---- coverage


def coverage(digest: Digest) -> list[tuple[str, str]]:
    """The numbers of papers listed, included, and left out by reason."""
    given = digest.coverage
    late = f", {given.late:,} of them after the issue of their own {noun(digest.period)} had been made"
    lines = [
        ("Listed", f"{count(given.listed)}{late if given.late else ''}"),
        ("In this issue", f"{given.included:,}"),
    ]
    also = sections(digest)[2].lower()
    for reason, number in given.excluded.items():
        shown = f"named as {also}" if reason == ALSO_NEAR else plain(reason)
        lines.append((f"Left out, {shown}", f"{number:,}"))
    if digest.in_no_theme:
        lines.append(("In no theme", f"{count(digest.in_no_theme)} of the {noun(digest.period)}"))
    return lines


def feeds(digest: Digest) -> list[tuple[str, str]]:
    """Each feed with its state, and its last day or its error."""
    return [(plain(str(feed.get("name"))), _feed(feed)) for feed in digest.coverage.feeds]


def _feed(feed: JsonDict) -> str:
    parts = [plain(str(feed.get("state")))]
    if feed.get("last"):
        last = str(feed["last"])
        known = re.fullmatch(r"\d{4}-\d\d-\d\d", last[:10])
        parts.append(f"last papers {day(date.fromisoformat(last[:10])) if known else plain(last)}")
    return ", ".join(parts) + (f": {plain(str(feed['error']))}" if feed.get("error") else "")


def capital(text: str) -> str:
    """Text with a capital first."""
    return text[:1].upper() + text[1:]
