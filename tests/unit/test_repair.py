"""Repairs: the reasons that a model is told, and where the rewritten claims stand."""

from __future__ import annotations

import pytest

from rag.answers.context import Context
from rag.answers.repair import Checked, chosen, evidence_for, placed, reasons
from rag.answers.replies import DraftClaim
from rag.checking import CitedSentence, Verdict, judged
from rag.types import Judgement, Paper, Problem


def drafts(*texts: str) -> list[DraftClaim]:
    return [DraftClaim(text, ("1.1",)) for text in texts]


def cited(paper_id: str, text: str = "Pears raise yield.") -> CitedSentence:
    paper = Paper(paper_id=paper_id, title="", abstract=text, spans=((0, len(text)),))
    return CitedSentence(paper, paper.sentence(1))


FAILED = drafts("Pears raise yield by 7%.", "Plums ripen in 3 days.", "Frost cuts the harvest of apples.")


@pytest.mark.parametrize(
    ("repaired", "places"),
    [
        (["Apples suffer from frost.", "B.", "C."], [0, 1, 2]),
        (["Plums ripen in 14 days.", "Frost cuts the harvest."], [1, 2]),
        (["Frost cuts the harvest."], [2]),
        (["Pears raise yield.", "Plums ripen early.", "Plums ripen in 14 days.", "Frost cuts it."], [0, 1, 1, 2]),
        ([], []),
    ],
)
def test_a_rewritten_claim_stands_where_the_failed_one_stood(repaired: list[str], places: list[int]) -> None:
    found = placed(FAILED, drafts(*repaired))
    assert len(found) == len(FAILED)
    assert [at for at, group in enumerate(found) for _ in group] == places


def test_a_repair_is_sent_the_cited_abstracts_alone() -> None:
    context = Context({"1.1": cited("p:1"), "2.1": cited("p:2"), "3.1": cited("p:3")})
    no = Verdict("unsupported", 0.0, ())
    assert list(evidence_for(context, [Checked(FAILED[0], no, (cited("p:2"),))]).sentences) == ["2.1"]
    assert list(evidence_for(context, [Checked(FAILED[0], no, ())]).sentences) == ["1.1", "2.1", "3.1"]


def test_a_reason_says_what_to_do() -> None:
    problem = Problem(kind="number", found="7%", at=(0, 2), detail="no cited sentence holds it")
    told = reasons(Verdict("unsupported", 0.0, (problem,)))
    assert told.startswith("number: “7%”: no cited sentence holds it; ")
    assert "leave the number out" in told


def test_an_overstated_claim_is_repaired_and_stands_if_the_repair_fails() -> None:
    overstated = judged(Verdict("supported", 0.9, ()), Judgement(verdict="overstated", because=("may",)))
    one = Checked(FAILED[0], overstated, (cited("p:1"),))
    assert one.passes
    assert one.wanting
    assert "overstated: see “may”" in reasons(overstated)
    worse = Checked(FAILED[1], Verdict("unsupported", 0.0, ()), ())
    better = Checked(FAILED[1], Verdict("supported", 0.9, ()), ())
    assert chosen(one, [worse]) == [one]
    assert chosen(one, [worse, better]) == [better]
    assert chosen(worse, []) == []
