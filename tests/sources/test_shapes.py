"""Two hundred papers in the shape of each program come in unchanged, whatever their titles and names hold."""

from __future__ import annotations

import pytest
from reading import read

from benchmarks.programs import SHAPES, made
from rag.types import Paper

PAPERS = [made(number) for number in range(200)]


@pytest.mark.parametrize("program", SHAPES)
def test_two_hundred_papers_come_in_unchanged(program: str) -> None:
    shape = SHAPES[program]
    found = read(shape.write(PAPERS), "export.txt")
    assert len(found) == len(PAPERS)
    for record, paper in zip(found, PAPERS, strict=True):
        assert isinstance(record, Paper), record
        assert (record.title, record.abstract) == (paper.title, paper.abstract)
        assert [*record.authors] == getattr(paper, shape.names)
        assert (record.published or "") == paper.date[: shape.date]
        venue = "bioRxiv" if program == "biorxiv" else paper.venue
        assert (record.venue, record.listed, record.updated) == (venue, None, None)
        ids = ([f"doi:{paper.doi}"] if shape.has_doi else []) + ([f"pmid:{paper.pmid}"] if shape.has_pmid else [])
        assert {*ids} <= {*record.aliases}
