"""Checkers of the JSON that docs/contracts.md promises: the keys, their kinds, and what must hold between them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

SENTENCE = {"number": int, "start": int, "end": int, "text": str}
REFERENCE = {"paper_id": str, "title": str, "authors": list, "published": str | None, "url": str | None}
ANSWER = {
    "question": str,
    "answered": bool,
    "confidence": float,
    "mode": str,
    "text": str,
    "claims": list,
    "sources": list,
    "abstention": dict | None,
    "degraded": dict | None,
    "model": str | None,
    "prompt": str | None,
    "usage": dict | None,
    "took_ms": float,
}
CLAIM = {"text": str, "support": str, "score": float, "problems": list, "citations": list}
CITATION = {"source": int, "paper_id": str, "sentence": int, "start": int, "end": int, "quote": str}
HIT = {**REFERENCE, "score": float, "lexical": float, "vector": float, "best_sentence": dict}
REPORT = {"added": int, "updated": int, "unchanged": int, "rejected": list, "merged": int, "took_ms": float}
SHOWN = {
    "paper_id": str,
    "aliases": list,
    "title": str,
    "abstract": str,
    "authors": list,
    "published": str | None,
    "listed": str | None,
    "url": str | None,
    "sentences": list,
    "revisions": list,
    "flags": list,
}


def has(document: Any, shape: dict[str, Any]) -> None:
    """Every key of the shape is there, of its kind; more keys are no breach."""
    assert isinstance(document, dict)
    for key, kind in shape.items():
        assert key in document, f"{key} is missing of {sorted(document)}"
        assert isinstance(document[key], kind), f"{key} is {document[key]!r}"


def is_hit(document: Any) -> None:
    """A hit of `search`, or of an abstention."""
    has(document, HIT)
    has(document["best_sentence"], SENTENCE)
    for key in ("score", "lexical", "vector"):
        assert 0 <= document[key] <= 1


def is_answer(document: Any, show: Callable[[str], Any]) -> None:
    """An `ask` document; `show` gives the document of `show --json`, for the quotes."""
    has(document, ANSWER)
    assert 0 <= document["confidence"] <= 1
    assert document["mode"] in ("extractive", "generated")
    numbers = [source["number"] for source in document["sources"]]
    assert numbers == list(range(1, len(numbers) + 1))
    cited: list[int] = []
    for claim in document["claims"]:
        has(claim, CLAIM)
        assert claim["support"] in ("verbatim", "supported", "weak", "unsupported")
        assert claim["citations"] or claim["support"] == "unsupported"
        for citation in claim["citations"]:
            has(citation, CITATION)
            cited.append(citation["source"])
            paper = show(citation["paper_id"])
            assert citation["quote"] == paper["abstract"][citation["start"] : citation["end"]]
            sentence = paper["sentences"][citation["sentence"] - 1]
            assert (sentence["number"], sentence["start"], sentence["end"]) == tuple(
                citation[k] for k in ("sentence", "start", "end")
            )
            source = document["sources"][citation["source"] - 1]
            assert source["paper_id"] == citation["paper_id"]
    assert list(dict.fromkeys(cited)) == numbers, "numbered in the order of first citation, and every source is cited"
    for source in document["sources"]:
        has(source, {"number": int, **REFERENCE})
    assert {int(number) for number in re.findall(r"\[(\d+)\]", document["text"])} == set(numbers)
    if document["answered"]:
        assert document["claims"]
        assert document["abstention"] is None
    else:
        assert document["claims"] == document["sources"] == []
        has(document["abstention"], {"reason": str, "nearest": list})
        for hit in document["abstention"]["nearest"]:
            is_hit(hit)


REVIEW = {
    "topic": str,
    "understood": dict,
    "filter": dict,
    "mode": str,
    "reason": str | None,
    "partial": bool,
    "without": list,
    "headline": list,
    "themes": list,
    "agreements": list,
    "differences": list,
    "papers": list,
    "table": list,
    "months": list,
    "nearest": list,
    "coverage": dict,
    "sources": list,
    "manifest": dict,
    "usage": dict | None,
    "degraded": dict | None,
    "id": str,
}
ROW = {"source": int, "paper_id": str, "title": str, "finding": dict, "number": str | None, "date": str | None}
MONTH = {"name": str, "papers": int, "listed": int, "share": int | float}


def is_review(document: Any, show: Callable[[str], Any]) -> None:
    """A `review` document; `show` gives the document of `show --json`, for the quotes."""
    has(document, REVIEW)
    groups = [document["headline"], *(theme["claims"] for theme in document["themes"])]
    for agreement in document["agreements"]:
        has(agreement, {"about": str, "direction": str, "claims": list})
        groups.append(agreement["claims"])
    for difference in document["differences"]:
        has(difference, {"about": str, "claims": list, "against": list})
        groups += [difference["claims"], difference["against"]]
    for row in document["table"]:
        has(row, ROW)
        assert row["number"] is None or row["number"] in row["finding"]["text"]
        groups.append([row["finding"]])
    for month in document["months"]:
        has(month, MONTH)
        assert 0 <= month["papers"] <= month["listed"]
    cited = []
    for claim in (claim for group in groups for claim in group):
        has(claim, CLAIM)
        for citation in claim["citations"]:
            has(citation, CITATION)
            cited.append(citation["source"])
            assert citation["quote"] == show(citation["paper_id"])["abstract"][citation["start"] : citation["end"]]
            assert document["sources"][citation["source"] - 1]["paper_id"] == citation["paper_id"]
    assert list(dict.fromkeys(cited)) == list(range(1, len(document["sources"]) + 1))
    for source in document["sources"]:
        has(source, {"number": int, **REFERENCE})


def shown(library: Any, name: str) -> dict[str, Any]:
    """What `show --json` has of a paper, as far as quotes are checked against it."""
    paper = library.show(name)
    return {"abstract": paper.abstract, "sentences": [sentence.to_dict() for sentence in paper.sentences]}
