"""The page of an issue in a real browser: narrow and wide, light and dark, and with what a mail client leaves of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.types import Digest
from refdesk.render import wording
from refdesk.render.issue_html import html
from tests.browser import Browser, browsing
from tests.faces.test_issue_html import STATES

AA = 4.5
"""The contrast of text that WCAG 2 asks for at level AA."""
_CONTRAST = """
const shade = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
const read = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => 0.2126 * shade(r / 255) + 0.7152 * shade(g / 255) + 0.0722 * shade(b / 255);
const behind = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const colour = read(getComputedStyle(each).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return light(colour);
  }
  return 1;
};
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim()) continue;
  const [low, high] = [light(read(getComputedStyle(element).color)), behind(element)].sort((a, b) => a - b);
  found.push([(high + 0.05) / (low + 0.05), element.tagName + "." + element.className]);
}
return found.sort((a, b) => a[0] - b[0])[0];
"""
_OUTSIDE = """
return [...document.body.querySelectorAll("*")].filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5)
  .map((each) => each.tagName + "." + each.className).concat(
    document.documentElement.scrollWidth > innerWidth ? [`scrolls: ${document.documentElement.scrollWidth}`] : []);
"""
_WITHOUT_STYLES = 'document.querySelectorAll("style, svg").forEach((each) => each.remove())'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this module."""
    with browsing() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(states: dict[str, Digest], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of all issues as files."""
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for state, digest in states.items():
        made[state] = folder / f"{state}.html"
        made[state].write_text(html(digest), encoding="utf-8")
    return made


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1_000])
@pytest.mark.parametrize("state", STATES)
def test_nothing_stands_out_of_the_page_and_all_text_can_be_read(
    state: str, width: int, dark: bool, pages: dict[str, Path], browser: Browser
) -> None:
    browser.open(pages[state], width=width, dark=dark)
    assert browser.run(_OUTSIDE) == []
    contrast, where = browser.run(_CONTRAST)
    assert contrast >= AA, where
    background = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(23, 22, 19)") == dark


@pytest.mark.parametrize("state", ["full", "hostile"])
def test_a_client_that_drops_style_sheets_and_drawings_still_shows_a_page(
    state: str, pages: dict[str, Path], browser: Browser
) -> None:
    browser.open(pages[state], width=390)
    whole = browser.run("return document.body.innerText").split()
    browser.run(_WITHOUT_STYLES)
    assert browser.run("return document.body.innerText").split() == whole
    assert browser.run(_OUTSIDE) == []
    assert browser.run(_CONTRAST)[0] >= AA


@pytest.mark.parametrize("state", STATES)
def test_a_page_asks_for_nothing(state: str, pages: dict[str, Path], browser: Browser) -> None:
    browser.open(pages[state], width=1_000)
    assert [url for url in browser.requests() if not url.startswith("data:")] == [pages[state].as_uri()]


def test_a_screen_reader_is_told_landmarks_headings_and_the_chart(
    pages: dict[str, Path], states: dict[str, Digest], browser: Browser
) -> None:
    browser.open(pages["varied"], width=390)
    told = [(node["role"], node["name"]) for node in browser.tree()]
    roles = [role for role, _ in told]
    assert roles.count("main") == 1
    assert roles.count("banner") == roles.count("contentinfo") == 1
    headings = [name for role, name in told if role == "heading"]
    assert headings[:2] == ["29 June – 5 July 2026", "If you read only three"]
    sections = ["If you read only three", "Your papers", "The week in numbers", "Sources"]
    assert [name for name in headings if name in sections] == sections
    drawings = [name for role, name in told if role == "image"]
    assert [name.split(", ")[-1] for name in drawings] == [str(theme.size) for theme in states["varied"].themes]
    names = [name for role, name in told if role == "link"]
    assert "source 1" in names
    assert all(names)
    assert all(wording.plain(paper.paper.title) in names for paper in states["varied"].papers if paper.paper.url)
