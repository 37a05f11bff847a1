"""The state of one question in the chain of `generated`, and the answer made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from rag.answers.breadth import Breadth
from rag.answers.budget import Options
from rag.answers.confidence import confidence
from rag.answers.context import Context
from rag.answers.extractive import NEAREST
from rag.answers.missing import showable
from rag.answers.repair import Checked
from rag.answers.verified import shown_text
from rag.checking import Judge, JudgeName
from rag.llm.chat import Chat
from rag.ports import StoredReply
from rag.retrieval.found import Retrieved
from rag.types import Abstention, Answer, Claim, Source


@dataclass(slots=True)
class Task:
    """
    The state of a question that a model answers; every step of the chain adds to it.

    Args:
        retrieved: The question with its evidence.
        options: Its options.
        chat: Its calls to the model.
        pool: The evidence with comparable scores, of which the model sees a part.
        breadth: How large that part is.
        context: The evidence that the model sees.
        prompt: The id of the prompt that was used.
        stored: The stored reply, if there is one.
        replies: The model's reply, and its reply to the repair.
        claims: The claims that passed the check.
        held: What waits for the repair: the first draft that failed the check, and all that come after it.
        told: What the evidence does not say, in the model's words; the first that may be shown is.
        sources: The number of each cited paper, by its id.
        dropped: How many claims were left out.
        judge: Decides about claims what words do not; None leaves it to them.
        was_cut: True if the model's reply ended at the most tokens.
    """

    retrieved: Retrieved
    options: Options
    chat: Chat
    pool: Retrieved
    breadth: Breadth
    context: Context = field(default_factory=lambda: Context({}))
    prompt: str = ""
    stored: StoredReply | None = None
    replies: list[str] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    held: list[Checked] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    sources: dict[str, int] = field(default_factory=dict)
    dropped: int = 0
    judge: Judge | None = None
    was_cut: bool = False

    @property
    def question(self) -> str:
        """The question."""
        return self.retrieved.question

    @property
    def full(self) -> bool:
        """True if the answer has as many claims as it may have."""
        return len(self.claims) >= self.options.max_claims


def answer_of(task: Task, *, model: str, reply_id: str | None) -> Answer:
    """
    Make the answer of the claims that passed the check, or an abstention.

    Args:
        task: After its last step.
        model: The model's name.
        reply_id: The id under which the reply is stored.
    """
    usage, prices = task.chat.usage, task.options.prices
    cost = (usage.input_tokens * prices[0] + usage.output_tokens * prices[1]) / 1e6 if prices else None
    papers = {cited.paper.paper_id: cited.paper for cited in task.context.sentences.values()}
    answered = any(claim.support != "unsupported" for claim in task.claims)
    claims = tuple(task.claims) if answered else ()
    sources = task.sources if answered else {}
    decided = judged_by(task.judge, claims)
    if task.was_cut:
        decided["degraded"] = {"from": "length", "reason": f"its reply was cut at {task.options.max_output:,} tokens"}
    return Answer(
        question=task.question,
        answered=answered,
        confidence=confidence(task.retrieved.signals),
        mode="generated",
        text=" ".join(map(shown_text, claims)),
        claims=claims,
        sources=tuple(Source(number=number, paper=papers[paper_id]) for paper_id, number in sources.items()),
        abstention=None if answered else _abstention(task),
        model=model,
        prompt=task.prompt or None,
        usage={
            "calls": usage.calls,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "estimated": usage.estimated,
            "cost": cost,
        },
        dropped=task.dropped,
        generation=reply_id,
        outcome="answered" if answered else "absent",
        understood=task.retrieved.understood,
        missing=next(filter(None, (showable(told, task.question, task.context) for told in task.told)), None),
        **decided,
    )


class _JudgedBy(TypedDict):
    """The fields of an Answer that say who judged."""

    judge: JudgeName
    degraded: Mapping[str, str] | None


def judged_by(judge: Judge | None, claims: Sequence[Claim]) -> _JudgedBy:
    """Who judged the claims of an answer, and the reason if the judge left some of them to the words."""
    if not judge:
        return {"judge": "words", "degraded": None}
    degraded = {"from": "judge", "reason": judge.failure} if judge.failure else None
    failed = degraded and all(claim.judgement is None for claim in claims)
    return {"judge": "words" if failed else judge.name, "degraded": degraded}


def _abstention(task: Task) -> Abstention:
    asked = task.retrieved.understood
    if asked and asked.kind == "none":
        return Abstention(reason="it names no topic; name a topic, a method or a finding", nearest=())
    reason = task.retrieved.nothing or "the sentences that come nearest leave too much of the question open"
    if task.context.sentences:
        reason = "the model found no answer in the sentences that come nearest"
        if task.dropped:
            reason = "nothing that the model wrote passed the check"
    return Abstention(reason=reason, nearest=task.retrieved.hits[:NEAREST])
