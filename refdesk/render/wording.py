"""Wording that all renderings of an issue share: its period, how it was made, themes, coverage, the chart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from math import ceil

from rag.checking import CitedSentence, JudgedClaim, quoted_in
from rag.types import Citation, Claim, Digest, IssuePaper, JsonDict, Judgement, Period, ProblemKind, Theme

PERIODS = 8
"""The number of periods in the chart."""
AUTHORS = 3
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
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]")
_SHADES = "▁▂▃▄▅▆▇█"
_WIDTH = 16  # characters of a horizontal bar
_TROUBLED = {"broken": "could not be read", "partial": "brought far less than usual", "stale": "has long been silent"}


def plain(text: str) -> str:
    """
    Text from anywhere as one line without control, bidirectional or invisible characters.

    >>> plain("one\\n  line\\u202e")
    'one line'
    """
    return _UNFIT.sub("", " ".join(text.split()))


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
    """The line below the period: the week's number, the subscription, how many papers of how many."""
    week = f"Week {int(digest.period.name[-2:])}" if noun(digest.period) == "week" else ""
    listed = digest.coverage.listed
    counts = f"{digest.coverage.included:,} of {count(listed)}" if listed else "no papers"
    return " · ".join(filter(None, (week, plain(digest.subscription), counts)))


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
        found.append(f"{_capital(plain(digest.degraded['reason'])).rstrip('.')}.")
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
    """Every claim of an issue, in its order."""
    yield from digest.headline
    for theme in digest.themes:
        yield from theme.claims
    yield from (paper.tldr for paper in digest.papers)


def cited(digest: Digest) -> dict[int, list[Citation]]:
    """The sentences that are cited of each source, by number, each once and in the order of the abstract."""
    found: dict[int, dict[int, Citation]] = {source.number: {} for source in digest.sources}
    for claim in claims(digest):
        for citation in claim.citations:
            found.setdefault(citation.source, {})[citation.sentence] = citation
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


def why(paper: IssuePaper, themes: Mapping[str, str]) -> str:
    """The reason why a paper is in the issue, and its theme, from the names of the themes by id."""
    reason = f"Why it is here: {plain(paper.why).rstrip('.')}." if paper.why else ""
    theme = f"Theme: {themes[paper.theme]}." if paper.theme and paper.theme in themes else ""
    seen = ", ".join(f"{each.count:,} {plain(each.name)} ({plain(each.seen)})" for each in paper.paper.attention)
    return " ".join(filter(None, (reason, theme, f"{seen}." if seen else "")))


def shown(theme: Theme, digest: Digest) -> list[IssuePaper]:
    """The papers of a theme that the issue shows, by rank."""
    return [paper for paper in digest.papers if paper.theme == theme.id or paper.paper.paper_id in theme.paper_ids]


def name(theme: Theme) -> str:
    """The name of a theme as a heading has it."""
    return _capital(plain(theme.name)) or "Unnamed"


def growth(theme: Theme, period: Period) -> str:
    """The state of a theme with both its sizes."""
    before = ""
    if theme.previous_size is not None and theme.status != "new":
        before = f", {theme.previous_size:,} the {noun(period)} before"
    return f"{theme.status.capitalize()} · {count(theme.size)}{before}"


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
    lines += [(f"Left out, {plain(reason)}", f"{number:,}") for reason, number in given.excluded.items()]
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


# ---- the chart


def chart(digest: Digest) -> tuple[int, list[tuple[Theme, tuple[int, ...]]]]:
    """
    The largest size, and of each theme its sizes in the last periods, this one last; 0 where it was not.

    All rows have the same periods, so that they can be drawn on one scale.
    """
    names = {name for theme in digest.themes for name, _ in theme.history} | {digest.period.name}
    axis = sorted(names)[-PERIODS:]
    rows = []
    for theme in digest.themes:
        sizes = {**dict(theme.history), digest.period.name: theme.size}
        rows.append((theme, tuple(sizes.get(name, 0) for name in axis)))
    return max((size for _, sizes in rows for size in sizes), default=0), rows


def caption(digest: Digest) -> str:
    """The caption of the chart."""
    _, rows = chart(digest)
    periods = len(rows[0][1]) if rows else 0
    return f"Papers in each theme, this {noun(digest.period)}" + (
        f" and the {periods - 1} before" if periods > 2 else " and the one before" if periods == 2 else ""
    )


def bars(sizes: Sequence[int], top: int) -> str:
    """
    Sizes as text: a small column for each period, or one horizontal bar if there is one period only.

    >>> bars((0, 2, 9, 16), 16), bars((8,), 16)
    ('·▁▅█', '████████        ')
    """
    if len(sizes) == 1:
        return f"{'█' * max(1, round(_WIDTH * sizes[0] / max(top, 1))):<{_WIDTH}}"
    return "".join(_SHADES[ceil(8 * size / top) - 1] if size else "·" for size in sizes)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
