"""arXiv's API: ids with versions, the dates of versions, errors, empty answers, withdrawals, TeX accents."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from reading import ABSTRACT, TODAY, titles
from test_properties import MUTATIONS, mutated
from test_xml import DAMAGE, one_by, read_by, survives

from rag.sources import arxiv_atom, arxiv_oai, arxiv_rss, records, tex
from rag.types import Paper, Reject

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" '
    'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom">'
    "<id>https://arxiv.org/api/x</id><title>arXiv Query: search_query=all:x</title>"
)


def entry(number: str = "2406.11741v3", title: str = "A title", more: str = "", abstract: str = ABSTRACT) -> str:
    """An entry of the API."""
    return (
        f"<entry><id>http://arxiv.org/abs/{number}</id><title>{title}</title><summary>  {abstract}\n</summary>"
        "<published>2024-06-17T16:56:00Z</published><updated>2024-09-01T10:00:00Z</updated>"
        f"<author><name>Ada Byron</name></author><author><name>Alan Hay</name></author>{more}</entry>"
    )


def answer(*entries: str) -> str:
    """An answer of the API."""
    return f"{HEAD}{''.join(entries)}</feed>"


def test_the_id_is_without_version_and_both_dates_are_kept() -> None:
    paper = one_by(arxiv_atom, answer(entry()))
    assert (paper.paper_id, paper.version, paper.aliases) == ("arxiv:2406.11741", 3, ("arxiv:2406.11741",))
    assert (paper.published, paper.updated, paper.listed) == ("2024-06-17", "2024-09-01", None)
    assert (paper.authors, paper.abstract) == (("Ada Byron", "Alan Hay"), ABSTRACT)


def test_doi_journal_categories_and_page_are_kept() -> None:
    more = (
        '<link href="https://arxiv.org/abs/2406.11741v3" rel="alternate" type="text/html"/>'
        '<link href="https://arxiv.org/pdf/2406.11741v3" rel="related"/>'
        '<category term="cs.LG"/><category term="cs.AI"/><arxiv:primary_category term="cs.AI"/>'
        "<arxiv:doi>10.1000/X</arxiv:doi><arxiv:journal_ref>J. Tests 1 (2025)</arxiv:journal_ref>"
    )
    paper = one_by(arxiv_atom, answer(entry(more=more)))
    assert paper.aliases == ("arxiv:2406.11741", "doi:10.1000/x")
    assert (paper.venue, paper.categories) == ("J. Tests 1 (2025)", ("cs.AI", "cs.LG"))
    assert paper.url == "https://arxiv.org/abs/2406.11741v3"


def test_an_old_id_keeps_its_archive() -> None:
    assert one_by(arxiv_atom, answer(entry("hep-th/9901001v2"))).paper_id == "arxiv:hep-th/9901001"


def test_an_answer_without_entries_gives_nothing() -> None:
    assert arxiv_atom.recognise(answer())
    assert read_by(arxiv_atom, answer()) == []


def test_an_error_is_a_reject_with_its_message() -> None:
    error = (
        "<entry><id>http://arxiv.org/api/errors#incorrect_id_format_for_1</id><title>Error</title>"
        "<summary>incorrect id format for 1</summary></entry>"
    )
    assert titles(read_by(arxiv_atom, answer(error))) == ["- an error of arXiv's: incorrect id format for 1"]


def test_a_paper_that_is_called_error_is_a_paper() -> None:
    assert titles(read_by(arxiv_atom, answer(entry(title="Error")))) == ["Error"]


@pytest.mark.parametrize(
    ("comment", "flags"),
    [
        ("This paper has been withdrawn by the authors due to an error in Lemma 2", ("withdrawn",)),
        ("Withdrawn: superseded", ("withdrawn",)),
        ("withdrawn", ("withdrawn",)),
        ("10 pages, on data that was withdrawn from a bank", ()),
        ("Withdrawn from ICML, now at NeurIPS", ()),
        ("", ()),
    ],
)
def test_a_withdrawal_told_in_the_comment_is_flagged(comment: str, flags: tuple[str, ...]) -> None:
    more = f"<arxiv:comment>{comment}</arxiv:comment>"
    assert one_by(arxiv_atom, answer(entry(more=more))).flags == flags


def test_an_entry_without_an_abstract_is_a_reject_in_its_place() -> None:
    found = read_by(arxiv_atom, answer(entry(), entry("2406.11742v1", abstract=""), entry("2406.11743v1")))
    assert titles(found) == ["A title", "- no abstract", "A title"]
    assert [record.where for record in found if isinstance(record, Reject)] == ["record 2"]


def test_what_was_cut_off_is_one_reject_after_the_entries_before() -> None:
    whole = answer(entry(), entry("2406.11742v1"))
    for end in range(whole.index("2406.11742") + 1, len(whole)):
        found = read_by(arxiv_atom, whole[:end])
        assert isinstance(found[0], Paper)
        assert isinstance(found[-1], Reject)
        assert len(found) == (3 if "</entry>" in whole[end - 8 : end] or end > whole.rindex("</entry>") + 8 else 2)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"Poincar\'e", "Poincaré"),
        (r"Poincar\'{e}", "Poincaré"),
        (r"Poincar{\'e}", "Poincaré"),
        (r"na\"ive and na\"{\i}ve", "naïve and naïve"),
        (r"na{\"\i}ve", "naïve"),
        (r"Erd\H{o}s, Erd\H os", "Erdős, Erdős"),
        (r"\v{S}koda, \v Skoda, Fran\c{c}ais", "Škoda, Škoda, Français"),
        (r"{\O}ystein, \L{}ukasz, Stra\ss e", "Øystein, Łukasz, Straß e"),
        (r"\AA ngstr\"om", "Å ngström"),
        (r"$\'e$ and $$\"{o}$$", r"$\'e$ and $$\"{o}$$"),
        (r"\alpha, \omega, \cite{a}, \under, \'", r"\alpha, \omega, \cite{a}, \under, \'"),
        (r"C:\users and \hat{e}", r"C:\users and \hat{e}"),
    ],
)
def test_accents_in_tex_are_letters_outside_formulas(written: str, meant: str) -> None:
    assert tex.decode_accents(written) == meant
    assert one_by(arxiv_atom, answer(entry(title=f"On {written}"))).title == f"On {meant}"


def test_the_parser_is_told_from_its_neighbours() -> None:
    assert not arxiv_rss.recognise(answer(entry()))
    assert not arxiv_oai.recognise(answer(entry()))
    assert not arxiv_atom.recognise('<feed xmlns="http://www.w3.org/2005/Atom"><title>A blog</title></feed>')


@DAMAGE
@given(mutations=MUTATIONS)
def test_damaged_bytes_lose_no_record_unseen(mutations: list[tuple[str, int, bytes]]) -> None:
    survives(arxiv_atom, mutated(answer(entry(), entry("hep-th/9901001")).encode(), mutations))


def test_every_entry_of_recorded_answers_is_a_paper_or_the_error(real_data: Path) -> None:
    counts = []
    for path in sorted((real_data / "formats" / "arxiv_atom").glob("*.xml")):
        content = path.read_text(encoding="utf-8")
        assert arxiv_atom.recognise(content[: 1 << 16])
        found = read_by(arxiv_atom, content)
        assert len(found) == content.count("<entry>")
        papers = [record for record in found if isinstance(record, Paper)]
        assert all(paper.paper_id.startswith("arxiv:") and paper.version and paper.authors for paper in papers)
        assert all(paper.published and paper.updated and paper.categories for paper in papers)
        counts.append((len(papers), len(found) - len(papers)))
    assert counts == [(0, 0), (1, 0), (0, 1), (1, 0), (10, 0), (10, 0)]


def test_recorded_answers_survive_damage_anywhere(real_data: Path) -> None:
    content = (real_data / "formats/arxiv_atom/arxivpy_id_1605.08386_s0_m100_199195aa31ad.xml").read_bytes()
    for at in range(0, len(content), 7):
        survives(arxiv_atom, content[:at] + content[at + 1 :] if at % 2 else content[:at] + b"<" + content[at:])
        survives(arxiv_atom, content[: at + 1])


def test_a_stream_is_read_once_and_the_listing_date_given_is_kept() -> None:
    context = records.Context(name="x", source="arxiv_atom", today=TODAY, listed="2026-07-01", tags=("a",))
    (paper,) = arxiv_atom.parse(io.StringIO(answer(entry())), context)
    assert isinstance(paper, Paper)
    assert (paper.listed, paper.tags, paper.source) == ("2026-07-01", ("a",), "arxiv_atom")
