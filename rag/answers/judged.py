"""
Judging of drafts in batches: the first claim of an answer alone, so that it appears early, and then several at once.

What words have decided waits for no judge. Claims keep their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from rag.answers.budget import Options
from rag.answers.repair import Checked
from rag.checking import Judge, JudgedClaim, judge_claims, wants_judge
from rag.llm.chat import Chat

AT_ONCE = 8
"""The most claims that a judge is asked about at once, after the first."""


MakeJudge = Callable[[Chat, Options], Judge | None]
"""Makes the judge of a question, from its chat and options; None leaves its claims to the words."""


def batches(ones: Iterable[Checked], judge: Judge | None, *, early: bool) -> Iterator[list[Checked]]:
    """
    Part checked drafts into batches for a judge, as they come.

    Args:
        ones: The drafts.
        judge: None makes a batch of each.
        early: Let the first claim that needs the judge be alone, for a reader who waits for it.
    """
    batch: list[Checked] = []
    is_first = True
    for one in ones:
        batch.append(one)
        waiting = sum(wants_judge(each.verdict) for each in batch) if judge else 0
        if not waiting or waiting >= (1 if early and is_first else AT_ONCE):
            yield batch
            is_first = is_first and not waiting
            batch = []
    if batch:
        yield batch


def judged_batch(judge: Judge | None, ones: Sequence[Checked], question: str) -> list[Checked]:
    """The same drafts, those that words have not decided with the verdict of the judge."""
    claims = [JudgedClaim(one.draft.text, tuple(one.cited), question) for one in ones]
    verdicts = judge_claims(judge, claims, [one.verdict for one in ones])
    return [replace(one, verdict=verdict) for one, verdict in zip(ones, verdicts, strict=True)]
