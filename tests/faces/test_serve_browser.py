"""The served pages in a real browser: accessible, readable on any screen, usable by keyboard and without script."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving import serving

import refdesk
from rag.types import Digest
from refdesk.render import issue as issue_rendering
from refdesk.render import review as review_rendering
from tests.axe import axe
from tests.browser import Browser, browsing
from tests.faces import sites
from tests.faces.sites import PAGES, QUESTION, Site
from tests.faces.test_issue_page import _OUTSIDE

MOST_BYTES = 60_000
_AXE = """
const found = await axe.run(document, {
  iframes: false, resultTypes: ["violations"], rules: {"target-size": {enabled: true}}
});
return found.violations.map((each) => [each.id, each.help, each.nodes.map((node) => node.html)]);
"""
_SMALL = """
const controls = "button, input:not([type=hidden]), select, summary, a.n, nav a, .links a, .facets a, label.pick";
return [...document.querySelectorAll(controls)].filter((each) => each.checkVisibility() && !each.closest(".hidden"))
  .map((each) => [each.outerHTML.slice(0, 80), each.getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 24).map(([name, box]) => `${name} ${box.width} × ${box.height}`);
"""
_FOCUSED = "return [document.activeElement.tagName, document.activeElement.outerHTML.slice(0, 120)]"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this module."""
    with browsing() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(sample_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The sample library with something on each page."""
    with sites.site(sample_library, tmp_path_factory.mktemp("site")) as served:
        yield served


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 1_280])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_accessible_fits_and_asks_for_nothing_elsewhere(
    page: str, width: int, dark: bool, site: Site, browser: Browser
) -> None:
    _look_at(browser, site[page], width=width, dark=dark)
    complaints = [each for each in browser.complaints() if not (page == "missing" and "404" in each)]
    assert [each for each in complaints if not (page == "refused" and "422" in each)] == []
    asked = browser.requests()
    assert site[page] in asked
    assert [url for url in asked if not url.startswith((site.url, "data:"))] == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_issues_and_reviews_are_accessible(
    dark: bool, states: dict[str, Digest], issue_library: Path, browser: Browser, tmp_path: Path
) -> None:
    with refdesk.open_library(issue_library, read_only=True) as library:
        review = library.review("language models")
    pages = {
        "issue": issue_rendering.rendered(states["varied"], "html"),
        "review": review_rendering.rendered(review, "html"),
    }
    for name, text in pages.items():
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
        browser.open(tmp_path / f"{name}.html", width=390, dark=dark)
        browser.run(axe())
        assert browser.run_async(_AXE) == [], name


def test_axe_finds_a_fault(site: Site, browser: Browser) -> None:
    browser.open(site["answer"], width=1_280)
    browser.run(
        "document.documentElement.removeAttribute('lang'); document.querySelector('.cols .sum').style.color = '#ccc'"
    )
    browser.run(axe())
    assert [name for name, *_ in browser.run_async(_AXE)] == ["color-contrast", "html-has-lang"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 1_280])
def test_empty_pages_and_the_sign_in_are_accessible(width: int, dark: bool, browser: Browser, tmp_path: Path) -> None:
    with refdesk.open_library(tmp_path / "library") as library:
        with serving(library) as at:
            for path in ("/", "/search", "/issues", "/reviews", "/answers", "/library"):
                _look_at(browser, at.url + path, width=width, dark=dark)
        with serving(library, auth="token") as at:
            _look_at(browser, f"{at.url}/sign-in", width=width, dark=dark)


def _look_at(browser: Browser, url: str, *, width: int, dark: bool) -> None:
    """Open a page, which must be accessible, fit into the window, and have no control that is too small."""
    browser.open(url, width=width, dark=dark)
    browser.run(axe())
    assert browser.run_async(_AXE) == []
    assert browser.run(_OUTSIDE) == []
    assert browser.run(_SMALL) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_all_its_assets_is_small(page: str, site: Site) -> None:
    with httpx.Client(base_url=site.url, timeout=60) as client:
        text = client.get(site.paths[page]).text
        assets = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
        size = sum(len(gzip.compress(client.get(each).content)) for each in assets)
    assert assets
    assert len(gzip.compress(text.encode())) + size <= MOST_BYTES


# ---- by keyboard


def test_the_first_tab_leads_to_the_content_and_the_focus_is_seen(site: Site, browser: Browser) -> None:
    browser.open(site["answer"], width=1_280)
    browser.press("Tab")
    assert "skip" in browser.run(_FOCUSED)[1]
    assert browser.run("return document.activeElement.getBoundingClientRect().left") >= 0
    browser.press("Enter", "Tab")
    assert browser.run("return document.getElementById('main').contains(document.activeElement)")
    seen = "const {outline, borderBottom, boxShadow} = getComputedStyle(document.activeElement);"
    focused = browser.run(f"{seen} return [outline, borderBottom, boxShadow]")
    browser.run("window.before = document.activeElement; before.blur()")
    plain = browser.run(f"{seen.replace('document.activeElement', 'before')} return [outline, borderBottom, boxShadow]")
    assert focused != plain


@pytest.mark.parametrize("page", [name for name in PAGES if name not in ("issue", "review")])
def test_tab_reaches_all_that_can_be_used_in_the_order_of_the_page(page: str, site: Site, browser: Browser) -> None:
    browser.open(site[page], width=1_280)
    browser.run("document.activeElement.blur(); document.querySelector('.skip').focus()")
    usable = (
        "[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary, textarea')]"
        ".filter((each) => each.checkVisibility({visibilityProperty: true}) && !each.disabled)"
    )
    count = browser.run(f"return {usable}.length")
    assert count > 5
    places = [browser.run(f"return {usable}.indexOf(document.activeElement)")]
    for _ in range(min(count, 60) - 1):
        browser.press("Tab")
        places.append(browser.run(f"return {usable}.indexOf(document.activeElement)"))
    assert places == list(range(len(places)))


def test_enter_opens_a_source_and_escape_gives_the_focus_back(site: Site, browser: Browser) -> None:
    for width in (320, 1_280):
        browser.open(site["answer"], width=width)
        browser.run("document.querySelector('.claims a.n').focus()")
        browser.press("Enter")
        assert browser.run("return document.activeElement.id") == "source-1"
        assert browser.run("return document.querySelectorAll('aside article.on').length") == 1
        assert browser.run("return document.querySelector('.claims a.n').getAttribute('aria-expanded')") == "true"
        browser.press("Escape")
        assert browser.run("return document.querySelectorAll('aside article.on').length") == 0
        assert browser.run("return document.activeElement === document.querySelector('.claims a.n')")


def test_a_question_is_asked_by_keyboard_alone_and_streamed(site: Site, browser: Browser) -> None:
    browser.open(site["ask"], width=1_280)
    assert browser.run("return document.activeElement.id") == "question"
    browser.press(*QUESTION, "Enter")
    browser.wait_for("location.pathname.startsWith('/answers/') && document.querySelector('.claims li')")
    assert browser.complaints() == []


# ---- what script adds


def test_the_focus_and_the_pointer_show_what_is_cited_until_escape(site: Site, browser: Browser) -> None:
    tip = "document.querySelector('.claims a.n + .tip')"
    is_seen = f"return getComputedStyle({tip}).visibility === 'visible'"
    for width in (320, 1_280):
        browser.open(site["answer"], width=width)
        assert not browser.run(is_seen)
        browser.run("document.querySelector('.filters summary').focus()")
        browser.press("Tab")
        assert browser.run(is_seen)
        assert browser.run(_OUTSIDE) == []
        told = browser.run(f"return [{tip}.id, document.activeElement.getAttribute('aria-describedby')]")
        assert told[0] == told[1]
        below = f"return {tip}.getBoundingClientRect().top >= document.activeElement.getBoundingClientRect().bottom - 1"
        assert browser.run(below)
        browser.press("Escape")
        assert not browser.run(is_seen)
        browser.press("Tab", "Shift+Tab")
        assert browser.run(is_seen)


def test_a_source_is_closed_by_its_button_where_it_covers_the_page(site: Site, browser: Browser) -> None:
    browser.open(site["list"], width=320, still=True)
    browser.run("document.querySelectorAll('.claims a.n')[1].click()")
    covered = "document.querySelector('.sources article.on')"
    box = browser.run(f"const box = {covered}.getBoundingClientRect(); return [box.bottom, box.height, innerHeight]")
    assert box[0] == box[2]
    assert box[1] <= box[2] * 0.51
    chosen = "document.querySelectorAll('.claims a.n')[1].getBoundingClientRect().bottom"
    assert browser.run(f"return {chosen} <= {covered}.getBoundingClientRect().top")
    marked = browser.run(
        f"const mark = {covered}.querySelector('mark').getBoundingClientRect();"
        f"const box = {covered}.getBoundingClientRect(); return mark.top >= box.top && mark.top < box.bottom"
    )
    assert marked
    browser.run(f"{covered}.querySelector('.close').click()")
    assert browser.run(f"return {covered}") is None
    assert browser.run("return document.activeElement === document.querySelectorAll('.claims a.n')[1]")


def test_a_paper_is_rated_without_leaving_the_page(site: Site, browser: Browser) -> None:
    browser.open(site["issue"], width=1_280)
    browser.run("window.stays = true; document.querySelectorAll('.rate button')[0].click()")
    pressed = "[...document.querySelectorAll('.rate button')].slice(0, 2).map((each) => each.ariaPressed).join()"
    browser.wait_for(f"{pressed} === 'true,false'")
    assert list(site.library.issues.ratings().values()) == [1]
    browser.run("document.querySelectorAll('.rate button')[1].click()")
    browser.wait_for(f"{pressed} === 'false,true'")
    assert list(site.library.issues.ratings().values()) == [-1]
    browser.run("document.querySelectorAll('.rate button')[1].click()")
    browser.wait_for(f"{pressed} === 'false,false'")
    assert site.library.issues.ratings() == {}
    assert browser.run("return window.stays")
    assert browser.complaints() == []


def test_a_rating_that_is_refused_shows_why(site: Site, browser: Browser) -> None:
    browser.open(site["issue"], width=1_280)
    browser.run("document.querySelector('.rate [name=paper]').value = 'arxiv:none'")
    browser.run("document.querySelector('.rate button').click()")
    browser.wait_for("document.querySelector('.problem')")
    assert "arxiv:none" in browser.run("return document.querySelector('.problem').innerText")


def test_an_answer_is_copied_as_text_markdown_and_bibtex(site: Site, browser: Browser) -> None:
    browser.open(site["answer"], width=1_280)
    browser.cdp("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    path = site.paths["answer"]
    expected = {
        "Text": QUESTION,
        "Markdown": site.client.get(f"/api/v1{path}.md").text,
        "BibTeX": site.client.get(f"/api/v1{path}.bib").text,
    }
    for name, text in expected.items():
        browser.run("document.querySelector('[data-copies] [role=status]').textContent = ''")
        browser.run(
            "[...document.querySelectorAll('[data-copies] button')].find((each) => each.innerText === "
            f"{json.dumps(name)}).click()"
        )
        browser.wait_for("document.querySelector('[data-copies] [role=status]').textContent === 'Copied.'")
        copied = browser.run_async("return await navigator.clipboard.readText()")
        assert copied.startswith(text) if name == "Text" else copied == text


def test_filters_stay_in_the_address_of_a_streamed_answer(site: Site, browser: Browser) -> None:
    browser.open(f"{site.url}/?category=cs.LG&since=2020", width=1_280)
    browser.run(f"document.getElementById('question').value = {json.dumps(QUESTION)}")
    browser.run("document.querySelector('form[data-ask]').requestSubmit()")
    browser.wait_for("location.pathname.startsWith('/answers/')")
    assert browser.run("return new URLSearchParams(location.search).get('category')") == "cs.LG"
    assert not any(url.endswith("/") and "answers" in url for url in browser.requests())


def test_a_review_says_that_it_is_being_written(site: Site, browser: Browser) -> None:
    browser.open(site["reviews"], width=1_280)
    browser.run(
        "document.getElementById('topic').value = 'grokking';"
        "document.querySelector('form[data-slow]').addEventListener('submit', (event) => event.preventDefault());"
        "document.querySelector('form[data-slow]').requestSubmit()"
    )
    assert browser.run("return document.querySelector('#coming [role=status]').checkVisibility()")


def test_what_is_printed_is_the_answer_with_its_sources(site: Site, browser: Browser) -> None:
    browser.open(site["list"], width=800)
    browser.cdp("Emulation.setEmulatedMedia", media="print")
    seen = "[...document.querySelectorAll('main *')].filter((each) => each.checkVisibility())"
    assert browser.run(f"return {seen}.filter((each) => each.matches('form, .tip, .close')).length") == 0
    assert browser.run(f"return {seen}.filter((each) => each.matches('.sources article')).length") > 1
    assert browser.run("return document.querySelector('h1').getBoundingClientRect().left") >= 0
    assert not browser.run("return document.querySelector('header').checkVisibility()")
    browser.cdp("Emulation.setEmulatedMedia", media="")


# ---- without script, without motion


def test_without_script_a_question_is_answered_with_all_its_sources(site: Site, browser: Browser) -> None:
    browser.open(site["ask"], width=320, scripted=False)
    browser.press(*QUESTION, "Enter")
    browser.wait_for("location.pathname.startsWith('/answers/') && document.querySelector('.claims li')")
    seen = "return [...document.querySelectorAll('aside article')].map((each) => each.checkVisibility())"
    assert browser.run(seen)
    assert all(browser.run(seen))
    browser.run("document.querySelector('.claims a.n').focus()")
    browser.press("Enter")
    browser.wait_for("location.hash === '#source-1'")
    assert browser.run(_OUTSIDE) == []


def test_nothing_is_shown_without_script_that_needs_it(site: Site, browser: Browser) -> None:
    browser.open(site["answer"], width=1_280, scripted=False)
    buttons = "[...document.querySelectorAll('button')].filter((each) => each.checkVisibility() && !each.form)"
    assert browser.run(f"return {buttons}.map((each) => each.outerHTML)") == []


def test_nothing_moves_for_those_who_want_no_motion(site: Site, browser: Browser) -> None:
    moving = "return document.querySelector('.claims a.n').click(), document.getAnimations().length"
    browser.open(site["answer"], width=320)
    assert browser.run(moving) > 0
    browser.open(site["answer"], width=320, still=True)
    assert browser.run(moving) == 0
