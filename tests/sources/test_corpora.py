"""Real corpora are read whole."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reading import TODAY

from rag import sources
from rag.types import Paper, Reject
from tests import campaigns


def records(path: Path) -> list[Paper | Reject]:
    """All records of a file."""
    with path.open("rb") as stream:
        return list(sources.parse(stream, path.name, today=TODAY)[0])


def test_every_abstract_of_scifact_is_a_paper_under_its_own_id(real_data: Path) -> None:
    papers = [record for record in records(real_data / "scifact" / "corpus.jsonl.gz") if isinstance(record, Paper)]
    assert len(papers) == 5_183
    assert len({paper.paper_id for paper in papers}) == 5_183
    assert papers[0].paper_id == "file:corpus:4983"


ABSTRACTS = campaigns.some(8_000, of=40_717)


@pytest.fixture(scope="module")
def arxiv(real_data: Path) -> list[Paper | Reject]:
    """The first records of nine months of arXiv; in `make campaigns` all."""
    path = real_data / "arxiv_daily" / "2025.jsonl.gz"
    if campaigns.WHOLE:
        return records(path)
    with gzip.open(path) as stream:
        lines = b"".join(itertools.islice(stream, ABSTRACTS))
    return list(sources.parse(io.BytesIO(lines), "2025.jsonl", today=TODAY)[0])


@campaigns.shortened
def test_forty_thousand_arxiv_abstracts_are_papers_with_their_ids_dates_and_people(arxiv: list[Paper | Reject]) -> None:
    papers = [record for record in arxiv if isinstance(record, Paper)]
    assert (len(arxiv), len(arxiv) - len(papers)) == (ABSTRACTS, 0)
    assert all(paper.paper_id.startswith("arxiv:") and paper.authors and paper.categories for paper in papers)
    assert all("2025-03-18" <= (paper.published or "") <= "2025-12-31" for paper in papers)


@campaigns.shortened
def test_at_most_twenty_of_forty_thousand_abstracts_are_flagged_as_orders_to_a_model(
    arxiv: list[Paper | Reject],
) -> None:
    flagged = [record.paper_id for record in arxiv if isinstance(record, Paper) and "instructions" in record.flags]
    assert len(flagged) <= 20, flagged


@pytest.mark.parametrize("name", ["pubmedqa/train_dev.jsonl.gz", "healthver/dev.jsonl.gz"])
def test_a_data_set_that_holds_no_abstracts_gives_rejects_with_reasons(real_data: Path, name: str) -> None:
    found = list(itertools.islice(records(real_data / name), 50))
    assert found
    assert all(isinstance(record, Reject) and record.reason for record in found)


# ---- every file of every format

FORMATS = ["arxiv_atom", "bibtex", "crossref", "openalex", "pubmed_xml", "ris", "semanticscholar"]
MARKUP = re.compile(
    r"</?(?:jats|mml|p|i|b|sub|sup|sec|title|abstract|em|strong|span|div|br|a)\b[^<>]*>|<!\[CDATA|&(?:#\w+|[a-z]{2,8});",
    re.IGNORECASE,
)
ACCENT = re.compile(
    r"""\\["'`^~=.]\s?\{?\\?[A-Za-z]|\\[cHvukr](?:\s|\{)[A-Za-z]|\\(?:ss|ae|AE|oe|OE|o|O|aa|AA|l|L)(?![A-Za-z])"""
)


def entries(path: Path) -> Iterator[tuple[bool, bool]]:
    """Whether each record of a file has a title, and whether it has an abstract, found by other means than ours."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = data.decode("utf-8-sig")
    pieces = {
        ".xml": r"<entry>.*?</entry>|<PubmedArticle>.*?</PubmedArticle>",
        ".gz": r"<PubmedArticle>.*?</PubmedArticle>",
        ".bib": r"^@.*?^\}",
        ".ris": r"^TY  -.*?^ER",
    }
    if path.suffix != ".json":
        for piece in re.findall(pieces[path.suffix], text, re.DOTALL | re.MULTILINE):
            title = r"<(?:Article)?Title[^<>]*>\s*[^<\s]|<title>\s*[^<\s]|^\s+title = |^(?:TI|T1)  - \S"
            abstract = r"<AbstractText[^<>]*>\s*\S|<summary>\s*\S|^\s+abstract = |^(?:AB|N2)  - \S"
            error = "arxiv.org/api/errors" in piece
            yield (
                not error and bool(re.search(title, piece, re.MULTILINE)),
                bool(re.search(abstract, piece, re.MULTILINE)),
            )
        return
    document: Any = json.loads(text)
    document = document.get("body", document) if isinstance(document, dict) else document
    document = document.get("message", document) if isinstance(document, dict) else document
    held = document if isinstance(document, list) else None
    for key in ("items", "results", "data") if isinstance(document, dict) else ():
        held = held or document.get(key)
    for record in held or [document]:
        yield bool(record.get("title")), bool(record.get("abstract") or record.get("abstract_inverted_index"))


@pytest.mark.parametrize("folder", FORMATS)
def test_every_record_with_title_and_abstract_is_imported_and_every_other_is_refused_with_a_reason(
    real_data: Path, folder: str
) -> None:
    for path in sorted((real_data / "formats" / folder).iterdir()):
        found = records(path)
        known = list(entries(path))
        papers = [record for record in found if isinstance(record, Paper)]
        assert (len(papers), len(found)) == (sum(map(all, known)), len(known)), path.name
        assert all(record.where and record.reason for record in found if isinstance(record, Reject))


@pytest.mark.parametrize("folder", FORMATS)
def test_no_title_abstract_or_name_holds_markup_entities_or_accents_of_tex(real_data: Path, folder: str) -> None:
    for path in sorted((real_data / "formats" / folder).iterdir()):
        for paper in records(path):
            if isinstance(paper, Paper):
                for said in (paper.title, paper.abstract, *paper.authors):
                    assert not MARKUP.search(said), said
                    assert not ACCENT.search(re.sub(r"\$[^$]*\$", "", said)), said
                    assert "  " not in said and "\ufffd" not in said, said
