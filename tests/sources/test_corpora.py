"""Real corpora are read whole."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from reading import TODAY

from rag import sources
from rag.types import Paper, Reject


def records(path: Path) -> list[Paper | Reject]:
    """All records of a file."""
    with path.open("rb") as stream:
        return list(sources.parse(stream, path.name, today=TODAY)[0])


def test_every_abstract_of_scifact_is_a_paper_under_its_own_id(real_data: Path) -> None:
    papers = [record for record in records(real_data / "scifact" / "corpus.jsonl.gz") if isinstance(record, Paper)]
    assert len(papers) == 5_183
    assert len({paper.paper_id for paper in papers}) == 5_183
    assert papers[0].paper_id == "file:corpus:4983"


@pytest.fixture(scope="module")
def arxiv(real_data: Path) -> list[Paper | Reject]:
    """All records of nine months of arXiv."""
    return records(real_data / "arxiv_daily" / "2025.jsonl.gz")


def test_forty_thousand_arxiv_abstracts_are_papers_with_their_ids_dates_and_people(arxiv: list[Paper | Reject]) -> None:
    papers = [record for record in arxiv if isinstance(record, Paper)]
    assert (len(arxiv), len(arxiv) - len(papers)) == (40_717, 0)
    assert all(paper.paper_id.startswith("arxiv:") and paper.authors and paper.categories for paper in papers)
    assert all("2025-03-18" <= (paper.published or "") <= "2025-12-31" for paper in papers)


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
