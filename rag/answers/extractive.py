"""Extractive answers: the sentences that answer a question, verbatim and grouped by paper, or papers with findings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answers.confidence import THRESHOLD, confidence
from rag.answers.form import Form
from rag.answers.forms import form_of
from rag.answers.selection import select
from rag.answers.sentences import supports_nothing
from rag.retrieval.found import Retrieved
from rag.types import Abstention, Answer, Citation, Claim, Evidence, ListedPaper, Source

__all__ = ["answer", "marked", "select", "supports_nothing", "unbracketed"]

NEAREST = 3
MENTIONED = 0.3
"""The highest confidence where papers are on the topic and no sentence states the answer."""
LEFT_OPEN = 0.5
"""The highest confidence where the sentences leave open what was asked: no number, no comparison, no finding."""
NUMBER_IN_BRACKETS = re.compile(r"\[(\d+(?:\.\d+)?)\]")
"""What looks like the number of a source or of a sentence."""
_LANGUAGES = {
    "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese", "nl": "Dutch",
    "ru": "Russian", "ja": "Japanese", "zh": "Chinese", "ko": "Korean", "ar": "Arabic",
}  # fmt: skip


def answer(
    retrieved: Retrieved,
    *,
    max_sentences: int | None = None,
    usual: int = 5,
    newest_first: bool = False,
    as_list: bool = False,
) -> Answer:
    """
    Answer in the papers' own sentences by the kind of the question, or abstain and name the nearest papers.

    Every claim is a whole sentence of a stored abstract and cites itself. Papers stand in the order of their best
    sentence, or the newest first, and a paper's sentences in its own order.

    Args:
        retrieved: The question with its evidence.
        max_sentences: The most sentences, or papers of a list; None is `usual`, or what a list holds.
        usual: The most sentences of an answer.
        newest_first: The newest papers first.
        as_list: Give a list of papers, whatever the kind of the question.
    """
    asked = retrieved.understood
    probability = confidence(retrieved.signals)
    newest_first = newest_first or bool(asked and asked.newest_first)
    if asked and asked.kind == "none":
        return _abstained(retrieved, 0.0, Form(), "it names no topic; name a topic, a method or a finding")
    if asked and asked.language != "en" and probability < THRESHOLD:
        reason = (
            f"it is in {_LANGUAGES.get(asked.language, asked.language)}, and without a model only English is understood"
        )
        return _abstained(retrieved, probability, Form(), reason)
    form = form_of(retrieved, limit=max_sentences, usual=usual, newest_first=newest_first, as_list=as_list)
    if form.outcome == "mentioned":
        return _abstained(retrieved, min(probability, MENTIONED), form, form.reason)
    if probability < THRESHOLD:
        return _abstained(retrieved, probability, Form(), form.reason or _why_not(retrieved))
    if form.outcome == "absent":
        return _abstained(retrieved, MENTIONED, Form(), form.reason or _why_not(retrieved))
    papers, sources = _listed(form)
    claims = tuple(paper.finding for paper in papers if paper.finding)
    if not papers:
        claims, sources = _grouped(form.evidence, newest_first=newest_first)
    useful = probability * form.held * form.useful
    return Answer(
        question=retrieved.question,
        answered=True,
        confidence=min(useful, LEFT_OPEN) if form.missing else useful,
        mode="extractive",
        text=" ".join(map(marked, claims)),
        claims=claims,
        sources=sources,
        understood=asked,
        papers=papers,
        missing=form.missing,
    )


def _grouped(chosen: Sequence[Evidence], *, newest_first: bool) -> tuple[tuple[Claim, ...], tuple[Source, ...]]:
    """The claims of the chosen sentences, grouped by paper, and their sources."""
    cited = list({evidence.paper.paper_id: evidence.paper for evidence in chosen}.values())
    if newest_first:
        cited.sort(key=lambda paper: paper.day, reverse=True)
    order = {paper.paper_id: number for number, paper in enumerate(cited, start=1)}
    in_order = sorted(chosen, key=lambda evidence: (order[evidence.paper.paper_id], evidence.sentence.number))
    claims = tuple(_claim(evidence, order[evidence.paper.paper_id]) for evidence in in_order)
    return claims, tuple(Source(number=number, paper=paper) for number, paper in enumerate(cited, start=1))


def _listed(form: Form) -> tuple[tuple[ListedPaper, ...], tuple[Source, ...]]:
    papers = tuple(
        ListedPaper(source=number, finding=_claim(found, number) if found else None)
        for number, (_, found) in enumerate(form.papers, start=1)
    )
    return papers, tuple(Source(number=number, paper=paper) for number, (paper, _) in enumerate(form.papers, start=1))


def marked(claim: Claim) -> str:
    """
    Write a claim with the numbers of its sources before its full stop.

    A bracketed number of the sentence itself, such as `[12]`, gets full-width brackets: in an answer's text every
    `[n]` is a source.
    """
    body = unbracketed(claim.text)
    marks = "".join(f"[{number}]" for number in dict.fromkeys(citation.source for citation in claim.citations))
    return f"{body[:-1]} {marks}{body[-1]}" if body[-1:] in (".", "!", "?") else f"{body} {marks}"


def unbracketed(text: str) -> str:
    """
    Give the bracketed numbers of a sentence full-width brackets, so that none looks like a source.

    >>> unbracketed("As in [12].")
    'As in ［12］.'
    """
    return NUMBER_IN_BRACKETS.sub(r"［\1］", text)


def _claim(evidence: Evidence, source: int) -> Claim:
    sentence = evidence.sentence
    citation = Citation(
        source=source,
        paper_id=evidence.paper.paper_id,
        sentence=sentence.number,
        start=sentence.start,
        end=sentence.end,
        quote=sentence.text,
    )
    return Claim(text=sentence.text, support="verbatim", score=1.0, citations=(citation,))


def _abstained(retrieved: Retrieved, probability: float, form: Form, reason: str) -> Answer:
    """No answer: the papers that are on the topic where there are any, else the nearest ones."""
    papers, sources = _listed(form)
    nearest = (
        () if papers or (retrieved.understood and retrieved.understood.kind == "none") else retrieved.hits[:NEAREST]
    )
    return Answer(
        question=retrieved.question,
        answered=False,
        confidence=probability,
        mode="extractive",
        text="",
        claims=(),
        sources=sources,
        abstention=Abstention(reason=reason, nearest=nearest),
        understood=retrieved.understood,
        outcome="mentioned" if papers else "absent",
        papers=papers,
    )


def _why_not(retrieved: Retrieved) -> str:
    if retrieved.nothing:
        return retrieved.nothing
    if not retrieved.hits:
        return "there is no paper to search: the library is empty, or the filters leave none"
    if all(map(supports_nothing, retrieved.evidence)):
        return "the papers that come nearest were withdrawn, or give orders to their reader"
    return "the sentences that come nearest leave too much of the question open"
