"""Verification of drafts: the verdict, the claim with its citations, and replaying a stored reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rag.answers.context import Context
from rag.answers.extractive import marked, unbracketed
from rag.answers.judged import judged_batch
from rag.answers.missing import is_about_evidence, showable
from rag.answers.repair import Checked, chosen, placed
from rag.answers.replies import DraftClaim, Reply
from rag.checking import Checker, CitedSentence, Judge, Verdict, links
from rag.ports import StoredReply
from rag.types import Abstention, Answer, Citation, Claim, Problem, Source

_ELSEWHERE = ("number", "name")
"""Problems that another sentence of the same abstract may solve."""
MOST_ADDED = 2
"""The most sentences that a claim gets cited besides those that it names."""


def checked(checker: Checker, draft: DraftClaim, context: Context, question: str) -> Checked:
    """
    Check a draft. An unknown id, a link, or evidence that is all flagged fails it.

    A number or a name that another shown sentence of a cited abstract has gets this sentence cited too.
    """
    cited = [context.sentences[name] for name in draft.ids if name in context.sentences]
    verdict = checker.check(draft.text, cited, question=question)
    if any(problem.kind in _ELSEWHERE for problem in verdict.problems):
        verdict, cited = _cited_too(checker, draft.text, verdict, cited, context, question)
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
        verdict = replace(verdict, support="unsupported", vetoed=True)
    return Checked(draft, verdict, tuple(cited))


def _cited_too(
    checker: Checker, claim: str, verdict: Verdict, cited: list[CitedSentence], context: Context, question: str
) -> tuple[Verdict, list[CitedSentence]]:
    """The verdict with up to `MOST_ADDED` more sentences of the cited abstracts, if these make the claim pass."""
    papers = {sentence.paper.paper_id for sentence in cited}
    others = [
        sentence
        for sentence in context.sentences.values()
        if sentence.paper.paper_id in papers and sentence not in cited
    ]
    best, more = verdict, list(cited)
    for _ in range(MOST_ADDED):
        tried = [(checker.check(claim, [*more, other], question=question), other) for other in others]
        if not tried:
            break
        found, other = min(tried, key=lambda pair: (_lacking(pair[0]), pair[1].sentence.number))
        if _lacking(found) >= _lacking(best):
            break
        best, more = found, [*more, other]
        others.remove(other)
        if best.support != "unsupported":
            return best, more
    return verdict, cited


def _lacking(verdict: Verdict) -> int:
    """How many numbers and names of a claim no cited sentence has."""
    return sum(problem.kind in _ELSEWHERE for problem in verdict.problems)


def made(one: Checked, sources: dict[str, int]) -> Claim:
    """Make the claim of a checked draft, with quotes from the store; sources are numbered as they are first cited."""
    citations = tuple(
        Citation(
            source=sources.setdefault(cited_sentence.paper.paper_id, len(sources) + 1),
            paper_id=cited_sentence.paper.paper_id,
            sentence=cited_sentence.sentence.number,
            start=cited_sentence.sentence.start,
            end=cited_sentence.sentence.end,
            quote=cited_sentence.sentence.text,
        )
        for cited_sentence in one.cited
    )
    return Claim(
        text=one.draft.text,
        support=one.verdict.support,
        score=one.verdict.score,
        citations=citations,
        problems=one.verdict.problems,
        doubts=one.verdict.doubts,
        judgement=one.verdict.judgement,
    )


def shown_text(claim: Claim) -> str:
    """Write a claim for the text of an answer, with the numbers of its sources or the mark `[unsupported]`."""
    return marked(claim) if claim.citations else f"{unbracketed(claim.text)} [unsupported]"


def replayed(
    stored: StoredReply, sentences: Mapping[str, CitedSentence], checker: Checker, judge: Judge | None = None
) -> Answer:
    """
    Read and check a stored reply again.

    Args:
        stored: The stored reply.
        sentences: The sentences that the model saw, by the ids that they had in its prompt.
        checker: The verifier.
        judge: Decides about claims what words do not; None leaves it to them.
    """
    context = Context(dict(sentences))
    first, second = Reply(), Reply()
    drafts = list(dict.fromkeys([*first.feed(stored.reply), *first.finish()]))
    repaired = [*second.feed(stored.repair), *second.finish()] if stored.repair else []
    told = [draft.text for draft in drafts if is_about_evidence(draft.text)]
    read, rewritten = (
        judged_batch(
            judge,
            [checked(checker, draft, context, stored.question) for draft in each if draft.text not in told],
            stored.question,
        )
        for each in (drafts, repaired)
    )
    by_draft = {one.draft: one for one in rewritten}
    places = iter(placed([one.draft for one in read if one.wanting], [one.draft for one in rewritten]))
    sources: dict[str, int] = {}
    claims: list[Claim] = []
    dropped = 0
    for one in read:
        shown = chosen(one, [by_draft[draft] for draft in next(places)] if one.wanting else [])
        before = len(claims)
        for each in shown:
            if all(each.draft.text != claim.text for claim in claims):
                claims.append(made(each, sources))
        dropped += one.wanting and len(claims) == before
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
        dropped=dropped,
        generation=stored.id,
        outcome="answered" if claims else "absent",
        missing=next(filter(None, (showable(text, stored.question, context) for text in (*told, first.missing))), None),
        judge=judge.name if judge else "words",
    )
