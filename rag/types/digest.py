"""
The values of a digest: its period, themes and papers, what was left out, and the whole issue. All frozen.

Days are calendar days of the period's timezone; a period is half-open, from the midnight of `first` to that of `end`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

from rag.errors import ConfigError
from rag.types.answer import Claim, Source
from rag.types.paper import JsonDict, Paper

DEFAULT_SUBSCRIPTION = "default"
LEAST_SCORE = 0.1
"""The score below which nine papers of ten, or more, are not what the reader wants: no issue is filled up with them."""
Every = Literal["day", "week", "month"]
"""How often an issue appears."""


def zone(name: str) -> tzinfo:
    """A timezone by its name, such as `Europe/Berlin`. Raises ConfigError where there is none of it."""
    if name == "UTC":
        return UTC  # also where no table of timezones is installed
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ConfigError(
            f"There is no timezone “{name}”.", hint="Write it as Europe/Berlin; `pip install tzdata` brings the table."
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """
    The days that an issue is about.

    `name` is `2026-W27` (an ISO week), `2026-06-29` (a day), `2026-06` (a month), or `2026-06-01--2026-06-20` for any
    other days, first and last. `end` is the day after the last.
    """

    name: str
    first: date
    end: date
    timezone: str = "UTC"

    def to_dict(self) -> JsonDict:
        """The period as `digest --json` prints it: instants in its timezone, `Z` for UTC."""
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
    What somebody wants to read, and how often.

    Args:
        name: What its issues are called by.
        every: An issue a day, week or month.
        timezone: By whose clock the days begin.
        topics: Interests in words, such as “speculative decoding”.
        liked, disliked: Ids of papers that are, and that are not, like what is wanted.
        authors: People whose papers come first; who names neither topics nor liked papers gets no others.
        categories: Only papers in one of these; empty is all.
        must, must_not: Words or phrases of which a paper must have one, and of which it may have none.
        threshold: The least score, 0 to 1, of a paper that is shown; None is `LEAST_SCORE` where there are interests.
        size: The most papers of an issue.
        order: Rank by `interest`, or by attention, upvotes or else stars, damped by age (`trending`).
        catch_up: After missed periods one issue `each`, one that has all of them (`merge`), or only the last (`skip`).
        to: Mail addresses.
        formats: Which files are written: md, html, json, eml.
        folder: Write the files there too.
    """

    name: str = DEFAULT_SUBSCRIPTION
    every: Every = "week"
    timezone: str = "UTC"
    topics: tuple[str, ...] = ()
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    threshold: float | None = None
    size: int = 40
    order: Literal["interest", "trending"] = "interest"
    catch_up: Literal["each", "merge", "skip"] = "each"
    to: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("md", "html", "json")
    folder: str | None = None

    @property
    def least(self) -> float:
        """The score from which on a paper is shown; without interests a score says nothing of the reader."""
        if self.threshold is not None:
            return self.threshold
        return LEAST_SCORE if (self.topics or self.liked) and self.order == "interest" else 0.0


ThemeStatus = Literal["new", "growing", "steady", "fading"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """
    What several papers of a period are about.

    `paper_ids` are all its papers, the most typical first. A theme that goes on from the period before keeps its `id`
    and `name`; `previous_size` is its size there, None where it is new. `history` has its sizes in the periods before
    and in this one, oldest first, at most eight.
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
        }


PaperStatus = Literal["new", "revised", "withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePaper:
    """
    A paper of an issue: its rank from 1, its score from 0 to 1, why it is here, and its most telling sentence.

    `changes` says of a revised paper what became of its text; `theme` is the id of its theme, if any.
    """

    paper: Paper
    rank: int
    score: float
    why: str
    tldr: Claim
    status: PaperStatus = "new"
    changes: str | None = None
    theme: str | None = None

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
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """
    What was listed in the period, what is in the issue, what was left out and why, and how the feeds do.

    `listed == included + sum(excluded.values())`. `late` of the listed ones were listed in a period whose issue had
    been made before they came in. `feeds` have name, state, last and error, as `refdesk status` tells them.
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
    One issue, every sentence of which cites.

    Sources are numbered in the order of first citation: headline, themes, papers. `manifest` says what it was made
    from: `id` over all that went in, the version of Refdesk, prompts, model, and the text's hash of each source.
    `degraded` says what a model should have written and did not, and why. `usage` is what making it has cost just now,
    and no part of the document: that is the same however often it is made.
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

    @property
    def name(self) -> str:
        """What its files are called: `2026-W27.default`."""
        return f"{self.period.name}.{self.subscription}"

    def to_dict(self) -> JsonDict:
        """The document of `digest --json`."""
        return {
            "period": self.period.to_dict(),
            "subscription": self.subscription,
            "mode": self.mode,
            "headline": [claim.to_dict() for claim in self.headline],
            "themes": [theme.to_dict() for theme in self.themes],
            "papers": [paper.to_dict() for paper in self.papers],
            "coverage": self.coverage.to_dict(),
            "sources": [source.to_dict() for source in self.sources],
            "manifest": dict(self.manifest),
            "usage": None,
            "degraded": dict(self.degraded) if self.degraded else None,
        }
