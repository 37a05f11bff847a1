"""RIS: the tags and the quirks of several databases, and records that lack their end, their type or their text."""

from __future__ import annotations

import io
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from reading import ABSTRACT, TODAY, titles
from test_properties import MUTATIONS, mutated

from rag.errors import UnreadableInput
from rag.sources import ris
from rag.sources.decoding import MAGIC, MAX_RECORD_CHARS, open_text
from rag.sources.records import Context
from rag.types import Paper, Reject

RECORD = f"""TY  - JOUR
TI  - A title
AU  - Byron, Ada
AU  - King, Martin Luther, Jr
PY  - 2014//
AB  - {ABSTRACT}
DO  - 10.1000/x
ER  -
"""


def read(content: str | bytes) -> list[Paper | Reject]:
    """All records."""
    text, _ = open_text(io.BytesIO(content.encode() if isinstance(content, str) else content), "x.ris")
    return list(ris.parse(text, Context(name="x", source="ris", today=TODAY)))


def one(*lines: str, base: str = f"TY  - JOUR\nTI  - T\nAB  - {ABSTRACT}\n") -> Paper:
    """The paper of one record with these lines."""
    (record,) = read(base + "\n".join(lines) + "\nER  - \n")
    assert isinstance(record, Paper), record
    return record


def test_a_record_is_a_paper() -> None:
    (paper,) = read(RECORD)
    assert isinstance(paper, Paper)
    assert (paper.title, paper.abstract, paper.paper_id) == ("A title", ABSTRACT, "doi:10.1000/x")
    assert (paper.authors, paper.published) == (("Ada Byron", "Martin Luther King Jr"), "2014")


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + RECORD,
        RECORD.replace("  -", " -"),
        RECORD.replace("\n", "\r\n"),
        RECORD.replace("ER  -\n", ""),
        "Provider: X\nContent: text/plain\n\n1.\n" + RECORD,
        RECORD.replace("TI", "T1").replace("AB", "N2").replace("AU", "A1").replace("PY", "Y1"),
        RECORD.replace("TY  - JOUR\n", ""),
    ],
)
def test_the_writings_of_programs_give_the_same_paper(content: str) -> None:
    assert read(content) == read(RECORD)


@pytest.mark.parametrize(
    "content",
    [
        RECORD.replace("TY  - JOUR\n", "").replace("DO  -", "TY  - JOUR\nDO  -"),
        RECORD.replace("TY  - JOUR\n", "").replace("ER  -", "TY  - JOUR\nER  -"),
        RECORD.replace("\n", "\n  ").replace("TY  -", "  TY  -", 1),
        RECORD.replace("  -", "\t-"),
        RECORD.replace("  -", "\xa0\xa0-"),
        RECORD.replace("JOUR", "Journal Article"),
        RECORD.replace("A title", "A\n  title")
        .replace("Byron, Ada", "Byron,\n      Ada")
        .replace("10.1000/x", "10.1000/\n  x"),
        RECORD.replace("AU  - King", "King"),
        RECORD + "NL  - Wall Letters\n\nLink to the full text: https://x.example/\n\n2.\n",
    ],
)
def test_the_freedoms_of_programs_give_the_same_paper(content: str) -> None:
    assert read(content) == read(RECORD)
    assert ris.recognise(content)


@pytest.mark.parametrize("number", ["2.", "<2>", "Record 2 of 3", "#2"])
@pytest.mark.parametrize("end", ["ER  -\n", ""])
def test_numbers_between_records_are_in_none(number: str, end: str) -> None:
    record = f"TY  - JOUR\nTI  - A title\nAB  - {ABSTRACT}\n{end}"
    first, second = read(f"1.\n{record}\n{number}\n{record.replace('A title', 'B title')}")
    assert isinstance(first, Paper)
    assert isinstance(second, Paper)
    assert (first.title, first.abstract, second.title, second.abstract) == ("A title", ABSTRACT, "B title", ABSTRACT)


def test_a_number_alone_on_a_line_of_an_abstract_stays() -> None:
    assert one(base=f"TY  - JOUR\nTI  - T\nAB  - {ABSTRACT}\n\n2.\nmore\n").abstract == f"{ABSTRACT} 2. more"


def test_a_record_may_begin_with_another_tag_than_its_type() -> None:
    first, second = read("ID  - 1\n" + RECORD.replace("DO  - 10.1000/x\n", "") + "\nID  - 2\n" + RECORD)
    assert isinstance(first, Paper)
    assert isinstance(second, Paper)
    assert (first.aliases, second.aliases) == (("file:x:1",), ("doi:10.1000/x", "file:x:2"))


@pytest.mark.parametrize("line", ["DO  < 10.1000/x", "dO  - 10.1000/x", "DO !- 10.1000/x"])
def test_a_damaged_tag_is_no_part_of_the_abstract_before_it(line: str) -> None:
    assert one(line).abstract == ABSTRACT


def test_two_records_that_lost_what_parts_them_are_no_paper() -> None:
    (record,) = read(RECORD.replace("ER  -\n", "") + RECORD.replace("TY  - JOUR\n", ""))
    assert record == Reject(where="line 1", reason="not valid RIS: the field TI stands twice")


def test_records_are_parted_by_their_ends_their_beginnings_or_both() -> None:
    second = RECORD.replace("A title", "B title")
    for join in (RECORD + second, RECORD.replace("ER  -\n", "") + second, RECORD + "\n\n2.\n\ufeff" + second):
        assert titles(read(join)) == ["A title", "B title"]


@pytest.mark.parametrize("indent", ["", "      "])
def test_an_abstract_of_several_lines_is_kept_together(indent: str) -> None:
    abstract = f"{ABSTRACT}\n{indent}ER then more of it\n\n{indent}IL - 6 rose"
    assert one(base=f"TY  - JOUR\nTI  - T\nAB  - {abstract}\n").abstract == f"{ABSTRACT} ER then more of it IL - 6 rose"


@pytest.mark.parametrize(
    ("lines", "published"),
    [
        (["PY  - 2012", "DA  - 2012/07/03/"], "2012-07-03"),
        (["Y1  - 2012/07//"], "2012-07"),
        (["DA  - 2012/07/03"], "2012-07-03"),
        (["PY  - 2012", "Y1  - 2012/07/03/"], "2012-07-03"),
        (["PY  - 2012", "DA  - 2013/01/01"], "2012"),
        (["PY  - 10 15"], None),
    ],
)
def test_dates_are_as_exact_as_they_were_given(lines: list[str], published: str | None) -> None:
    assert one(*lines).published == published


@pytest.mark.parametrize(
    ("lines", "alias"),
    [
        (["DO  - https://doi.org/10.1000/X"], "doi:10.1000/x"),
        (["L2  - http://dx.doi.org/10.1000/x"], "doi:10.1000/x"),
        (["M3  - 10.1000/x"], "doi:10.1000/x"),
        (["UR  - https://arxiv.org/abs/1706.03762v3"], "arxiv:1706.03762"),
        (["AN  - arXiv:1706.03762"], "arxiv:1706.03762"),
        (["UR  - https://pubmed.ncbi.nlm.nih.gov/123/"], "pmid:123"),
        (["DB  - PubMed", "AN  - 123"], "pmid:123"),
        (["DB  - Scopus", "C2  - 123"], "pmid:123"),
        (["C2  - PMC1234567"], "pmcid:PMC1234567"),
        (["UR  - https://europepmc.org/articles/PMC1234567"], "pmcid:PMC1234567"),
        (["UR  - https://europepmc.org/article/MED/123"], "pmid:123"),
        (["ID  - 77"], "file:x:77"),
    ],
)
def test_ids_are_found(lines: list[str], alias: str) -> None:
    assert alias in one(*lines).aliases


def test_a_number_of_another_database_is_no_pubmed_id() -> None:
    assert one("DB  - Embase", "AN  - 123", "C2  - 12").aliases == one().aliases


def test_an_id_that_stands_twice_names_the_first_paper_alone() -> None:
    records = [RECORD.replace("DO  - 10.1000/x", "ID  - 1").replace("A title", title) for title in ("One", "Two")]
    first, second = read("".join(records))
    assert isinstance(first, Paper)
    assert isinstance(second, Paper)
    assert (first.paper_id, second.paper_id[:6]) == ("file:x:1", "title:")


def test_keywords_venue_and_link_are_read() -> None:
    paper = one("KW  - a", "KW  - b; c", "JF  - J", "UR  - https://a.b/c?d=1;e", "L1  - http://z.z/")
    assert (paper.tags, paper.venue, paper.url) == (("a", "b", "c"), "J", "https://a.b/c?d=1")


def test_markup_and_entities_are_removed() -> None:
    paper = one(base=f"TY  - JOUR\nTI  - A <i>b</i> &amp; c\nAB  - <p>{ABSTRACT}</p>\n")
    assert (paper.title, paper.abstract) == ("A b & c", ABSTRACT)


def test_a_record_without_title_or_abstract_is_a_reject_with_its_line() -> None:
    records = read(RECORD + "\nTY  - JOUR\nTI  - T\nER  -\nTY  - JOUR\nER  -\nTY  - JOUR\n")
    assert titles(records) == ["A title", "- no abstract", "- no title", "- no title"]
    assert [record.where for record in records if isinstance(record, Reject)] == ["line 10", "line 13", "line 15"]


@pytest.mark.parametrize("many", [True, False])
def test_an_overlong_record_is_refused_alone(many: bool) -> None:
    long = "AB  - " + ("x\n" if many else "x") * MAX_RECORD_CHARS
    records = read(RECORD + f"TY  - JOUR\nTI  - T\n{long}\nER  -\n" + RECORD)
    assert [isinstance(record, Paper) for record in records] == [True, False, True]


@pytest.mark.parametrize("head", [RECORD, "\ufeff" + RECORD, RECORD.replace("  -", " -"), "1.\nTY  - \nER  -"])
def test_ris_is_recognised(head: str) -> None:
    assert ris.recognise(head)


@pytest.mark.parametrize("head", ["[\nTY  - JOUR\n", "PMID- 1\nTY - a b\n", "title,abstract\n", "TY", ""])
def test_other_text_is_not(head: str) -> None:
    assert not ris.recognise(head)


def test_every_record_of_the_real_files_is_a_paper_or_a_named_reject(real_data: Path) -> None:
    for file in sorted((real_data / "formats" / "ris").glob("*.ris")):
        raw = re.split(r"^\ufeff?TY  - ", file.read_text("utf-8"), flags=re.MULTILINE)[1:]
        records = read(file.read_bytes())
        assert ris.recognise(file.read_text("utf-8")), file
        assert len(records) == len(raw), file
        for text, record in zip(raw, records, strict=True):
            title, abstract = (re.search(f"^(?:{tags})  - \\S", text, re.MULTILINE) for tags in ("TI|T1", "AB|N2"))
            assert isinstance(record, Paper) == bool(title and abstract), (file, record)
            if isinstance(record, Reject):
                assert record.reason == ("no abstract" if title else "no title")


@settings(max_examples=150, deadline=5000, suppress_health_check=[HealthCheck.too_slow])
@given(mutations=MUTATIONS)
def test_damaged_bytes_give_papers_and_rejects(mutations: list[tuple[str, int, bytes]]) -> None:
    content = mutated((RECORD * 3).encode(), mutations)
    if content.strip() and b"\0" not in content and not content.startswith((b"\xff\xfe", b"\xfe\xff", *MAGIC)):
        with suppress(UnreadableInput):  # its encoding may not be sure
            for record in read(content):
                assert isinstance(record, Paper) or (record.where and record.reason)
