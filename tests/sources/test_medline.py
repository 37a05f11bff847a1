"""MEDLINE text: tags, continuation, which abstract and which ids are taken, and records whose beginning is damaged."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from reading import ABSTRACT, TODAY, titles
from test_properties import MUTATIONS, mutated

from rag.errors import UnreadableInput
from rag.sources import medline, ris
from rag.sources.decoding import MAGIC, MAX_RECORD_CHARS, open_text
from rag.sources.records import Context
from rag.types import Paper, Reject

RECORD = f"""PMID- 31990000
OWN - NLM
STAT- MEDLINE
DP  - 2020 Feb 20
TI  - A title that goes
      on.
LID - S0140-6736(20)1 [pii]
LID - 10.1000/x [doi]
AB  - BACKGROUND: {ABSTRACT[:21]}
      {ABSTRACT[21:].strip()}
CI  - Copyright 2020.
FAU - Byron, Ada
AU  - Byron A
FAU - Hay, Alan Jr
CN  - The Group
JT  - The journal
OT  - *one
OT  - two
AID - 10.1000/other [doi]
"""


def read(content: str | bytes) -> list[Paper | Reject]:
    """All records."""
    text, _ = open_text(io.BytesIO(content.encode() if isinstance(content, str) else content), "x.nbib")
    return list(medline.parse(text, Context(name="x", source="medline", today=TODAY)))


def one(content: str) -> Paper:
    """The paper of one record."""
    (record,) = read(content)
    assert isinstance(record, Paper), record
    return record


@pytest.mark.parametrize(
    "content",
    [RECORD, "\ufeff" + RECORD, "\n\n" + RECORD, RECORD.replace("\n", "\r\n"), RECORD.replace("\n      ", "\n\t")],
)
def test_a_record_is_a_paper(content: str) -> None:
    paper = one(content)
    assert (paper.title, paper.abstract) == (
        "A title that goes on.",
        f"BACKGROUND: {ABSTRACT}",
    )
    assert paper.aliases == ("doi:10.1000/x", "pmid:31990000")
    assert (paper.authors, paper.published) == (("Ada Byron", "Alan Jr Hay", "The Group"), "2020-02-20")
    assert (paper.venue, paper.tags) == ("The journal", ("one", "two"))


def test_the_doi_is_never_the_publishers_own_number() -> None:
    assert one(RECORD.replace("[doi]", "[bookaccession]")).aliases == ("pmid:31990000",)
    assert one(RECORD.replace("LID - 10.1000/x [doi]\n", "")).aliases[0] == "doi:10.1000/other"


def test_short_names_serve_where_full_ones_are_missing() -> None:
    assert one(RECORD.replace("FAU -", "XX  -").replace("CN  -", "XX  -")).authors == ("Byron A",)


def test_another_sources_abstract_serves_only_where_there_is_none() -> None:
    other = "OAB - Another publisher's abstract, which is long enough.\nOABL- eng\n"
    assert one(RECORD + other).abstract.startswith("BACKGROUND")
    assert one(RECORD.replace("AB  -", "XX  -") + other).abstract.startswith("Another")


@pytest.mark.parametrize(
    ("date", "published"),
    [
        ("2020", "2020"),
        ("2020 Feb", "2020-02"),
        ("2020 Mar-Apr", "2020-03"),
        ("1998 Dec-1999 Jan", "1998-12"),
        ("2000 Spring", "2000"),
    ],
)
def test_dates_of_every_form_are_read(date: str, published: str) -> None:
    assert one(RECORD.replace("2020 Feb 20", date)).published == published


def test_the_electronic_date_serves_where_the_other_is_missing_or_agrees() -> None:
    assert one(RECORD.replace("DP  - 2020 Feb 20", "DEP - 20200117")).published == "2020-01-17"
    assert one(RECORD.replace("DP  - 2020 Feb 20", "DP  - 2020 Jan\nDEP - 20200117")).published == "2020-01-17"


@pytest.mark.parametrize("between", ["\n", "", "\n\n\n"])
def test_records_follow_each_other(between: str) -> None:
    second = RECORD.replace("31990000", "2").replace("A title", "B title")
    assert titles(read(RECORD + between + second)) == ["A title that goes on.", "B title that goes on."]


@pytest.mark.parametrize("damage", ["PMxD- 2", "", "PMID 2"])
def test_a_record_that_lost_its_beginning_is_no_part_of_the_one_before(damage: str) -> None:
    second = RECORD.replace("PMID- 31990000", damage).replace("A title", "B title")
    assert titles(read(RECORD + "\n" + second)) == ["A title that goes on.", "B title that goes on."]


def test_a_book_is_named_by_its_title() -> None:
    assert one(RECORD.replace("TI  -", "BTI -")).title == "A title that goes on."


def test_a_record_without_abstract_or_title_is_a_reject_with_its_line() -> None:
    records = read(RECORD + "\nPMID- 5\nTI  - T\n\nPMID- 6\n")
    assert titles(records[1:]) == ["- no abstract", "- no title"]
    assert [record.where for record in records if isinstance(record, Reject)] == ["line 21", "line 24"]


def test_an_overlong_record_is_refused_alone() -> None:
    for long in ("AB  - " + "x" * MAX_RECORD_CHARS, "AB  - x\n" + "      y\n" * (MAX_RECORD_CHARS // 6)):
        records = read(RECORD + f"\nPMID- 5\nTI  - T\n{long}\n\n" + RECORD)
        assert [isinstance(record, Paper) for record in records] == [True, False, True]


def test_medline_is_recognised_and_told_from_ris() -> None:
    assert medline.recognise("\n\ufeff" + RECORD)
    assert not ris.recognise(RECORD)
    for head in ("TY  - JOUR\n", "[\nPMID- 1\n", "see PMID- 1", "PMID: 1\n"):
        assert not medline.recognise(head)


@settings(max_examples=150, deadline=5000, suppress_health_check=[HealthCheck.too_slow])
@given(mutations=MUTATIONS)
def test_damaged_bytes_give_papers_and_rejects(mutations: list[tuple[str, int, bytes]]) -> None:
    content = mutated((RECORD + "\n" + RECORD + "\n" + RECORD).encode(), mutations)
    if content.strip() and b"\0" not in content and not content.startswith((b"\xff\xfe", b"\xfe\xff", *MAGIC)):
        with suppress(UnreadableInput):  # its encoding may not be sure
            for record in read(content):
                assert isinstance(record, Paper) or (record.where and record.reason)


def test_the_id_in_pubmed_central_is_taken() -> None:
    assert "pmcid:PMC1234567" in one(f"{RECORD}PMC - PMC1234567\nPMCR- 2020/03/01\n").aliases


@pytest.mark.parametrize(
    ("line", "flags"),
    [
        ("PT  - Retracted Publication", ("withdrawn",)),
        ("RIN - Lancet. 2021 Feb 1;1(1):1. PMID: 33333333", ("withdrawn",)),
        ("PT  - Retraction of Publication", ()),  # the notice
        ("ROF - Lancet. 2020 Feb 20;1(1):1. PMID: 31990000", ()),
        ("PT  - Journal Article", ()),
    ],
)
def test_a_retracted_paper_is_flagged_and_its_notice_is_not(line: str, flags: tuple[str, ...]) -> None:
    assert one(f"{RECORD}{line}\n").flags == flags
