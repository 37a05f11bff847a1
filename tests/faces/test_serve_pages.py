"""What the served pages say and lead to: facets, filters, differences, citations, reviews, ratings, hints."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import html5lib
import httpx
import pytest
from serving import serving

import refdesk
from rag.types import Facets
from refdesk.render import markdown
from tests import chat_server
from tests.copies import copied
from tests.faces import sites
from tests.faces.sites import HOSTILE, PAGES, QUESTION, TOPIC, Site
from tests.faces.test_readers import signed_in


@pytest.fixture(scope="module")
def site(sample_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The sample library with something on each page; what a test changes in it, it changes back."""
    with sites.site(sample_library, tmp_path_factory.mktemp("site")) as served:
        yield served


def links(page: str) -> dict[str, str]:
    """The addresses of a page's links by their words."""
    found = re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return {" ".join(html.unescape(re.sub("<[^>]+>", "", words)).split()): html.unescape(to) for to, words in found}


def facets(page: str) -> dict[str, tuple[str, int]]:
    """The facets of a page: the address and the count of each value."""
    found = re.findall(r'<li><a href="([^"]*)">([^<]*)</a> <span class="count">([\d,]+)</span>', page)
    return {html.unescape(name): (html.unescape(to), int(count.replace(",", ""))) for to, name, count in found}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_valid_and_holds_no_text_as_markup(page: str, site: Site) -> None:
    text = site.text(page)
    html5lib.HTMLParser(strict=True).parse(text)
    assert not re.search(r"<script>|<img|<b>begins|<i>Ada|style=|href=\"javascript:|\u202e| on\w+=\"", text)
    loaded = re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="([^"]+)"', text)
    assert all(each.startswith("/") for each in loaded)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str, site: Site) -> None:
    own = {to for to in links(site.text(page)).values() if to.startswith("/")}
    assert own
    wrong = {to: status for to in own if (status := site.client.get(to.partition("#")[0]).status_code) != 200}
    assert wrong == {}


# ---- searching


def test_facets_count_the_hits_and_narrow_the_search(site: Site) -> None:
    hits = site.library.search("grokking", limit=100)
    counts = Counter(name for hit in hits for name in set(hit.paper.categories))
    shown = facets(site.client.get("/search", params={"q": "grokking"}).text)
    assert shown
    for name, (to, count) in shown.items():
        if name in counts:
            assert count == counts[name]
            narrowed = site.library.search("grokking", limit=100, categories=[name])
            assert f"{len(narrowed)} papers" in site.client.get(to).text.replace("One paper", "1 papers")
    listed = facets(site.text("browse"))
    assert listed["2019"] == ("/search?since=2019&until=2019&category=cs.LG", 1)
    assert "<b>One paper</b>" in site.client.get(listed["2019"][0]).text


def test_a_filter_alone_lists_all_its_papers_page_by_page(site: Site) -> None:
    everything = [paper.paper_id for paper in site.library.papers(sort="date", categories=["cs.LG"])]
    assert len(everything) > 25
    seen: list[str] = []
    to = site.paths["browse"]
    while to:
        text = site.client.get(to).text
        assert f"<b>{len(everything)} papers</b>" in text
        seen += re.findall(r'<h2>\s*<a href="/papers/([^"]+)"', text)
        to = links(text).get("More →", "")
    assert seen == everything
    assert "is not among these" in site.client.get(f"{site.paths['browse']}&after=arxiv:9999.99999").text


def test_the_nearest_papers_come_page_by_page(site: Site) -> None:
    expected = [hit.paper_id for hit in site.library.search("language models", limit=100)]
    seen: list[str] = []
    to = "/search?q=language+models"
    while to:
        text = site.client.get(to).text
        seen += re.findall(r'<h2>\s*<a href="/papers/([^"]+)"', text)
        to = links(text).get("More →", "")
    assert seen == expected
    for odd in ("0", "-1", "x", "9999"):
        assert site.client.get("/search", params={"q": "grokking", "page": odd}).status_code == 200


def test_a_filter_in_use_can_be_taken_out(site: Site) -> None:
    text = site.client.get("/search?q=grokking&category=cs.LG&since=2020").text
    assert links(text)["Without category cs.LG ×"] == "/search?q=grokking&sort=score&since=2020"
    assert links(text)["Without since 2020 ×"] == "/search?q=grokking&sort=score&category=cs.LG"
    assert 'name="category" value="cs.LG"' in text


@pytest.mark.parametrize("page", ["hits", "browse"])
def test_what_was_found_is_exported_in_every_format(page: str, site: Site) -> None:
    found = links(site.text(page))
    count = len(site.library.search("grokking", limit=100, categories=["cs.LG"]))
    if page == "browse":
        count = site.library.page(categories=["cs.LG"]).count
    exports = {name: site.client.get(found[name]).text for name in ("BibTeX", "RIS", "CSL-JSON", "JSON Lines")}
    assert len(re.findall("^@", exports["BibTeX"], re.MULTILINE)) == count
    assert len(re.findall("^TY  - ", exports["RIS"], re.MULTILINE)) == count
    assert len(json.loads(exports["CSL-JSON"])) == count
    assert len(exports["JSON Lines"].splitlines()) == count


def test_the_best_sentence_stands_in_its_abstract(site: Site) -> None:
    (hit, *_) = site.library.search("grokking", limit=1)
    assert hit.best_sentence
    text = site.client.get("/search", params={"q": "grokking"}).text
    assert f"<b>{html.escape(hit.best_sentence.text, quote=False)}" in html.unescape(text).replace("&", "&amp;") or (
        f"<b>{hit.best_sentence.text}" in html.unescape(text)
    )
    assert f"/papers/{hit.paper_id}#s{hit.best_sentence.number}" in text


# ---- facets and pages of the library


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"categories": ["CS.lg"]},
        {"since": "2026-06"},
        {"authors": ["Hjortsberg"]},
        {"sources": ["csv"], "until": "2026"},
    ],
)
def test_facets_are_those_of_the_papers(filters: dict[str, object], site: Site) -> None:
    page = site.library.page(limit=3, **filters)  # type: ignore[arg-type]
    papers = list(site.library.papers(**filters))  # type: ignore[arg-type]
    counted = Facets.of(papers)
    assert page.count == len(papers)
    assert papers
    assert page.facets
    assert page.facets.sources == counted.sources
    assert list(page.facets.years.items()) == list(counted.years.items())
    assert {name.lower(): count for name, count in page.facets.categories.items()} == {
        name.lower(): count for name, count in list(counted.categories.items())
    }
    assert {name.lower(): count for name, count in page.facets.tags.items()} == {
        name.lower(): count for name, count in counted.tags.items()
    }


@pytest.mark.parametrize("sort", ["id", "date"])
def test_pages_of_a_library_hold_each_paper_once(sort: str, site: Site) -> None:
    expected = [paper.paper_id for paper in site.library.papers(sort=sort)]  # type: ignore[arg-type]
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = site.library.page(sort=sort, after=after, limit=11)  # type: ignore[arg-type]
        found += [paper.paper_id for paper in page.papers]
        after = page.next
    assert found == expected
    reply = site.client.get("/api/v1/papers", params={"sort": sort, "limit": 3}).json()
    assert [paper["paper_id"] for paper in reply["papers"]] == expected[:3]
    assert (reply["count"], reply["next"], sum(reply["facets"]["sources"].values())) == (
        len(expected),
        expected[2],
        len(expected),
    )
    with pytest.raises(refdesk.errors.BadFilter, match="at least 1"):
        site.library.page(limit=0)


# ---- a paper


def test_a_paper_shows_what_changed_and_where_it_was_cited(site: Site) -> None:
    text = site.text("paper")
    assert "one sentence of the abstract changed" in text
    assert "<ins>In a second version: </ins>" in text
    cited = site.client.get(site.paths["answer"]).text
    (first, *_) = re.findall(r'<h2><span class="n">1</span>\s*<a href="(/papers/[^"]+)"', cited)
    found = links(site.client.get(first).text)
    assert found[QUESTION] == site.paths["answer"].partition("?")[0]
    told = json.loads(site.client.get(f"/api/v1{site.paths['issue']}.json").text)["papers"][0]["paper_id"]
    assert site.paths["issue"] in links(site.client.get(f"/papers/{told}").text).values()
    reviewed = site.client.get(f"/api/v1{site.paths['review']}").json()["sources"][0]["paper_id"]
    assert links(site.client.get(f"/papers/{reviewed}").text)[TOPIC] == site.paths["review"]


def test_the_ids_of_a_paper_lead_to_where_it_is(site: Site) -> None:
    assert links(site.text("hostile paper"))["arxiv:2401.00009"] == "https://arxiv.org/abs/2401.00009"


def test_a_paper_can_be_asked(site: Site) -> None:
    hits = site.library.search("grokking", limit=1)
    to = site.ask("What explains grokking?", paper=hits[0].paper_id)
    document = site.client.get(f"/api/v1{to.partition('?')[0]}").json()
    assert {source["paper_id"] for source in document["sources"]} == {hits[0].paper_id}
    assert "Within <a" in site.client.get(to).text


# ---- asking


def test_filters_stay_with_an_answer_and_its_next_questions(site: Site) -> None:
    assert site.paths["filtered"].endswith("?since=2020&category=cs.LG")
    text = site.text("filtered")
    assert text.count('name="category" value="cs.LG"') == 3  # the form, the follow-up and the check
    assert text.count('name="since" value="2020"') == 3


def test_an_answer_as_markdown_is_that_of_the_command_and_verifies(site: Site) -> None:
    for page in ("answer", "list", "abstention"):
        path = site.paths[page].partition("?")[0]
        document = site.client.get(f"/api/v1{path}").json()
        text = site.client.get(f"/api/v1{path}.md").text
        assert text == markdown.answer(site.library.ask(document["question"]))
        assert site.library.verify(text).to_dict()["ok"] is True
    assert html.escape(text.splitlines()[0], quote=False) in site.text("abstention")


def test_the_last_questions_stand_below_the_question(site: Site) -> None:
    last = [each.question for each in site.library.shelf().answers(limit=5)]
    assert [name for name in links(site.text("ask")) if name in last] == last


def test_a_question_that_is_checked_again_asks_the_model_again(
    sample_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with chat_server.serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        folder = copied(sample_library, tmp_path / "own")
        with (
            refdesk.open_library(folder, model="openai:served") as library,
            serving(library) as at,
            httpx.Client(base_url=at.url, timeout=60) as client,
        ):
            asked = []
            for fields in ({}, {}, {"fresh": "yes"}):
                assert client.post("/", data={"question": QUESTION, **fields}).status_code == 303
                asked.append(len(running.requests))
            assert asked[0] == asked[1] < asked[2]


def test_an_issue_and_a_review_can_be_asked(site: Site) -> None:
    for name, question in (("issue", "What improves accuracy?"), ("review", "How are language models evaluated?")):
        path = site.paths[name]
        value = path.removeprefix("/issues/").removeprefix("/reviews/")
        sources = site.client.get(f"/api/v1{path}").json()["sources"]
        text = site.text(name)
        assert f'name="{name}" value="{value}"' in text
        to = site.ask(question, **{name: value})
        found = site.client.get(f"/api/v1{to.partition('?')[0]}").json()
        assert {each["paper_id"] for each in found["sources"]} <= {each["paper_id"] for each in sources}
        assert "Ask all papers instead" in site.client.get(to).text
        direct = site.client.post("/api/v1/ask", json={"question": question, name: value}).json()
        assert direct["sources"] == found["sources"]
        wrong = site.client.post("/api/v1/ask", json={"question": question, name: "none/2001-W01"})
        assert wrong.status_code == 404
        empty = {"question": question, name: value, "filter": {"paper": [HOSTILE["id"]]}}
        assert site.client.post("/api/v1/ask", json=empty).status_code == 422


# ---- issues and reviews


def test_the_papers_of_an_issue_are_rated_around_it(site: Site) -> None:
    text = site.text("issue")
    (paper, back), *_ = re.findall(
        r'name="paper" value="([^"]+)"><input type="hidden" name="back" value="([^"]+)"', text
    )
    reply = site.client.post("/rate", data={"paper": paper, "rating": "1", "back": back})
    assert reply.headers["location"] == f"{site.paths['issue']}#paper-1"
    assert 'aria-pressed="true"' in site.text("issue")
    site.client.post("/rate", data={"paper": paper, "rating": "0"})
    assert 'aria-pressed="true"' not in site.text("issue")


def test_issues_lead_to_the_earlier_and_the_later_one(site: Site) -> None:
    earlier = links(site.text("issue"))["← Earlier"]
    assert earlier != site.paths["issue"]
    assert links(site.client.get(earlier).text)["Later →"] == site.paths["issue"]


def test_a_review_is_kept_and_shown_as_it_was_written(site: Site) -> None:
    from refdesk.render.review import rendered

    path = site.paths["review"]
    frame = re.search(r'<iframe class="issue" src="([^"]+)"', site.text("review"))
    assert frame
    page = site.client.get(frame[1])
    assert "sandbox" in page.headers["content-security-policy"]
    document = site.client.get(f"/api/v1{path}").json()
    assert "forms" not in document
    assert page.text.count("<h1") == 1
    assert TOPIC in links(site.text("reviews"))
    assert page.text == rendered(site.library.review(TOPIC), "html")
    assert site.library.verify(site.client.get(f"/api/v1{path}.md").text).to_dict()["ok"] is True
    listed = site.client.get("/api/v1/reviews").json()["reviews"]
    assert [(each["id"], each["topic"]) for each in listed] == [(document["id"], TOPIC)]


def test_a_review_is_deleted_and_is_nobody_elses(sample_library: Path, tmp_path: Path) -> None:
    with refdesk.open_library(copied(sample_library, tmp_path / "own")) as library:
        library.readers.add("ada")
        library.readers.add("bob")
        with (
            serving(library, auth="token") as at,
            signed_in(library, at.url, "ada") as ada,
            signed_in(library, at.url, "bob") as bob,
        ):
            path = ada.post("/reviews", data={"topic": "grokking"}).headers["location"]
            assert ada.get(path).status_code == ada.get(f"/api/v1{path}.html").status_code == 200
            id_ = path.rpartition("/")[2]
            for address in (path, f"/api/v1{path}", f"/api/v1{path}.html", f"/api/v1{path}.md"):
                assert bob.get(address).status_code == 404
            assert bob.delete(f"/api/v1{path}").status_code == 404
            assert bob.post("/api/v1/ask", json={"question": "grokking", "review": id_}).status_code == 404
            assert "grokking" not in bob.get("/reviews").text
            cited = ada.get(f"/api/v1{path}").json()["sources"][0]["paper_id"]
            assert "Your review" in ada.get(f"/papers/{cited}").text
            assert "Your review" not in bob.get(f"/papers/{cited}").text
            assert ada.delete(f"/api/v1{path}").status_code == 204
            assert ada.delete(f"/api/v1{path}").status_code == ada.get(path).status_code == 404


def test_a_topic_that_cannot_be_reviewed_says_so(site: Site) -> None:
    for topic in ("", "  ", "what is the", "x" * 3_000):
        assert site.client.post("/reviews", data={"topic": topic}).status_code == 422
    odd = site.client.post("/reviews", data={"topic": "zymurgy <script>alert(6)</script>"}).headers["location"]
    text = site.client.get(odd).text
    assert "<script>alert" not in text + site.client.get(f"/api/v1{odd}.html").text
    assert site.client.delete(f"/api/v1{odd}").status_code == 204


@pytest.mark.parametrize("page", ["issue", "review"])
def test_a_framed_page_that_has_not_changed_keeps_its_policy(page: str, site: Site) -> None:
    path = f"/api/v1{site.paths[page]}.html"
    first = site.client.get(path)
    again = site.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in again.headers["content-security-policy"]


# ---- what to do next


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/papers/arxiv:9999.99999", "Search for a few words of its title."),
        ("/search?q=grokking&since=soon", "Write it as 2024, 2024-06 or 2024-06-17."),
        ("/search?q=grokking&category=cs.LL", "Near it: cs."),
        ("/search?q=what+is+the", "Name the topic"),
        ("/answers/none", "Ask the question again."),
        ("/reviews/none", "Review the topic again."),
        ("/issues/default/2001-W01", "“Issues” lists those that are."),
    ],
)
def test_hints_are_worded_for_a_page(path: str, hint: str, site: Site) -> None:
    text = site.client.get(path).text
    (box,) = re.findall(r'<section class="problem".*?</section>', text, re.DOTALL)
    assert hint in box
    assert not re.search(r"`|--\w|refdesk ", box)


def test_pages_of_an_empty_library_say_what_to_do_next(tmp_path: Path) -> None:
    with (
        refdesk.open_library(tmp_path / "library") as library,
        serving(library) as at,
        httpx.Client(base_url=at.url, timeout=60) as client,
    ):
        for path in ("/", "/search", "/library"):
            assert "no papers yet" in client.get(path).text
        assert "You have asked nothing yet" in client.get("/answers").text
        assert "No issue is here yet" in client.get("/issues").text
        assert "A review tells" in client.get("/reviews").text
        assert client.post("/reviews", data={"topic": "grokking"}, follow_redirects=True).status_code == 200


def test_what_is_only_read_offers_nothing_to_keep(sample_library: Path) -> None:
    with (
        refdesk.open_library(sample_library, read_only=True) as library,
        serving(library) as at,
        httpx.Client(base_url=at.url, timeout=60) as client,
    ):
        made = client.post("/reviews", data={"topic": "grokking"})
        assert (made.status_code, "<h1" in made.text) == (200, True)
        assert "sandbox" in made.headers["content-security-policy"]
        answer = client.post("/", data={"question": QUESTION}).text
        assert "Permalink" not in answer
        assert "Not for me" not in answer
        assert client.get(links(answer)["BibTeX"]).text.startswith("@")
