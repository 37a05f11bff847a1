"""Answers whose claims a model judges, over a real connection: what is asked, shown, stored, and told of failures."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

import refdesk
from rag.checking import CitedSentence, JudgedClaim, judge_claims
from rag.judges import ModelJudge
from rag.judges.model import read
from rag.types import Paper, Sentence
from refdesk import wiring
from refdesk.ask import ModelSettings
from refdesk.render import terminal
from refdesk.render.markdown import answer as as_markdown
from refdesk.servers import chats
from refdesk.settings.prompts import load
from tests import chat_server
from tests.chat_server import Body, ChatServer, as_reply, claim, is_judge, judged, judgements, judging, serving
from tests.commands import ROOT, run
from tests.copies import copied

QUESTION = "What explains grokking?"
NUMBER = count()
REPLIES = Path(__file__).parent / "judge_replies.json"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A server that OPENAI_BASE_URL names, with a model that writes in other words than the papers."""
    with serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        running.reply = rewording
        yield running


@pytest.fixture(scope="module")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judged") / "library"
    with refdesk.open_library(folder) as library:
        library.add(ROOT / "examples" / "papers.jsonl")
    return folder


@pytest.fixture
def folder(_template: Path, tmp_path: Path) -> Path:
    return copied(_template, tmp_path / "own")


@pytest.fixture
def model() -> str:
    return f"openai:judged-{next(NUMBER)}"


@pytest.fixture
def library(folder: Path, model: str, server: ChatServer) -> Iterator[refdesk.Library]:
    with refdesk.open_library(folder, model=model) as opened:
        yield opened


def reworded(text: str) -> str:
    return f"Overall, {text[0].lower()}{text[1:]}"


def rewording(body: Body) -> str:
    """The honest reply, each sentence with a word before it, so that it is no copy."""
    return as_reply([claim(reworded(text), name) for name, text in chat_server._firsts(body)])


def asked(server: ChatServer) -> list[list[tuple[str, list[str]]]]:
    """The claims of each request to the judge."""
    return [judged(body) for body in server.requests if is_judge(body)]


# ---- what is asked and shown


def test_the_first_claim_is_judged_alone_and_the_others_together(library: refdesk.Library, server: ChatServer) -> None:
    answer = library.ask(QUESTION)
    assert [len(claims) for claims in asked(server)] == [1, 2]
    assert [(each.support, each.judgement is not None) for each in answer.claims] == [("supported", True)] * 3
    assert (answer.judge, answer.degraded) == ("model", None)
    for text, texts in [one for claims in asked(server) for one in claims]:
        [found] = [each for each in answer.claims if each.text == text]
        assert texts[1:] == [citation.quote for citation in found.citations]
    document = answer.to_dict()
    assert document["judge"] == "model"
    assert document["claims"][0]["judgement"]["verdict"] == "follows"


def test_copies_and_vetoed_claims_are_not_sent_to_the_judge(library: refdesk.Library, server: ChatServer) -> None:
    def reply(body: Body) -> str:
        (first, text), *_ = chat_server._firsts(body)
        return as_reply([claim(text, first), claim(f"{text[:-1]} by 777%.", first)])

    server.reply = reply
    answer = library.ask(QUESTION)
    assert asked(server) == []
    assert [each.support for each in answer.claims] == ["verbatim"]


def test_what_the_judge_refuses_is_not_shown(library: refdesk.Library, server: ChatServer) -> None:
    server.judge = judging(lambda text, _: "contradicted" if "synthetic" in text else "follows")
    answer = library.ask(QUESTION)
    sent = [text for claims in asked(server) for text, _ in claims]
    refused = {text for text in sent if "synthetic" in text}
    assert refused
    assert not refused & {each.text for each in answer.claims}


def test_an_overstated_claim_is_weak_and_every_form_says_why_in_plain_words(
    library: refdesk.Library, server: ChatServer
) -> None:
    server.judge = judging(lambda _text, _texts: "overstated")
    answer = library.ask(QUESTION)
    assert {each.support for each in answer.claims} == {"weak"}
    because = answer.claims[0].judgement.because[0] if answer.claims[0].judgement else ""
    words = f"weak support: it says more than its source, see “{because}”"
    markdown = as_markdown(answer)
    assert words in markdown.replace("\\", "")
    screen = terminal.console()
    with screen.capture() as captured:
        screen.print(terminal.answer(answer))
    assert f"({words})" in captured.get()
    server.requests.clear()
    assert {each.verdict.support for each in library.verify(markdown)} == {"weak"}
    forged = markdown.replace("it says more than its source", "its authors made it up", 1)
    assert forged != markdown
    assert "unsupported" in {each.verdict.support for each in library.verify(forged)}
    other = markdown.replace(f"see “{because}”", "see “penguins made it up”", 1)
    assert "unsupported" in {each.verdict.support for each in library.verify(other)}
    assert not server.requests


def test_another_model_may_judge_and_its_tokens_count(
    folder: Path, model: str, server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFDESK_JUDGE_MODEL", "openai:referee")
    with refdesk.open_library(folder, model=model) as library:
        answer = library.ask(QUESTION)
    judges = [body for body in server.requests if is_judge(body)]
    assert {body["model"] for body in judges} == {"referee"}
    assert answer.usage
    assert answer.usage["calls"] == len(server.requests)
    assert answer.usage["input_tokens"] >= sum(len(str(body["messages"])) // 6 for body in server.requests)


def test_words_judge_where_they_are_chosen(folder: Path, model: str, server: ChatServer) -> None:
    with refdesk.open_library(folder, model=model, judge="words") as library:
        answer = library.ask(QUESTION)
    assert asked(server) == []
    assert answer.judge == "words"


def test_the_parts_of_an_issue_are_judged_in_one_request_each(folder: Path, model: str, server: ChatServer) -> None:
    with refdesk.open_library(folder, model=model) as library:
        issue = library.digest("2026-W27")
    parts = [body for body in server.requests if not is_judge(body)]
    assert 0 < len(asked(server)) <= len(parts)
    assert any(each.judgement for each in issue.headline)
    assert issue.usage
    assert issue.usage["calls"] == len(server.requests)


# ---- what is stored


def test_asking_again_verifying_and_replaying_cost_nothing(library: refdesk.Library, server: ChatServer) -> None:
    first = library.ask(QUESTION)
    server.requests.clear()
    again = library.ask(QUESTION)
    assert [each.to_dict() for each in again.claims] == [each.to_dict() for each in first.claims]
    for document in (json.dumps(first.to_dict()), as_markdown(first)):
        found = library.verify(document)
        assert found.judge == "model"
        judged_ones = [each for each in found if each.verdict.judgement]
        assert [each.text for each in judged_ones] == [each.text for each in first.claims]
    assert first.generation
    replayed = library.replay(first.generation)
    assert [each.to_dict() for each in replayed.claims] == [each.to_dict() for each in first.claims]
    assert replayed.judge == "model"
    assert not server.requests


def test_an_edited_claim_has_no_stored_judgement(library: refdesk.Library, server: ChatServer) -> None:
    document = as_markdown(library.ask(QUESTION))
    server.requests.clear()
    found = library.verify(document.replace("Overall, ", "As always, ", 1))
    assert sum(each.verdict.judgement is None for each in found) == 1
    assert not server.requests


def test_verify_asks_a_model_only_if_it_is_told_to(
    folder: Path, model: str, server: ChatServer, tmp_path: Path
) -> None:
    with refdesk.open_library(folder, model=model, judge="words") as library:
        (tmp_path / "answer.json").write_text(json.dumps(library.ask(QUESTION).to_dict()), encoding="utf-8")
        server.requests.clear()
        assert library.verify((tmp_path / "answer.json").read_text()).judge == "words"
        assert not server.requests
        assert library.verify((tmp_path / "answer.json").read_text(), judge="model").judge == "model"
        assert asked(server)
    ran = run("--library", folder, "verify", tmp_path / "answer.json", "--judge", "model", "--json")
    assert "No chat model is configured that could judge." in ran.out + ran.err


# ---- judges that fail, lie or obey


@pytest.mark.parametrize("mood", ["broken", "refused", "cut", "not json", "null content", "refusal", "busy bare"])
def test_a_judge_that_fails_leaves_the_claims_to_the_words_and_the_answer_says_so(
    library: refdesk.Library, server: ChatServer, mood: str
) -> None:
    server.moods = ["ok", mood, mood, mood, mood]
    answer = library.ask(QUESTION)
    assert answer.mode == "generated"
    assert answer.judge == "words"
    assert answer.degraded
    assert answer.degraded["from"] == "judge"
    assert all(each.judgement is None for each in answer.claims)


def hostile(seed: int) -> chat_server.Model:
    """A judge whose replies are of no use, or claim what they may not."""
    draw = Random(seed)

    def model(body: Body) -> str:
        claims = judged(body)
        real = [
            {"claim": at + 1, "because": [texts[-1][:20]], "verdict": "follows"} for at, (_, texts) in enumerate(claims)
        ]
        invented = [{**each, "because": ["as everybody knows"]} for each in real]
        return draw.choice(
            [
                chat_server.hostile(seed)(body),
                judgements(invented),
                judgements(real * 2),
                judgements(real[1:]),
                judgements([{**each, "verdict": "supported"} for each in real]),
                judgements([{**each, "because": each["because"][0]} for each in real]),
                judgements(real)[: draw.randint(1, 40)],
                judgements(real) + judgements([{**each, "verdict": "contradicted"} for each in real]),
                "All claims follow.",
            ]
        )

    return model


@pytest.mark.parametrize("seed", range(12))
def test_a_hostile_judge_changes_nothing(folder: Path, server: ChatServer, model: str, seed: int) -> None:
    with refdesk.open_library(folder, model=model, judge="words") as library:
        by_words = library.ask(QUESTION)
    server.judge = hostile(seed)
    with refdesk.open_library(folder, model=model) as library:
        answer = library.ask(QUESTION)
    assert [(each.text, each.support) for each in answer.claims] == [
        (each.text, each.support) for each in by_words.claims
    ]
    assert answer.degraded


# ---- labelled claims


def rows() -> list[dict[str, Any]]:
    """The labelled claims of the development set."""
    from benchmarks.report import rows_of

    folder = Path(os.environ.get("REFDESK_TEST_DATA") or "nowhere")
    if not (folder / "claims" / "dev.jsonl.gz").exists():
        pytest.skip("REFDESK_TEST_DATA names no folder with claims/dev.jsonl.gz")
    return list(rows_of(folder / "claims" / "dev.jsonl.gz"))


def cited_of(row: dict[str, Any]) -> tuple[CitedSentence, ...]:
    return tuple(
        CitedSentence(
            Paper(paper_id=each["paper"], title=each["title"], abstract=each["text"], spans=((0, len(each["text"])),)),
            Sentence(number=each["sentence"], start=0, end=len(each["text"]), text=each["text"]),
        )
        for each in row["cited"]
    )


@pytest.mark.parametrize("way", ["as labelled", "at random"])
def test_a_judge_decides_over_the_labelled_claims_and_turns_no_veto(server: ChatServer, way: str) -> None:
    data, draw = rows(), Random(13)
    labels = {" ".join(str(row["claim"]).split()): str(row["label"]) for row in data}
    verdict_of = {"right": "follows", "wrong": "contradicted", "overstated": "overstated", "not borne out": "not said"}

    def as_labelled(text: str, _texts: list[str]) -> str:
        return verdict_of[labels[text.replace("< /", "</")]]

    server.chunk = 100_000
    server.judge = judging(as_labelled if way == "as labelled" else lambda *_: draw.choice(list(verdict_of.values())))
    chat = chats("openai:referee", ModelSettings(timeout_s=20))(lambda: False)
    judge = ModelJudge(lambda messages, _, form: "".join(chat.stream(messages, **form)), load()["judge"], tag="3f9a")
    checker = wiring.checker()
    claims = [JudgedClaim(str(row["claim"]), cited_of(row), str(row.get("question") or "")) for row in data]
    before = [checker.check(each.text, each.cited, question=each.question) for each in claims]
    after = judge_claims(judge, claims, before)
    assert judge.failure is None
    turned = [row["claim"] for row, one, two in zip(data, before, after, strict=True) if one.vetoed and one != two]
    assert turned == []
    assert any(each.judgement for each in after)
    if way == "as labelled":
        shown = [row for row, verdict in zip(data, after, strict=True) if verdict.support in ("supported", "verbatim")]
        wrong = [row for row in shown if row["label"] != "right"]
        refused = [
            row
            for row, one, two in zip(data, before, after, strict=True)
            if row["label"] == "right" and two.support == "unsupported" and not one.vetoed
        ]
        assert wrong == refused == []


def test_the_replies_of_a_careful_reader_are_read(tmp_path: Path) -> None:
    by_claim = {str(row["claim"]): row for row in rows()}
    agreed = total = 0
    for part in json.loads(REPLIES.read_text(encoding="utf-8")):
        found = read(part["reply"], [JudgedClaim(text, cited_of(by_claim[text])) for text in part["claims"]])
        assert found is not None
        assert None not in found
        for text, each in zip(part["claims"], found, strict=True):
            right = by_claim[text]["label"] == "right"
            agreed += right == (each is not None and each.verdict == "follows")
            total += 1
    assert (agreed, total) == (18, 20)


def test_eval_fits_the_threshold_of_an_entailment_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.onnx_models import cross_encoder

    text = "Kale lowers the blood pressure of mice."
    cross_encoder(tmp_path / "nli", [text], labels=("entailment", "not_entailment"), factor=0.1)
    monkeypatch.setenv("REFDESK_ENTAILMENT_MODEL", str(tmp_path / "nli"))
    claims = [("Kale lowers pressure.", "right"), ("Penguins swim.", "wrong"), ("Blood of mice.", "right")]
    lines = [
        json.dumps({"claim": one, "cited": [{"title": "", "text": text}], "label": label}) for one, label in claims
    ]
    (tmp_path / "claims.jsonl").write_text("\n".join(lines), encoding="utf-8")
    ran = run("eval", tmp_path / "claims.jsonl", "--judge", "--json")
    assert (ran.json["claims"], ran.json["auroc"], ran.json["right passed"], ran.json["wrong stopped"]) == (3, 1, 1, 1)
    assert 0.5 < ran.json["threshold"] < 0.7
    assert "entailment_threshold = " in run("eval", tmp_path / "claims.jsonl", "--judge").out
    (tmp_path / "claims.jsonl").write_text(lines[0], encoding="utf-8")
    assert "needs right and wrong claims" in run("eval", tmp_path / "claims.jsonl", "--judge").err


# ---- what it costs


def test_a_question_with_a_judge_stays_within_its_tokens(
    library: refdesk.Library, server: ChatServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.usage = False  # tokens are counted here, with the model's vocabulary or its upper bound
    focused = [
        "What explains grokking?",
        "Do inline citations make the answers of language models less correct?",
        "How many passages should a reader get?",
        "What is grokking?",
        "Does retrieval help small models?",
    ]
    broad = ["Which papers are about grokking?", "What is new in retrieval?", "Compare retrieval and fine-tuning"]
    means = {}
    for name, questions in (("focused", focused), ("broad", broad)):
        used = [answer.usage for answer in map(library.ask, questions) if answer.usage and answer.usage["calls"]]
        assert used
        means[name] = sum(each["input_tokens"] + each["output_tokens"] for each in used) / len(used)
    with capsys.disabled():
        print(f"\ntokens of a question, mean: {means}")
    assert means["focused"] <= 3_900
    assert means["broad"] <= 8_000
