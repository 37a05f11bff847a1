"""An issue in words only: the text of a mail, the terminal, and what all forms say alike."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date

import pytest
from rich.cells import cell_len
from rich.console import Console

from rag.types import Digest, Period
from refdesk.render import chart, issue_html, issue_markdown, issue_text, markdown, wording
from tests.faces.test_issue_html import STATES, parsed, said

_STEERING = re.compile(r"\x1b(?:\[[0-9;]*m|\]8;.*?\x1b\\)")


@pytest.mark.parametrize("state", STATES)
def test_lines_of_a_mail_fit_save_those_of_links_which_stand_whole(state: str, states: dict[str, Digest]) -> None:
    digest = states[state]
    text = issue_text.text(digest)
    lines = text.splitlines()
    shown = [*(paper.paper for paper in digest.papers), *(each.paper for each in digest.also_near)]
    urls = {url for paper in shown if (url := wording.link(paper.url))}
    assert all(cell_len(line) <= issue_text.WIDTH or line.strip() in urls for line in lines)
    assert not [line for line in lines if line != line.rstrip()]
    for url in urls:
        assert sum(line.strip() == url for line in lines) == 1  # at the paper, not again at its source


def test_a_mail_makes_no_link_of_a_papers_words(states: dict[str, Digest]) -> None:
    text = issue_text.text(states["hostile"])
    for word in ("javascript:alert", "http://evil", "www.evil", "all@evil"):
        assert word not in text


@pytest.mark.parametrize("width", [40, 100, 200])
def test_a_terminal_shows_every_sentence_at_any_width(width: int, states: dict[str, Digest]) -> None:
    screen = io.StringIO()
    digest = states["generated"]
    Console(file=screen, force_terminal=True, width=width, no_color=True).print(issue_text.terminal(digest))
    shown = _STEERING.sub("", screen.getvalue())
    assert max(map(cell_len, shown.splitlines())) <= width
    squeezed = "".join(shown.split())
    for claim in wording.claims(digest):
        assert "".join(claim.text.split()) in squeezed


@pytest.mark.parametrize("state", STATES)
def test_every_form_says_the_same(state: str, states: dict[str, Digest]) -> None:
    digest = states[state]
    forms = {
        "html": said(parsed(issue_html.html(digest))),
        "markdown": markdown.unescaped(issue_markdown.issue(digest)),
        "text": issue_text.text(digest),
    }
    wanted = [
        wording.days(digest.period),
        wording.about(digest),
        *([wording.made(digest), wording.legend(digest)] if digest.papers else []),
        wording.facts(digest),
        *wording.notices(digest),
        *(wording.growth(theme, digest) for theme in digest.themes[: wording.THEMES]),
        *(state for paper in digest.papers for state in wording.status(paper)),
        *(value for _, value in wording.coverage(digest)),
        *(name for name, _ in wording.feeds(digest)),
    ]
    for name, form in forms.items():
        flat = " ".join(form.split())
        assert not [words for words in wanted if words not in flat], name


@pytest.mark.parametrize(
    ("name", "first", "end", "words", "kind"),
    [
        ("2026-W27", (2026, 6, 29), (2026, 7, 6), "29 June – 5 July 2026", "week"),
        ("2026-W28", (2026, 7, 6), (2026, 7, 13), "6–12 July 2026", "week"),
        ("2026-W01", (2025, 12, 29), (2026, 1, 5), "29 December 2025 – 4 January 2026", "week"),
        ("2026-06-29", (2026, 6, 29), (2026, 6, 30), "29 June 2026", "day"),
        ("2026-06", (2026, 6, 1), (2026, 7, 1), "June 2026", "month"),
        ("2026-06-01--2026-06-20", (2026, 6, 1), (2026, 6, 21), "1–20 June 2026", "period"),
    ],
)
def test_a_period_is_said_in_words(
    name: str, first: tuple[int, int, int], end: tuple[int, int, int], words: str, kind: str
) -> None:
    period = Period(name=name, first=date(*first), end=date(*end))
    assert wording.days(period) == words
    assert wording.noun(period) == kind


def test_one_paper_is_no_papers_and_two_are_not_one(states: dict[str, Digest]) -> None:
    assert wording.about(states["one"]) == "Week 27 · default · 1 of 1 paper · 1 minute"
    assert wording.count(2_000) == "2,000 papers"


def test_rows_of_the_chart_have_the_same_periods_and_end_with_this_one(states: dict[str, Digest]) -> None:
    top, rows = chart.rows(states["full"])
    assert {len(sizes) for _, sizes in rows} == {chart.PERIODS}
    assert top == max(size for _, sizes in rows for size in sizes)
    for theme, sizes in rows:
        assert sizes[-1] == theme.size
        assert tuple(size for size in sizes if size) == tuple(size for _, size in theme.history)
    _, first = chart.rows(states["first"])
    assert [sizes for _, sizes in first] == [(theme.size,) for theme in states["first"].themes]


def test_a_month_says_the_month_before(states: dict[str, Digest]) -> None:
    month = Period(name="2026-06", first=date(2026, 6, 1), end=date(2026, 7, 1))
    digest = replace(states["full"], period=month)
    theme = replace(digest.themes[0], share=0.09, previous_share=0.075, formerly="small models")
    said = wording.growth(theme, digest)
    assert said.endswith(", 9.0 % of the month, 7.5 % the month before · formerly “small models”")
