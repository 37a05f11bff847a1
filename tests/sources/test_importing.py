"""Importing into a library: the invented sample with its difficult records, twice, with dates and tags."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from reading import ABSTRACT, as_csv, as_jsonl, fields
from test_listing import abstract, page

import refdesk
from rag.errors import BadFilter, PaperNotFound, UnreadableInput
from rag.types import Filter, Paper

Write = Callable[[str, str | bytes], Path]


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> refdesk.Library:
    """A library of the sample, read by the tests and changed by none."""
    folder = Path(__file__).parent.parent.parent / "examples"
    library = refdesk.open_library(tmp_path_factory.mktemp("sampled") / "library")
    report = library.add(folder / "papers.jsonl", folder / "papers.csv")
    assert (report.added, report.updated, report.unchanged, report.rejected) == (59, 2, 0, ())
    assert report.merged == 1
    return library


def shown(library: refdesk.Library, number: int) -> Paper:
    """A paper of the sample by its number."""
    return library.show(f"sample:{number:04d}")


def test_the_sixty_one_records_of_the_sample_are_fifty_nine_papers(sampled: refdesk.Library) -> None:
    assert len(list(sampled.papers())) == 59


def test_one_paper_in_two_sources_is_one_and_keeps_both_ids(sampled: refdesk.Library) -> None:
    paper = shown(sampled, 12)
    assert sampled.show("10.5555/refdesk.9001") == paper
    assert paper.aliases == ("doi:10.5555/refdesk.9001", "file:papers:sample:0012")
    assert paper.title.startswith("Abstain or Answer?")


def test_the_second_version_counts_and_the_first_is_kept(sampled: refdesk.Library) -> None:
    paper = sampled.show("2799.00012")
    assert shown(sampled, 3) == shown(sampled, 38) == paper
    assert (paper.version, paper.published, paper.updated) == (2, "2026-06-11", "2026-06-27")
    assert "1.7" in paper.abstract
    assert len(sampled.revisions("2799.00012")) == 2


@pytest.mark.parametrize(("number", "flags"), [(24, ("instructions",)), (32, ("withdrawn",)), (21, ()), (19, ())])
def test_orders_and_withdrawals_are_flagged(sampled: refdesk.Library, number: int, flags: tuple[str, ...]) -> None:
    assert shown(sampled, number).flags == flags


def test_no_other_paper_of_the_sample_is_flagged(sampled: refdesk.Library) -> None:
    assert len([paper for paper in sampled.papers() if paper.flags]) == 2


def test_two_papers_that_contradict_each_other_stay_two(sampled: refdesk.Library) -> None:
    assert shown(sampled, 21).paper_id != shown(sampled, 37).paper_id


def test_markup_is_gone_and_typography_kept(sampled: refdesk.Library) -> None:
    assert "p < 0.05" in shown(sampled, 2).abstract
    assert not [paper for paper in sampled.papers() if "<jats" in paper.abstract or "&amp;" in paper.abstract]
    assert all(sign in shown(sampled, 18).abstract for sign in ("½", "10⁻³"))


def test_a_date_that_is_only_a_year_stays_one(sampled: refdesk.Library) -> None:
    paper = shown(sampled, 58)
    assert (paper.published, paper.listed, paper.day) == ("2026", None, "2026")


def test_names_stay_as_written(sampled: refdesk.Library) -> None:
    assert shown(sampled, 1).authors == ("Ewoud Terpstraat", "山本 葵", "Folasade Ogunrinola")


def test_every_sentence_of_the_sample_is_cut_by_its_offsets(sampled: refdesk.Library) -> None:
    for paper in sampled.papers():
        assert "".join("".join(sentence.text for sentence in paper.sentences).split()) == "".join(
            paper.abstract.split()
        )


def test_importing_twice_changes_nothing(library: refdesk.Library, sample: Path) -> None:
    files = sample / "papers.jsonl", sample / "papers.csv"
    library.add(*files)
    before = list(library.papers()), library.search("grokking"), library.revisions("2799.00012")
    report = library.add(*files)
    assert (report.added, report.updated, report.unchanged, report.merged, report.rejected) == (0, 0, 61, 0, ())
    assert (list(library.papers()), library.search("grokking"), library.revisions("2799.00012")) == before
    assert library.check() == []


def test_the_other_order_of_files_gives_the_same_papers(
    library: refdesk.Library, sample: Path, sampled: refdesk.Library
) -> None:
    library.add(sample / "papers.csv", sample / "papers.jsonl")
    assert {paper.aliases for paper in library.papers()} == {paper.aliases for paper in sampled.papers()}


def test_counts_and_rejects_add_up_to_the_records(library: refdesk.Library, write: Write) -> None:
    content = as_jsonl(
        [
            fields(1),
            fields(1),
            fields(2),
            {},
            fields(3, abstract=""),
            fields(1, title="Robots", abstract="Quite another thing."),
        ]
    )
    report = library.add(write("papers.jsonl", content + "{broken\n"))
    assert (report.added, report.updated, report.unchanged) == (2, 0, 1)
    assert [reject.reason.partition(":")[0] for reject in report.rejected] == [
        "no title",
        "no abstract",
        "its id is that of another paper of the file, “Title 1”",
        "not valid JSON",
    ]


def test_editorials_without_ids_stay_apart_through_the_catalog(library: refdesk.Library, write: Write) -> None:
    texts = [ABSTRACT, "Robots that walk on the moon need no legs at all.", "Welcome to the last issue of this year."]
    path = write("papers.csv", as_csv([{"title": "Editorial", "abstract": text} for text in texts]))
    assert library.add(path).added == 3
    assert library.add(path).unchanged == 3
    assert sorted(paper.abstract for paper in library.papers()) == sorted(texts)


def test_files_of_one_name_with_row_numbers_and_dois_stay_apart(library: refdesk.Library, tmp_path: Path) -> None:
    for number, topic in enumerate(["Robots walk on the moon without legs.", "Whales sing in the deep of the sea."]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "papers.csv").write_text(
            as_csv([{"id": 1, "doi": f"10.1000/{number}", "title": topic, "abstract": topic}])
        )
        assert library.add(folder / "papers.csv").added == 1
    assert len(list(library.papers())) == 2


def test_the_listing_date_is_set_where_there_is_none(library: refdesk.Library, write: Write) -> None:
    library.add(write("page.txt", page("One", abstract(1))), listed="2026-06-29")
    library.add(write("papers.jsonl", as_jsonl([fields(1, listed="2026-06-30")])), listed="2026-06-29")
    assert {paper.title: paper.listed for paper in library.papers()} == {"One": "2026-06-29", "Title 1": "2026-06-30"}
    assert [paper.title for paper in library.papers(filter=Filter(since="2026-06-30"))] == ["Title 1"]


def test_a_listing_date_that_is_none_is_refused_before_anything_is_read(library: refdesk.Library) -> None:
    with pytest.raises(BadFilter, match="soon"):
        library.add("missing.jsonl", listed="soon")


def test_tags_are_added_to_papers_known_before(library: refdesk.Library, write: Write) -> None:
    path = write("papers.jsonl", as_jsonl([fields(1, tags=["own"]), fields(2)]))
    library.add(path)
    assert library.add(path, tags=("later",)).updated == 2
    assert [paper.tags for paper in library.papers(filter=Filter(tags=("later",)))] == [("own", "later"), ("later",)]


def test_an_input_without_records_is_an_error(library: refdesk.Library, write: Write) -> None:
    with pytest.raises(UnreadableInput, match="holds no records"):
        library.add(write("papers.json", "[]"))


def test_of_several_inputs_one_that_cannot_be_read_is_a_reject(library: refdesk.Library, write: Write) -> None:
    bad = write("bad.csv", "a,b\n1,2\n")
    report = library.add(bad, write("papers.jsonl", as_jsonl([fields(1)])))
    assert report.added == 1
    assert [reject.where for reject in report.rejected] == [str(bad)]


def test_the_day_of_the_import_is_kept_from_the_first(library: refdesk.Library, write: Write) -> None:
    path = write("papers.jsonl", as_jsonl([fields(1)]))
    library.add(path)
    (first,) = library.papers()
    library.add(path, tags=("x",))
    (second,) = library.papers()
    assert second == replace(first, tags=("x",))


def test_a_paper_that_is_not_there_is_not_found(sampled: refdesk.Library) -> None:
    with pytest.raises(PaperNotFound):
        sampled.show("sample:9999")
