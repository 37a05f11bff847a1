"""Undoing a union: both papers come back as they were, in the catalog and in both indexes, and stay apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_united import ARTICLE, BOTH, PREPRINT, REVISED, lines, own_format

import refdesk
from refdesk.errors import NothingToSplit
from tests.commands import Ran

pytestmark = pytest.mark.catalogs("sqlite", "team")
Write = Callable[[str, str], Path]
Cli = Callable[..., Ran]


def without_days(papers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(
        ({key: value for key, value in paper.items() if key != "imported"} for paper in papers),
        key=lambda paper: str(paper["paper_id"]),
    )


def whole(library: refdesk.Library) -> list[dict[str, Any]]:
    return without_days([paper.to_dict() for paper in library.papers()])


@pytest.fixture
def united(library: refdesk.Library, write: Write) -> tuple[refdesk.Library, list[dict[str, Any]]]:
    """A library whose two papers a record united, and the papers before."""
    library.add(write("papers.jsonl", lines(PREPRINT, ARTICLE)))
    before = whole(library)
    library.add(write("both.json", own_format(BOTH)))
    assert len(whole(library)) == 1
    return library, before


@pytest.mark.parametrize("named", ["10.1000/x", "doi:10.1000/x", "2401.00001"])
def test_both_papers_come_back_as_they_were(united: tuple[refdesk.Library, list[dict[str, Any]]], named: str) -> None:
    library, before = united
    report = library.split(named)
    assert (report.paper.paper_id, report.restored.paper_id, report.others) == ("arxiv:2401.00001", "doi:10.1000/x", 0)
    assert (report.brought.name, report.brought.format_name) == ("both.json", "semanticscholar")
    after = whole(library)
    extra = {"pmid:77", *(alias for alias in after[0]["aliases"] if alias.startswith("s2:"))}
    assert set(after[0]["aliases"]) - set(before[0]["aliases"]) == extra  # what the record brought stays
    after[0]["aliases"] = before[0]["aliases"]
    assert after == before
    assert library.check() == []
    assert {each.title for each in library.revisions("10.1000/x")} == {ARTICLE["title"]}
    assert {each.title for each in library.revisions("2401.00001")} == {PREPRINT["title"]}
    assert [hit.paper_id for hit in library.search("delay of brewing explained", limit=1)] == ["doi:10.1000/x"]


def test_no_record_unites_them_again(united: tuple[refdesk.Library, list[dict[str, Any]]], write: Write) -> None:
    library, _ = united
    library.split("10.1000/x")
    report = library.add(write("again.json", own_format(BOTH)), write("papers.jsonl", lines(PREPRINT, ARTICLE)))
    assert len(whole(library)) == 2
    assert "which were split; it joined the first only" in " ".join(report.notes)
    assert library.check() == []


def test_what_came_after_the_union_stays_with_the_paper_that_kept_its_id(
    united: tuple[refdesk.Library, list[dict[str, Any]]], write: Write
) -> None:
    library, _ = united
    library.add(write("revised.jsonl", lines(REVISED)))
    library.rate("10.1000/x", 1)
    library.split("10.1000/x")
    assert library.show("2401.00001").abstract == REVISED["abstract"]
    assert library.show("10.1000/x").abstract == ARTICLE["abstract"]
    assert library.check() == []


def test_answers_that_cite_either_are_still_verified(library: refdesk.Library, write: Write) -> None:
    library.add(write("papers.jsonl", lines(PREPRINT, ARTICLE)))
    before = library.ask("zymurgy", as_list=True)
    library.add(write("both.json", own_format(BOTH)))
    between = library.ask("zymurgy", as_list=True)
    library.split("10.1000/x")
    for answer in (before, between):
        assert {each.verdict.support for each in library.verify(json.dumps(answer.to_dict()))} == {"verbatim"}


def test_unions_are_undone_one_by_one(library: refdesk.Library, write: Write) -> None:
    third = {
        "pmid": 99,
        "title": "Whales sing",
        "abstract": "Whales sing at night. The songs carry far.",
        "tags": ["sea"],
    }
    library.add(write("papers.jsonl", lines(PREPRINT, ARTICLE, third)))
    before = whole(library)
    library.add(write("both.json", own_format(BOTH)))
    library.add(write("more.json", own_format(ARTICLE | {"pmid": 99})))
    assert len(whole(library)) == 1
    report = library.split("2401.00001")
    assert (report.restored.paper_id, report.others) == ("pmid:99", 1)
    assert library.split("2401.00001").restored.paper_id == "doi:10.1000/x"
    assert [(each["paper_id"], each["title"], each["tags"], each["abstract"]) for each in whole(library)] == [
        (each["paper_id"], each["title"], each["tags"], each["abstract"]) for each in before
    ]
    assert library.check() == []


def test_papers_united_within_one_file_are_parted(library: refdesk.Library, write: Write) -> None:
    library.add(write("all.json", own_format(PREPRINT, ARTICLE, BOTH)))
    assert len(whole(library)) == 1
    restored = library.split("10.1000/x").restored
    assert (restored.title, restored.abstract) == (ARTICLE["title"], ARTICLE["abstract"])
    assert restored.sentences
    assert library.check() == []


def test_a_paper_that_nothing_united_is_refused(cli: Cli, tmp_path: Path, write: Write) -> None:
    place = ("--library", str(tmp_path / "library"))
    cli(*place, "add", str(write("papers.jsonl", lines(PREPRINT, ARTICLE))))
    ran = cli(*place, "split", "2401.00001")
    assert (ran.status, "No union of arxiv:2401.00001 is known." in ran.err) == (4, True)
    cli(*place, "add", str(write("both.json", own_format(BOTH))))
    document = json.loads(cli(*place, "split", "10.1000/x", "--json").out)
    assert (document["paper_id"], document["restored"], document["others"]) == ("arxiv:2401.00001", "doi:10.1000/x", 0)
    assert document["brought"] == {"name": "both.json", "format": "semanticscholar", "owner": True}
    revisions = json.loads(cli(*place, "show", "10.1000/x", "--json").out)["revisions"]
    assert [each["brought"]["name"] for each in revisions] == ["papers.jsonl"]


def test_the_error_is_exported() -> None:
    assert issubclass(NothingToSplit, refdesk.errors.InputError)
