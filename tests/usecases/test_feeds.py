"""Feeds against a server that answers as providers do: all papers arrive, none twice, and trouble is told."""

from __future__ import annotations

import gc
import io
import json
import os
import re
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import refdesk
from rag import sources
from rag.embedders import DEFAULT, embedder
from rag.errors import ConfigError, FeedUnavailable, InputError, LibraryLocked, LibraryReadOnly
from rag.types import Paper, Reject
from refdesk import issue_wiring, wiring
from refdesk.feeds.fetching import Fetcher
from refdesk.feeds.providers import PROVIDERS
from refdesk.feeds.pulling import Pull
from refdesk.feeds.syncing import FeedReport, state_of, states, sync
from refdesk.ingest.add import add_file
from refdesk.settings import config
from stores.locks import WriterOfPapers
from stores.sql.feeds import FeedRecord, Run
from stores.store import LibraryStore, Place
from tests.copies import copied
from tests.feed_server import FeedServer, entries, serving

TODAY = date(2026, 6, 20)
DAYS = [f"2026-06-{day}" for day in range(14, 21)]
NEEDED = {
    "arxiv": "arxiv", "openalex": "openalex", "semanticscholar": "semanticscholar", "pubmed": "pubmed_xml",
    "zotero": "csl", "rss": "rss",
}  # fmt: skip
"""By kind: the importer that its pages need, where it is not one that has been there before feeds were."""
PAGED = (
    "arxiv", "huggingface", "openalex", "semanticscholar", "pubmed", "europepmc", "biorxiv", "medrxiv", "zotero",
)  # fmt: skip
KINDS = (*PAGED, "rss")


def needs(*kinds: str) -> None:
    """Skip where the importer of a kind is not registered."""
    known = {each.name for each in sources.FORMATS}
    if missing := [NEEDED[kind] for kind in kinds if NEEDED.get(kind, "json") not in known]:
        pytest.skip(f"no importer is registered for {', '.join(missing)}")


def settings(kind: str, url: str) -> dict[str, Any]:
    """The table of a feed whose provider is the server."""
    own: dict[str, dict[str, Any]] = {
        "arxiv": {"categories": ["cs.CL"], "url": f"{url}/arxiv", "oai_url": f"{url}/oai"},
        "semanticscholar": {"query": "invented"},
        "pubmed": {"query": "invented[tiab]"},
        "europepmc": {"query": "invented"},
        "zotero": {"library": "users/12345"},
    }
    return {"kind": kind, "url": f"{url}/{kind}", "allow_private": True, **own.get(kind, {})}


class Desk:
    """
    A library whose feeds are pulled on days that a test names, without waiting.

    Args:
        folder: The library.
        waits: What was to be waited for, in seconds.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.waits: list[float] = []
        self.today = TODAY

    def write(self, feeds: dict[str, dict[str, Any]], **general: Any) -> None:
        """Write refdesk.toml."""
        lines = [f"{name} = {json.dumps(value)}" for name, value in general.items()]
        for name, table in feeds.items():
            lines += [f"[feeds.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
        self.folder.mkdir(exist_ok=True)
        (self.folder / "refdesk.toml").write_text("\n".join(lines), encoding="utf-8")

    def store(self, **options: Any) -> LibraryStore:
        return LibraryStore(
            Place(self.folder),
            indexes=wiring.indexes(self.folder),
            make_lock=WriterOfPapers,
            embedder_name=None,
            make_embedder=embedder,
            default_embedder=DEFAULT,
            now=lambda: datetime(self.today.year, self.today.month, self.today.day, 12, tzinfo=UTC),
            **options,
        )

    def sync(self, *names: str, **options: Any) -> dict[str, FeedReport]:
        """Pull feeds: the reports by name."""
        store = self.store(**options)
        try:
            reports = sync(
                store,
                issue_wiring.feed_settings(config.load(self.folder)),
                names,
                add_file=add_file,
                sleep=self.waits.append,
            )
            return {report.name: report for report in reports}
        finally:
            store.close()

    def one(self, **options: Any) -> FeedReport:
        """Pull the only feed."""
        (report,) = self.sync(**options).values()
        return report

    def states(self) -> dict[str, str]:
        store = self.store()
        try:
            return {
                each["name"]: each["state"]
                for each in states(store, issue_wiring.feed_settings(config.load(self.folder)))
            }
        finally:
            store.close()

    def record(self, name: str = "it") -> FeedRecord:
        store = self.store()
        try:
            return store.catalog.feeds().find(name) or FeedRecord(name=name)
        finally:
            store.close()

    def titles(self) -> list[str]:
        with refdesk.open_library(self.folder) as library:
            return sorted(paper.title for paper in library.papers())


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with serving() as running:
        running.papers = entries(*DAYS)
        yield running


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty library, to be copied, which is faster than to make one."""
    folder = tmp_path_factory.mktemp("empty") / "library"
    refdesk.open_library(folder).close()
    return folder


@pytest.fixture
def desk(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in ("S2_API_KEY", "NCBI_API_KEY", "ZOTERO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return Desk(copied(empty, tmp_path / "library"))


def pulled(server: FeedServer, kind: str, since: date = date(2026, 6, 14), **given: Any) -> list[int]:
    """The numbers of the papers in all that a provider gives, in their order, without a library."""
    table = {**settings(kind, server.url), **given}
    state: dict[str, str] = {}
    fetcher = Fetcher(pause_s=0, allow_private=True, sleep=lambda _: None)
    documents = PROVIDERS[kind][0](Pull(table, fetcher, since, TODAY, state))
    return [
        int(number) for each in documents for number in re.findall(rb"On subject (\d+)\b(?=.{0,40}?series)", each.body)
    ]


def whole(found: list[int], count: int = 7) -> bool:
    return sorted(set(found)) == list(range(1, count + 1))


# ---- each provider


@pytest.mark.parametrize("kind", KINDS)
def test_every_paper_arrives_and_the_next_pull_changes_nothing(server: FeedServer, desk: Desk, kind: str) -> None:
    needs(kind)
    desk.write({"it": settings(kind, server.url)})
    first = desk.one()
    assert (first.error, first.state, first.added, first.rejected) == (None, "fresh", 7, 0)
    assert first.requests == len(server.asked)
    titles = desk.titles()
    assert titles == sorted(each.title for each in server.papers)
    assert desk.record().watermark == "2026-06-20"
    desk.today = date(2026, 6, 21)
    again = desk.one()
    assert (again.error, again.state, again.added, again.updated, again.rejected) == (None, "quiet", 0, 0, 0)
    assert desk.titles() == titles


@pytest.mark.parametrize("kind", KINDS)
def test_texts_arrive_without_markup_or_entities(server: FeedServer, desk: Desk, kind: str) -> None:
    needs(kind)
    desk.write({"it": settings(kind, server.url)})
    desk.one()
    with refdesk.open_library(desk.folder) as library:
        assert {paper.abstract for paper in library.papers()} == {each.abstract for each in server.papers}
        assert {paper.authors for paper in library.papers()} <= {("Ada Byron",), ("Byron, Ada",)}
        assert library.check() == []


@pytest.mark.parametrize("kind", PAGED)
def test_pages_are_asked_for_to_the_end(server: FeedServer, kind: str) -> None:
    server.papers = entries(*DAYS, each=35)  # 245
    server.page = 20
    assert whole(pulled(server, kind), 245)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("huggingface", lambda asked: min(each.params["date"] for each in asked if "p" not in each.params)),
        ("openalex", lambda asked: asked[0].params["filter"].removeprefix("from_publication_date:")),
        ("semanticscholar", lambda asked: asked[0].params["publicationDateOrYear"].removesuffix(":")),
        ("pubmed", lambda asked: asked[0].params["mindate"].replace("/", "-")),
        ("europepmc", lambda asked: asked[0].params["query"].partition("FIRST_IDATE:[")[2][:10]),
        ("biorxiv", lambda asked: asked[0].path.split("/")[4]),
    ],
)
def test_a_pull_asks_since_the_last_whole_one_with_an_overlap(
    server: FeedServer, desk: Desk, kind: str, told: Callable[..., str]
) -> None:
    needs(kind)
    desk.write({"it": {**settings(kind, server.url), "since": "2026-06-15"}})
    desk.one()
    assert told(server.asked) == "2026-06-15"
    server.asked.clear()
    server.mood = "gone"
    desk.today = date(2026, 6, 25)
    assert desk.one().state == "broken"
    server.asked.clear()
    server.mood = "ok"
    desk.today = date(2026, 6, 28)
    desk.one()
    assert told(server.asked) == (TODAY - timedelta(days=PROVIDERS[kind][2])).isoformat()


def test_a_feed_of_a_preprint_server_takes_the_wanted_categories(server: FeedServer, desk: Desk) -> None:
    server.papers = [replace(paper, category="Cell Biology") if paper.number % 2 else paper for paper in server.papers]
    desk.write({"it": {**settings("biorxiv", server.url), "categories": ["cell_biology"]}})
    report = desk.one()
    assert (report.error, report.added) == (None, 4)
    assert server.asked[0].path == "/biorxiv/details/biorxiv/2026-06-13/2026-06-20/0/json"
    assert {int(title.split()[2]) % 2 for title in desk.titles()} == {1}


def test_later_versions_of_a_preprint_are_one_paper_with_the_day_of_the_first(server: FeedServer, desk: Desk) -> None:
    first = server.papers[0]
    server.papers = [first, replace(first, version=2)]
    desk.write({"it": settings("medrxiv", server.url)})
    report = desk.one()
    assert (report.error, report.added, report.updated) == (None, 1, 1)
    with refdesk.open_library(desk.folder) as library:
        (paper,) = library.papers()
        assert (paper.published, paper.abstract) == (first.day, replace(first, version=2).abstract)


@pytest.mark.parametrize("kind", ["europepmc", "biorxiv"])
def test_an_error_that_a_provider_writes_into_its_answer_is_told(server: FeedServer, desk: Desk, kind: str) -> None:
    server.mood = "refused"
    desk.write({"it": settings(kind, server.url)})
    report = desk.one()
    assert report.state == "broken"
    assert report.error in (
        "The provider's answer has no results in it.",
        "The preprint server answered: error: interval is not valid.",
    )
    assert desk.record().watermark is None


def test_what_was_listed_late_is_found_by_the_overlap(server: FeedServer, desk: Desk) -> None:
    desk.write({"it": settings("huggingface", server.url)})
    late, server.papers = server.papers[5], [each for each in server.papers if each.number != 6]
    assert desk.one().added == 6
    server.papers.append(late)
    desk.today = date(2026, 6, 21)
    assert desk.one().added == 1


def test_a_new_version_is_an_update_and_not_another_paper(server: FeedServer, desk: Desk) -> None:
    needs("arxiv")
    desk.write({"it": settings("arxiv", server.url)})
    desk.one()
    old = server.papers[2]
    server.papers[2] = type(old)(old.number, "2026-06-21", version=2)
    desk.today = date(2026, 6, 21)
    report = desk.one()
    assert (report.added, report.updated, report.state) == (0, 1, "fresh")
    with refdesk.open_library(desk.folder) as library:
        assert library.show(f"arxiv:{old.arxiv}").version == 2
        assert len(library.revisions(f"arxiv:{old.arxiv}")) == 2


def test_arxiv_stops_at_what_is_older_than_the_watermark(server: FeedServer) -> None:
    assert set(pulled(server, "arxiv", date(2026, 6, 19))) >= {6, 7}
    assert len(server.asked) == 1


def test_arxiv_catches_up_a_long_gap_by_oai(server: FeedServer, desk: Desk) -> None:
    needs("arxiv")
    desk.write({"it": settings("arxiv", server.url)})
    desk.one()
    server.asked.clear()
    server.papers += [type(each)(each.number + 7, each.day.replace("-06-", "-08-")) for each in server.papers]
    desk.today = date(2026, 8, 21)
    report = desk.one()
    assert (report.error, report.added) == (None, 7)
    assert {each.path for each in server.asked} == {"/oai"}
    assert server.asked[0].params["from"] == "2026-06-13"


def _oai(server: FeedServer, *categories: str) -> list[int]:
    table = {**settings("arxiv", server.url), "categories": list(categories)}
    fetcher = Fetcher(pause_s=0, allow_private=True, sleep=lambda _: None)
    pull = Pull(table, fetcher, date(2026, 5, 1), TODAY, {"pulled": "yes"})
    return [
        int(number) for each in PROVIDERS["arxiv"][0](pull) for number in re.findall(rb"On subject (\d+)", each.body)
    ]


def test_oai_is_followed_by_its_tokens_and_only_the_categories_are_kept(server: FeedServer) -> None:
    server.papers[3] = type(server.papers[3])(4, "2026-06-17", category="cs.RO")
    assert sorted(_oai(server, "cs.CL")) == [1, 2, 3, 5, 6, 7]
    assert [each.params.get("set") for each in server.asked] == ["cs", None, None]


def test_oai_finds_the_archives_of_physics(server: FeedServer) -> None:
    server.papers = [type(each)(each.number, each.day, category="hep-ph") for each in server.papers]
    assert whole(_oai(server, "hep-ph"))


def test_oai_that_asks_to_wait_is_waited_for(server: FeedServer) -> None:
    server.moods = ["ok", "down"]
    assert whole(_oai(server, "cs.*"))


def test_a_token_of_oai_that_comes_again_is_an_error_and_not_the_end(server: FeedServer) -> None:
    server.moods = ["ok", "empty"]
    with pytest.raises(FeedUnavailable, match="same page"):
        _oai(server, "cs.CL")


def test_arxiv_that_finds_nothing_at_all_is_an_error_and_not_a_quiet_day(server: FeedServer, desk: Desk) -> None:
    needs("arxiv")
    desk.write({"it": settings("arxiv", server.url)})
    server.moods = ["empty without total", "ok"]
    assert desk.one().added == 7
    server.mood, desk.today = "empty without total", date(2026, 6, 21)
    assert "arXiv finds nothing" in (desk.one().error or "")
    assert desk.record().watermark == "2026-06-20"


def test_more_of_pubmed_than_it_gives_is_asked_for_by_fewer_days(server: FeedServer, monkeypatch: Any) -> None:
    server.papers = entries(*DAYS, each=35)
    server.page = 20
    monkeypatch.setattr("refdesk.feeds.providers.PUBMED_MOST", 70)
    assert whole(pulled(server, "pubmed"), 245)
    spans = {(each.params["mindate"], each.params["maxdate"]) for each in server.of("/pubmed/esearch.fcgi")}
    assert len(spans) > 4


def test_an_error_of_pubmed_is_not_the_end(server: FeedServer) -> None:
    server.moods = ["refused"]
    with pytest.raises(FeedUnavailable, match="exceeds the limit"):
        pulled(server, "pubmed")


def test_an_error_of_oai_is_an_error_of_the_feed(server: FeedServer) -> None:
    server.mood = "refused"
    with pytest.raises(FeedUnavailable):
        _oai(server, "cs.CL")


def test_zotero_asks_since_the_last_version(server: FeedServer, desk: Desk) -> None:
    needs("zotero")
    desk.write({"it": {**settings("zotero", server.url), "collection": "ABCD"}})
    assert desk.one().added == 7
    assert {each.path for each in server.asked} == {"/zotero/users/12345/collections/ABCD/items"}
    server.asked.clear()
    assert desk.one().added == 0
    assert [each.params["since"] for each in server.asked] == ["5"]
    server.version, server.papers = 9, [*server.papers, *entries(*DAYS, "2026-06-21")[-1:]]
    assert desk.one().added == 1


def test_a_zotero_library_that_changes_while_it_is_read_is_read_from_the_old_version_again(
    server: FeedServer, desk: Desk
) -> None:
    needs("zotero")
    server.papers = entries(*DAYS, each=20)
    desk.write({"it": settings("zotero", server.url)})
    server.moods = ["version 6", "ok"]
    assert desk.one().added == 140
    assert desk.record().state["version"] == "0"
    assert (desk.one().added, desk.record().state["version"]) == (0, "5")


def test_an_rss_feed_is_asked_for_only_if_it_changed(server: FeedServer, desk: Desk) -> None:
    needs("rss")
    desk.write({"it": settings("rss", server.url)})
    desk.one()
    server.asked.clear()
    report = desk.one()
    assert (report.error, report.state, report.unchanged) == (None, "fresh", 0)
    assert "if-none-match" in server.asked[0].headers
    assert server.asked[0].headers["if-modified-since"] == "Sat, 20 Jun 2026 06:00:00 GMT"
    server.papers = entries(*DAYS, "2026-06-21")
    assert desk.one().added == 1


def test_an_rss_feed_that_could_not_be_imported_is_asked_for_whole_again(server: FeedServer, desk: Desk) -> None:
    needs("rss")
    desk.write({"it": settings("rss", server.url)})
    server.moods = ["html"]
    assert desk.one().state == "broken"
    assert desk.one().added == 7
    assert "if-none-match" not in server.asked[-1].headers


def test_a_folder_gives_what_is_new_in_it(tmp_path: Path, desk: Desk, records: Any, jsonl: Any) -> None:
    box = tmp_path / "box"
    (box / "deeper").mkdir(parents=True)
    desk.write({"it": {"kind": "folder", "path": str(box), "tags": ["inbox"]}})
    assert (desk.one().state, desk.one().added) == ("quiet", 0)
    jsonl(box / "one.jsonl", records(3))
    jsonl(box / "deeper" / "two.jsonl", records(2, first=10))
    jsonl(box / ".hidden.jsonl", records(5, first=50))
    assert desk.one().added == 5
    again = desk.one()
    assert (again.added, again.unchanged, again.state) == (0, 0, "fresh")
    jsonl(box / "one.jsonl", records(4))
    assert (report := desk.one()).added == 1
    assert report.unchanged == 3
    with refdesk.open_library(desk.folder) as library:
        assert {paper.tags for paper in library.papers()} == {("inbox",)}


def test_a_file_of_a_folder_that_holds_no_papers_is_told(tmp_path: Path, desk: Desk, records: Any, jsonl: Any) -> None:
    box = tmp_path / "box"
    box.mkdir()
    (box / "a.bin").write_bytes(b"\0\1\2")
    jsonl(box / "b.jsonl", records(3))
    desk.write({"it": {"kind": "folder", "path": str(box)}})
    report = desk.one()
    assert (report.added, report.error) == (3, None)
    assert report.rejected == 1


def test_the_encoding_of_a_feeds_files_can_be_named(tmp_path: Path, desk: Desk, records: Any) -> None:
    box = tmp_path / "box"
    box.mkdir()
    title = "Dvořák Jiří Přemysl Şahin שלום"
    lines = [{**record, "title": f"{title} {at}"} for at, record in enumerate(records(2))]
    (box / "a.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-16-le")
    desk.write({"it": {"kind": "folder", "path": str(box)}})
    assert (desk.one().added, desk.one().rejected) == (0, 0)
    desk.write({"it": {"kind": "folder", "path": str(box), "encoding": "utf-16-le"}})
    assert desk.one().added == 2
    with refdesk.open_library(desk.folder) as library:
        assert all(paper.title.startswith(title) for paper in library.papers())


def test_a_hidden_folder_within_a_folder_is_left_alone(tmp_path: Path, desk: Desk, records: Any, jsonl: Any) -> None:
    box = tmp_path / "box"
    (box / ".sync").mkdir(parents=True)
    jsonl(box / ".sync" / "a.jsonl", records(3))
    desk.write({"it": {"kind": "folder", "path": str(box)}})
    assert desk.one().added == 0


def test_files_of_one_name_in_two_folders_are_not_mistaken_for_each_other(
    tmp_path: Path, desk: Desk, records: Any, jsonl: Any
) -> None:
    for number, year in enumerate(("2024", "2025")):
        (tmp_path / "box" / year).mkdir(parents=True)
        rows = [{**row, "id": str(at)} for at, row in enumerate(records(3, first=3 * number))]
        jsonl(tmp_path / "box" / year / "papers.jsonl", rows)
    desk.write({"it": {"kind": "folder", "path": str(tmp_path / "box")}})
    assert desk.one().added == 6


def test_a_zip_in_a_folder_is_read(tmp_path: Path, desk: Desk, records: Any, jsonl: Any) -> None:
    box = tmp_path / "box"
    box.mkdir()
    one, two = jsonl(tmp_path / "one.jsonl", records(3)), jsonl(tmp_path / "two.jsonl", records(2, first=10))
    with zipfile.ZipFile(box / "export.zip", "w") as archive:
        archive.write(one, "one.jsonl")
        archive.write(two, "two.jsonl")
    desk.write({"it": {"kind": "folder", "path": str(box)}})
    assert (desk.one().added, desk.one().added) == (5, 0)


def _folder(box: Path, state: dict[str, str], sleep: Callable[[float], None]) -> list[str]:
    """The names of the files that a pull of a folder gives."""
    fetcher = Fetcher(pause_s=0, sleep=sleep)
    pull = Pull({"kind": "folder", "path": str(box)}, fetcher, TODAY, TODAY, state)
    return [each.name for each in PROVIDERS["folder"][0](pull)]


def test_a_file_that_is_still_being_written_is_left_to_the_next_pull(tmp_path: Path) -> None:
    whole, growing = tmp_path / "a.ris", tmp_path / "b.ris"
    whole.write_text("TY  - JOUR")
    os.utime(whole, (1e9, 1e9))
    growing.write_text("TY  - JO")
    waits: list[float] = []

    def write_on(seconds: float) -> None:
        waits.append(seconds)
        growing.write_text("TY  - JOUR\nTI  - ")

    state: dict[str, str] = {}
    assert _folder(tmp_path, state, write_on) == ["a.ris"]
    assert 0 < waits[0] <= 2
    assert _folder(tmp_path, state, waits.append) == ["b.ris"]
    assert len(waits) == 2
    assert _folder(tmp_path, state, waits.append) == []
    assert len(waits) == 2


# ---- settings that change, or make no sense


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("zotero", {"collection": "ABCD"}, {"collection": "EFGH"}),
        ("zotero", {"collection": "ABCD"}, {"library": "users/6"}),
        ("arxiv", {"categories": ["cs.CL"]}, {"categories": ["cs.CL", "cs.LG"]}),
        ("pubmed", {"query": "one"}, {"query": "two"}),
        ("openalex", {"query": "one"}, {"query": "two"}),
        ("huggingface", {"since": "2026-06-19"}, {"since": "2026-06-14"}),
    ],
)
def test_a_feed_that_chooses_other_papers_begins_anew(
    server: FeedServer, desk: Desk, kind: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    needs(kind)
    table = {**settings(kind, server.url), **before}
    desk.write({"it": table})
    server.papers, kept = server.papers[-2:], server.papers
    assert desk.one().added == 2
    server.papers, server.version = kept, 3  # what the other choice has, all of it listed before
    desk.write({"it": {**table, "tags": ["other"]}})
    desk.one()
    had = len(desk.titles())
    desk.write({"it": {**table, **after}})
    server.asked.clear()
    server.mood = "gone"
    assert desk.one().state == "broken"
    server.mood = "ok"
    assert had + desk.one().added == 7
    assert len(desk.record().runs) == 1


def test_a_feed_that_begins_anew_leaves_no_gap(server: FeedServer, desk: Desk) -> None:
    desk.write({"it": {**settings("huggingface", server.url), "since": "2026-06-20"}})
    desk.one()
    desk.today = date(2026, 7, 20)
    desk.write({"it": settings("huggingface", server.url)})
    server.asked.clear()
    assert desk.one().error is None
    assert server.asked[0].params["date"] == "2026-06-18"


def test_a_rule_of_tags_is_no_other_choice(server: FeedServer, desk: Desk) -> None:
    needs("zotero")
    desk.write({"it": settings("zotero", server.url)})
    desk.one()
    desk.write({"it": {**settings("zotero", server.url), "tags": ["lab"]}})
    server.asked.clear()
    desk.one()
    assert [each.params["since"] for each in server.asked] == ["5"]


@pytest.mark.parametrize(
    ("table", "told", "hint"),
    [
        ({"kind": "gopher"}, "'gopher'", "huggingface"),
        ({"kind": 7}, "7", "huggingface"),
        ({"kind": "arxiv", "catgories": ["cs.CL"]}, "`feeds.it.catgories`", "`categories`"),
        ({"kind": "pubmed", "query": "x", "categories": ["cs.CL"]}, "`feeds.it.categories`", "query"),
        ({"kind": "arxiv", "categories": "cs.CL"}, "a list of texts such as", ""),
        ({"kind": "arxiv", "categories": []}, "`categories` or `query`", ""),
        ({"kind": "pubmed"}, "`query`", ""),
        ({"kind": "rss", "url": 7}, "`feeds.it.url` must be text", ""),
        ({"kind": "rss", "url": "https://x.example/", "tags": "a"}, "a list of texts such as", ""),
        ({"kind": "rss", "url": "https://x.example/", "since": "soon"}, "2026-06-17; it is 'soon'", ""),
        ({"kind": "rss", "url": "https://x.example/", "encoding": "x"}, "such as cp1250 or mac_roman", ""),
        ({"kind": "rss", "url": "https://x.example/", "allow_private": 1}, "must be true or false; it is 1", ""),
        ({"kind": "zotero", "library": "12345"}, "users/… or groups/…", ""),
    ],
)
def test_a_setting_that_cannot_be_meant_is_told_by_sync_and_by_status_before(
    desk: Desk, table: dict[str, Any], told: str, hint: str
) -> None:
    desk.write({"it": table})
    store = desk.store()
    try:
        (shown,) = states(store, issue_wiring.feed_settings(config.load(desk.folder)))
    finally:
        store.close()
    report = desk.one()
    for state, error, advice in (
        (shown["state"], shown["error"], shown["hint"]),
        (report.state, report.error, report.hint),
    ):
        assert state == "broken"
        assert "`feeds.it" in error
        assert told in error
        assert hint in advice


# ---- politeness


@pytest.mark.parametrize("kind", PAGED)
def test_requests_are_as_far_apart_as_the_provider_asks(server: FeedServer, kind: str) -> None:
    if kind == "zotero":  # a hundred at a time
        server.papers = entries(*DAYS, each=40)
    waits: list[float] = []
    pause = PROVIDERS[kind][1]
    fetcher = Fetcher(pause_s=pause, allow_private=True, sleep=waits.append, clock=lambda: 0.0)
    pull = Pull(settings(kind, server.url), fetcher, date(2026, 6, 14), TODAY, {})
    assert list(PROVIDERS[kind][0](pull))
    assert len(server.asked) > 1
    assert waits == [pause] * (len(server.asked) - 1)


def test_two_feeds_of_one_provider_share_its_pause(server: FeedServer, desk: Desk) -> None:
    needs("arxiv")
    server.page = 200
    desk.write({"one": settings("arxiv", server.url), "two": settings("arxiv", server.url)})
    desk.sync()
    assert len(server.asked) == 2
    assert len(desk.waits) == 1
    assert 0.0 < desk.waits[0] <= 3.0


def test_pauses_are_those_of_the_providers_own_rules() -> None:
    assert PROVIDERS["arxiv"][1] >= 3.0
    assert PROVIDERS["semanticscholar"][1] >= 1.0
    assert PROVIDERS["pubmed"][1] >= 1 / 3


def test_a_retry_after_is_waited_for_and_nothing_is_lost(server: FeedServer, desk: Desk) -> None:
    desk.write({"it": settings("huggingface", server.url)})
    server.moods = ["ok", "busy", "ok", "down"]
    report = desk.one()
    assert (report.error, report.added) == (None, 7)
    assert desk.waits.count(7.0) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_every_request_names_the_tool_and_the_contact(server: FeedServer, desk: Desk, kind: str) -> None:
    needs(kind)
    desk.write({"it": settings(kind, server.url)}, contact="ada@example.org")
    desk.one()
    agents = {each.headers["user-agent"] for each in server.asked}
    assert agents == {f"refdesk/{refdesk.__version__} (ada@example.org)"}
    if kind in ("openalex", "pubmed", "europepmc"):
        assert {each.params["mailto" if kind == "openalex" else "email"] for each in server.asked} == {
            "ada@example.org"
        }


@pytest.mark.parametrize(
    ("kind", "variable", "header"),
    [
        ("semanticscholar", "S2_API_KEY", "x-api-key"),
        ("zotero", "ZOTERO_API_KEY", "zotero-api-key"),
        ("pubmed", "NCBI_API_KEY", None),
    ],
)
@pytest.mark.parametrize("mood", ["gone", "closed"])
def test_keys_are_sent_and_never_told(
    server: FeedServer,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    variable: str,
    header: str | None,
    mood: str,
) -> None:
    monkeypatch.setenv(variable, "secret-key")
    server.mood = mood
    desk.write({"it": settings(kind, server.url)})
    report = desk.one()
    asked = server.asked[0]
    assert (asked.headers.get(header) if header else asked.params.get("api_key")) == "secret-key"
    assert report.state == "broken"
    assert "secret" not in json.dumps(report.to_dict())
    assert "secret" not in str(desk.record())


# ---- providers that misbehave


MOODS = "slow busy down cut closed html empty loop moved gone repeated|wrong type|cut without length".split("|")
MOODS = [*MOODS[0].split(), *MOODS[1:]]


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_misbehaviour_loses_a_paper_without_an_error(
    server: FeedServer, desk: Desk, kind: str, mood: str, after: int
) -> None:
    if kind == "zotero":
        server.papers = entries(*DAYS, each=40)
    server.slow_s, server.target = 0.3, "ftp://elsewhere.example/"
    server.moods, server.mood = ["ok"] * after + [mood], "ok"
    timeout_s = 0.1 if mood == "slow" else 10.0
    found = trusted(server, kind, timeout_s)
    if mood in ("slow", "busy", "down", "cut", "closed", "wrong type"):  # they pass
        assert found
    if (kind, mood) == ("huggingface", "empty"):
        return  # a day without papers, as far as anybody can tell
    server.moods, server.mood = ["ok"] * after, mood
    trusted(server, kind, timeout_s)


def trusted(server: FeedServer, kind: str, timeout_s: float) -> bool:
    """Whether a provider gave all papers; where it did not, an error must have been raised, or a page be broken."""
    table = settings(kind, server.url)
    fetcher = Fetcher(pause_s=0, allow_private=True, timeout_s=timeout_s, sleep=lambda _: None)
    pull = Pull(table, fetcher, date(2026, 6, 14), TODAY, {})
    given: list[Paper | Reject] = []
    try:
        for each in PROVIDERS[kind][0](pull):
            given += sources.parse(
                io.BytesIO(each.body), each.name, today=TODAY.isoformat(), format_name=each.format_name
            )[0]
    except (FeedUnavailable, InputError):
        return False
    if any(isinstance(each, Reject) and "not read further" in each.reason for each in given):
        return False
    assert {each.title for each in given} == {each.title for each in server.papers}
    return True


@pytest.mark.parametrize("kind", [kind for kind in PAGED if kind != "huggingface"])  # its days may be empty
def test_an_empty_page_in_the_middle_loses_nothing(server: FeedServer, kind: str) -> None:
    if kind == "zotero":
        server.papers = entries(*DAYS, each=40)
    server.moods = ["ok", "empty"]
    assert whole(pulled(server, kind), len(server.papers))


def test_an_empty_page_of_arxiv_that_tells_no_total_loses_nothing(server: FeedServer) -> None:
    server.moods = ["ok", "empty without total"]
    assert whole(pulled(server, "arxiv"))


def test_pages_that_stay_empty_are_an_error_and_not_the_end(server: FeedServer) -> None:
    server.moods = ["ok"]
    server.mood = "empty"
    with pytest.raises(FeedUnavailable):
        pulled(server, "arxiv")


@pytest.mark.parametrize("kind", PAGED)
def test_a_page_repeated_for_ever_ends(server: FeedServer, kind: str) -> None:
    if kind == "zotero":
        server.papers = entries(*DAYS, each=300)
    server.moods, server.mood = ["repeated"] * 40, "gone"
    try:
        found = pulled(server, kind)
    except FeedUnavailable:
        found = [1]
    assert found
    assert len(server.asked) <= 40


@pytest.mark.parametrize(
    ("kind", "mood"),
    [
        *((kind, "html") for kind in KINDS),
        *(("huggingface", mood) for mood in ("cut", "closed", "down", "gone", "loop", "moved")),
        *(("arxiv", "cut"), ("rss", "cut"), ("pubmed", "gone")),
    ],
)
def test_a_feed_whose_provider_fails_is_broken_and_keeps_its_watermark(
    server: FeedServer, desk: Desk, kind: str, mood: str
) -> None:
    needs(kind)
    desk.write({"it": {**settings(kind, server.url), "allow_private": True}})
    server.mood, server.target = mood, "ftp://elsewhere.example/"
    report = desk.one()
    assert report.state == "broken"
    assert report.error
    assert report.hint
    assert desk.record().watermark is None
    assert desk.states() == {"it": "broken"}
    server.mood = "ok"
    assert (again := desk.one()).added == 7
    assert (again.state, again.error, desk.states()) == ("fresh", None, {"it": "fresh"})


@pytest.mark.parametrize("kind", PAGED)
def test_what_came_before_a_failure_is_kept_and_the_rest_comes_with_the_next_pull(
    server: FeedServer, desk: Desk, kind: str
) -> None:
    needs(kind)
    if kind == "zotero":
        server.papers = entries(*DAYS, each=20)
    count = len(server.papers)
    desk.write({"it": settings(kind, server.url)})
    server.moods, server.mood = ["ok", "ok", "ok", "ok", "ok"][: {"zotero": 1, "pubmed": 3}.get(kind, 2)], "forbidden"
    report = desk.one()
    assert report.state == "broken"
    assert desk.record().watermark is None
    server.mood = "ok"
    assert report.added + desk.one().added == count
    assert len(desk.titles()) == count


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_content_type_and_a_zipped_reply_are_read(server: FeedServer, desk: Desk, kind: str) -> None:
    needs(kind)
    desk.write({"it": settings(kind, server.url)})
    server.moods, server.mood = ["wrong type"], "zipped"
    assert desk.one().added == 7


def test_a_slow_provider_is_given_up_after_the_time_of_the_settings(server: FeedServer, desk: Desk) -> None:
    desk.write({"it": settings("huggingface", server.url)}, feed_timeout_s=0.1)
    server.mood = "slow"
    began = time.monotonic()
    report = desk.one()
    assert report.state == "broken"
    assert "timed out" in (report.error or "")
    assert time.monotonic() - began < 5


def test_a_feed_that_fails_does_not_stop_the_others(
    server: FeedServer, desk: Desk, tmp_path: Path, records: Any, jsonl: Any
) -> None:
    box = tmp_path / "box"
    box.mkdir()
    jsonl(box / "papers.jsonl", records(3))
    daily = settings("huggingface", server.url)
    desk.write(
        {
            "down": settings("openalex", server.url),
            "unknown": {"kind": "gopher"},
            "incomplete": {"kind": "pubmed"},
            "wrong": {**settings("arxiv", server.url), "categories": "cs.CL"},
            "undated": {**daily, "since": "soon"},
            "nowhere": {"kind": "folder", "path": str(tmp_path / "nowhere")},
            "daily": daily,
            "box": {"kind": "folder", "path": str(box)},
        }
    )
    server.mood_of["/openalex"] = "down"
    reports = desk.sync()
    assert list(reports) == ["down", "unknown", "incomplete", "wrong", "undated", "nowhere", "daily", "box"]
    assert [name for name, report in reports.items() if report.state == "fresh"] == ["daily", "box"]
    assert all(report.error and report.hint for report in list(reports.values())[:6])
    assert "gopher" in (reports["unknown"].error or "")
    assert "huggingface" in (reports["unknown"].hint or "")
    assert "query" in (reports["incomplete"].error or "")
    assert (reports["daily"].added, reports["box"].added) == (7, 3)


@pytest.mark.parametrize(
    "table",
    [
        pytest.param({"url": "http://[::1"}, id="an address that is none"),
        pytest.param({"url": "http://127.0.0.1:99999/"}, id="a port that is none"),
        pytest.param({"url": "http://x\x7f/"}, id="a control character"),
        pytest.param({"url": 7}, id="a number"),
        pytest.param({"since": 20260617}, id="a date that is a number"),
    ],
)
def test_settings_that_make_no_sense_do_not_stop_the_other_feeds(
    server: FeedServer, desk: Desk, table: dict[str, Any]
) -> None:
    daily = settings("huggingface", server.url)
    desk.write({"odd": {**daily, **table}, "daily": daily})
    reports = desk.sync()
    assert reports["odd"].state == "broken"
    assert reports["daily"].added == 7


def test_a_since_with_a_time_of_day_is_its_day(server: FeedServer, desk: Desk) -> None:
    desk.write({"it": settings("huggingface", server.url)})
    with (desk.folder / "refdesk.toml").open("a") as stream:
        stream.write("\nsince = 2026-06-17T10:00:00Z\n")
    assert desk.one().added == 4


def test_a_redirect_to_an_address_that_is_none_does_not_stop_the_other_feeds(server: FeedServer, desk: Desk) -> None:
    server.mood_of["/openalex"], server.target = "moved", "http://[::1"
    desk.write({"odd": settings("openalex", server.url), "daily": settings("huggingface", server.url)})
    reports = desk.sync()
    assert reports["odd"].state == "broken"
    assert reports["daily"].added == 7


def test_a_private_address_is_refused_unless_the_feed_allows_it(server: FeedServer, desk: Desk) -> None:
    desk.write({"it": {**settings("huggingface", server.url), "allow_private": False}})
    report = desk.one()
    assert report.state == "broken"
    assert "127.0.0.1" in (report.error or "")
    assert "allow_private" in (report.hint or "")
    assert not server.asked


def test_allow_private_takes_only_true_or_false(server: FeedServer, desk: Desk) -> None:
    desk.write({"it": {**settings("huggingface", server.url), "allow_private": "false"}})
    assert desk.one().state == "broken"
    assert not server.asked


def test_names_choose_feeds_and_unknown_ones_are_named(server: FeedServer, desk: Desk) -> None:
    desk.write({"a": settings("huggingface", server.url), "b": settings("huggingface", server.url)})
    assert list(desk.sync("b")) == ["b"]
    assert desk.states() == {"a": "new", "b": "fresh"}
    with pytest.raises(ConfigError, match="“c”; the feeds are a, b"):
        desk.sync("c")


def test_no_feed_is_told_with_what_to_write(desk: Desk) -> None:
    desk.write({})
    with pytest.raises(ConfigError) as raised:
        desk.sync()
    assert "[feeds.cs]" in (raised.value.hint or "")


def test_a_library_opened_read_only_is_not_written_to(server: FeedServer, desk: Desk) -> None:
    desk.write({"it": settings("huggingface", server.url)})
    desk.store().close()
    server.papers = []
    with pytest.raises(LibraryReadOnly):
        desk.sync(read_only=True)
    assert desk.record().checked is None


def test_a_sync_in_which_a_feed_failed_lets_go_of_its_lock(server: FeedServer, desk: Desk) -> None:
    desk.write({"it": settings("huggingface", server.url)})
    server.moods = ["gone"]
    gc.disable()  # a lock that only the end of its object releases would sometimes pass
    try:
        assert desk.one().state == "broken"
        assert desk.one().state == "fresh"
    finally:
        gc.enable()


def test_two_syncs_at_once_are_one_and_a_refusal(server: FeedServer, desk: Desk) -> None:
    desk.write({"it": settings("huggingface", server.url)})
    server.delay_s = 0.1
    reports: list[FeedReport] = []
    first = threading.Thread(target=lambda: reports.append(desk.one()))
    first.start()
    while not server.asked:
        time.sleep(0.005)
    with pytest.raises(LibraryLocked, match="Another sync"):
        desk.sync()
    first.join()
    assert (reports[0].added, desk.one().added) == (7, 0)


def test_the_public_library_and_its_status_show_the_feeds(desk: Desk, tmp_path: Path, records: Any, jsonl: Any) -> None:
    box = tmp_path / "box"
    box.mkdir()
    jsonl(box / "papers.jsonl", records(3))
    desk.write({"box": {"kind": "folder", "path": str(box)}})
    with ExitStack() as stack:
        library = stack.enter_context(refdesk.open_library(desk.folder))
        told: list[FeedReport] = []
        (report,) = library.sync("box", tell=told.append)
        assert told == [report]
        assert report.to_dict()["added"] == 3
        (feed,) = library.status()["feeds"]
        assert (feed["name"], feed["kind"], feed["state"], feed["error"]) == ("box", "folder", "fresh", None)
        assert feed["last"] == feed["checked"][:10]
        assert library.search("subject2")[0].paper_id


# ---- how a feed does


def state(*runs: tuple[str, int], today: str, error: str | None = None) -> str:
    """The state after runs, each a day of June 2026 and a number of papers; -1 is a pull that failed."""
    made = tuple(Run(day=f"2026-06-{day:0>2}", new=max(new, 0), failed=new < 0) for day, new in runs)
    return state_of(FeedRecord(name="it", runs=made, error=error), date.fromisoformat(f"2026-06-{today:0>2}"))


DAILY = [(str(day), 40) for day in range(1, 11)]


def test_a_feed_that_was_never_pulled_is_new() -> None:
    assert state(today="1") == "new"


def test_a_feed_that_brought_papers_is_fresh() -> None:
    assert state(("1", 3), today="1") == "fresh"
    assert state(*DAILY, ("11", 30), today="11") == "fresh"


def test_a_feed_whose_last_pull_failed_is_broken() -> None:
    assert state(*DAILY, ("11", -1), today="11", error="it is down") == "broken"


def test_a_feed_that_brought_far_less_than_usual_is_partial() -> None:
    assert state(*DAILY, ("11", 9), today="11") == "partial"
    assert state(*DAILY, ("11", 10), today="11") == "fresh"


def test_a_feed_that_is_pulled_several_times_a_day_is_judged_by_the_day() -> None:
    twice = [run for day in range(1, 11) for run in ((str(day), 38), (str(day), 2))]
    assert state(*twice, today="10") == "fresh"
    assert state(*twice, ("11", 5), ("11", 3), today="11") == "partial"


def test_a_feed_that_brought_papers_stays_fresh_for_the_day(desk: Desk, server: FeedServer) -> None:
    assert state(("1", 2_008), ("1", 0), today="1") == "fresh"
    assert state(("1", 2_008), ("1", 0), ("2", 0), today="2") == "quiet"
    desk.write({"it": settings("rss", server.url)})
    assert [desk.one().state, desk.one().state, desk.states()["it"]] == ["fresh"] * 3


def test_papers_that_a_failed_pull_brought_count_for_the_day() -> None:
    failed = Run(day="2026-06-01", new=2_008, failed=True)
    record = FeedRecord(name="it", runs=(failed, Run(day="2026-06-01", new=0, failed=False)))
    assert state_of(record, date(2026, 6, 1)) == "fresh"


def test_a_young_feed_has_no_usual_number() -> None:
    assert state(("1", 100), ("2", 1), today="2") == "fresh"


def test_a_feed_with_nothing_new_is_quiet_as_long_as_its_rhythm_explains() -> None:
    assert state(*DAILY, ("11", 0), today="11") == "quiet"
    assert state(*DAILY, ("13", 0), today="13") == "quiet"  # a weekend
    weekly = [("1", 9), ("8", 9), ("15", 9)]
    assert state(*weekly, ("29", 0), today="29") == "quiet"


def test_a_feed_with_nothing_new_for_longer_than_its_rhythm_explains_is_stale() -> None:
    assert state(*DAILY, ("18", 0), today="18") == "stale"
    assert state(("1", 0), ("12", 0), today="12") == "stale"


def test_failed_pulls_do_not_make_a_rhythm() -> None:
    assert state(*DAILY, ("11", -1), ("12", -1), ("13", 0), today="13") == "quiet"


def test_the_states_of_a_feed_over_weeks(server: FeedServer, desk: Desk) -> None:
    desk.write({"it": settings("huggingface", server.url)})
    server.page = 100
    server.papers = entries(*(f"2026-06-{day}" for day in range(20, 27)), each=8)
    seen = []
    for day in range(20, 27):
        desk.today = date(2026, 6, day)
        seen.append(desk.one().state)
    assert seen == ["fresh"] * 7
    server.papers.append(type(server.papers[0])(900, "2026-06-27"))
    desk.today = date(2026, 6, 27)
    assert desk.one().state == "partial"
    desk.today = date(2026, 6, 29)
    assert desk.one().state == "quiet"
    desk.today = date(2026, 7, 6)
    assert desk.one().state == "stale"
    server.mood = "gone"
    assert desk.one().state == "broken"
    assert [run.failed for run in desk.record().runs] == [False] * 10 + [True]
