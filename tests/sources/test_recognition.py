"""Which format an input is taken for: by its content, by a name given, and last by its suffix."""

from __future__ import annotations

import json

import pytest
from reading import ABSTRACT, as_csv, as_json, as_jsonl, fields, read
from test_huggingface import PAPER, daily
from test_listing import abstract, page

from rag import sources
from rag.errors import UnknownFormat
from rag.types import Paper

TWO = [fields(1), fields(2)]


def _inverted(text: str) -> dict[str, list[int]]:
    index: dict[str, list[int]] = {}
    for place, word in enumerate(text.split()):
        index.setdefault(word, []).append(place)
    return index


TEXT = abstract(1)
SAMPLES = {
    "jsonl": as_jsonl(TWO),
    "json": as_json(TWO),
    "csv": as_csv(TWO),
    "embase": f'"TITLE","One"\n"SOURCE","X (2024)"\n"ABSTRACT","{abstract(1)}"\n"DOI","10.5555/a"\n',
    "huggingface": daily(PAPER),
    "listing": page("One", abstract(1)),
    "bibtex": f"@article{{a, title={{One}}, year={{2024}}, abstract={{{abstract(1)}}}}}",
    "ris": f"TY  - JOUR\nTI  - One\nAB  - {abstract(1)}\nER  - \n",
    "medline": f"PMID- 12345678\nTI  - One\nAB  - {abstract(1)}\n",
    "wos": f"FN Clarivate Analytics Web of Science\nVR 1.0\nPT J\nTI One\nAB {abstract(1)}\nER\n\nEF\n",
    "endnote": f"%0 Journal Article\n%T One\n%X {abstract(1)}\n\n",
    "endnote_xml": f"<xml><records><record><ref-type>17</ref-type><titles><title>One</title></titles><abstract>{TEXT}"
    "</abstract></record></records></xml>",
    "zotero_rdf": '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:bib="http://purl.org/net/biblio#"'
    ' xmlns:d="http://purl.org/dc/terms/">'
    f"<bib:Article><d:title>One</d:title><d:abstract>{TEXT}</d:abstract></bib:Article></rdf:RDF>",
    "mods": f'<mods xmlns="http://www.loc.gov/mods/v3"><titleInfo><title>One</title></titleInfo><abstract>{TEXT}</abstract></mods>',
    "refworks": f"RT Journal Article\nSR Electronic\nT1 One\nAB {abstract(1)}\n",
    "acl": f"<collection id='x'><volume id='1'><paper id='1'><title>One</title><abstract>{TEXT}</abstract></paper>"
    "</volume></collection>",
    "csl": json.dumps([{"id": "a", "type": "article-journal", "title": "One", "abstract": abstract(1)}]),
    "openalex": json.dumps(
        {
            "results": [
                {"id": "https://openalex.org/W1", "title": "One", "abstract_inverted_index": _inverted(abstract(1))}
            ]
        }
    ),
    "semanticscholar": json.dumps(
        {"data": [{"paperId": "a" * 40, "title": "One", "abstract": abstract(1), "externalIds": {}}]}
    ),
    "crossref": json.dumps(
        {
            "status": "ok",
            "message-type": "work-list",
            "message": {"items": [{"DOI": "10.1000/a", "title": ["One"], "abstract": f"<jats:p>{TEXT}</jats:p>"}]},
        }
    ),
    "europepmc": json.dumps(
        {"hitCount": 1, "resultList": {"result": [{"pmid": "1", "title": "One", "abstractText": abstract(1)}]}}
    ),
    "biorxiv": json.dumps(
        {
            "messages": [{"status": "ok"}],
            "collection": [{"doi": "10.1101/1", "title": "One", "abstract": abstract(1), "version": "1"}],
        }
    ),
}
"""A small text of each format; feeds and HTML have theirs in the tests of their own modules."""
ELSEWHERE = {"huggingface_html", "arxiv_rss", "arxiv", "oai", "rss", "pubmed_xml"}
NAMES = ["papers", "papers.txt", "papers.csv", "papers.json", "papers.jsonl", "papers.tsv.gz", "papers.pdf"]


def formats(content: str, name: str, **options: str) -> set[str]:
    """The formats that the papers of an input were read as."""
    return {record.source for record in read(content, name, **options) if isinstance(record, Paper)}


def test_every_format_has_a_sample_here() -> None:
    assert {*SAMPLES, *ELSEWHERE} == {each.name for each in sources.FORMATS}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("format_name", SAMPLES)
def test_the_content_decides_whatever_the_name(format_name: str, name: str) -> None:
    assert formats(SAMPLES[format_name], name) == {format_name}


@pytest.mark.parametrize("space", ["\n\n", "  \n", "\ufeff"])
@pytest.mark.parametrize("format_name", ["jsonl", "json", "csv", "huggingface"])
def test_space_or_a_mark_before_the_content_does_not_matter(format_name: str, space: str) -> None:
    assert formats(space + SAMPLES[format_name], "papers") == {format_name}


@pytest.mark.parametrize("format_name", SAMPLES)
def test_a_forced_format_is_taken(format_name: str) -> None:
    assert formats(SAMPLES[format_name], "papers", format_name=format_name) == {format_name}


def test_a_forced_format_overrules_the_content() -> None:
    assert formats(as_json([PAPER | {"abstract": ABSTRACT}]), "papers", format_name="huggingface") == set()


@pytest.mark.parametrize("first", ["{broken", '{"title": "cut', "{}"])
def test_lines_of_which_the_first_is_broken_are_still_lines(first: str) -> None:
    assert formats(f"{first}\n{SAMPLES['jsonl']}", "papers") == {"jsonl"}


def test_a_first_line_longer_than_the_head_is_still_a_line() -> None:
    assert formats(as_jsonl([fields(1, abstract="x " * 24_000, note="y" * 40_000), fields(2)]), "papers") == {"jsonl"}


def test_the_suffix_decides_where_the_content_does_not() -> None:
    assert formats("no json\n" + SAMPLES["jsonl"], "papers.jsonl") == {"jsonl"}


@pytest.mark.parametrize("content", ["hello world", "<html><body></body></html>", "title\nabstract", json.dumps("x")])
def test_an_unknown_format_is_an_error_that_shows_how_it_begins(content: str) -> None:
    with pytest.raises(UnknownFormat) as caught:
        read(content, "papers.txt")
    assert content.split()[0] in caught.value.message
    assert "--format" in (caught.value.hint or "")


@pytest.mark.parametrize("end", ["}", ",\n}"])
@pytest.mark.parametrize("before", ["", "% JabRef\n\n"])
def test_an_entry_on_one_line_without_ascii_is_no_header_of_a_table(before: str, end: str) -> None:
    entry = f"@article{{k, title={{墙上的苔藓}}, abstract={{我们统计了四十面墙上的苔藓发现背阴处的苔藓更多}}{end}"
    assert formats(before + entry, "papers") == {"bibtex"}


def test_an_unknown_name_of_a_format_is_an_error_that_lists_them() -> None:
    with pytest.raises(UnknownFormat, match="no format “word”") as caught:
        read(SAMPLES["jsonl"], format_name="word")
    assert all(name in (caught.value.hint or "") for name in SAMPLES)
