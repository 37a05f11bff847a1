"""The values of a review: the papers on a topic, what they find, and the topic's share of each month. All frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rag.question import Understood
from rag.types.answer import Claim, Source
from rag.types.digest import AlsoNear, Coverage, IssuePaper, Theme
from rag.types.documents import document_id
from rag.types.paper import Filter, JsonDict


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """
    How many papers of a month treat a topic, and how many papers the library has of it under the same filter.

    `name` is `2026-03`, or a year where the papers span many of them.
    """

    name: str
    papers: int
    listed: int

    @property
    def share(self) -> float:
        """The topic's share of the month's papers, 0 to 1."""
        return self.papers / self.listed if self.listed else 0.0

    def to_dict(self) -> JsonDict:
        """The month as `review --json` prints it."""
        return {"name": self.name, "papers": self.papers, "listed": self.listed, "share": round(self.share, 4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """
    One paper of the table: its finding, the number in it that tells most, and its date as exact as it is known.

    `finding` is the claim that tells what the paper found, or offers where it states no result. `number` is a piece of
    it, word for word; None if it has none. `source` is the paper's number in the sources.
    """

    source: int
    paper_id: str
    title: str
    finding: Claim
    number: str | None
    date: str | None

    def to_dict(self) -> JsonDict:
        """The row as `review --json` prints it."""
        return {
            "source": self.source,
            "paper_id": self.paper_id,
            "title": self.title,
            "finding": self.finding.to_dict(),
            "number": self.number,
            "date": self.date,
        }


Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """
    Results of two papers or more that say the same direction of one thing.

    `about` names the thing in the papers' own words, such as `inference latency`; each claim is of another paper.
    """

    about: str
    direction: Direction
    claims: tuple[Claim, ...]

    def to_dict(self) -> JsonDict:
        """The agreement as `review --json` prints it."""
        return {
            "about": self.about,
            "direction": self.direction,
            "claims": [claim.to_dict() for claim in self.claims],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """
    Results of two papers or more that say opposite directions of one thing about one subject.

    `about` names subject and thing in the papers' own words; `claims` say that it rises, `against` that it falls.
    """

    about: str
    claims: tuple[Claim, ...]
    against: tuple[Claim, ...]

    def to_dict(self) -> JsonDict:
        """The difference as `review --json` prints it."""
        return {
            "about": self.about,
            "claims": [claim.to_dict() for claim in self.claims],
            "against": [claim.to_dict() for claim in self.against],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """
    The papers of a library that treat a topic, and what they find; each sentence of it cites.

    Args:
        topic: As it was asked for.
        understood: How the topic was read.
        filter: Which papers were looked at.
        mode: `generated` if a model wrote some of its parts.
        headline: The main findings, each of another paper.
        themes: What several of the papers share, each with a few claims.
        agreements, differences: Where results say the same, and the opposite, of one thing.
        papers: The papers, the nearest to the topic first.
        table: One row for each of them, in the order of the sources.
        months: The topic's share of the library's papers, the earliest month first; empty without dates.
        nearest: Papers that are near the topic and do not treat it; only where none or few do.
        coverage: How many papers hold the topic, how many are here, and why the others are not.
        reason: Why there are no papers; None if there are some.
        partial: True if more papers may treat the topic than were read; there are no months then.
        without: Things of the topic that not all of the papers name, because too few do.
        sources: Numbered in the order of first citation: headline, themes, agreements, differences, papers.
        manifest, usage, degraded: As in `Digest`.
    """

    topic: str
    understood: Understood
    filter: Filter
    mode: Literal["extractive", "generated"]
    headline: tuple[Claim, ...]
    themes: tuple[Theme, ...]
    agreements: tuple[Agreement, ...]
    differences: tuple[Difference, ...]
    papers: tuple[IssuePaper, ...]
    table: tuple[TableRow, ...]
    months: tuple[Month, ...]
    nearest: tuple[AlsoNear, ...]
    coverage: Coverage
    sources: tuple[Source, ...]
    manifest: Mapping[str, Any]
    reason: str | None = None
    partial: bool = False
    without: tuple[str, ...] = ()
    usage: Mapping[str, Any] | None = None
    degraded: Mapping[str, str] | None = None

    def to_dict(self) -> JsonDict:
        """The document of `review --json`."""
        document: JsonDict = {
            "topic": self.topic,
            "understood": self.understood.to_dict(),
            "filter": _given(self.filter),
            "mode": self.mode,
            "reason": self.reason,
            "partial": self.partial,
            "without": list(self.without),
            "headline": [claim.to_dict() for claim in self.headline],
            "themes": [theme.to_dict() for theme in self.themes],
            "agreements": [agreement.to_dict() for agreement in self.agreements],
            "differences": [difference.to_dict() for difference in self.differences],
            "papers": [paper.to_dict() for paper in self.papers],
            "table": [row.to_dict() for row in self.table],
            "months": [month.to_dict() for month in self.months],
            "nearest": [paper.to_dict() for paper in self.nearest],
            "coverage": self.coverage.to_dict(),
            "sources": [source.to_dict() for source in self.sources],
            "manifest": dict(self.manifest),
            "usage": None,
            "degraded": dict(self.degraded) if self.degraded else None,
        }
        return {**document, "id": document_id(document)}


def _given(chosen: Filter) -> JsonDict:
    """The fields of a filter that are set."""
    values = {name: getattr(chosen, name) for name in Filter.__slots__}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value}
