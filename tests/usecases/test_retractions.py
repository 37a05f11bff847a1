"""Notices of retractions: stored papers are flagged by their ids, with the source, and told in the next issue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from test_feeds import DAYS, Desk, settings

import refdesk
from refdesk.library import Library
from refdesk.settings import config
from tests.feed_server import Entry, FeedServer, entries, serving
from tests.usecases import test_feeds

desk = test_feeds.desk
empty = test_feeds.empty


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with serving() as running:
        running.papers = entries(*DAYS)
        yield running


def tables(server: FeedServer, *kinds: str) -> dict[str, dict[str, Any]]:
    """The feeds of these kinds, and the one of retractions."""
    feed = {"kind": "retractions", "crossref_url": f"{server.url}/crossref", "pubmed_url": f"{server.url}/pubmed"}
    return {**{kind: settings(kind, server.url) for kind in kinds}, "notices": {**feed, "allow_private": True}}


def withdrawn(desk: Desk) -> list[int]:
    """The numbers of the papers that are flagged."""
    with refdesk.open_library(desk.folder) as library:
        return sorted(int(paper.title.split()[2]) for paper in library.papers() if "withdrawn" in paper.flags)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("openalex", "doi:10.5555/i.3 was retracted, as Crossref says (doi:10.5555/notice.3): “On subject 3 of"),
        ("pubmed", "pmid:30000003 was retracted, as PubMed says (pmid:31000003): “On subject 3 of"),
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_a_stored_paper_is_flagged_with_its_source(
    server: FeedServer, desk: Desk, kind: str, said: str, before: bool
) -> None:
    desk.write(tables(server, kind))
    if before:  # an old notice; the paper is new, and asked about
        desk.sync(kind)
        server.retracted = {3: "2020-01-01"}
        report = desk.sync("notices")["notices"]
    else:  # a new notice; the paper is old
        assert desk.sync()["notices"].updated == 0
        desk.today = date(2026, 6, 21)
        desk.sync("notices")
        server.retracted = {3: "2026-06-21"}
        desk.today = date(2026, 6, 22)
        server.asked.clear()
        report = desk.sync("notices")["notices"]
        assert not [each for each in server.asked if "doi:" in each.params.get("filter", "")]
    assert (report.error, report.updated, len(report.notes)) == (None, 1, 1)
    assert report.notes[0].startswith(said)
    assert withdrawn(desk) == [3]
    with refdesk.open_library(desk.folder) as library:
        assert library.check() == []
        notice = library.notice(said.partition(" ")[0])
        assert notice is not None
        assert str(notice) in said
    again = desk.sync("notices")["notices"]
    assert (again.error, again.updated, again.notes) == (None, 0, ())


def test_papers_are_asked_about_in_batches(server: FeedServer, desk: Desk) -> None:
    server.papers, server.page = entries(*DAYS, each=20), 200
    server.retracted = dict.fromkeys((1, 70, 140), "2020-01-01")
    desk.write(tables(server, "openalex", "pubmed"))
    reports = desk.sync()
    assert (reports["openalex"].added, reports["notices"].error) == (140, None)
    assert withdrawn(desk) == [1, 70, 140]
    assert reports["notices"].requests <= 1 + 3 + 1 + 1 + 1


def test_a_title_proves_nothing(server: FeedServer, desk: Desk) -> None:
    desk.write(tables(server, "rss"))  # its papers have the titles, and no ids of Crossref or PubMed
    server.retracted = {3: "2026-06-20"}
    report = desk.sync()["notices"]
    assert (report.error, report.updated, withdrawn(desk)) == (None, 0, [])


@pytest.mark.parametrize("path", ["/crossref", "/pubmed/esearch.fcgi", "/pubmed/efetch.fcgi"])
@pytest.mark.parametrize("mood", ["html", "gone", "cut without length"])
def test_a_broken_answer_is_told_and_the_pull_repeated(server: FeedServer, desk: Desk, path: str, mood: str) -> None:
    desk.write(tables(server, "openalex"))
    desk.sync("openalex")
    server.retracted = {3: "2026-06-20"}
    server.mood_of = {path: mood}
    report = desk.sync("notices")["notices"]
    assert report.state == "broken"
    assert report.error
    assert desk.record("notices").watermark is None
    server.mood_of = {}
    assert desk.sync("notices")["notices"].error is None
    assert withdrawn(desk) == [3]


def test_a_busy_provider_is_waited_for(server: FeedServer, desk: Desk) -> None:
    desk.write(tables(server))
    server.moods = ["busy"]
    assert desk.sync()["notices"].error is None
    assert 7.0 in desk.waits


@pytest.mark.parametrize("mood", ["repeated", "empty", "refused"])
def test_pages_of_crossref_that_do_not_end_well_are_told(server: FeedServer, desk: Desk, mood: str) -> None:
    desk.write(tables(server))
    server.page = 2
    server.retracted = dict.fromkeys(range(1, 8), "2026-06-20")
    server.mood_of = {"/crossref": mood}
    assert desk.sync()["notices"].error


def test_a_withdrawal_is_told_in_the_next_issue(server: FeedServer, desk: Desk) -> None:
    server.papers = [replace(each, day="2026-06-16") for each in server.papers]
    desk.write(tables(server, "openalex"))
    desk.sync()

    def issue() -> dict[str, Any]:
        with Library(desk.store(), config.load(desk.folder)) as library:
            list(library.issues.run())
            (made,) = library._store.catalog.issues().all("default", limit=1)
            return dict(made.document)

    desk.today = date(2026, 6, 22)
    assert {paper["status"] for paper in issue()["papers"]} == {"new"}
    server.retracted = {3: "2026-06-22"}
    server.papers.append(Entry(8, "2026-06-23"))
    desk.today = date(2026, 6, 29)
    (told,) = [paper for paper in issue()["papers"] if paper["status"] == "withdrawn"]
    assert told["changes"] == "retracted, as Crossref says (doi:10.5555/notice.3), since an earlier issue had it"
    text = next((desk.folder / "issues").glob("2026-W26.default.md")).read_text(encoding="utf-8")
    assert "Withdrawn: retracted, as Crossref says (doi:10.5555/notice.3), since an earlier issue had it" in text
