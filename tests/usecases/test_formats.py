"""
The same 200 papers in five formats, each with the ids that the format has, imported in several orders.

Of a work with an even number ids connect all records, and the texts differ: one is cut off. Of one with an odd number
no id connects preprint and article, and the texts differ in typography alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from xml.sax.saxutils import escape

import pytest

import refdesk
from tests import campaigns

WORKS = range(200)
WORDS = """
    yeast barley cellar cask hops ferment rye sugar malt vessel copper kettle steam river winter summer harvest clay
    signal neuron lattice protein crystal magnet photon orbit comet glacier basin forest beetle sparrow salmon whale
    tensor kernel manifold theorem lemma prime integer graph vertex colour network cache compiler thread packet router
    market price wage tariff loan harbour bridge tunnel railway canal engine turbine battery copper nickel cobalt
    patient nurse vaccine fever lung kidney artery retina tooth bone muscle sleep memory grammar vowel verb dialect
    archive letter novel poem fresco violin choir drum dancer mask temple market festival village tribe kinship
    """.split()


def title(work: int) -> str:
    return "Editorial" if work % 40 == 0 else f"Poincaré maps — and {WORDS[work % 97]}: study {work}"


def abstract(work: int) -> str:
    """A text of its own, with signs that formats write in their own ways."""
    word = iter(Random(work).choices(WORDS, k=60))
    sentences = (" ".join(islice(word, 12)) for _ in range(5))
    return f"We study subject{work} of Gödel with H₂O at 10% “rest”. " + " ".join(f"The {each}." for each in sentences)


def shortened(work: int) -> str:
    return abstract(work).partition(". ")[0] + ". …" if work % 2 == 0 else abstract(work)


def is_preprint(work: int) -> bool:
    return work % 4 < 2


def ids(work: int) -> dict[str, str]:
    return {
        "arxiv": f"2401.{10_000 + work}",
        "doi": f"10.1000/work.{work}",
        "pmid": f"{30_000_000 + work}",
        "pmcid": f"PMC{7_000_000 + work}",
    }


def jsonl() -> Iterator[str]:
    for work in WORKS:
        own = {"arxiv_id": ids(work)["arxiv"] + "v1"} if is_preprint(work) else {"pmid": ids(work)["pmid"]}
        yield json.dumps({"id": f"row {work}", "title": title(work), "abstract": abstract(work)} | own)


def bibtex() -> Iterator[str]:
    for work in WORKS:
        text = abstract(work).replace("ö", r"{\"o}").replace("%", r"\%").replace("“", "``").replace("”", "''")
        name = title(work).replace("é", r"{\'e}").replace("—", "---").replace("Poincar", "{P}oincar")
        doi = f"doi = {{{ids(work)['doi']}}}," if work % 2 == 0 else ""
        yield f"@article{{key{work}, title = {{{name}}}, {doi} abstract = {{{text}}} }}"


def ris() -> Iterator[str]:
    for work in WORKS:
        lines = ["TY  - JOUR", f"T1  - {title(work)}", f"AB  - {shortened(work)}", f"DO  - {ids(work)['doi'].upper()}"]
        yield "\n".join([*lines, "ER  - ", ""])


def csl() -> Iterator[str]:
    items = [
        {
            "id": f"http://zotero.org/users/1/items/KEY{work}",
            "type": "article-journal",
            "title": title(work).upper(),
            "abstract": f"<jats:p>{escape(abstract(work))}</jats:p>",
            "PMCID": ids(work)["pmcid"],
            "note": f"PMID: {ids(work)['pmid']}",
            "issued": {"date-parts": [[2024, 5]]},
        }
        | ({"DOI": f"https://doi.org/{ids(work)['doi']}"} if work % 2 == 0 else {})
        for work in WORKS
    ]
    yield json.dumps(items)


def atom() -> Iterator[str]:
    yield '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">'
    for work in filter(is_preprint, WORKS):
        doi = f"<arxiv:doi>{ids(work)['doi']}</arxiv:doi>" if work % 2 == 0 else ""
        yield (
            f"<entry><id>http://arxiv.org/abs/{ids(work)['arxiv']}v1</id><title>{title(work)}</title>"
            f"<summary>{abstract(work)}</summary><published>2024-01-17T00:00:00Z</published>{doi}</entry>"
        )
    yield "</feed>"


def pubmed() -> Iterator[str]:
    yield "<PubmedArticleSet>"
    for work in WORKS:
        if not is_preprint(work):
            doi = f'<ELocationID EIdType="doi">{ids(work)["doi"]}</ELocationID>' if work % 2 == 0 else ""
            yield (
                f"<PubmedArticle><MedlineCitation><PMID>{ids(work)['pmid']}</PMID><Article><ArticleTitle>{title(work)}."
                f"</ArticleTitle>{doi}<Abstract><AbstractText>{abstract(work)}</AbstractText></Abstract></Article>"
                f'</MedlineCitation><PubmedData><ArticleIdList><ArticleId IdType="pmc">{ids(work)["pmcid"]}</ArticleId>'
                "</ArticleIdList></PubmedData></PubmedArticle>"
            )
    yield "</PubmedArticleSet>"


FILES = {
    "papers.jsonl": jsonl,
    "refs.bib": bibtex,
    "export.ris": ris,
    "zotero.json": csl,
    "preprints.xml": atom,
    "pubmed.xml": pubmed,
}


def aliases(work: int) -> set[str]:
    """All that the formats call a work."""
    known = {f"{scheme}:{value}" for scheme, value in ids(work).items() if scheme != "arxiv" or is_preprint(work)}
    return known | {f"file:papers:row {work}", f"file:refs:key{work}", f"file:zotero:KEY{work}"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("formats")
    for name, lines in FILES.items():
        (folder / name).write_text("\n".join(lines()) + "\n", encoding="utf-8")
    return {name: folder / name for name in FILES}


@campaigns.shortened
@pytest.mark.parametrize(("first", "step"), [(0, 1), (2, -1), (3, 1), (5, -1)][: campaigns.some(2, of=4)])
def test_the_same_200_papers_in_five_formats_are_200_papers(
    library: refdesk.Library, files: dict[str, Path], first: int, step: int
) -> None:
    order = [files[list(FILES)[(first + step * number) % len(FILES)]] for number in range(len(FILES))]
    report = library.add(*order)
    assert (report.rejected, report.added + report.updated + report.unchanged) == ((), 5 * len(WORKS))
    assert report.merged > 0
    papers = list(library.papers())
    assert len(papers) == len(WORKS)
    assert {frozenset(a for a in paper.aliases if not a.startswith("title:")) for paper in papers} == {
        frozenset(aliases(work)) for work in WORKS
    }
    for paper in papers:
        assert {library.show(alias).paper_id for alias in paper.aliases} == {paper.paper_id}
    again = library.add(*order)
    assert (again.added, again.updated, again.merged, again.unchanged) == (0, 0, 0, 5 * len(WORKS))
    assert library.check() == []
    assert library._store.lexical.count() == len(WORKS)
