"""TeX is Unicode where people read, and stays TeX where programs read and where quotes are compared."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

import refdesk
from refdesk.render import issue, issue_html, issue_text, markdown, terminal

QUESTION = "Does sparse attention lower memory use by a factor?"
SENTENCE = r"Sparse attention lowers memory use by a factor of $10^{3}$ at \textbf{95\%} accuracy for $a<b$."
SHOWN = "Sparse attention lowers memory use by a factor of 10³ at 95% accuracy for a<b."
PAPER = {
    "title": r"Sparse $\alpha$-Attention lowers Memory Use",
    "abstract": f"We study long documents. {SENTENCE} All code is public.",
    "date": "2026-06-30",
    "id": "p1",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[refdesk.Library]:
    folder: Path = tmp_path_factory.mktemp("tex")
    (folder / "papers.jsonl").write_text(json.dumps(PAPER) + "\n", encoding="utf-8")
    with refdesk.open_library(folder / "library") as opened:
        opened.add(folder / "papers.jsonl")
        yield opened


def printed(renderable: object) -> str:
    screen = io.StringIO()
    Console(file=screen, width=300, highlight=False).print(renderable)
    return screen.getvalue()


def test_the_terminal_shows_unicode(library: refdesk.Library) -> None:
    answer = library.ask(QUESTION)
    paper = library.show(answer.sources[0].paper.paper_id)
    shown = [
        printed(terminal.answer(answer)),
        printed(terminal.hits(library.search("sparse attention"))),
        printed(terminal.paper(paper, [])),
    ]
    assert SHOWN in shown[0] and SHOWN in shown[1] and SHOWN in shown[2]
    for text in shown:
        assert "Sparse α-Attention" in text and "$" not in text and "\\" not in text


def test_json_and_markdown_keep_the_tex_and_verify(library: refdesk.Library) -> None:
    answer = library.ask(QUESTION)
    assert SENTENCE in [claim.text for claim in answer.claims]
    citation = next(c for claim in answer.claims for c in claim.citations if c.quote == SENTENCE)
    abstract = library.show(citation.paper_id).abstract
    assert abstract[citation.start : citation.end] == SENTENCE
    assert markdown.escaped(SENTENCE) in markdown.answer(answer)
    digest = library.digest("2026-W27")
    for document in (json.dumps(answer.to_dict()), markdown.answer(answer), issue.rendered(digest, "md")):
        found = library.verify(document)
        assert found and {claim.verdict.support for claim in found} == {"verbatim"}


def test_a_mail_and_a_page_show_unicode_escaped_for_html(library: refdesk.Library) -> None:
    digest = library.digest("2026-W27")
    text, page = issue_text.text(digest), issue_html.html(digest)
    assert SHOWN in " ".join(text.split())
    assert SHOWN.replace("<", "&lt;") in page
    assert "Sparse α-Attention" in text and "Sparse α-Attention" in page and "α" in issue.subject(digest)
    assert "$" not in text and "\\" not in text and "textbf" not in page
