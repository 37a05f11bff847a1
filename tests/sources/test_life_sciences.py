"""Answers of Europe PMC, bioRxiv and medRxiv: which name, date and id is which."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from reading import one, read, titles
from test_properties import MUTATIONS, mutated
from test_xml import DAMAGE, survives

from rag.sources import biorxiv, europepmc

FIELD = Path(__file__).parent.parent / "cases" / "field"
EPMC = (FIELD / "europepmc.json").read_text(encoding="utf-8")
BIORXIV = (FIELD / "biorxiv_api.json").read_text(encoding="utf-8")


def changed(text: str, **changes: Any) -> str:
    """An answer whose only record has other values."""
    document = json.loads(text)
    (record,) = document.get("collection") or document["resultList"]["result"]
    record.update(changes)
    return json.dumps(document)


def test_a_result_of_europe_pmc_is_read() -> None:
    paper = one(EPMC, "europepmc.json")
    assert paper.source == "europepmc"
    assert paper.aliases == ("doi:10.5555/sm.2023.105", "pmid:36900002", "pmcid:PMC9000002")
    assert (
        paper.abstract == "Background: Moss grows on walls. Results: We counted moss on 40 walls and found nine kinds."
    )
    assert (paper.authors, paper.published) == (("Okafor N", "Lindqvist P"), "2023-02-11")
    assert paper.venue == "Wall Letters"


@pytest.mark.parametrize(
    "changes",
    [
        {"pubTypeList": {"pubType": ["Journal Article", "Retracted Publication"]}},
        {"commentCorrectionList": {"commentCorrection": [{"id": "1", "type": "Retraction in"}]}},
    ],
)
def test_a_retracted_result_is_flagged(changes: dict[str, Any]) -> None:
    assert one(changed(EPMC, **changes)).flags == ("withdrawn",)


def test_a_notice_of_a_retraction_is_not_the_retracted_paper() -> None:
    types = {"pubTypeList": {"pubType": ["Retraction Notice"]}}
    notices = {"commentCorrectionList": {"commentCorrection": [{"id": "1", "type": "Retraction of"}]}}
    assert one(changed(EPMC, **types, **notices)).flags == ()


def test_a_preprint_without_a_doi_keeps_its_id_and_one_without_abstract_is_a_reject() -> None:
    assert one(changed(EPMC, id="PPR1", source="PPR", pmid=None, pmcid=None, doi=None)).paper_id == "file:papers:PPR1"
    assert titles(read(changed(EPMC, abstractText=None))) == ["- no abstract"]


def test_an_entry_of_biorxiv_is_read() -> None:
    paper = one(BIORXIV, "biorxiv_api.json")
    assert paper.source == "biorxiv"
    assert (paper.aliases, paper.published) == (("doi:10.1101/2026.11.01.111111",), "2026-11-01")
    assert (paper.authors, paper.categories) == (("Okafor, N.", "Lindqvist, P."), ("plant biology",))


def test_the_doi_of_a_journal_unites_nothing_and_is_no_date() -> None:
    paper = one(changed(BIORXIV, published="10.5555/journal.2024.1"))
    assert (paper.aliases, paper.published) == (("doi:10.1101/2026.11.01.111111",), "2026-11-01")


def test_a_later_version_has_the_day_of_the_first_from_its_doi() -> None:
    paper = one(changed(BIORXIV, version="3", date="2026-11-20"))
    assert (paper.published, paper.updated) == ("2026-11-01", "2026-11-20")
    assert one(changed(BIORXIV, version="2", doi="10.1101/111111")).published is None


def test_a_withdrawn_preprint_is_flagged() -> None:
    assert one(changed(BIORXIV, type="withdrawn")).flags == ("withdrawn",)


@pytest.mark.parametrize(
    "answer",
    [
        '{"messages":[{"status":"no posts found"}],"collection":[]}',
        '{"version":"6.9","hitCount":0,"nextCursorMark":"*","resultList":{"result":[]}}',
    ],
)
def test_an_answer_without_records_gives_nothing(answer: str) -> None:
    assert read(answer) == []


@DAMAGE
@given(mutations=MUTATIONS)
def test_damaged_bytes_lose_no_record_unseen(mutations: list[tuple[str, int, bytes]]) -> None:
    survives(europepmc, mutated(EPMC.encode(), mutations))
    survives(biorxiv, mutated(BIORXIV.encode(), mutations))
