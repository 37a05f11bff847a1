"""
Answers from metadata: the papers of an author, the authors and dates of a paper, and how many papers hold a topic.

The catalog itself answers, without retrieval and without a model. A fact names the options by which it was computed, so
that `verify` can compute it again (`recomputed`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from rag import identity
from rag.authors import matches, normalized, parse_name, readings
from rag.errors import PaperNotFound, RefdeskError
from rag.question import Understood
from rag.retrieval.topic import holds
from rag.types import Abstention, Answer, Fact, Filter, ListedPaper, Paper, Source
from refdesk.filters import checked_filter, known_authors, narrowed, resolve_id
from stores.sql.catalog import SQLCatalog

MOST_PAPERS = 10
"""The papers that an answer lists, unless told otherwise."""
MOST_IDS = 200
"""The ids that a fact holds, of the newest papers."""
_MOST_TITLES = 3
"""If more papers have the words of a title, none of them is meant."""
_TITLES_READ = 200
_SPELLINGS_READ = 40
"""The papers in which the spelling of a name is looked up."""
_SHORT_TOPIC = 2
"""Words of a topic that no paper holds side by side; a longer one may be put in other words."""
_FILTER_NAMES = tuple(field.name for field in fields(Filter))

CountPapers = Callable[[str, Filter], "Sequence[str] | None"]
"""The ids of the papers of a filter that may hold a topic word beside word; None if the library cannot tell."""


@dataclass(frozen=True, slots=True)
class Facts:
    """
    Answers questions from the metadata of a library.

    Args:
        catalog: The library's catalog.
        count: Finds the papers of a topic.
    """

    catalog: SQLCatalog
    count: CountPapers

    def answer(self, asked: Understood, filter_: Filter, *, limit: int | None = None) -> Answer | None:
        """
        Answer a question of the kind `metadata`; None if it must be answered as a topic.

        Args:
            asked: The question, understood.
            filter_: Which papers to look at; a span of the question narrows it.
            limit: The most papers to list; None is ten.

        Raises:
            BadFilter, PaperNotFound: As `refdesk.filters.checked_filter`.
        """
        if asked.kind != "metadata" or not asked.fact:
            return None
        among = narrowed(checked_filter(self.catalog, filter_), asked)
        options = _options(among)
        if asked.fact == "papers":
            names = known_authors(self.catalog, asked.authors)
            if not names:
                return None
            options["authors"] = [*options.get("authors", ()), *names]
        elif asked.fact == "count":
            options |= {"topic": asked.topic} if asked.topic else {}
        elif not (title := (asked.quoted[0] if asked.quoted else asked.topic)):
            return None
        else:
            options["title"] = title
        facts = self._facts(asked.fact, options)
        return self._answer(asked, facts, limit or MOST_PAPERS) if facts else None

    def recomputed(self, kind: str, options: Mapping[str, Any]) -> list[Fact]:
        """
        Compute the facts of a kind again, from the options of one of them; none if they cannot be computed.

        The options may be written by anybody: values of a wrong type give none.
        """
        lists = {name: value for name, value in options.items() if name not in ("since", "until", "topic", "title")}
        texts = [value for name, value in options.items() if name not in lists]
        if not all(isinstance(value, str) for value in texts) or not all(
            isinstance(value, list) and all(isinstance(each, str) for each in value) for value in lists.values()
        ):
            return []
        if kind not in ("authors", "count", "date", "papers") or not {*options} <= {*_FILTER_NAMES, "topic", "title"}:
            return []
        try:
            return self._facts(kind, dict(options))
        except RefdeskError:
            return []

    # ---- facts

    def _facts(self, kind: str, options: dict[str, Any]) -> list[Fact]:
        if kind == "papers":
            return [self._papers_of(options)] if options.get("authors") else []
        if kind == "count":
            return self._counted(options)
        found = self._titled(str(options.get("title", "")), options)
        describe = _authors_of if kind == "authors" else _dates_of
        return [
            Fact(
                kind="authors" if kind == "authors" else "date",
                text=describe(paper),
                paper_ids=(paper.paper_id,),
                filter=options,
            )
            for paper in found
        ]

    def _papers_of(self, options: dict[str, Any]) -> Fact:
        """The papers that all of the authors wrote; if there are none, those of any of them."""
        names: Sequence[str] = options["authors"]
        rest = _filter({**options, "authors": ()})
        each = [set(self.catalog.matching(replace(rest, authors=(name,)))) for name in names]
        joint = set.intersection(*each)
        papers = self.catalog.by_day(joint or set.union(*each))
        shown = [self._spelt(name) for name in names]
        by = f"by {_listed(shown, 'and' if joint or not papers else 'or')}{_among(options)}"
        if papers:
            text = (
                f"{_count(len(papers))} {by}, {'the newest' if len(papers) > 1 else 'it is'} of {self._day(papers[0])}."
            )
        else:
            newest = self.catalog.matching(Filter(authors=tuple(names)), newest_first=True)
            end = f"; the newest without these limits is of {self._day(newest[0])}." if newest else "."
            text = f"No paper {by}{end}"
        return Fact(kind="papers", text=text, paper_ids=tuple(papers[:MOST_IDS]), filter=options)

    def _counted(self, options: dict[str, Any]) -> list[Fact]:
        topic = str(options.get("topic", ""))
        among = _filter(options)
        found = self.count(topic, among) if topic else self.catalog.matching(among)
        if found is None:
            return []
        if topic:
            found = [paper_id for paper_id, text in self.catalog.texts(found) if holds(text, topic)]
        papers = self.catalog.by_day(found)
        if not papers and len(topic.split()) > _SHORT_TOPIC:
            return []
        holding = f" with “{topic}” in the title or abstract" if topic else " in the library"
        text = f"{_count(len(papers))}{holding}{_among(options)}."
        return [Fact(kind="count", text=text, paper_ids=tuple(papers[:MOST_IDS]), filter=options)]

    def _titled(self, title: str, options: Mapping[str, Any]) -> list[Paper]:
        """The papers that a title means: the exact one, those with the name before a colon, or those with the words."""
        among = _filter(options)
        allowed = set(self.catalog.matching(among)) if among else None
        try:
            paper_ids = [found] if title and (found := resolve_id(self.catalog, title)) else []
        except PaperNotFound:  # the end of several ids
            paper_ids = []
        key = identity.normalised_title(title)
        if not paper_ids and key:
            titles = self.catalog.titled(key.split(), limit=_TITLES_READ)
            exact = [paper_id for paper_id, each in titles.items() if identity.normalised_title(each) == key]
            named = [
                paper_id
                for paper_id, each in titles.items()
                if ":" in each and identity.normalised_title(each.partition(":")[0]) == key
            ]
            paper_ids = exact or named or list(titles)
        papers = [
            paper for paper in self.catalog.papers(paper_ids).values() if allowed is None or paper.paper_id in allowed
        ]
        return papers if len(papers) <= _MOST_TITLES else []

    def _day(self, paper_id: str) -> str:
        return self.catalog.papers([paper_id])[paper_id].day

    def _spelt(self, name: str) -> str:
        """A name as most papers spell it; a bare family name stays, because several people may have it."""
        asked = readings(name)
        if not asked[0].given:
            return name
        papers = self.catalog.papers(self.catalog.written_by(name)[:_SPELLINGS_READ])
        spellings = Counter(
            _in_order(author)
            for paper in papers.values()
            for author in paper.authors
            if any(reading.family in normalized(author) for reading in asked)  # many papers have hundreds of authors
            and (known := parse_name(author))
            and any(matches(reading, known) for reading in asked)
        )
        people = {key.given for spelling in spellings if (key := parse_name(spelling))}
        best = max(spellings, key=lambda spelling: (spellings[spelling], len(spelling), spelling), default=name)
        return best if len(people) <= 1 or any(len("".join(part)) > 1 for part in asked[0].given[0]) else name

    # ---- the answer

    def _answer(self, asked: Understood, facts: Sequence[Fact], limit: int) -> Answer:
        paper_ids = list(dict.fromkeys(paper_id for fact in facts for paper_id in fact.paper_ids))
        shown = self.catalog.papers(paper_ids[:limit])
        sources = tuple(Source(number=number, paper=paper) for number, paper in enumerate(shown.values(), start=1))
        listed = asked.fact in ("papers", "count")
        text = "\n".join(fact.text for fact in facts)
        return Answer(
            question=asked.question,
            answered=bool(paper_ids),
            confidence=1.0 if paper_ids else 0.0,
            mode="metadata",
            text=text,
            claims=(),
            sources=sources,
            abstention=None if paper_ids else Abstention(reason=text[:1].lower() + text[1:].rstrip("."), nearest=()),
            understood=asked,
            outcome="answered" if paper_ids else "absent",
            papers=tuple(ListedPaper(source=source.number, finding=None) for source in sources) if listed else (),
            facts=tuple(facts),
        )


def _in_order(author: str) -> str:
    """A name with the given names first: “Neubig, Graham” becomes “Graham Neubig”."""
    family, _, given = author.partition(", ")
    return f"{given} {family}" if given and "," not in given and parse_name(given) else author


def _options(filter_: Filter) -> dict[str, Any]:
    """The fields of a filter that are set, as JSON has them."""
    values = {name: getattr(filter_, name) for name in _FILTER_NAMES}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value}


def _filter(options: Mapping[str, Any]) -> Filter:
    given = {name: value for name, value in options.items() if name in _FILTER_NAMES}
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    return Filter(**values)


def _count(number: int) -> str:
    return f"{number:,} paper{'s' if number != 1 else ''}" if number else "No paper"


def _among(options: Mapping[str, Any]) -> str:
    """The limits of the options, in words; authors and the topic are said by the fact."""
    parts = [
        f"{word} {_listed([f'“{name}”' for name in options[field]], 'or')}"
        for field, word in (("categories", "in the category"), ("tags", "with the tag"), ("sources", "from the source"))
        if options.get(field)
    ]
    since, until = options.get("since"), options.get("until")
    if since and until:
        parts.append(f"listed from {since} to {until}" if since != until else f"listed on {since}")
    elif since or until:
        parts.append(f"listed since {since}" if since else f"listed until {until}")
    if options.get("papers"):
        parts.append("among the papers that were named")
    return "".join(f" {part}" for part in parts)


def _authors_of(paper: Paper) -> str:
    if not paper.authors:
        return f"The library does not know who wrote “{paper.title}”."
    return f"“{paper.title}” is by {_listed(paper.authors, 'and')}."


def _dates_of(paper: Paper) -> str:
    days = [f"{word} {day}" for word, day in (("published", paper.published), ("listed", paper.listed)) if day]
    days = [day.replace(" ", " in " if day.count("-") < 2 else " on ", 1) for day in days]
    if not days:
        return f"The library knows no date of “{paper.title}”; it was imported on {paper.imported}."
    return f"“{paper.title}” was {' and '.join(days)}."


def _listed(names: Sequence[str], last: str) -> str:
    *most, end = names
    return f"{', '.join(most)} {last} {end}" if most else end
