"""An answer from its stored document, with what its renderings tell; papers have what the document says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rag.question import Understood
from rag.types import (
    Abstention,
    Answer,
    Citation,
    Claim,
    Fact,
    Hit,
    JsonDict,
    Judgement,
    ListedPaper,
    Paper,
    Problem,
    Source,
)


def answer_of(document: JsonDict) -> Answer:
    """
    The answer of a document as `ask --json` prints it, so that it can be rendered again.

    Abstracts, scores and the model's name are not in it.
    """
    abstention = document["abstention"]
    understood = document["understood"]
    return Answer(
        question=document["question"],
        answered=document["answered"],
        confidence=document["confidence"],
        mode=document["mode"],
        text=document["text"],
        claims=tuple(map(_claim, document["claims"])),
        sources=tuple(Source(number=each["number"], paper=_paper(each)) for each in document["sources"]),
        abstention=abstention
        and Abstention(reason=abstention["reason"], nearest=tuple(map(_hit, abstention["nearest"]))),
        understood=understood and _understood(document["question"], understood),
        outcome=document["outcome"],
        papers=tuple(
            ListedPaper(source=each["source"], finding=each["finding"] and _claim(each["finding"]))
            for each in document["papers"]
        ),
        facts=tuple(Fact(**{**each, "paper_ids": tuple(each["paper_ids"])}) for each in document["facts"]),
        missing=document["missing"],
    )


def _claim(value: Mapping[str, Any]) -> Claim:
    judged = value.get("judgement")
    return Claim(
        text=value["text"],
        support=value["support"],
        score=value["score"],
        citations=tuple(Citation(**each) for each in value["citations"]),
        problems=tuple(map(_problem, value["problems"])),
        doubts=tuple(map(_problem, value["doubts"])),
        judgement=judged and Judgement(verdict=judged["verdict"], because=tuple(judged["because"])),
    )


def _problem(value: Mapping[str, Any]) -> Problem:
    start, end = value["at"]
    return Problem(kind=value["kind"], found=value["found"], at=(start, end), detail=value["detail"])


def _paper(value: Mapping[str, Any]) -> Paper:
    return Paper(
        paper_id=value["paper_id"],
        title=value["title"],
        abstract="",
        authors=tuple(value["authors"]),
        published=value["published"],
        url=value["url"],
        flags=tuple(value["flags"]),
    )


def _hit(value: Mapping[str, Any]) -> Hit:
    return Hit(
        paper=_paper(value),
        score=value["score"],
        lexical=value["lexical"],
        vector=value["vector"],
        best_sentence=None,
    )


def _understood(question: str, value: Mapping[str, Any]) -> Understood:
    return Understood(
        question=question,
        kind=value["kind"],
        authors=tuple(value["authors"]),
        since=value["since"],
        until=value["until"],
        corrected=dict(value["corrected"]),
    )
