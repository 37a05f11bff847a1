"""
Files of papers as databases and reference managers write them: tables, and the answers of APIs in JSON.

The papers are invented and hold signs and scripts of all kinds. Tests read them, and `benchmarks.fuzz` damages them.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

_WORDS = """
    soil moss walls radar field water "measured" model grün naïve Δ-method 5′ β-carotene isn't and or the of; with, we
    see α/β 墙上 CO2 O(n), "is" – rates: 3.5% (p<0.05) A&B x|y semi;colon tab
    """.split()
_GIVEN = "Ngozi Per Zoë José Li-Wei Anne-Marie Øystein Tirunesh Ada".split()
_FAMILY = "Okafor Lindqvist Müller García Wang Dupont Åberg Abebe O'Neil Byron".split()
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()


class Made(NamedTuple):
    """A paper that was made up; its abstract has sentences, and its date a day."""

    number: int
    title: str
    abstract: str
    authors: tuple[tuple[str, str], ...]
    date: str
    venue: str

    @property
    def doi(self) -> str:
        """Its DOI."""
        return f"10.5555/made.{self.number}"

    @property
    def pmid(self) -> str:
        """Its number in PubMed."""
        return str(30_000_000 + self.number)

    @property
    def given_first(self) -> list[str]:
        """Names with the given name first."""
        return [f"{given} {family}" for given, family in self.authors]

    @property
    def family_first(self) -> list[str]:
        """Names with the family name and a comma first."""
        return [f"{family}, {given}" for given, family in self.authors]

    @property
    def initials(self) -> list[str]:
        """Family names with the initial of the given name."""
        return [f"{family} {given[0]}." for given, family in self.authors]


def made(number: int) -> Made:
    """The paper of a number; each run makes the same."""
    chance = random.Random(f"shapes {number}")

    def words(count: int) -> str:
        return " ".join(chance.choice(_WORDS) for _ in range(count))

    sentences = [f"We {words(chance.randint(8, 20))} {number}." for _ in range(chance.randint(2, 6))]
    people = [(chance.choice(_GIVEN), chance.choice(_FAMILY)) for _ in range(chance.randint(1, 6))]
    date = f"{chance.randint(1990, 2026)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
    return Made(number, f"On {words(5)} {number}", " ".join(sentences), tuple(people), date, f"Letters of {number % 9}")


def cells(rows: Iterable[dict[str, str]], delimiter: str = ",", quoting: Any = csv.QUOTE_ALL) -> str:
    """A table as programs write them: every cell quoted."""
    text = io.StringIO()
    rows = list(rows)
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, quoting=quoting)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def web_of_science(papers: Sequence[Made]) -> str:
    """Web of Science, tab-delimited; lines end with a tab."""
    return cells(
        (
            {"PT": "J", "AU": "; ".join(paper.initials), "AF": "; ".join(paper.family_first), "TI": paper.title,
             "SO": paper.venue, "ID": "KEYWORDS; PLUS", "AB": paper.abstract, "TC": "3", "SN": "1234-5678",
             "PD": f"{_MONTHS[int(paper.date[5:7]) - 1]} {int(paper.date[8:])}", "PY": paper.date[:4], "DI": paper.doi,
             "PM": paper.pmid, "UT": f"WOS:{paper.number:015d}"}
            for paper in papers
        ),
        "\t",
    )  # fmt: skip


def dimensions(papers: Sequence[Made]) -> str:
    """Dimensions, with its remark above the header."""
    remark = '"About the data: Exported on Nov 27, 2026. Criteria: ""soil, water"" in full data.",,,\n'
    return remark + cells(
        {"Rank": str(paper.number), "Publication ID": f"pub.{paper.number}", "DOI": paper.doi, "PMID": paper.pmid,
         "Title": paper.title, "Abstract": paper.abstract, "Source title": paper.venue, "PubYear": paper.date[:4],
         "Publication date": paper.date, "Authors": "; ".join(paper.family_first), "Times cited": "4"}
        for paper in papers
    )  # fmt: skip


def zotero(papers: Sequence[Made]) -> str:
    """Zotero's CSV."""
    return cells(
        {"Key": f"KEY{paper.number}", "Item Type": "journalArticle", "Publication Year": paper.date[:4],
         "Author": "; ".join(paper.family_first), "Title": paper.title, "Publication Title": paper.venue,
         "DOI": paper.doi, "Abstract Note": paper.abstract, "Date": paper.date, "Date Added": "2026-01-02 10:00:00",
         "Access Date": "2026-01-02", "Extra": f"PMID: {paper.pmid}\nsome note"}
        for paper in papers
    )  # fmt: skip


def scopus(papers: Sequence[Made]) -> str:
    """Scopus, with full names beside initials."""
    return cells(
        {"Authors": "; ".join(paper.initials), "Title": paper.title, "Year": paper.date[:4],
         "Author full names": "; ".join(f"{name} (5719{paper.number:07d})" for name in paper.family_first),
         "Source title": paper.venue, "DOI": paper.doi, "Link": "https://www.scopus.com/x", "Affiliations": "X, Y; Z",
         "Abstract": paper.abstract, "PubMed ID": paper.pmid, "Source": "Scopus", "EID": f"2-s2.0-{paper.number}"}
        for paper in papers
    )  # fmt: skip


def lens(papers: Sequence[Made]) -> str:
    """The Lens, which quotes cells only where it must."""
    return cells(
        ({"Lens ID": f"000-{paper.number:03d}", "Title": paper.title, "Date Published": paper.date,
          "Publication Year": paper.date[:4], "Source Title": paper.venue, "Author/s": "; ".join(paper.given_first),
          "Abstract": paper.abstract, "PMID": paper.pmid, "DOI": paper.doi, "Is Open Access": "true"}
         for paper in papers),
        quoting=csv.QUOTE_MINIMAL,
    )  # fmt: skip


def ieee(papers: Sequence[Made]) -> str:
    """IEEE Xplore."""
    return cells(
        {"Document Title": paper.title, "Authors": "; ".join(paper.given_first), "Publication Title": paper.venue,
         "Date Added To Xplore": "14 Apr 2023", "Publication Year": paper.date[:4], "Abstract": paper.abstract,
         "DOI": paper.doi, "PDF Link": "https://example.org/a.pdf"}
        for paper in papers
    )  # fmt: skip


def embase(papers: Sequence[Made]) -> str:
    """Embase, fields by column."""
    return cells(
        {"Title": paper.title, "Author Names": ", ".join(paper.initials), "Source title": paper.venue,
         "Full Record Entry Date": "2026-01-01", "Publication Year": paper.date[:4], "Date of Publication": paper.date,
         "Abstract": paper.abstract, "Medline PMID": paper.pmid, "DOI": paper.doi}
        for paper in papers
    )  # fmt: skip


def embase_by_row(papers: Sequence[Made]) -> str:
    """Embase, fields by row."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    for paper in papers:
        writer.writerow(["TITLE", paper.title])
        writer.writerow(["AUTHOR NAMES", *paper.initials])
        writer.writerow(["SOURCE TITLE", paper.venue])
        writer.writerow(["DATE OF PUBLICATION", paper.date])
        writer.writerow(["ABSTRACT", paper.abstract])
        writer.writerow(["MEDLINE PMID", paper.pmid, f"http://www.ncbi.nlm.nih.gov/pubmed/{paper.pmid}"])
        writer.writerow(["DOI", paper.doi])
        text.write("\n")
    return text.getvalue()


def covidence(papers: Sequence[Made]) -> str:
    """Covidence."""
    return cells(
        {"Title": paper.title, "Authors": "; ".join(paper.family_first), "Abstract": paper.abstract,
         "Published Year": paper.date[:4], "Published Month": str(int(paper.date[5:7])), "Journal": paper.venue,
         "DOI": paper.doi, "Covidence #": f"#{paper.number}"}
        for paper in papers
    )  # fmt: skip


def rayyan(papers: Sequence[Made]) -> str:
    """Rayyan."""
    return cells(
        {"key": f"rayyan-{paper.number}", "title": paper.title, "year": paper.date[:4], "month": paper.date[5:7],
         "day": paper.date[8:], "journal": paper.venue, "authors": " and ".join(paper.family_first),
         "abstract": paper.abstract, "notes": "", "doi": paper.doi, "pubmed_id": paper.pmid, "pmc_id": ""}
        for paper in papers
    )  # fmt: skip


def inspire(papers: Sequence[Made]) -> str:
    """INSPIRE's search."""
    hits = [
        {"id": str(paper.number), "updated": "2026-01-01", "metadata": {
            "titles": [{"title": paper.title, "source": "arXiv"}], "abstracts": [{"value": paper.abstract}],
            "authors": [{"full_name": name} for name in paper.family_first], "earliest_date": paper.date,
            "dois": [{"value": paper.doi}], "publication_info": [{"journal_title": paper.venue}]}}
        for paper in papers
    ]  # fmt: skip
    return json.dumps({"hits": {"hits": hits, "total": len(hits)}, "links": {}})


def europe_pmc(papers: Sequence[Made]) -> str:
    """Europe PMC's search."""
    results = [
        {"id": paper.pmid, "source": "MED", "pmid": paper.pmid, "doi": paper.doi, "title": paper.title,
         "authorString": ", ".join(f"{family} {given[0]}" for given, family in paper.authors) + ".",
         "authorList": {"author": [{"firstName": given, "lastName": family, "fullName": f"{family} {given[0]}"}
                                   for given, family in paper.authors]},
         "journalInfo": {"yearOfPublication": int(paper.date[:4]), "journal": {"title": paper.venue}},
         "pubYear": paper.date[:4], "abstractText": paper.abstract.replace("<", "&lt;"),
         "firstPublicationDate": paper.date, "dateOfCreation": "2026-01-01"}
        for paper in papers
    ]  # fmt: skip
    return json.dumps({"version": "6.9", "hitCount": len(results), "resultList": {"result": results}})


def biorxiv(papers: Sequence[Made]) -> str:
    """bioRxiv's details."""
    collection = [
        {"title": paper.title, "authors": "; ".join(paper.family_first), "author_corresponding": "X", "doi": paper.doi,
         "date": paper.date, "version": "1", "category": "plant biology", "jatsxml": "https://example.org/a.xml",
         "abstract": paper.abstract, "published": "NA" if paper.number % 2 else "10.1093/made/1999.1",
         "server": "bioRxiv"}
        for paper in papers
    ]  # fmt: skip
    return json.dumps({"messages": [{"status": "ok", "total": len(collection)}], "collection": collection})


def openreview(papers: Sequence[Made]) -> str:
    """OpenReview, version 2 of its API."""
    notes = [
        {"id": f"note{paper.number}", "forum": f"note{paper.number}", "tcdate": 1, "content": {
            "title": {"value": paper.title}, "abstract": {"value": paper.abstract}, "authorids": {"value": ["~A1"]},
            "authors": {"value": paper.given_first}, "venue": {"value": paper.venue}}}
        for paper in papers
    ]  # fmt: skip
    return json.dumps({"count": len(notes), "notes": notes})


def ads(papers: Sequence[Made]) -> str:
    """ADS, indented."""
    docs = [
        {"bibcode": f"{paper.date[:4]}A&A...{paper.number:04d}X", "title": [paper.title], "abstract": paper.abstract,
         "author": paper.family_first, "pubdate": f"{paper.date[:7]}-00", "doi": [paper.doi], "pub": paper.venue}
        for paper in papers
    ]  # fmt: skip
    return json.dumps({"responseHeader": {"params": {"q": "x"}}, "response": {"docs": docs}}, indent=1)


def acl(papers: Sequence[Made]) -> str:
    """The ACL Anthology's data."""
    entries = [
        {"bibkey": f"key-{paper.number}", "title": paper.title, "abstract": paper.abstract, "booktitle": paper.venue,
         "author": [{"first": given, "last": family} for given, family in paper.authors], "doi": paper.doi,
         "year": paper.date[:4], "month": paper.date[5:7]}
        for paper in papers
    ]  # fmt: skip
    return json.dumps(entries)


class Shape(NamedTuple):
    """
    The shape of a program's files.

    Args:
        write: Writes papers in it.
        names: How it writes names: a property of `Made`.
        date: How many characters of a date it keeps.
        has_doi, has_pmid: Whether it keeps these ids.
    """

    write: Callable[[Sequence[Made]], str]
    names: str
    date: int
    has_doi: bool = True
    has_pmid: bool = False


SHAPES = {
    "web of science": Shape(web_of_science, "family_first", 10, has_pmid=True),
    "dimensions": Shape(dimensions, "family_first", 10, has_pmid=True),
    "zotero": Shape(zotero, "family_first", 10, has_pmid=True),
    "scopus": Shape(scopus, "family_first", 4, has_pmid=True),
    "lens": Shape(lens, "given_first", 10, has_pmid=True),
    "ieee": Shape(ieee, "given_first", 4),
    "embase": Shape(embase, "initials", 10, has_pmid=True),
    "embase by row": Shape(embase_by_row, "initials", 10, has_pmid=True),
    "covidence": Shape(covidence, "family_first", 7),
    "rayyan": Shape(rayyan, "family_first", 10, has_pmid=True),
    "europe pmc": Shape(europe_pmc, "given_first", 10, has_pmid=True),
    "biorxiv": Shape(biorxiv, "family_first", 10),
    "inspire": Shape(inspire, "family_first", 10),
    "openreview": Shape(openreview, "given_first", 0, has_doi=False),
    "ads": Shape(ads, "family_first", 7),
    "acl": Shape(acl, "given_first", 7),
}
"""By program."""
