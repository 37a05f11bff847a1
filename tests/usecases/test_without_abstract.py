"""Papers without an abstract: kept where that is asked for, found by title, never evidence, and filled in later."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import refdesk
from rag.types import Paper
from tests.commands import run as command
from tests.feed_server import Entry, FeedServer, entries, serving
from tests.sources.reading import ABSTRACT, as_csv, as_jsonl, fields
from tests.usecases import test_feeds
from tests.usecases.test_feeds import DAYS, Desk

Write = Callable[[str, str], Path]
MOSS = {"title": "Moss on brick walls", "authors": ["Ngozi Okafor", "Per Lindqvist"], "year": 2023}
TEXT = "We counted moss on forty brick walls. Nine kinds of moss grow there. Rain explains a third of it."
desk = test_feeds.desk
empty = test_feeds.empty


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with serving() as running:
        running.papers = entries(*DAYS)
        yield running


@pytest.fixture
def add(library: refdesk.Library, write: Write) -> Callable[..., refdesk.ImportReport]:
    def added(*records: dict[str, Any], keep: bool = True, name: str = "papers.jsonl") -> refdesk.ImportReport:
        return library.add(write(name, as_jsonl(records)), keep_without_abstract=keep)

    return added


Add = Callable[..., refdesk.ImportReport]


def only(library: refdesk.Library) -> Paper:
    (paper,) = library.papers()
    return paper


def test_without_being_asked_for_none_is_kept(library: refdesk.Library, add: Add) -> None:
    report = add(MOSS, keep=False)
    assert (report.added, report.rejected[0].reason) == (0, "no abstract")
    assert list(library.papers()) == []


def test_one_is_found_by_its_title_and_is_no_evidence(library: refdesk.Library, add: Add) -> None:
    assert add({**MOSS, "doi": "10.5555/moss"}, fields(2)).added == 2
    shown = library.show("doi:10.5555/moss").to_dict()
    assert (shown["abstract"], shown["sentences"]) == ("", [])
    hits = library.search("moss brick walls")
    assert hits[0].paper_id == "doi:10.5555/moss"
    assert hits[0].to_dict()["best_sentence"] is None
    answer = library.ask("What grows on brick walls with moss?")
    assert all(citation.paper_id != "doi:10.5555/moss" for claim in answer.claims for citation in claim.citations)
    documents = library.as_retriever(k=5).invoke("moss brick walls")
    assert [document.id for document in documents] == ["file:papers:2"]
    assert library.check() == []
    library.reindex()
    assert library.check() == []
    assert library.search("moss brick walls")[0].paper_id == "doi:10.5555/moss"
    assert library.search("", authors="Okafor")[0].best_sentence is None


def test_a_library_of_nothing_else_answers_nothing(library: refdesk.Library, add: Add) -> None:
    add(MOSS)
    assert not library.ask("What grows on brick walls?").claims
    assert not library.ask("List papers about moss on brick walls").claims
    assert len(library.search("moss")) == 1
    assert library.as_retriever().invoke("moss") == []


@pytest.mark.parametrize(
    "later",
    [
        {**MOSS, "doi": "10.5555/moss"},
        {**MOSS, "title": "MOSS on brick walls.", "authors": ["Okafor, N."], "year": 2024},
        {**MOSS, "title": "Moss on walls of brick", "doi": "10.5555/moss", "authors": [], "year": None},
    ],
)
def test_it_is_filled_in_when_the_abstract_arrives(library: refdesk.Library, add: Add, later: dict[str, Any]) -> None:
    add({**MOSS, "doi": "10.5555/moss"})
    report = add({**later, "abstract": TEXT}, name="later.jsonl", keep=False)
    assert (report.added, report.updated) == (0, 1)
    paper = only(library)
    assert (paper.paper_id, paper.abstract, len(paper.sentences)) == ("doi:10.5555/moss", TEXT, 3)
    assert library.check() == []
    (hit,) = library.search("How many kinds of moss grow on brick walls?")
    assert hit.best_sentence is not None
    again = add({**MOSS, "doi": "10.5555/moss"})
    assert (again.added, again.updated, again.unchanged) == (0, 0, 1)
    assert only(library).abstract == TEXT


def test_a_record_without_an_abstract_joins_the_paper_that_has_one(library: refdesk.Library, add: Add) -> None:
    add({**MOSS, "arxiv_id": "2303.01234", "abstract": TEXT})
    report = add({**MOSS, "doi": "10.5555/moss", "year": 2024})
    assert (report.added, report.updated) == (0, 1)
    paper = only(library)
    assert paper.abstract == TEXT
    assert set(paper.aliases) == {"arxiv:2303.01234", "doi:10.5555/moss"}


@pytest.mark.parametrize(
    "other",
    [
        {"title": "Editorial", "authors": ["Ada Byron"], "year": 2023},
        {"title": "Editorial", "authors": ["Ngozi Okafor"], "year": 2020},
        {"title": "Editorial", "authors": [], "year": 2023},
        {"title": "Editorial", "authors": ["Ada Byron"], "year": 2023, "abstract": ABSTRACT},
    ],
)
def test_two_editorials_are_two_papers(library: refdesk.Library, add: Add, other: dict[str, Any]) -> None:
    records = ({"title": "Editorial", "authors": ["Ngozi Okafor"], "year": 2023}, other)
    assert add(*records).added == 2
    assert len({paper.paper_id for paper in library.papers()}) == 2
    again = add(*reversed(records))
    assert (again.added, again.updated, again.unchanged) == (0, 0, 2)
    assert library.check() == []


def test_records_of_one_paper_without_abstracts_unite(library: refdesk.Library, add: Add) -> None:
    assert add(MOSS, {**MOSS, "authors": ["Lindqvist, P."], "year": 2022, "doi": "10.5555/moss"}).added == 1
    assert "doi:10.5555/moss" in only(library).aliases


def test_rows_of_one_file_without_other_ids_stay_apart(library: refdesk.Library, write: Write) -> None:
    first, second = (
        {"id": 1, "title": title, "abstract": ""} for title in (MOSS["title"], "Whales that sing at night")
    )
    library.add(write("papers.csv", as_csv([first])), keep_without_abstract=True)
    report = library.add(write("papers.csv", as_csv([second])), keep_without_abstract=True)
    assert (report.added, report.updated, len(report.rejected)) == (0, 0, 1)
    assert only(library).title == MOSS["title"]


def test_a_stranger_fills_in_under_the_same_title_only_and_the_source_replaces_it(
    library: refdesk.Library, add: Add
) -> None:
    add({**MOSS, "doi": "10.5555/moss"})
    other = as_jsonl(
        [{"title": "Buy our moss", "doi": "10.5555/moss", "abstract": "Our moss is the best moss there is."}]
    )
    report = library.add_stream(io.BytesIO(other.encode()), "mail.jsonl")
    assert report.updated == 0
    assert only(library).abstract == ""
    same = as_jsonl([{**MOSS, "doi": "10.5555/moss", "abstract": "A stranger tells of moss on brick walls here."}])
    library.add_stream(io.BytesIO(same.encode()), "mail.jsonl")
    assert only(library).abstract.startswith("A stranger")
    add({**MOSS, "doi": "10.5555/moss", "abstract": TEXT})
    assert only(library).abstract == TEXT


def test_what_a_stranger_said_of_a_title_gives_way_to_the_source(
    library: refdesk.Library, add: Add, write: Write
) -> None:
    item = "<title>Moss on brick walls</title><dc:creator>Per Lindqvist</dc:creator><dc:date>2023-05-05</dc:date>"
    item += "<link>https://evil.example/moss</link><description>View abstract</description>"
    feed = f'<rss xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><item>{item}</item></channel></rss>'
    library.add_stream(io.BytesIO(feed.encode()), "feed.xml")
    assert list(library.papers()) == []  # a stream keeps none
    library.add(write("feed.xml", feed), keep_without_abstract=True)
    assert only(library).url == "https://evil.example/moss"
    add({**MOSS, "date": "2023-02-01", "arxiv_id": "2303.01234", "abstract": TEXT, "venue": "Walls"})
    paper = only(library)
    assert (paper.url, paper.published, paper.abstract) == ("https://arxiv.org/abs/2303.01234", "2023-02-01", TEXT)
    assert paper.authors == ("Ngozi Okafor", "Per Lindqvist")


def test_a_notice_of_a_publisher_leaves_the_titles(library: refdesk.Library, add: Add) -> None:
    notice = "The full text of this preview is available to subscribers of the journal."
    report = add(*(fields(number, abstract=notice) for number in (1, 2, 3)))
    assert (report.added, len(report.rejected)) == (3, 0)
    assert {paper.abstract for paper in library.papers()} == {""}


def test_an_issue_has_no_card_of_it(library: refdesk.Library, add: Add) -> None:
    day = {"date": "2026-06-16"}
    add({**MOSS, "year": None, **day}, *(fields(number, **day) for number in range(2, 9)))
    digest = library.digest("2026-W25")
    assert MOSS["title"] not in {paper.paper.title for paper in digest.papers}
    assert len(digest.papers) == 7


def test_a_feed_keeps_them_where_its_settings_say_so(server: FeedServer, desk: Desk) -> None:
    table = test_feeds.settings("rss", server.url)
    server.papers = [_Bare(1, DAYS[0])]
    desk.write({"it": table})
    assert desk.one().rejected == 1
    desk.write({"it": {**table, "keep_without_abstract": True}})
    report = desk.one()
    assert (report.error, report.added, report.rejected) == (None, 1, 0)


class _Bare(Entry):
    """A paper of which a feed has only the title."""

    @property
    def abstract(self) -> str:
        return ""


def test_the_command_keeps_them_with_its_option(tmp_path: Path, write: Write) -> None:
    path = write("papers.jsonl", as_jsonl([MOSS]))
    folder = tmp_path / "library"
    assert command("--library", folder, "add", path).status == 4
    assert command("--library", folder, "add", path, "--keep-without-abstract").status == 0
    found = command("--library", folder, "search", "moss")
    assert "It has no abstract in the library." in found.out
