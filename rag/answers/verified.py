"""From what a model wrote to claims: the verdict on a draft, its citations, and a stored reply read anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag.answers.context import Context
from rag.answers.extractive import marked, unbracketed
from rag.answers.replies import DraftClaim, Reply
from rag.checking import Checker, CitedSentence, Verdict, links
from rag.ports import StoredReply
from rag.types import Abstention, Answer, Citation, Claim, Problem, Source


def verdict_of(
    checker: Checker, draft: DraftClaim, shown: Context, question: str
) -> tuple[Verdict, list[CitedSentence]]:
    """The verdict on a draft, and the sentences that it cites; an id that was not shown, or a link, fails it."""
    cited = [shown.sentences[each] for each in draft.ids if each in shown.sentences]
    verdict = checker.check(draft.text, cited, question=question)
    invented = [each for each in draft.ids if each not in shown.sentences]
    problems = [
        Problem(kind="source", found=each, at=(0, len(draft.text)), detail="no sentence has this number")
        for each in invented
    ] + [
        Problem(kind="source", found=each, at=(0, len(draft.text)), detail="an answer holds no links")
        for each in links(draft.text)
    ]
    if problems:
        verdict = Verdict("unsupported", 0.0, (*verdict.problems, *problems))
    elif any(problem.kind == "flagged" for problem in verdict.problems):
        verdict = replace(verdict, support="unsupported")
    return verdict, cited


def made(draft: DraftClaim, verdict: Verdict, cited: Sequence[CitedSentence], sources: dict[str, int]) -> Claim:
    """The claim with its quotes from the store; sources are numbered in the order of their first citation."""
    citations = tuple(
        Citation(
            source=sources.setdefault(each.paper.paper_id, len(sources) + 1),
            paper_id=each.paper.paper_id,
            sentence=each.sentence.number,
            start=each.sentence.start,
            end=each.sentence.end,
            quote=each.sentence.text,
        )
        for each in cited
    )
    return Claim(
        text=draft.text, support=verdict.support, score=verdict.score, citations=citations, problems=verdict.problems
    )


def shown_text(claim: Claim) -> str:
    """A claim as the text of an answer has it, with its numbers or the word that it has none."""
    return marked(claim) if claim.citations else f"{unbracketed(claim.text)} [unsupported]"


def reasons(verdict: Verdict) -> str:
    """The problems of a claim, for the model that is to mend it."""
    return "; ".join(f"{problem.kind}: “{problem.found}”: {problem.detail}" for problem in verdict.problems)


def replayed(kept: StoredReply, shown: Mapping[str, CitedSentence], checker: Checker) -> Answer:
    """
    A stored reply, read and checked anew.

    Args:
        kept: The generation.
        shown: The sentences that the model was shown, by their ids of then.
        checker: The verifier.
    """
    evidence = Context(dict(shown))
    first, second = Reply(), Reply()
    drafts = [*first.feed(kept.reply), *first.finish()]
    repaired = [*second.feed(kept.repair), *second.finish()] if kept.repair else []
    sources: dict[str, int] = {}
    claims: list[Claim] = []
    failed = {False: 0, True: 0}  # of the first reply, and of the repair
    for draft, final in [*((each, False) for each in drafts), *((each, True) for each in repaired)]:
        verdict, cited = verdict_of(checker, draft, evidence, kept.question)
        if verdict.support == "unsupported":
            failed[final] += 1
        elif all(draft.text != claim.text for claim in claims):
            claims.append(made(draft, verdict, cited, sources))
    papers = {cited.paper.paper_id: cited.paper for cited in shown.values()}
    return Answer(
        question=kept.question,
        answered=bool(claims),
        confidence=1.0 if claims else 0.0,
        mode="generated",
        text=" ".join(map(shown_text, claims)),
        claims=tuple(claims),
        sources=tuple(Source(number=number, paper=papers[name]) for name, number in sources.items()),
        abstention=None if claims else Abstention(reason="nothing that the model wrote passes the check", nearest=()),
        model=kept.model,
        prompt=kept.prompt,
        dropped=failed[True] + max(0, failed[False] - len(repaired)),
        generation=kept.id,
    )
