"""
The values of a digest: period, subscription, themes, papers, coverage, and the whole issue. All frozen.

Days are calendar days in the period's timezone. A period is half-open, from midnight of `first` to midnight of `end`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from typing import Any, Literal

from rag import identity
from rag.types.answer import Claim, Source
from rag.types.documents import document_id
from rag.types.paper import JsonDict, Paper
from rag.types.zones import zone

DEFAULT_SUBSCRIPTION = "default"
LEAST_SCORE = 0.1
"""The default threshold. Below this score at least nine papers of ten are not what the reader wants."""
Every = Literal["day", "week", "month"]
"""How often an issue appears."""
ALSO_NEAR = "named as also near"
"""The reason why a paper is not told whose title stands in the issue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """
    The days that an issue covers.

    `name` is `2026-W27` (an ISO week), `2026-06-29` (a day), `2026-06` (a month), or `2026-06-01--2026-06-20` (any
    other first and last day). `end` is the day after the last.
    """

    name: str
    first: date
    end: date
    timezone: str = "UTC"

    def to_dict(self) -> JsonDict:
        """The period as `digest --json` prints it: times in its timezone, `Z` for UTC."""
        return {
            "name": self.name,
            "start": self._midnight(self.first),
            "end": self._midnight(self.end),
            "timezone": self.timezone,
        }

    def _midnight(self, day: date) -> str:
        return datetime.combine(day, time(), zone(self.timezone)).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """
    What a reader wants to read, and how often.

    Args:
        name: The name of the subscription, part of the name of its issues.
        every: An issue a day, week or month.
        timezone: The timezone in which the days begin.
        topics: Interests in words, such as “speculative decoding”.
        liked, disliked: Ids of papers that show what the reader wants, and what not.
        profile: One's own library as an interest: `tag:NAME`, or the path of a file such as BibTeX.
        authors: People whose papers come first. Without other interests, only their papers are shown.
        categories: Only papers in one of these categories; empty means all.
        must, must_not: A paper must have one of the first words or phrases, and none of the second.
        threshold: The lowest score, 0 to 1, of a paper that is shown; None means `LEAST_SCORE` if there are interests.
        size: The largest number of papers that an issue tells; it names some more.
        order: Rank by `interest`, or by popularity damped by age (`trending`): upvotes, or stars if there are none.
        catch_up: After missed periods write an issue for `each`, one for all (`merge`), or only the last (`skip`).
        to: Mail addresses.
        formats: The files to write: md, html, json, eml.
        folder: A second folder for the files.
        reader: Whose it is: their ratings steer it, and they alone see its issues, but all readers if it is `shared`.
    """

    name: str = DEFAULT_SUBSCRIPTION
    every: Every = "week"
    timezone: str = "UTC"
    topics: tuple[str, ...] = ()
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    profile: str | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    threshold: float | None = None
    size: int = 10
    order: Literal["interest", "trending"] = "interest"
    catch_up: Literal["each", "merge", "skip"] = "each"
    to: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("md", "html", "json")
    folder: str | None = None
    reader: str = "local"
    shared: bool = False

    @property
    def least(self) -> float:
        """The lowest score of a paper that is shown; 0 without interests, for a score then says nothing."""
        if self.threshold is not None:
            return self.threshold
        return LEAST_SCORE if self.interested else 0.0

    @property
    def interested(self) -> bool:
        """True if papers are ranked by interests."""
        return self.order == "interest" and bool(self.topics or self.liked or self.profile)


ThemeStatus = Literal["new", "new here", "growing", "steady", "fading"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """
    A subject that several papers of a period share: a phrase, and the papers that hold it or are near to those.

    `paper_ids` lists all its papers, the most typical first. A theme that continues from the period before keeps its
    `id`, and its `name` unless its phrase changed; `formerly` is the name before if it was renamed. `previous_size`
    counts the papers of the period before that belong to it, None if there are none. `share` is its share of the
    period's papers, 0 to 1, and `previous_share` that of the period before, None if it has none. `status` is
    `growing` or `fading` only if the share changed beyond chance, `new here` if the period before has no paper of it,
    `new` if there is no period to compare with. `history` lists its sizes in at most eight periods, the oldest first,
    this one last.
    """

    id: str
    name: str
    keywords: tuple[str, ...]
    size: int
    previous_size: int | None
    status: ThemeStatus
    paper_ids: tuple[str, ...]
    claims: tuple[Claim, ...] = ()
    history: tuple[tuple[str, int], ...] = ()
    share: float = 0.0
    previous_share: float | None = None
    formerly: str | None = None

    def to_dict(self) -> JsonDict:
        """The theme as `digest --json` prints it."""
        return {
            "id": self.id,
            "name": self.name,
            "keywords": list(self.keywords),
            "size": self.size,
            "previous_size": self.previous_size,
            "status": self.status,
            "claims": [claim.to_dict() for claim in self.claims],
            "paper_ids": list(self.paper_ids),
            "history": [{"period": period, "size": size} for period, size in self.history],
            "share": round(self.share, 4),
            "previous_share": None if self.previous_share is None else round(self.previous_share, 4),
            "formerly": self.formerly,
        }


PaperStatus = Literal["new", "revised", "withdrawn"]
Closeness = Literal["close", "near"]
"""How near a paper is to the reader's interests, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePaper:
    """
    A paper of an issue: its rank from 1, its score from 0 to 1, the reason why it is shown, and its main sentence.

    `finding` is the sentence that tells its result or conclusion, `contribution` the one that says what is new; each
    may be None. `tldr` is the finding, else the contribution, else the sentence that serves best. `changes` describes
    how the text of a revised paper changed; `theme` is the id of its theme, if any; `heading` is the name of the group
    of the issue's papers under which it stands, if any; `closeness` is None without interests.
    """

    paper: Paper
    rank: int
    score: float
    why: str
    tldr: Claim
    status: PaperStatus = "new"
    changes: str | None = None
    theme: str | None = None
    finding: Claim | None = None
    contribution: Claim | None = None
    heading: str | None = None
    closeness: Closeness | None = None

    @property
    def pdf(self) -> str | None:
        """The URL of its PDF, if one of its ids or its link tells it."""
        return identity.pdf_url((self.paper.paper_id, *sorted(self.paper.aliases)), self.paper.url)

    def to_dict(self) -> JsonDict:
        """The paper as `digest --json` prints it."""
        return {
            "paper_id": self.paper.paper_id,
            "title": self.paper.title,
            "authors": list(self.paper.authors),
            "url": self.paper.url,
            "rank": self.rank,
            "score": round(self.score, 4),
            "why": self.why,
            "tldr": self.tldr.to_dict(),
            "status": self.status,
            "changes": self.changes,
            "theme": self.theme,
            "flags": list(self.paper.flags),
            "attention": [signal.to_dict() for signal in self.paper.attention],
            "finding": self.finding.to_dict() if self.finding else None,
            "contribution": self.contribution.to_dict() if self.contribution else None,
            "heading": self.heading,
            "closeness": self.closeness,
            "venue": self.paper.venue,
            "categories": list(self.paper.categories),
            "listed": self.paper.listed,
            "pdf": self.pdf,
        }


def in_reading_order(papers: Sequence[IssuePaper], three: Sequence[str]) -> list[IssuePaper]:
    """The papers as an issue tells them: the three first, then by headings, the best heading first, the rest last."""
    later = [paper for paper in papers if paper.paper.paper_id not in three]
    best = {paper.heading: paper.rank for paper in reversed(later)}
    first = [paper for paper in papers if paper.paper.paper_id in three]
    return first + sorted(later, key=lambda paper: (paper.heading is None, best[paper.heading], paper.rank))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlsoNear:
    """A paper that comes after those of an issue: its title alone is shown. `score` as in `IssuePaper`."""

    paper: Paper
    score: float

    def to_dict(self) -> JsonDict:
        """The paper as `digest --json` prints it."""
        return {
            "paper_id": self.paper.paper_id,
            "title": self.paper.title,
            "score": round(self.score, 4),
            "url": self.paper.url,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """
    How many papers were listed, included and excluded, with the reasons, and the states of the feeds.

    `listed == included + sum(excluded.values())`. `late` counts the listed papers that came after the issue of their
    own period was made. `feeds` have name, state, last and error, as `refdesk status` prints them.
    """

    listed: int
    included: int
    excluded: Mapping[str, int]
    late: int = 0
    feeds: tuple[JsonDict, ...] = ()

    def to_dict(self) -> JsonDict:
        """The coverage as `digest --json` prints it."""
        return {
            "listed": self.listed,
            "included": self.included,
            "excluded": [{"reason": reason, "count": count} for reason, count in self.excluded.items()],
            "late": self.late,
            "feeds": [dict(feed) for feed in self.feeds],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """
    One issue; each sentence of it cites.

    Sources are numbered in the order of reading: headline, the three papers, the others by headings, themes. `three`
    are the ids of the papers to read first, all of them among `papers`; `also_near` are papers that came after those.
    `in_no_theme` counts the papers of the period that are in no theme, 0 if it has no themes. `manifest` records the
    inputs: an `id` over all of them, the version of Refdesk, prompts, model, and the hash of each source's text.
    `degraded` says which part the model did not write, and why. `usage` is the cost of making the issue this time; it
    is not in the document, which is the same each time.
    """

    period: Period
    subscription: str
    mode: Literal["extractive", "generated"]
    headline: tuple[Claim, ...]
    themes: tuple[Theme, ...]
    papers: tuple[IssuePaper, ...]
    coverage: Coverage
    sources: tuple[Source, ...]
    manifest: Mapping[str, Any]
    usage: Mapping[str, Any] | None = None
    degraded: Mapping[str, str] | None = None
    three: tuple[str, ...] = ()
    also_near: tuple[AlsoNear, ...] = ()
    in_no_theme: int = 0

    @property
    def first(self) -> tuple[IssuePaper, ...]:
        """The papers to read first."""
        return tuple(paper for paper in self.papers if paper.paper.paper_id in self.three)

    @property
    def cards(self) -> list[tuple[str | None, list[IssuePaper]]]:
        """The other papers in the order of reading, by headings; None is the heading of those without one."""
        later = in_reading_order(self.papers, self.three)[len(self.first) :]
        return [(heading, list(group)) for heading, group in groupby(later, key=lambda paper: paper.heading)]

    @property
    def name(self) -> str:
        """The name of its files without the suffix: `2026-W27.default`."""
        return f"{self.period.name}.{self.subscription}"

    def to_dict(self) -> JsonDict:
        """The document of `digest --json`."""
        document: JsonDict = {
            "period": self.period.to_dict(),
            "subscription": self.subscription,
            "mode": self.mode,
            "headline": [claim.to_dict() for claim in self.headline],
            "themes": [theme.to_dict() for theme in self.themes],
            "in_no_theme": self.in_no_theme,
            "three": list(self.three),
            "papers": [paper.to_dict() for paper in self.papers],
            "also_near": [paper.to_dict() for paper in self.also_near],
            "coverage": self.coverage.to_dict(),
            "sources": [source.to_dict() for source in self.sources],
            "manifest": dict(self.manifest),
            "usage": None,
            "degraded": dict(self.degraded) if self.degraded else None,
        }
        return {**document, "id": document_id(document)}
