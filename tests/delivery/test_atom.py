"""The Atom feed: what RFC 4287 asks for is there, ids stay, and any text is text."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from rag.delivery.atom import Entry, feed
from rag.sources import rss
from rag.sources.records import Context
from rag.types import Reject

HOSTILE = "</title><script>alert(1)</script> & ]]> \0 \ud800 \u202e 中 "


def entry(week: int, **changes: Any) -> Entry:
    given: dict[str, Any] = {
        "period": f"2026-W{week:02}",
        "title": f"Week {week}",
        "updated": datetime(2026, 1, 5, 6, tzinfo=UTC) + timedelta(weeks=week),
        "summary": "What the papers of the week are about, in a sentence or two.",
        "html": f"<p>Week <b>{week}</b> &amp; more</p>",
        "url": None,
    }
    return Entry(**{**given, **changes})


def made(*entries: Entry, **changes: Any) -> bytes:
    names = {"library": "7f3a", "subscription": "default", "title": "Papers", "author": "Refdesk", **changes}
    return feed(entries, **names)


def checked(document: bytes) -> Any:
    """The root of a document that has what RFC 4287, 4.1 asks for."""
    root = etree.fromstring(document)
    names = {"a": "http://www.w3.org/2005/Atom"}

    def texts(path: str) -> list[str]:
        return [node.text for node in root.xpath(path, namespaces=names)]

    assert root.tag == "{http://www.w3.org/2005/Atom}feed"
    entries = root.xpath("a:entry", namespaces=names)
    for node in (root, *entries):
        for name in ("id", "title", "updated"):
            assert len(node.xpath(f"a:{name}", namespaces=names)) == 1
    for node in entries:
        assert node.xpath("a:content", namespaces=names) or node.xpath("a:link[@rel='alternate']", namespaces=names)
    ids = texts("//a:id")
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", each) for each in ids)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each) for each in texts("//a:updated"))
    assert texts("a:author/a:name")
    return root


def find(root: Any, path: str) -> list[Any]:
    return list(root.iterfind(path, {"": "http://www.w3.org/2005/Atom"}))


def test_a_feed_has_its_issues_newest_first_whatever_their_order() -> None:
    weeks = [entry(week) for week in range(1, 9)]
    document = made(*weeks)
    root = checked(document)
    assert [node.text for node in find(root, "entry/title")] == [f"Week {week}" for week in range(8, 0, -1)]
    assert find(root, "updated")[0].text == find(root, "entry/updated")[0].text == "2026-03-02T06:00:00Z"
    for seed in range(5):
        assert made(*Random(seed).sample(weeks, len(weeks))) == document


def test_an_id_stays_when_an_issue_is_made_again_and_differs_between_subscriptions_and_libraries() -> None:
    def ids(*entries: Entry, **changes: Any) -> list[str]:
        return [node.text for node in find(checked(made(*entries, **changes)), ".//id")]

    first = ids(entry(1))
    assert ids(entry(2), entry(1, title="Another", updated=datetime(2026, 1, 1, tzinfo=UTC)))[::2] == first
    for other in (ids(entry(1), library="7f3b"), ids(entry(1), subscription="other")):
        assert not set(other) & set(first)


def test_html_is_escaped_once_and_other_text_not_taken_for_html() -> None:
    root = checked(made(entry(1, title=HOSTILE, html=f"<p>{HOSTILE}</p>", summary=HOSTILE), title=HOSTILE))
    shown = HOSTILE.replace("\0", "�").replace("\ud800", "�")
    assert [node.text for node in find(root, ".//title")] == [shown, shown]
    assert find(root, "entry/content")[0].text == f"<p>{shown}</p>"
    assert find(root, "entry/content")[0].get("type") == "html"
    assert find(root, "entry/title")[0].get("type") is None


@settings(deadline=None)
@given(st.text(st.characters() | st.sampled_from("\0\x0b\ufffe\ud800<&]")), st.text())
def test_any_text_makes_a_document_that_can_be_read(text: str, url: str) -> None:
    checked(made(entry(1, title=text, summary=text, html=text, url=url or None), title=text, url=text))
    checked(made(entry(1, html=None, summary=text), author=text or "x"))


def test_a_feed_without_issues_is_one() -> None:
    assert find(checked(made()), "entry") == []


def test_times_are_told_in_utc() -> None:
    tokyo = datetime(2026, 7, 6, 6, tzinfo=timezone(timedelta(hours=9)))
    assert find(checked(made(entry(1, updated=tokyo))), "updated")[0].text == "2026-07-05T21:00:00Z"


def test_the_importer_of_feeds_reads_it() -> None:
    summary = "We study how issues are read, with care and patience, for nobody knows. " * 5
    document = made(entry(27, summary=summary, html=None, url="https://example.org/27"))
    stream = io.StringIO(document.decode())
    found = list(rss.parse(stream, Context(name="feed", source="rss", today="2026-07-06")))
    assert [paper.title for paper in found if not isinstance(paper, Reject)] == ["Week 27"]
