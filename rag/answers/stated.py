"""
Sentence scoring for an extractive answer: by role, by how a sentence tells it, and by what the question asks for.

Sentences that state nothing are left out. Which of the others are shown is chosen in `rag.answers.forms`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from rag.answers import sentences
from rag.answers.coverage import absent_from, as_meant, near_the_best
from rag.answers.telling import praises_its_own
from rag.retrieval.found import Retrieved
from rag.types import Evidence

ON_PHRASE = 0.5
FEW_UNITS = 3
"""Where a question has at most so many phrases and words, a sentence holds this share of the most that one holds of
them. A longer question is put in other words more often; on SciFact's training claims this would cost .06 of
evidence hit@5."""
PROPOSING, HOLLOW, OWN = 0.9, 0.95, 0.9
"""The factor on a sentence that only says what its authors make, on one that praises or hopes without a number, and on
one that tells the success of what its authors made."""
ITSELF = 0.9
"""The factor on a sentence that holds nothing of the question's phrases itself."""
ABOUT_IT = 0.94
"""The factor on a sentence of a paper whose title names nothing of the question."""
OF_DEGREE = 1.1
"""The factor on a sentence that holds a word of degree of the question: “larger”."""
_DEGREE = re.compile(
    r"\b(?:larger|bigger|smaller|more|less|fewer|better|worse|faster|slower|longer|shorter|higher|lower|deeper|"
    r"cheaper|reduces?|"
    r"improves?|increases?|hurts?|degrades?)\b"
)
ROLES: Mapping[str, Mapping[str, float]] = {
    "definition": {"result": 0.9, "conclusion": 0.9, "method": 0.95, "objective": 0.95},
    "claim": {},
    "findings": {"method": 0.9, "background": 0.85, "other": 0.85, "objective": 0.75},
    "cause": {"other": 0.85, "objective": 0.85},
    "limits": {"objective": 0.9, "other": 0.88},
}
"""
By what is asked: the factor on the score of a sentence that surely has a role; 1 where none is given. A statement that
is looked up finds its evidence in any sentence.
"""


def stating(retrieved: Retrieved, kind: str = "findings") -> list[Evidence]:
    """
    The sentences that state something and come near the best one, by their scores for a kind of question.

    A sentence on another thing that has the question's words, though not its phrases, is left out.
    """
    return list(near_the_best(on_phrase(retrieved, stated(retrieved, kind))))


def on_phrase(retrieved: Retrieved, found: list[Evidence]) -> list[Evidence]:
    """The sentences that hold about as much of a short question's phrases as the best of them."""
    if retrieved.units > FEW_UNITS:
        return found
    least = ON_PHRASE * max((each.held for each in found[:10]), default=0.0)
    return [each for each in found if each.held >= least]


def stated(retrieved: Retrieved, kind: str = "findings") -> list[Evidence]:
    """All sentences that state something, best first."""
    named = {hit.paper_id: hit.named for hit in retrieved.hits} if kind != "claim" else {}
    papers = {found.paper.paper_id: found.paper for found in retrieved.evidence}
    absent = {paper_id: absent_from(paper, retrieved.things) for paper_id, paper in papers.items()}
    weighed = [
        as_meant(
            weighted(found, kind, named.get(found.paper.paper_id, 1.0)),
            retrieved.things,
            absent[found.paper.paper_id],
        )
        for found in retrieved.evidence
        if not (sentences.states_nothing(found) if kind != "claim" else sentences.is_no_statement(found))
    ]
    degrees = _DEGREE.findall(retrieved.question.lower()) if kind != "claim" else []
    if degrees:
        said = re.compile(rf"\b(?:{'|'.join(map(re.escape, degrees))})\b", re.IGNORECASE)
        weighed = [
            replace(each, score=each.score * OF_DEGREE) if said.search(each.sentence.text) else each for each in weighed
        ]
    return sorted(weighed, key=lambda found: (-found.score, found.paper.paper_id, found.sentence.number))


def weighted(found: Evidence, kind: str, named: float = 1.0) -> Evidence:
    """
    A sentence with its score for a kind of question.

    Args:
        found: The sentence.
        kind: One of `ROLES`.
        named: The share of the question that the paper's title names.
    """
    text, role = found.sentence.text, sentences.role(found)
    factor = 1 - role.probability * (1 - ROLES[kind].get(role.name, 1.0))
    if kind == "findings" and sentences.measures(text):  # a result, whatever the model takes it for
        factor = 1.0
    if kind in ("findings", "cause"):
        factor *= PROPOSING if sentences.only_proposes(text) else 1.0
        factor *= HOLLOW if sentences.is_hollow(text) else 1.0
        factor *= OWN if praises_its_own(text) else 1.0
    if kind != "claim":
        factor *= (ABOUT_IT + (1 - ABOUT_IT) * named) * (ITSELF + (1 - ITSELF) * found.held)
    return replace(found, score=found.score * factor)
