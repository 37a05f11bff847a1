"""
Schema matching by synonyms of columns and keys: what reference managers, databases and APIs call the fields of a paper.

`Columns` maps one header, or the keys of one object, to fields once, and then each row to the values of the fields. It
reads no format and makes no Paper.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from rag.sources import records, values
from rag.sources.usage import Usage, has_value

SYNONYMS = {
    "title": """title; document title; article title; item title; paper title; primary title; titles; title display;
        title s; rel title; preprint title; dc title; display name""",
    "abstract": """abstract; abstract text; abstract note; abstracts; summary; text; abstract s; abstract raw;
        abstract html; rel abs; preprint abstract; description abstract; dc description; description""",
    "authors": """author full names; author list; authors; author; author names; author string; creators; creator;
        author display; auth full name s; authorships author display name; rel authors; preprint authors;
        dc creator""",
    "doi": """doi; dois; item doi; article doi; digital object identifier; rel doi; preprint doi; prism doi; doi id s;
        external ids doi""",
    "pmid": "pmid; pubmed id; medline pmid; pubmed; pm id; external ids pubmed",
    "pmcid": "pmcid; pmc id; pmc; pubmed central id; external ids pubmedcentral",
    "arxiv_id": "arxiv id; arxiv; arxiv eprints; arxiv number; eprint; external ids arxiv",
    "id": """id; lens id; eid; ut; ut unique wos id; unique wos id; publication id; bibcode; control number; paper id;
        acl id; anthology id; bibkey""",
    "url": "url; urls; external url; link; source urls; source linkout; rel link; ee; dimensions url; full text link",
    "published": """published; publication date; date published; published date; date of publication; pub date; pubdate;
        first publication date; publication date online; online publication date; publication date print;
        cover date; prism cover date; earliest date; preprint date; rel date; publish time; produced date s;
        date issued; issued; issue date; early access date; epub date; pdate; odate; versions; cdate""",
    "date": "date",
    "year": """year; publication year; pub year; published year; year published; year of publication; date year;
        publication info year""",
    "month": "month; published month; publication month",
    "day": "day; publication day",
    "updated": "updated",
    "listed": "listed",
    "venue": """venue; journal; journal title; journal name; publication title; source title; journal book;
        publication name; container title; publication; book title; conference name; proceedings title;
        journal info; publication info; full journal name; prism publication name; anthology title; venue name""",
    "categories": "categories; category; subjects; subject; fields of study; arxiv class; preprint category",
    "tags": "tags; keywords; author keywords; keyword; manual tags; automatic tags; keyword list; controlled keywords",
    "aliases": "aliases; external ids; identifiers; identifier; article ids",
    "extra": "extra",
}
"""Names by field, the best first, each in lower case with spaces for whatever parts its words."""

_WEB_OF_SCIENCE: dict[str, str | None] = {
    "ti": "title", "ab": "abstract", "af": "authors", "au": "authors", "di": "doi", "pm": "pmid", "ut": "id",
    "py": "year", "pd": "month", "ea": "published", "so": "venue", "de": "tags", "wc": "categories", "id": None,
}  # fmt: skip
_MOST_COLUMNS = 5_000
"""Columns beyond are not looked at; no program writes as many."""
_PREFIX = re.compile(r"^(?:content|metadata|info|bibjson|_?source|attributes|data|paper|article|document)\.(?=.)", re.I)
_SUFFIX = re.compile(r"(?<=.)\.(?:value|\$|#text)$", re.I)
_RELEVANT = re.compile(r"abstract|title|author|date|doi|pmid|arxiv|identifier|summary", re.I)
_EXTRA_IDS = re.compile(
    r"^\s*(?:(PMC?ID):\s*((?:PMC)?\d{1,9})|(arXiv):\s*([\w./-]{5,30})(?:\s*\[[\w.-]+\])?|(DOI):\s*(10\.\S+))\s*$",
    re.I | re.M,
)
_JOINED = frozenset(["month", "day", "extra", "aliases"])
"""Fields that are parts of others."""
_KINDS = {"pmid": "pmid", "pubmed": "pmid", "pmcid": "pmcid", "pmc": "pmcid", "doi": "doi", "arxiv": "arxiv"}


class Program(NamedTuple):
    """
    A program whose columns mean something of their own.

    Args:
        name: As its users call it.
        signature: Names, as `plain` gives them, that its files have all of.
        fields: The field of a name, or None for a name that is no field here; before `SYNONYMS`.
        known: Names of an API's answer that say nothing about the paper, so that they are not told as unused.
        is_api: True for the answer of an API; of it only what looks like a field is told as unused.
        no_abstract: The hint for a table that never has abstracts.
    """

    name: str
    signature: frozenset[str]
    fields: Mapping[str, str | None] = MappingProxyType({})
    known: frozenset[str] = frozenset()
    is_api: bool = False
    no_abstract: str = ""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


PROGRAMS = (
    Program("Web of Science", _names("ti au py so"), _WEB_OF_SCIENCE),
    Program("Zotero", _names("key itemtype abstractnote"), {"key": "id"}),
    Program("Zotero", _names("itemtype abstractnote creators"), {"key": "id"}),
    Program("Rayyan", _names("key title pubmedid pmcid"), {"key": "id"}),
    Program("Scopus", _names("eid sourcetitle")),
    Program(
        "PubMed",
        _names("pmid citation firstauthor journalbook"),
        no_abstract="In PubMed choose Save, Format: PubMed, and add that file.",
    ),
    Program(
        "Springer",
        _names("itemtitle publicationtitle itemdoi contenttype"),
        no_abstract="Look the papers up by their DOIs, for example in Zotero, and add its export.",
    ),
    Program(
        "INSPIRE",
        _names("titles abstracts"),
        known=_names("firstauthor authorcount preprintdate legacycreationdate titletranslations persistentidentifiers "
                     "externalsystemidentifiers imprints textualdate"),
        is_api=True,
    ),
    Program("OpenReview", _names("title abstract authorids"), known=_names("authorids"), is_api=True),
    Program("The Lens", _names("lensid yearpublished"), {"source": "venue"}, is_api=True),
    Program("DBLP", _names("title key ee"), {"key": "id"}, is_api=True),
    Program("ACL Anthology", _names("bibkey booktitle"), known=_names("titlehtml titleraw"), is_api=True),
    Program(
        "ADS",
        _names("bibcode"),
        {"date": None, "identifier": "aliases", "pub": "venue"},
        known=_names("date entrydate pubnote authornorm authorfacet alternatetitle alternatebibcode indexstamp "
                     "entdate authorcount firstauthor firstauthornorm identifier"),
        is_api=True,
    ),
)  # fmt: skip
"""Programs that are told by their columns; the first whose signature is there."""


@lru_cache(4096)
def plain(name: str) -> str:
    """
    A name without case, spaces and punctuation, and without the objects around it.

    >>> plain("Author/s"), plain(" Abstract_Note"), plain("content.title.value"), plain("dc:title")
    ('authors', 'abstractnote', 'title', 'dctitle')
    """
    return re.sub(r"[\W_]+", "", _SUFFIX.sub("", _PREFIX.sub("", name.strip().lstrip("\ufeff")))).lower()


_FIELD_OF: dict[str, tuple[str, int]] = {}
for _field, _synonyms in SYNONYMS.items():
    for _rank, _name in enumerate(_synonyms.split(";")):
        _FIELD_OF.setdefault(plain(_name), (_field, _rank))


def field_of(name: str) -> str | None:
    """
    The field that a column or key is, whichever program wrote it; None if it is none.

    >>> field_of("Document Title"), field_of("Date Added"), field_of("PubMed ID")
    ('title', None, 'pmid')
    """
    return "_id" if name == "_id" else _FIELD_OF.get(plain(name), (None, 0))[0]


def program_of(names: Sequence[str]) -> Program | None:
    """The program that writes these columns or keys, if it is known."""
    held = {plain(name) for name in names[:_MOST_COLUMNS]}
    return next((program for program in PROGRAMS if program.signature <= held), None)


@dataclass(slots=True)
class Columns:
    """
    The columns of one header, or the keys of one object, as fields.

    Args:
        names: The names as written.
        usage: Where used and unused names are noted.

    Attributes:
        program: The program that writes them, if it is known.
        positions: The positions of the columns of each field, the best first.
        is_paper: True if there is a title and an abstract among them.
        direct: The field of each position, empty for none, if no row needs more than that: then every column with a
            value is used or noted. None if rows do.
    """

    names: Sequence[str]
    usage: Usage = field(default_factory=Usage)
    program: Program | None = None
    positions: dict[str, list[int]] = field(default_factory=dict)
    is_paper: bool = False
    direct: tuple[str, ...] | None = None
    _flat: tuple[str, ...] | None = None
    _pending: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.program = program_of(self.names)
        ranked: dict[str, list[tuple[int, int]]] = {}
        for position, name in enumerate(self.names[:_MOST_COLUMNS]):
            found = self._found(name)
            if found:
                ranked.setdefault(found[0], []).append((found[1], position))
            elif not self._is_known(name):
                self._pending.append(position)
        self.positions = {name: [position for _, position in sorted(pairs)] for name, pairs in ranked.items()}
        self.is_paper = {"title", "abstract"} <= self.positions.keys()
        for places in self.positions.values():
            self.usage.used.update(dict.fromkeys(self.names[place] for place in places))
        simple = all(len(places) == 1 for places in self.positions.values()) and not _JOINED & self.positions.keys()
        if simple and not {"published", "date"} <= self.positions.keys():
            fields = {places[0]: name for name, places in self.positions.items()}
            self._flat = tuple(fields.get(position, "") for position in range(len(self.names)))
            if not self._pending:
                self.direct = self._flat

    def _found(self, name: str) -> tuple[str, int] | None:
        """The field of a name and its rank among the names of the field."""
        if name == "_id":
            return "_id", 0
        short = plain(name)
        own: Mapping[str, str | None] = self.program.fields if self.program else {}
        if short in own:
            return (found, list(own).index(short)) if (found := own[short]) else None
        return _FIELD_OF.get(short)

    def _is_known(self, name: str) -> bool:
        """True for a name of an API that need not be told as unused."""
        if not self.program or not self.program.is_api:
            return False
        return plain(name) in self.program.known or not _RELEVANT.search(name)

    def fields(self, row: Collection[Any]) -> dict[str, Any]:
        """
        The fields of one row, for `records.make_paper`.

        Args:
            row: The values in the order of the names; a row may be shorter.
        """
        if self._pending:
            self._note([*row])
        if self._flat is not None:
            return dict(zip(self._flat, row, strict=False))
        row = [*row]
        fields = {name: self._chosen(name, row) for name in self.positions}
        month = values.as_text(fields.pop("month", ""))
        if month and (year := values.as_text(fields.get("year"))):
            day = values.as_text(fields.pop("day", ""))
            fields["year"] = ("-" if month.strip().isdecimal() else " ").join(filter(None, [year, month, day]))
        if extra := values.as_text(fields.pop("extra", "")):
            _add_ids(fields, extra)
        if isinstance(fields.get("aliases"), list):
            fields["aliases"] = [*map(_identifier, fields["aliases"])]
        return fields

    def _note(self, row: Sequence[Any]) -> None:
        still: list[int] = []
        for position in self._pending:
            if position < len(row) and has_value(row[position]):
                self.usage.leave(self.names[position])
            else:
                still.append(position)
        self._pending = still
        if not self._pending:
            self.direct = self._flat

    def _chosen(self, name: str, row: Sequence[Any]) -> Any:
        """The value of a field: the first that says anything; of dates the first that is one; all tags; most names."""
        held = [(place, row[place]) for place in self.positions[name] if place < len(row) and has_value(row[place])]
        if name == "published":
            return self._date(held)
        if len(held) < 2:
            return held[0][1] if held else None
        if name == "tags":
            return [term for _, value in held for term in values.as_terms(value, "[;,]")]
        if name == "authors":  # the same names may be written twice, once in full
            counts = {place: len(values.as_names(value)) for place, value in held}
            held.sort(key=lambda pair: -counts[pair[0]])
            unused = [place for place in counts if counts[place] != counts[held[0][0]]]
        else:
            unused = [place for place, value in held[1:] if value != held[0][1]]
        self._leave(unused)
        return held[0][1]

    def _date(self, held: Sequence[tuple[int, Any]]) -> Any:
        """The first of the values that is a date, or a more exact one that begins with it."""
        dates = {place: day for place, value in held if (day := records.iso_date(value))}
        first = next(iter(dates.values()), "")
        chosen = max((day for day in dates.values() if day.startswith(first)), key=len, default=None)
        self._leave([place for place, _ in held if not (chosen and chosen.startswith(dates.get(place, "-")))])
        return chosen

    def whole_abstract(self, value: Any) -> str:
        """
        The text of an abstract that JSON may hold in parts: sentences or sections in a list, sections in an object.

        A column such as `abstracts` or `abstract_s` lists abstracts, of which the first counts, and no parts.
        """
        name = plain(self.names[self.positions["abstract"][0]]) if "abstract" in self.positions else ""
        if not isinstance(value, list) or not name.endswith(("abstract", "abstracttext")):
            return values.as_text(value) or values.as_sections(value)
        return values.as_parts(value)

    def _leave(self, places: Sequence[int]) -> None:
        for place in places:
            if not self._is_known(self.names[place]):
                self.usage.leave(self.names[place])


def _add_ids(fields: dict[str, Any], extra: str) -> None:
    """Add the ids that Zotero keeps as lines of its field Extra, where there are none."""
    for found in _EXTRA_IDS.finditer(extra[:10_000]):
        kind, value = next((found[at].lower(), found[at + 1]) for at in (1, 3, 5) if found[at])
        name = "arxiv_id" if kind == "arxiv" else kind
        fields[name] = fields.get(name) or value


def _identifier(entry: Any) -> Any:
    """An id as `scheme:id` of an object that names its type; other values as they are."""
    if not isinstance(entry, dict):
        return entry
    kind = next((text for key in ("type", "idtype", "schema") if (text := values.as_text(entry.get(key)))), "")
    value = next((text for key in ("value", "id") if (text := values.as_text(entry.get(key)))), "")
    scheme = _KINDS.get(kind.lower())
    return f"{scheme}:{value}" if scheme and value else ""
