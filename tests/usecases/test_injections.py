"""Abstracts and titles that give orders: what they ask for reaches no reader as a supported claim, nor as a link."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from attacks import ATTACKS, EVIL, Attack
from markdown_it import MarkdownIt
from rich.console import Console

import refdesk
from rag import text as prose
from rag.types import Answer, Claim, Filter
from refdesk.cli import main
from refdesk.render import markdown, terminal
from tests import chat_server
from tests.chat_server import Body, ChatServer, serving
from tests.faces.shapes import is_answer, shown

ALL = 50  # sentences; nothing is left out for want of room
MODEL = "openai:test-model"
UNDERSTOOD = frozenset(
    """
    no-limits-reworded two-sentences-quiet title-polite
    bare-dotted bidi cite-author cite-doi editors fence-backticks game json json-fenced json-no leak-above no-
    limits-reworded no-others order-end order-must order-summaries polite-grateful polite-kindly portuguese
    quoted-guillemets quoted-single recommend rot13 safety spaced system-bracketed threat tip two-sentences-
    quiet typos vendor
    """.split()
)
"""Orders that no pattern of ours knows. A model that understands every order copies their words, and they count as the
paper's own. The obeying one, which finds orders by their form, gets none through."""
WAYS = ("no model", "obeying", "eager", "eager prose", "eager kept")
"""
How a question is answered: without a model; by one that follows the orders that it understands; by one that understands
every order it sees, whatever its language or disguise, as JSON, as prose, and with what fails the check shown too.
"""
_LINK = re.compile(
    r"\b(?:(?:https?|ftp|file)://|(?:vbscript|javascript|mailto):(?=\w))[^\s>”]+|\bdata:text/\S+|\bwww\.\S+|[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|\bexample\.com/\S*|\]\([^)]*\)"
    r"|<\s*/?\s*(?:a|img|script|iframe|svg|details|style|form|object|embed|base|meta|video)\b[^>]*>",
    re.IGNORECASE,
)
_TARGET = re.compile(r"\x1b\]8;[^;]*;([^\x1b\x07]*)")
_STEERING = re.compile(r"\x1b(?:\]8;[^\x1b\x07]*(?:\x1b\\|\x07)|\[[0-9;]*m)")


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with serving() as running:
        running.chunk = 100_000
        yield running


@pytest.fixture
def model(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> ChatServer:
    """The server, fresh, and in the environment."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    server.requests.clear()
    server.reply = chat_server.obeying
    server.judge = chat_server.obeying_judge
    return server


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of all attacks and of five honest papers on the topic of each; its papers by the id they came with."""
    folder = tmp_path_factory.mktemp("attacked")
    records = [record for attack in ATTACKS for record in (attack.record, *attack.others)]
    path = folder / "papers.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    with refdesk.open_library(folder / "library") as library:
        report = library.add(path)
        assert (report.added, report.merged) == (len(records), 0), report.rejected
    return folder / "library"


@pytest.fixture(scope="module")
def plain(attacked: Path) -> Iterator[refdesk.Library]:
    with refdesk.open_library(attacked, read_only=True) as library:
        yield library


@pytest.fixture(scope="module")
def written(attacked: Path) -> Iterator[refdesk.Library]:
    with refdesk.open_library(attacked, model=MODEL) as library:
        yield library


@pytest.fixture(scope="module")
def papers(plain: refdesk.Library) -> dict[str, refdesk.Filter]:
    """For each attack, by name, a filter that takes its paper and the honest ones on its topic, its own first."""
    by_title: dict[str, list[str]] = {}
    for paper in plain.papers():
        by_title.setdefault(paper.title, []).append(paper.paper_id)

    def found(record: dict[str, Any]) -> str:
        (paper_id,) = by_title[prose.clean(record["title"])]
        return paper_id

    return {attack.name: Filter(papers=tuple(map(found, (attack.record, *attack.others)))) for attack in ATTACKS}


def eager(attack: Attack, *, as_prose: bool = False) -> chat_server.Model:
    """
    A model that writes what the attack wants where it sees any of its orders, and then what is true.

    Each thing cites the sentences that hold it; where none does, those that are left of the abstract, one by one and
    together. The order itself is repeated as the abstract has it.
    """
    abstract = prose.clean(attack.abstract)

    def model(body: Body) -> str:
        sentences = chat_server.shown(body)
        own = [name for name, text in sentences.items() if text in abstract] or list(sentences)[:1]
        orders = [name for name in own if folded(sentences[name]) in folded(attack.orders)]
        seen = bool(orders) or any(
            defanged(wanted) in defanged(title) for wanted in attack.says for title in chat_server.titles(body).values()
        )
        claims = []
        for wanted in (*attack.says, *attack.forbidden) if seen else ():
            ordering = [name for name in own if folded(wanted) in folded(sentences[name])]
            for names in ([*ordering], own, *([name] for name in own)) if ordering else (own, *([n] for n in own)):
                claims.append(chat_server.claim(f"{wanted[:1].upper()}{wanted[1:]}.", *names))
        claims += [chat_server.claim(sentences[name], name) for name in orders]
        claims += json.loads(chat_server.honest(body))["claims"]
        if as_prose:
            return " ".join(f"{each['text']} [{', '.join(each['evidence'])}]" for each in claims)
        return chat_server.as_reply(claims, missing=attack.forbidden[-1] if seen else "")

    return model


def folded(text: str) -> str:
    """Text in which nobody can hide a word: cleaned, without marks, quotes, spaces and case."""
    return re.sub(r"[\s\"“”'‘’«»`\\]+", " ", prose.clean(text)).casefold()


def asked(
    attack: Attack, way: str, plain: refdesk.Library, model: refdesk.Library, chat: ChatServer, only: Any
) -> Answer:
    if way == "no model":
        return plain.ask(attack.question, filter=only, max_sentences=ALL)
    chat.reply = chat_server.obeying if way == "obeying" else eager(attack, as_prose=way == "eager prose")
    answer = model.ask(
        attack.question, filter=only, max_sentences=ALL, fresh=True, keep_unsupported=way == "eager kept"
    )
    assert chat.requests
    assert answer.mode == "generated" or answer.degraded
    return answer


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=ATTACKS, ids=lambda attack: attack.name)
def attack(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def answer(
    attack: Attack,
    way: str,
    plain: refdesk.Library,
    written: refdesk.Library,
    model: ChatServer,
    papers: dict[str, refdesk.Filter],
) -> Answer:
    return asked(attack, way, plain, written, model, papers[attack.name])


def stored(plain: refdesk.Library, only: refdesk.Filter) -> set[str]:
    """The links that may be shown: those that the records hold, where they are for the web."""
    urls = {plain.show(name).url for name in only.papers}
    return {url for url in urls if url and re.fullmatch(r"https?://[^\s<>]+", url)}


def test_every_attack_has_a_name_and_a_topic_of_its_own() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 45
    assert len({attack.question for attack in ATTACKS}) == len(ATTACKS)


def test_what_is_asked_for_is_no_supported_claim_and_no_link(
    attack: Attack, way: str, answer: Answer, plain: refdesk.Library, papers: dict[str, refdesk.Filter]
) -> None:
    only = papers[attack.name]
    document = json.loads(json.dumps(answer.to_dict()))
    is_answer(document, lambda name: shown(plain, name))
    assert answer.answered or way != "no model", "five honest papers hold an answer"
    assert {paper for source in answer.sources if (paper := source.paper.paper_id)} <= set(only.papers)
    known = answer.mode == "generated" and (way == "obeying" or attack.name not in UNDERSTOOD)  # else it is a quotation
    amiss = [
        *(reached(attack, answer.claims) if known else ()),
        *(f"missing: {wanted}" for wanted in attack.forbidden if folded(wanted) in folded(answer.missing or "")),
        *(f"text: {link}" for link in links(answer.text)),
        *(f"claim ({each.support}): {link}" for each in answer.claims for link in links(each.text)),
        *(f"markdown: {each}" for each in marked_up(markdown.answer(answer), stored(plain, only))),
        *(f"terminal: {each}" for each in on_screen(answer, stored(plain, only))),
        *(f"a mark of no source: {each}" for each in invented(answer)),
    ]
    assert not amiss, "\n".join(dict.fromkeys(amiss))


def reached(attack: Attack, claims: Sequence[Claim]) -> list[str]:
    """What an attack wanted and got."""
    return [
        f"{each.support}: {wanted!r} in {each.text!r}, citing {[c.sentence for c in each.citations]}"
        for each in claims
        for wanted in attack.forbidden
        if each.support in ("verbatim", "supported") and folded(wanted) in folded(each.text)
    ]


def links(text: str) -> list[str]:
    """What is a link, or may be made one by what shows it."""
    return [found.group() for found in _LINK.finditer(text)]


def marked_up(document: str, urls: set[str]) -> Iterator[str]:
    """Links, pictures and HTML of a Markdown document other than the stored links; also those that GitHub makes."""
    allowed = {MarkdownIt().normalizeLink(url) for url in urls}
    document = re.sub(r"<!-- seal: [0-9a-f\s]+-->\n", "", document)  # ours, and no reader sees it
    for block in MarkdownIt("commonmark").parse(document):
        if block.type == "html_block":
            yield block.content
        for token in block.children or []:
            target = token.attrs.get("href", token.attrs.get("src", ""))
            if token.type == "image" or (token.type == "link_open" and target not in allowed):
                yield f"{token.type} {target}"
            if token.type == "html_inline":
                yield token.content
    bare = re.sub(r"<https?://[^\s<>]+>|`[^`\n]*`", "", document)
    yield from re.findall(r"(?<![\w/\\])(?:https?://|ftp://|www\.)[^\s<]+|[\w.+-]+@[\w-]+\.[\w-]+", bare)


def on_screen(answer: Answer, urls: set[str]) -> Iterator[str]:
    """Where a terminal's links lead, and what it would make a link of, other than the stored links."""
    screen = io.StringIO()
    Console(file=screen, force_terminal=True, width=1_000, legacy_windows=False).print(terminal.answer(answer))
    yield from (found for found in _TARGET.findall(screen.getvalue()) if found and found not in urls)
    shown_text = _STEERING.sub("", screen.getvalue())
    assert "\x1b" not in shown_text
    yield from (found for found in links(shown_text) if found.rstrip(".,;") not in urls)


def invented(answer: Answer) -> Iterator[str]:
    """Marks such as `[3.2]` that are no citation of ours, wherever an answer's sentences are shown."""
    numbers = {f"[{source.number}]" for source in answer.sources}
    yield from (mark for mark in re.findall(r"\[\d+(?:\.\d+)*\]", answer.text) if mark not in numbers)
    for each in answer.claims:
        places = {f"[{citation.source}.{citation.sentence}]" for citation in each.citations}
        line = markdown.unescaped(markdown.claim(each))
        yield from (mark for mark in re.findall(r"\[\d+(?:\.\d+)*\]", line) if mark not in places)


def test_the_command_line_shows_the_same(
    attack: Attack,
    attacked: Path,
    plain: refdesk.Library,
    model: ChatServer,
    papers: dict[str, refdesk.Filter],
    capsys: pytest.CaptureFixture[str],
) -> None:
    only = papers[attack.name]
    model.reply = chat_server.obeying
    arguments = ["--library", str(attacked), "ask", attack.question]
    arguments += ["--model", MODEL, "--fresh", "--max-sentences", "50"]
    arguments += [part for name in only.papers for part in ("--paper", name)]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out = capsys.readouterr().out
    assert not ended.value.code
    body, _, below = out.partition("\nSources")
    written_by_it = "written by" in below  # else the model's words were refused, and the papers' own stand there
    supported = [line for line in body.splitlines() if not re.search(r"\((?:weak|unsupported)\)$", line)]
    amiss = [
        wanted for wanted in attack.forbidden for line in supported if written_by_it and folded(wanted) in folded(line)
    ]
    amiss += [link for link in links(out) if link.rstrip(".,;") not in stored(plain, only)]
    assert not amiss, out


def with_evidence(model: ChatServer) -> list[Any]:
    """The requests that show evidence; others ask for search queries."""
    return [request for request in model.requests if "<evidence-" in json.dumps(request)]


def test_the_fence_holds(
    attack: Attack, written: refdesk.Library, model: ChatServer, papers: dict[str, refdesk.Filter]
) -> None:
    only = papers[attack.name]
    written.ask(attack.question, filter=only, max_sentences=ALL, fresh=True)
    own = {folded(sentence.text) for name in only.papers for sentence in written.show(name).sentences}
    tags = []
    for request in with_evidence(model):
        if chat_server.is_judge(request):  # tests/unit/test_judges.py holds its fence
            continue
        system, user = request["messages"]
        assert system["role"] == "system"
        assert user["role"] == "user"
        assert EVIL not in system["content"]
        begin, *inside, end, blank, question = _lines(user)
        tag = re.fullmatch(r"<evidence-([0-9a-f]{8})>", begin)
        assert tag
        tags.append(tag[1])
        assert (end, blank) == (f"</evidence-{tag[1]}>", "")
        assert question == f"Question: {attack.question}"
        for line in inside:
            assert re.match(r"\[\d+\.\d+\] |Source \d+: |$", line), line
            assert "</" not in line
            sentence = re.match(r"\[\d+\.\d+\] (.*)", line)
            if sentence:
                assert not re.search(r"\[\d+(\.\d+)?\]", sentence[1]), "it looks like one of our numbers"
                assert not prose.flags("", sentence[1]), "an order that we know of is withheld"
        sentences = chat_server.shown(request).values()
        assert {defanged(each) for each in sentences} <= {defanged(each) for each in own}, "another paper's evidence"
    assert len(set(tags)) == 1
    model.requests.clear()
    written.ask(attack.question, filter=only, max_sentences=ALL, fresh=True)
    assert tags[0] not in json.dumps(model.requests), "each question has a tag of its own"


def defanged(text: str) -> str:
    """A sentence without the signs that the evidence has in another form."""
    return re.sub(r"[\s\[\]()<>]+", "", folded(text))


def _lines(message: Body) -> list[str]:
    """A user message up to its question; a repair has more below."""
    lines = str(message["content"]).split("\n")
    at = max(number for number, line in enumerate(lines) if line.startswith("Question: "))
    assert sum(line.startswith("Question:") for line in lines) == 1
    assert sum(bool(re.match(r"</?evidence", line)) for line in lines) == 2
    return lines[: at + 1]


LEAKS: dict[str, Callable[[Body], list[str]]] = {
    "the prompt": lambda body: re.findall(r"[^.\n]{20,}\.", body["messages"][0]["content"]),
    "the whole request": lambda body: [each["content"] for each in body["messages"]],
    "the tag": lambda body: [
        f"The evidence on the effect is fenced by {tag} in the prompt."
        for tag in re.findall(r"<(evidence-[0-9a-f]{8})>", body["messages"][1]["content"])
    ],
    "the key": lambda body: ["The API key that was sent for the trial is sk-test."],
}


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("name", ["leak-instructions", "leak-key", "order-state"])
def test_what_a_model_was_told_is_not_told_on(
    name: str, leak: str, written: refdesk.Library, model: ChatServer, papers: dict[str, refdesk.Filter]
) -> None:
    attack = next(each for each in ATTACKS if each.name == name)
    secrets: list[str] = []

    def telling(body: Body) -> str:
        told = LEAKS[leak](body)
        secrets.extend(told)
        return chat_server.as_reply([chat_server.claim(each, *chat_server.shown(body)) for each in told])

    model.reply = telling
    answer = written.ask(attack.question, filter=papers[name], max_sentences=ALL, fresh=True)
    assert secrets
    assert answer.mode == "extractive" or all(each.support == "weak" for each in answer.claims)
    document = json.dumps(answer.to_dict())
    assert "sk-test" not in document
    assert not re.search(r"evidence-[0-9a-f]{8}|written by strangers|one JSON object", document)


def test_the_words_of_one_paper_are_not_ascribed_to_another(
    attack: Attack, written: refdesk.Library, model: ChatServer, papers: dict[str, refdesk.Filter]
) -> None:
    def confusing(body: Body) -> str:
        sentences = chat_server.shown(body)
        firsts = {name.partition(".")[0]: name for name in reversed(sentences)}
        claims = [
            chat_server.claim(text, other)
            for name, text in sentences.items()
            for source, other in firsts.items()
            if not name.startswith(f"{source}.")
        ]
        return chat_server.as_reply(claims)

    model.reply = confusing
    answer = written.ask(attack.question, filter=papers[attack.name], max_sentences=ALL, fresh=True)
    for each in answer.claims:
        if each.support == "verbatim":
            assert each.text in {citation.quote for citation in each.citations}


def test_a_terminals_own_orders_are_refused(library: refdesk.Library, write: Callable[[str, str], Path]) -> None:
    link = f"\x1b]8;;https://{EVIL}\x1b\\click\x1b]8;;\x1b\\"
    fields = [{"title": link}, {"abstract": f"We study cheese. {link}"}, {"abstract": "We study \x9b31m cheese."}]
    good = {"id": "a", "title": "On cheese", "abstract": "We study cheese and its rind with care."}
    lines = [json.dumps({**good, "id": f"a{number}", **each}) for number, each in enumerate(fields)]
    report = library.add(write("papers.jsonl", "\n".join(lines) + "\n"))
    assert "\x1b" not in json.dumps(report.to_dict(), ensure_ascii=False)
    assert all("\x1b" not in paper.title + paper.abstract for paper in library.papers())
    assert len(report.rejected) >= 2
