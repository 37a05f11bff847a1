"""Verification of drafts: the verdict, the claim with its citations, and replaying a stored reply."""

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
    checker: Checker, draft: DraftClaim, context: Context, question: str
) -> tuple[Verdict, list[CitedSentence]]:
    """Check a draft; return the verdict and the sentences that it cites. An unknown id, or a link, fails it."""
    cited = [context.sentences[name] for name in draft.ids if name in context.sentences]
    verdict = checker.check(draft.text, cited, question=question)
    invented = [name for name in draft.ids if name not in context.sentences]
    problems = [
        Problem(kind="source", found=name, at=(0, len(draft.text)), detail="no sentence has this number")
        for name in invented
    ] + [
        Problem(kind="source", found=link, at=(0, len(draft.text)), detail="an answer holds no links")
        for link in links(draft.text)
    ]
    if problems:
        verdict = Verdict("unsupported", 0.0, (*verdict.problems, *problems), vetoed=True)
    elif any(problem.kind == "flagged" for problem in verdict.problems):
        verdict = replace(verdict, support="unsupported")
    return verdict, cited


def made(draft: DraftClaim, verdict: Verdict, cited: Sequence[CitedSentence], sources: dict[str, int]) -> Claim:
    """Make the claim with quotes from the store; sources are numbered in the order of their first citation."""
    citations = tuple(
        Citation(
            source=sources.setdefault(cited_sentence.paper.paper_id, len(sources) + 1),
            paper_id=cited_sentence.paper.paper_id,
            sentence=cited_sentence.sentence.number,
            start=cited_sentence.sentence.start,
            end=cited_sentence.sentence.end,
            quote=cited_sentence.sentence.text,
        )
        for cited_sentence in cited
    )
    return Claim(
        text=draft.text,
        support=verdict.support,
        score=verdict.score,
        citations=citations,
        problems=verdict.problems,
        doubts=verdict.doubts,
        judgement=verdict.judgement,
    )


def shown_text(claim: Claim) -> str:
    """Write a claim for the text of an answer, with the numbers of its sources or the mark `[unsupported]`."""
    return marked(claim) if claim.citations else f"{unbracketed(claim.text)} [unsupported]"


def reasons(verdict: Verdict) -> str:
    """List the problems of a claim for the model, which has to repair it."""
    return "; ".join(f"{problem.kind}: “{problem.found}”: {problem.detail}" for problem in verdict.problems)


def replayed(stored: StoredReply, sentences: Mapping[str, CitedSentence], checker: Checker) -> Answer:
    """
    Read and check a stored reply again.

    Args:
        stored: The stored reply.
        sentences: The sentences that the model saw, by the ids that they had in its prompt.
        checker: The verifier.
    """
    context = Context(dict(sentences))
    first, second = Reply(), Reply()
    drafts = [*first.feed(stored.reply), *first.finish()]
    repaired = [*second.feed(stored.repair), *second.finish()] if stored.repair else []
    sources: dict[str, int] = {}
    claims: list[Claim] = []
    failed = {False: 0, True: 0}  # of the first reply, and of the repair
    for draft, final in [*((draft, False) for draft in drafts), *((draft, True) for draft in repaired)]:
        verdict, cited = verdict_of(checker, draft, context, stored.question)
        if verdict.support == "unsupported":
            failed[final] += 1
        elif all(draft.text != claim.text for claim in claims):
            claims.append(made(draft, verdict, cited, sources))
    papers = {cited.paper.paper_id: cited.paper for cited in sentences.values()}
    return Answer(
        question=stored.question,
        answered=bool(claims),
        confidence=1.0 if claims else 0.0,
        mode="generated",
        text=" ".join(map(shown_text, claims)),
        claims=tuple(claims),
        sources=tuple(Source(number=number, paper=papers[name]) for name, number in sources.items()),
        abstention=None if claims else Abstention(reason="nothing that the model wrote passes the check", nearest=()),
        model=stored.model,
        prompt=stored.prompt,
        dropped=failed[True] + max(0, failed[False] - len(repaired)),
        generation=stored.id,
        outcome="answered" if claims else "absent",
    )
