"""`verify` over issues: every one that is written passes, and whatever somebody changes or adds in one is found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import refdesk
from rag.types import Digest
from refdesk.render import wording
from refdesk.render.issue_markdown import issue
from tests.commands import Ran
from tests.faces import issues
from tests.faces.test_issue_html import STATES, scribbled

Verify = Callable[[str], list[tuple[str, str]]]
LIE = "Every benchmark was solved by one model in 2026."


@pytest.fixture(scope="module")
def verify(issue_library: Path) -> Iterator[Verify]:
    """The texts and problems of what fails in a document."""
    with refdesk.open_library(issue_library, read_only=True) as library:

        def failures(document: str) -> list[tuple[str, str]]:
            found = library.verify(document)
            return [
                (each.text, ", ".join(problem.kind for problem in each.verdict.problems))
                for each in found
                if each.verdict.support == "unsupported"
            ]

        yield failures


def as_json(digest: Digest) -> str:
    """The document of `digest --json`."""
    return json.dumps(digest.to_dict(), ensure_ascii=False)


@pytest.mark.parametrize("state", STATES)
def test_every_issue_passes_as_it_was_written(state: str, states: dict[str, Digest], verify: Verify) -> None:
    assert verify(issue(states[state])) == []
    assert verify(as_json(states[state])) == []


@pytest.mark.parametrize("state", ["varied", "generated", "hostile"])
def test_both_forms_of_an_issue_have_the_same_claims(
    state: str, states: dict[str, Digest], issue_library: Path
) -> None:
    digest = states[state]
    claims = [claim.text for claim in wording.claims(digest)]
    with refdesk.open_library(issue_library, read_only=True) as library:
        assert len(library.verify(issue(digest))) == len(claims)
        in_json = [claim.text for claim in library.verify(as_json(digest))]
    assert set(claims) <= set(in_json)
    told = {claim.text for paper in digest.papers for claim in (paper.tldr, paper.finding, paper.contribution) if claim}
    assert set(in_json) <= {*claims, *told}


def test_every_quote_is_checked(states: dict[str, Digest], issue_library: Path) -> None:
    lines = issue(states["generated"]).splitlines()
    quotes = [at for at, line in enumerate(lines) if line.startswith("   > ")]
    for at in quotes:
        lines[at] += " And more."
    with refdesk.open_library(issue_library, read_only=True) as library:
        found = library.verify("\n".join(lines))
    changed = [claim for claim in found if any(problem.kind == "quote" for problem in claim.verdict.problems)]
    assert len(changed) == len(quotes) > 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.text(max_size=60), min_size=6, max_size=6))
def test_an_issue_passes_whatever_its_names_and_reasons_hold(
    words: list[str], states: dict[str, Digest], verify: Verify
) -> None:
    digest = scribbled(issues.varied(states["first"]), words)
    assert verify(issue(digest)) == []
    assert verify(as_json(digest)) == []


def test_a_paper_that_was_revised_since_still_verifies(tmp_path: Path, sample: Path) -> None:
    with refdesk.open_library(tmp_path / "library") as library:
        library.add(sample / "papers.jsonl")
        digest = issues.made(issues.papers(library)[:2])
        row = json.loads((sample / "papers.jsonl").read_text(encoding="utf-8").splitlines()[0])
        row["abstract"] = f"A new first sentence stands here. {row['abstract']}"
        again = tmp_path / "papers.jsonl"
        again.write_text(json.dumps(row), encoding="utf-8")
        library.add(again)
        for document in (issue(digest), as_json(digest)):
            assert not [each for each in library.verify(document) if each.verdict.support == "unsupported"]


# ---- Markdown


@pytest.mark.parametrize("state", ["one", "varied", "empty"])
@pytest.mark.parametrize("form", ["{}", "*{}*", "- {}", "### {}", "**{}**", "> {}", "“{}”", "   > 1.1 {}"])
def test_a_sentence_that_is_added_anywhere_is_found(
    state: str, form: str, states: dict[str, Digest], verify: Verify
) -> None:
    lines = issue(states[state]).splitlines()
    seal = next(number for number, line in enumerate(lines) if line.startswith("<!-- seal"))
    for at in range(1, seal + 1, 1 if state == "one" else 9):
        edited = "\n".join([*lines[:at], "", form.format(LIE), "", *lines[at:]])
        assert any("solved by one model" in text for text, _ in verify(edited)), f"line {at} of {state}"


@pytest.mark.parametrize("state", ["one", "varied"])
def test_words_that_are_added_to_any_line_are_found(state: str, states: dict[str, Digest], verify: Verify) -> None:
    lines = issue(states[state]).splitlines()
    seal = next(number for number, line in enumerate(lines) if line.startswith("<!-- seal"))
    said = [number for number in range(seal) if lines[number].strip() and lines[number] != "## Sources"]
    for at in said if state == "one" else said[::5]:
        edited = "\n".join([*lines[:at], f"{lines[at]} {LIE}", *lines[at + 1 :]])
        assert verify(edited), lines[at]


def test_words_behind_the_heading_of_the_sources_are_found(states: dict[str, Digest], verify: Verify) -> None:
    assert verify(issue(states["one"]).replace("## Sources", f"## Sources {LIE}"))


def test_every_number_that_is_changed_is_found(states: dict[str, Digest], verify: Verify) -> None:
    text = issue(states["varied"])
    seal = text.index("<!-- seal")
    ranks = {at for found in re.finditer(r"(?m)^\d+(?=\. \*\*)", text) for at in range(*found.span())}
    digits = [found.start() for found in re.finditer(r"\d", text[:seal]) if found.start() not in ranks]
    for at in digits[::31]:
        edited = f"{text[:at]}{(int(text[at]) + 1) % 10}{text[at + 1 :]}"
        assert verify(edited), f"{text[at - 30 : at + 10]!r}"


@pytest.mark.parametrize(
    ("pattern", "put"),
    [
        (r"(?m)^1\. \*\*\w+", "1. **Nobody"),  # a title
        (r"(?m)^(1\. \*\*[^*]+\*\*) \w+", r"\1 Newton"),  # an author
        (r"(?m)^(1\. .*)<https://example\.org", r"\1<https://evil.example"),  # a link
        (r"(?m)^(1\. .*)`[^`]+`", r"\1`arxiv:0000.00000`"),  # an id
        (r"(?m)^(“.*)detected", r"\1missed"),  # a claim
        (r"(?m)^(### )\w+", r"\1Refuted"),  # the name of a theme
        (r"Growing · 5", "Growing · 50"),  # its size
        (r"`[▁-█·]+ ", "`████████ "),  # the chart
        (r"Near · near your", "Near · the best of all, near your"),
        (r"Listed: 40", "Listed: 400"),
        (r"broken, last", "fresh, last"),
        (r"Withdrawn\.", "Not withdrawn."),
        (r"\[1\.5\]", "[2.1]"),  # another source
        (r"\[1\.5\]", ""),  # none
        (r"\[1\.5\]", "[99.1]"),
    ],
)
def test_an_edit_is_found(pattern: str, put: str, states: dict[str, Digest], verify: Verify) -> None:
    text = issue(states["varied"])
    edited = re.sub(pattern, put, text, count=1)
    assert edited != text
    assert verify(edited)


QUESTION = "Do inline citations make the answers of language models less correct?"


def test_a_sentence_that_is_edited_in_an_answer_and_under_its_source_is_one_finding(
    sample_library: Path, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    answer = cli("--library", sample_library, "ask", "--markdown", QUESTION).out
    assert answer.count("6.1 points") == 2
    path = tmp_path / "answer.md"
    path.write_text(answer, encoding="utf-8")
    checked = cli("--library", sample_library, "verify", path, "--json").json["checked"]
    path.write_text(answer.replace("6.1 points", "9.1 points"), encoding="utf-8")
    ran = cli("--library", sample_library, "verify", path, "--json")
    failed = [claim for claim in ran.json["claims"] if claim["support"] == "unsupported"]
    assert (ran.status, ran.json["checked"], len(failed)) == (7, checked, 1)
    assert {problem["kind"] for problem in failed[0]["problems"]} >= {"quote", "number"}


@pytest.mark.parametrize(
    ("edits", "detail"),
    [
        ({"Suryaningrum": "Newton"}, "the library has other authors"),
        ({"2026-06-19": "2026-06-20"}, "the library has another date"),
        ({"papers/0021>": "papers/0022>"}, "the library has another link"),
        ({"Suryaningrum": "Newton", "2026-06-19": "2026-06-20"}, "the library has other authors and another date"),
        ({"papers/0021>": "papers/0021> read it"}, "this line has other words than the library gives it"),
    ],
)
def test_the_message_about_a_source_says_what_differs(
    edits: dict[str, str], detail: str, sample_library: Path, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    answer = cli("--library", sample_library, "ask", "--markdown", QUESTION).out
    for old, new in edits.items():
        assert old in answer
        answer = answer.replace(old, new)
    path = tmp_path / "answer.md"
    path.write_text(answer, encoding="utf-8")
    ran = cli("--library", sample_library, "verify", path, "--json")
    failed = [claim for claim in ran.json["claims"] if claim["support"] == "unsupported"]
    assert [problem["detail"] for claim in failed for problem in claim["problems"]] == [detail]


def test_lines_may_be_wrapped_and_papers_cut_out(states: dict[str, Digest], verify: Verify) -> None:
    text = issue(states["varied"])
    body, heading, sources = text.partition("## Sources")
    wrapped = re.sub(r"(?m)^([“*A-Z].{50,70}) ", r"\1\n", body)
    assert wrapped != body
    assert verify(wrapped + heading + sources) == []
    first, second = (found.start() for found in list(re.finditer(r"(?m)^\d+\. \*\*", body))[:2])
    assert verify(body[:first] + body[second:] + heading + sources) == []


def test_without_its_seal_an_issue_is_not_as_it_was(states: dict[str, Digest], verify: Verify) -> None:
    text = issue(states["one"])
    assert verify(text[: text.index("<!-- seal")])


def test_sizes_stand_in_one_column_and_markdown_is_only_ours(states: dict[str, Digest]) -> None:
    text = issue(states["full"])
    bars = re.findall(r"(?m)^- (`[▁-█·]+ +[\d,]+`)", text)
    assert len(bars) == wording.THEMES
    assert all(len(one) == len(other) for one, other in pairwise(bars))
    digest = states["hostile"]
    urls = {MarkdownIt().normalizeLink(source.paper.url) for source in digest.sources if source.paper.url}
    for block in MarkdownIt("commonmark").parse(issue(digest)):
        assert block.type != "html_block" or block.content.startswith("<!-- seal")
        for token in block.children or []:
            assert token.type not in ("image", "html_inline")
            assert token.type != "link_open" or token.attrs["href"] in urls


# ---- JSON


def _set(document: Any, path: str, value: Any) -> None:
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in way:
        document = document[step]
    document[last] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("headline/0/text", "Scores had already risen by 9.7 points after four insertions."),
        ("headline/0", LIE),
        ("headline", LIE),
        ("headline/0/citations", []),
        ("headline/0/citations/0/quote", LIE),
        ("headline/0/citations/0/source", 2),
        ("papers/0/finding/text", LIE),
        ("papers/1/contribution", {"text": LIE}),
        ("themes/1/claims", LIE),
        ("themes/0/size", 41),
        ("themes/0/summary", LIE),
        ("papers/0/tldr/text", LIE),
        ("papers/0/tldr", LIE),
        ("papers/0/tldr", {"text": LIE}),
        ("papers/0/title", "Another title"),
        ("papers/0/authors", ["Isaac Newton"]),
        ("papers/0/url", "https://evil.example/"),
        ("papers/0/paper_id", "arxiv:0000.00000"),
        ("sources/0/title", "Another title"),
        ("sources/0/url", "https://evil.example/"),
        ("sources/0/published", "1687-07-05"),
        ("coverage/listed", 400),
        ("coverage/included", 19),
        ("coverage/comment", LIE),
        ("summary", LIE),
        ("notes", {"of": ["the editor", LIE]}),
    ],
)
def test_an_edit_of_the_json_is_found(path: str, value: Any, states: dict[str, Digest], verify: Verify) -> None:
    document = json.loads(as_json(states["varied"]))
    _set(document, path, value)
    assert verify(json.dumps(document))


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_the_command_tells_by_its_exit_status(
    form: str, states: dict[str, Digest], issue_library: Path, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    digest = states["varied"]
    path = tmp_path / "issue"
    path.write_text(as_json(digest) if form == "json" else issue(digest), encoding="utf-8")
    ran = cli("--library", issue_library, "verify", path, "--json")
    assert (ran.status, ran.json["ok"]) == (0, True)
    edited = path.read_text(encoding="utf-8").replace("5.7 points", "7.5 points")
    path.write_text(edited, encoding="utf-8")
    ran = cli("--library", issue_library, "verify", path, "--json")
    assert (ran.status, ran.json["ok"]) == (7, False)


def test_the_library_of_another_does_not_hold_the_sources(states: dict[str, Digest], library: refdesk.Library) -> None:
    for document in (issue(states["one"]), as_json(replace(states["one"]))):
        assert {each.verdict.support for each in library.verify(document)} == {"unsupported"}
