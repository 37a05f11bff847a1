"""
`verify` over edited documents: an edit that changes what a document says is found, and one of its form only passes.

The documents are an answer in the papers' own sentences and one that a model wrote, an issue, and its generated form,
each as Markdown and as JSON.
"""

from __future__ import annotations

import copy
import json
import re
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import refdesk
from rag.types import Answer, Claim
from refdesk import errors
from refdesk.render.issue_markdown import issue as issue_as_markdown
from refdesk.render.markdown import answer as answer_as_markdown
from tests.commands import ROOT, Ran
from tests.faces import issues

LIE = "Every benchmark was solved by one model in 2026."
QUESTION = "What explains grokking?"
Edit = Callable[[str], str]
Change = Callable[[Any], object]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edited") / "library"


@pytest.fixture(scope="module")
def library(folder: Path) -> Iterator[refdesk.Library]:
    with refdesk.open_library(folder) as library:
        library.add(ROOT / "examples" / "papers.jsonl", ROOT / "examples" / "papers.csv")
        yield library


@pytest.fixture(scope="module")
def documents(library: refdesk.Library) -> dict[str, str]:
    """Documents by name: `answer` and `issue` quote, `written` and `generated` are in a model's words."""
    answer = library.ask(QUESTION)
    assert len(answer.claims) >= 3 < len(answer.claims[0].text)
    written = _written(answer)
    issue = issues.varied(issues.made(issues.papers(library)[:12], themes=3, listed=40))
    generated = issues.generated(issue)
    return {
        "answer.md": answer_as_markdown(answer),
        "answer.json": json.dumps(answer.to_dict(), ensure_ascii=False),
        "written.md": answer_as_markdown(written),
        "written.json": json.dumps(written.to_dict(), ensure_ascii=False),
        "issue.md": issue_as_markdown(issue),
        "issue.json": json.dumps(issue.to_dict(), ensure_ascii=False),
        "generated.md": issue_as_markdown(generated),
        "generated.json": json.dumps(generated.to_dict(), ensure_ascii=False),
    }


def _written(answer: Answer) -> Answer:
    """The same answer as a model would have put it."""

    def put(claim: Claim) -> Claim:
        return replace(claim, text=f"In short, {claim.text[0].lower()}{claim.text[1:]}", support="supported", score=0.9)

    return replace(answer, claims=tuple(map(put, answer.claims)), mode="generated", model="openai:some")


def failures(library: refdesk.Library, document: str) -> list[tuple[str, str]]:
    """Kind and text of all that is found in a document."""
    return [
        (problem.kind, found.text)
        for found in library.verify(document)
        if found.verdict.support == "unsupported"
        for problem in found.verdict.problems
    ]


# ---- form only


def _wrapped(text: str) -> str:
    """Wrap as an editor does: paragraphs, bullets and quotations, not headings, code or comments."""
    lines = []
    for line in text.splitlines():
        prefix = re.match(r"   > |", line)[0]  # type: ignore[index]
        more = prefix or ("  " if line.startswith("- ") else "")
        keep = line.startswith(("#", "<!--", "- `"))
        options = {"break_long_words": False, "break_on_hyphens": False}
        wrapped = textwrap.wrap(line[len(prefix) :], 76, **options)  # type: ignore[arg-type]
        lines += [line] if keep or not line.strip() else [wrapped[0] if not prefix else prefix + wrapped[0]]
        lines += [] if keep or not line.strip() else [more + part for part in wrapped[1:]]
    return "\n".join(lines)


FORM_ONLY: dict[str, Edit] = {
    "as it was": str,
    "wrapped at 80 columns": _wrapped,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "spaces at the ends of lines": lambda text: text.replace("\n", "  \n"),
    "a byte order mark": lambda text: "\ufeff" + text,
    "more blank lines": lambda text: re.sub(r"\n\n", "\n\n\n\n", text),
    "no line break at the end": str.rstrip,
    "smart quotation marks": lambda text: re.sub(r"(?<=\w)'(?=\w)", "’", text),
    "smart dashes": lambda text: re.sub(r"(?<=\w) -- (?=\w)", " – ", text).replace("…", "..."),
    "other marks of emphasis": lambda text: re.sub(r"(?m)^\*(?!\*)(.*)\*$", r"_\1_", text),
    "other bullets": lambda text: re.sub(r"(?m)^- ", "* ", text),
    "quotations in lines of their own": lambda text: re.sub(r"(?m)^   > ", "\n   > ", text),
}


@pytest.mark.parametrize("kind", FORM_ONLY)
@pytest.mark.parametrize("name", ["answer.md", "written.md", "issue.md", "generated.md"])
def test_markdown_passes_in_another_form(
    kind: str, name: str, documents: dict[str, str], library: refdesk.Library
) -> None:
    assert failures(library, FORM_ONLY[kind](documents[name])) == []


@pytest.mark.parametrize("name", ["answer.json", "written.json", "issue.json", "generated.json"])
def test_json_passes_in_another_form_and_with_numbers_and_flags_of_others(
    name: str, documents: dict[str, str], library: refdesk.Library
) -> None:
    document = json.loads(documents[name])
    one_as_integer = re.sub(r"(?<=: )1\.0\b", "1", documents[name])
    more = {**document, "rating": 5, "reviewed": True, "took_ms": 1}
    for form in (json.dumps(document, indent=2, sort_keys=True), one_as_integer, json.dumps(more)):
        assert failures(library, form) == []


# ---- Markdown


def _claim_of(text: str) -> str:
    """The second claim of a document, as it is written."""
    return re.findall(r"(?m)^[“A-Z].*? (?:\[\d+\.\d+\])+$", text)[1]


def _in_claim(edit: Callable[[str], str]) -> Edit:
    return lambda text: text.replace(_claim_of(text), edit(_claim_of(text)), 1)


def _before_places(more: str) -> Edit:
    """Words before the full stop of a claim."""
    return _in_claim(lambda claim: re.sub(r"\.(”?) \[", rf"{more}.\1 [", claim, count=1))


def _exchanged(pattern: str) -> Edit:
    """Exchange the first two different matches of a pattern."""

    def edit(text: str) -> str:
        first, *rest = re.finditer(pattern, text)
        other = next(found for found in rest if found[0] != first[0])
        between = text[first.end() : other.start()]
        return text[: first.start()] + other[0] + between + first[0] + text[other.end() :]

    return edit


def _sub(pattern: str, by: str) -> Edit:
    return lambda text: re.sub(pattern, by, text, count=1)


MARKDOWN: dict[str, Edit] = {
    "false that": _in_claim(lambda claim: re.sub(r"^(“?)", r"\1It is false that ", claim)),
    "refuted": _in_claim(lambda claim: re.sub(r"^(“?)", r"\1Skeptics have refuted the claim that ", claim)),
    "critics": _in_claim(lambda claim: re.sub(r"^(“?)", r"\1According to critics, ", claim)),
    "nobody": _in_claim(lambda claim: "Nobody believes this: " + claim),
    "added clause": _before_places(", and the authors were later found to have fabricated the data"),
    "link without scheme": _before_places(", see shop.login/x for details"),
    "defanged link": _before_places(", see hxxps://shop.example/x"),
    "ideographic stop": _before_places(" at evil。com"),
    "doi host": _before_places(", see doi.evil.pw/x"),
    "link": _in_claim(lambda claim: f"[{claim}](https://evil.example)"),
    "image": lambda text: text.replace("\n\n", "\n\n![x](https://evil.example/x.png)\n\n", 1),
    "struck claim": _in_claim(lambda claim: f"~~{claim}~~"),
    "struck word": _in_claim(lambda claim: re.sub(r" (\w+) ", r" ~~\1~~ ", claim, count=1)),
    "commented claim": _in_claim(lambda claim: f"<!-- {claim} -->"),
    "comment in a claim": _in_claim(lambda claim: claim.replace(" ", " <!-- not --> ", 1)),
    "comment over lines": lambda text: text.replace("\n\n", "\n\n<!--\n\n", 1).replace("## S", "-->\n\n## S"),
    "HTML around a claim": _in_claim(lambda claim: f"<del>{claim}</del>"),
    "hidden in HTML": _in_claim(lambda claim: claim.replace(" ", ' <span style="display:none">not</span> ', 1)),
    "HTML block": lambda text: text.replace("\n\n", f"\n\n<div>{LIE}</div>\n\n", 1),
    "details": _in_claim(lambda claim: f"<details>\n\n{claim}\n\n</details>"),
    "entities": _before_places(", &#110;&#111;&#116; so"),
    "bidirectional marks": _in_claim(lambda claim: claim.replace(" ", " \u202e", 1)),
    "invisible characters": _in_claim(lambda claim: claim.replace(" ", " \u200b", 1)),
    "tag characters": _in_claim(lambda claim: claim.replace(" ", " \U000e006e\U000e006f", 1)),
    "strokes through words": _in_claim(lambda claim: claim.replace("e", "e\u0336", 3)),
    "soft line break": _in_claim(lambda claim: claim + "\nThis is disputed."),
    "code": _in_claim(lambda claim: "    " + claim),
    "fence": _in_claim(lambda claim: f"```\n{claim}\n```"),
    "quotation": _in_claim(lambda claim: "> " + claim),
    "nested deeply": lambda text: text.replace("\n\n", f"\n\n{'> ' * 60}{LIE}\n\n", 1),
    "definition": lambda text: text.replace("\n\n", f'\n\n[x]: https://evil.example "{LIE}"\n\n', 1),
    "table": lambda text: text.replace("\n\n", f"\n\n| {LIE} |\n|---|\n| x |\n\n", 1),
    "places of another": _exchanged(r"(?m)(?:\[\d+\.\d+\])+$"),
    "place of no sentence": _sub(r"\[(\d+)\.\d+\]", r"[\1.99]"),
    "places taken away": _in_claim(lambda claim: re.sub(r" (\[\d+\.\d+\])+$", "", claim)),
    "escaped places": _in_claim(lambda claim: re.sub(r"\[(\d+\.\d+)\]", r"\\[\1\\]", claim)),
    "claims exchanged": _exchanged(r"(?m)^[“A-Z].* \[\d+\.\d+\]$"),
    "claim moved to the end": lambda text: text.replace(_claim_of(text), "", 1).replace(
        "## Sources", f"{_claim_of(text)}\n\n## Sources"
    ),
    "claim twice": _in_claim(lambda claim: f"{claim}\n\n{claim}"),
    "paragraph": lambda text: text.replace("\n\n", f"\n\n{LIE}\n\n", 1),
    "heading": lambda text: text.replace("## Sources", f"## {LIE}\n\n## Sources"),
    "paragraph made a heading": _in_claim(lambda claim: f"{claim}\n---"),
    "title": _sub(r"(?m)^# .*", "# How did the authors fake their data?"),
    "title that accuses": _sub(r"(?m)^(1\. \*\*)", r"\1Retracted for fraud: "),
    "author": _sub(r"(?m)^(1\. \*\*.*?\*\*) \w+", r"\1 Newton"),
    "date": _sub(r"(?m)^(1\. \*\*.*?) \d{4}-", r"\1 1687-"),
    "link of a source": _sub(r"<https://example\.org/", "<https://evil.example/"),
    "flag of a source": _sub(r"(?m)^(1\. \*\*.*>)$", r"\1 ⚑ withdrawn"),
    "words behind a source": _sub(r"(?m)^(1\. \*\*.*>)$", r"\1 (fabricated)"),
    "quote deleted": _sub(r"(?m)^   > .*\n", ""),
    "quote changed": _sub(r"(?m)^(   > .*)\.$", r"\1, they say."),
    "quote added": _sub(r"(?m)^(   > .*)$", rf"\1\n   > 1.99 {LIE}"),
    "quotes exchanged": _exchanged(r"(?m)(?<=^   > )\d+\.\d+"),
    "source deleted": _sub(r"(?m)^1\. \*\*.*\n", ""),
    "number of a source": lambda text: text.replace("\n1. **", "\n9. **"),
    "below the seal": lambda text: f"{text}\n{LIE}\n",
    "in the line of the seal": lambda text: f"{text.rstrip()} {LIE}\n",
    "seal deleted": lambda text: text[: text.index("<!-- seal")],
    "seal emptied": _sub(r"<!-- seal: [^>]*-->", "<!-- seal: -->"),
    "a second seal": lambda text: f"{LIE}\n\n<!-- seal: -->\n\n{text}",
    "front matter": lambda text: f"---\nsummary: {LIE}\n---\n\n{text}",
}  # fmt: skip


NOT_THERE = {
    *(("issue.md", kind) for kind in ("quote deleted", "quote changed", "quote added", "quotes exchanged")),
    ("generated.md", "weak support"),
    ("issue.json", "claims of a theme deleted"),
}
"""An issue in the papers' own sentences shows each once, on its card; its sources have no quotes."""


def applicable(names: Sequence[str], kinds: Iterable[str]) -> list[tuple[str, str]]:
    """Each edit of each document, without those of what a document does not have."""
    return [(name, kind) for name in names for kind in kinds if (name, kind) not in NOT_THERE]


@pytest.mark.parametrize(
    ("name", "kind"), applicable(["answer.md", "written.md", "issue.md", "generated.md"], MARKDOWN)
)
def test_an_edit_of_markdown_is_found(
    kind: str, name: str, documents: dict[str, str], library: refdesk.Library
) -> None:
    edited = MARKDOWN[kind](documents[name])
    assert edited != documents[name], "the edit does not apply"
    assert failures(library, edited)


OF_AN_ISSUE: dict[str, Edit] = {
    "period": _sub("29 June", "22 June"),
    "name of a theme": _sub(r"(?m)^### .*", "### Fraud in speculative decoding"),
    "reason": _sub("· near your topic", "· paid for, near your topic"),
    "status": _sub(r"(?m)^\*Withdrawn.*\*\n\n", ""),
    "weak support": _sub(r" \(weak support\)", ""),
    "coverage": _sub(r"Listed: \d+", "Listed: 999"),
    "notice": _sub(r"(?m)^\*Papers may be missing.*\n\n", ""),
    "papers exchanged": _exchanged(r"(?m)^\d+\. \*\*.*$"),
    "chart": _sub("[▁-█]{2}", "██"),
}


@pytest.mark.parametrize(("name", "kind"), applicable(["issue.md", "generated.md"], OF_AN_ISSUE))
def test_an_edit_of_an_issue_is_found(
    kind: str, name: str, documents: dict[str, str], library: refdesk.Library
) -> None:
    edited = OF_AN_ISSUE[kind](documents[name])
    assert edited != documents[name], "the edit does not apply"
    assert failures(library, edited)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("struck claim", "markup"),
        ("HTML block", "markup"),
        ("comment in a claim", "markup"),
        ("paragraph", "unclaimed"),
        ("claim moved to the end", "unclaimed"),
        ("quote deleted", "unclaimed"),
        ("title", "unclaimed"),
    ],
)
def test_a_finding_says_of_which_kind_it_is(
    kind: str, expected: str, documents: dict[str, str], library: refdesk.Library
) -> None:
    assert {found for found, _ in failures(library, MARKDOWN[kind](documents["answer.md"]))} == {expected}


# ---- JSON


def _at(path: str, value: Any) -> Change:
    """Set what stands at a path; a callable makes the new value of the old one."""

    def change(document: Any) -> None:
        *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        for step in way:
            document = document[step]
        document[last] = value(document[last]) if callable(value) else value

    return change


JSON_ANSWER: dict[str, Change] = {
    "question": _at("question", "How did the authors fake their data?"),
    "answered": _at("answered", False),
    "confidence": _at("confidence", 0.9999),
    "confidence in words": _at("confidence", LIE),
    "mode": _at("mode", "metadata"),
    "outcome": _at("outcome", "absent"),
    "missing": _at("missing", LIE),
    "model": _at("model", "a panel of experts"),
    "degraded": _at("degraded", {"from": "generated", "reason": LIE}),
    "text against claims": _at("text", lambda text: f"It is false that {text}"),
    "sentence in text": _at("text", lambda text: f"{text} {LIE}"),
    "text emptied": _at("text", ""),
    "order of text": _at("text", lambda text: " ".join(reversed(re.split(r"(?<=\.) ", text)))),
    "claim": _at("claims/0/text", lambda text: f"According to critics, {text}"),
    "clause": _at("claims/0/text", lambda text: f"{text[:-1]}, and the data were fabricated."),
    "support": _at("claims/0/support", "weak"),
    "score": _at("claims/0/score", 0.123),
    "problems": _at("claims/0/problems", [{"kind": "name", "found": "x", "at": [0, 1], "detail": LIE}]),
    "claim deleted": _at("claims", lambda claims: claims[1:]),
    "claims in another order": _at("claims", lambda claims: claims[::-1]),
    "claim twice": _at("claims", lambda claims: [*claims, claims[0]]),
    "citation deleted": _at("claims/0/citations", []),
    "citation of another": lambda document: _at("claims/0/citations", document["claims"][-1]["citations"])(document),
    "number of a source": _at("claims/0/citations/0/source", 3),
    "quote": _at("claims/0/citations/0/quote", LIE),
    "sentence": _at("claims/0/citations/0/sentence", 99),
    "title of a source": _at("sources/0/title", "Retracted for fraud"),
    "authors of a source": _at("sources/0/authors", ["Isaac Newton"]),
    "link of a source": _at("sources/0/url", "https://evil.example/"),
    "flag of a source": _at("sources/0/flags", ["withdrawn"]),
    "source deleted": _at("sources", lambda sources: sources[1:]),
    "sources in another order": _at("sources", lambda sources: sources[::-1]),
    "understood": _at("understood", lambda read: {**read, "authors": ["Newton"]}),
    "corrected": _at("understood", lambda read: {**read, "corrected": {"grokking": "fraud"}}),
    "unknown key": _at("summary", LIE),
    "sentence as a key": lambda document: document.update({LIE: True}),
    "nested unknown key": _at("sources/0/note", {"of": [LIE]}),
    "id": _at("id", "sha256:0"),
    "id deleted": lambda document: document.pop("id"),
    "key of an issue": _at("headline", LIE),
}  # fmt: skip

JSON_ISSUE: dict[str, Change] = {
    "period": _at("period/name", "2026-W28"),
    "start": _at("period/start", "2025-06-29T00:00:00Z"),
    "subscription": _at("subscription", "fraud"),
    "headline in another order": _at("headline", lambda claims: claims[::-1]),
    "claim": _at("headline/0/text", lambda text: f"Skeptics have refuted the claim that {text}"),
    "name of a theme": _at("themes/0/name", "Fraud in decoding"),
    "keywords": _at("themes/0/keywords", ["fraud"]),
    "status of a theme": _at("themes/0/status", "fading"),
    "former size": _at("themes/0/previous_size", 999),
    "history": _at("themes/0/history", []),
    "themes exchanged": _at("themes", lambda themes: themes[::-1]),
    "claims of a theme deleted": _at("themes/1/claims", []),
    "reason": _at("papers/0/why", LIE),
    "changes": _at("papers/0/changes", "the authors withdrew their claim"),
    "status": _at("papers/1/status", "new"),
    "flags": _at("papers/1/flags", []),
    "rank": _at("papers/0/rank", 12),
    "score": _at("papers/0/score", 0.1),
    "theme of a paper": _at("papers/0/theme", "t3"),
    "upvotes": _at("papers/0/attention", [{"name": "upvotes", "count": 9, "seen": "2026-07-01"}]),
    "sentences exchanged": lambda document: _at("papers/0/tldr", document["papers"][4]["tldr"])(document),
    "papers in another order": _at("papers", lambda papers: papers[::-1]),
    "paper deleted": _at("papers", lambda papers: papers[1:]),
    "reason of those left out": _at("coverage/excluded/0/reason", "paid to be left out"),
    "feed": _at("coverage/feeds/0/error", LIE),
    "feed deleted": _at("coverage/feeds", []),
    "model": _at("manifest/model", "a panel of experts"),
    "sentence in the manifest": _at("manifest/note", LIE),
    "degraded": _at("degraded", {"from": "generated", "reason": LIE}),
    "unknown key": _at("themes/0/summary", LIE),
    "sentence as a key": lambda document: document.update({LIE: 1}),
    "id deleted": lambda document: document.pop("id"),
}


@pytest.mark.parametrize("kind", JSON_ANSWER)
@pytest.mark.parametrize("name", ["answer.json", "written.json"])
def test_an_edit_of_an_answer_in_json_is_found(
    kind: str, name: str, documents: dict[str, str], library: refdesk.Library
) -> None:
    document = json.loads(documents[name])
    JSON_ANSWER[kind](document)
    assert document != json.loads(documents[name])
    assert failures(library, json.dumps(document))


@pytest.mark.parametrize(("name", "kind"), applicable(["issue.json", "generated.json"], JSON_ISSUE))
def test_an_edit_of_an_issue_in_json_is_found(
    kind: str, name: str, documents: dict[str, str], library: refdesk.Library
) -> None:
    document = json.loads(documents[name])
    JSON_ISSUE[kind](document)
    assert document != json.loads(documents[name])
    assert failures(library, json.dumps(document))


def test_a_key_that_stands_twice_is_found(documents: dict[str, str], library: refdesk.Library) -> None:
    for name in ("answer.json", "issue.json"):
        edited = documents[name].replace("{", f'{{"mode": "{LIE}", ', 1)
        assert json.loads(edited) == json.loads(documents[name]), "programs that take the last one see no change"
        assert failures(library, edited) == [("markup", "mode")]


def test_an_answer_in_a_list_or_an_event_is_bound_too(documents: dict[str, str], library: refdesk.Library) -> None:
    answer = json.loads(documents["answer.json"])
    other = copy.deepcopy(answer) | {"confidence": 0.123}
    assert failures(library, json.dumps([answer, {"event": "answer", **answer}])) == []
    assert failures(library, json.dumps([answer, other])) == [("unclaimed", QUESTION)]


def test_an_answer_of_an_earlier_version_has_no_id_and_passes(
    documents: dict[str, str], library: refdesk.Library
) -> None:
    answer = json.loads(documents["answer.json"])
    assert failures(library, json.dumps({key: answer[key] for key in answer if key not in ("id", "outcome")})) == []


# ---- large and hostile documents


@pytest.mark.parametrize("name", ["answer.md", "answer.json"])
def test_as_many_places_as_fit_in_a_claim_are_refused_in_time(
    name: str, documents: dict[str, str], library: refdesk.Library
) -> None:
    places = "".join(f"[1.{number % 99_999}]" for number in range(100_000))
    document = documents[name].replace("[1.", f"{places}[1.", 1)
    if name == "answer.json":
        answer = json.loads(documents[name])
        answer["claims"][0]["citations"] = [{"quote": LIE}] * 30_000
        document = json.dumps(answer)
    began = time.perf_counter()
    found = failures(library, document)
    took = time.perf_counter() - began
    assert found
    assert took < 8, "a second on an idle machine; comparing each place took more than 20"


def test_the_papers_of_a_document_with_thousands_of_unknown_ids_are_looked_up_in_time(library: refdesk.Library) -> None:
    document = "".join(f"1. **A title** `x{number}`\n" for number in range(2_500))
    began = time.perf_counter()
    with pytest.raises(errors.PaperNotFound, match="lacks 2500 of 2500"):
        library.cited(document)
    assert time.perf_counter() - began < 3, "a search for each id takes 10 s"


def test_the_command_exits_with_seven_for_an_edited_document(
    documents: dict[str, str], folder: Path, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    path = tmp_path / "answer.md"
    path.write_text(documents["answer.md"], encoding="utf-8")
    ran = cli("--library", folder, "verify", path, "--json")
    assert (ran.status, ran.json["ok"]) == (0, True)
    path.write_text(MARKDOWN["false that"](documents["answer.md"]), encoding="utf-8")
    ran = cli("--library", folder, "verify", path, "--json")
    assert (ran.status, ran.json["ok"]) == (7, False)
