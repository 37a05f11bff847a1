"""
Stored judgements: a claim that was judged before, with the same sentences, costs nothing when it is asked or verified.

They lie beside the stored replies of models, each under the key of its claim, where another judge's judgement replaces
it, and under a key with the judge's prompt and model, where it stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import get_args

from rag.checking import Judge, JudgedClaim, JudgeName
from rag.errors import LibraryReadOnly
from rag.ports import Replies, StoredReply
from rag.types import JudgedAs, Judgement


class StoredJudge:
    """
    A judge who reads what is stored, and asks another judge about the rest.

    Args:
        judge: Asked about claims without a stored judgement; None leaves them to the words.
        replies: Where judgements are stored.
        now: The time, ISO 8601 in UTC.
        prompt, model: What the judge is asked with; only its judgements with the same are used, and new ones stored.
            None takes every stored judgement and stores none, for documents that are verified.
        fresh: Read no stored judgement.
    """

    def __init__(
        self,
        judge: Judge | None,
        replies: Replies,
        now: Callable[[], str],
        *,
        prompt: str | None = None,
        model: str | None = None,
        fresh: bool = False,
    ) -> None:
        self._judge, self._replies, self._now = judge, replies, now
        self._prompt, self._model, self._fresh = prompt, model, fresh
        self._found = self._left = 0

    @property
    def name(self) -> JudgeName:
        """The judge of what was not stored; `model` if all was, because only its judgements are."""
        if self._found and not self._left:
            return "model"
        return self._judge.name if self._judge else "words"

    @property
    def failure(self) -> str | None:
        """That of the judge."""
        return self._judge.failure if self._judge else None

    def judge(self, claims: Sequence[JudgedClaim]) -> list[Judgement | None]:
        """The stored judgement of each claim, else that of the judge."""
        found = [None if self._fresh else self._stored(claim) for claim in claims]
        asked = [row for row, judgement in enumerate(found) if judgement is None]
        self._found += len(found) - len(asked)
        self._left += len(asked)
        if self._judge and asked:
            new = self._judge.judge([claims[row] for row in asked])
            for row, judgement in zip(asked, new, strict=True):
                found[row] = judgement
                if judgement:
                    self._keep(claims[row], judgement)
        return found

    def _stored(self, claim: JudgedClaim) -> Judgement | None:
        row = self._replies.find(claim.key if self._prompt is None else self._own_key(claim))
        if not row or row.question != claim.text:
            return None
        try:
            stored = json.loads(row.reply)
            verdict, because = stored["verdict"], tuple(map(str, stored["because"]))
        except (ValueError, TypeError, KeyError):
            return None
        return Judgement(verdict=verdict, because=because) if verdict in get_args(JudgedAs) else None

    def _own_key(self, claim: JudgedClaim) -> str:
        return hashlib.sha256(f"{self._prompt}\n{self._model}\n{claim.key}".encode()).hexdigest()[:12]

    def _keep(self, claim: JudgedClaim, judgement: Judgement) -> None:
        if self._prompt is None or self._model is None:
            return
        evidence = [
            {
                "id": "",
                "paper_id": cited.paper.paper_id,
                "sentence": cited.sentence.number,
                "quote": cited.sentence.text,
            }
            for cited in claim.cited
        ]
        stored = StoredReply(
            id=claim.key,
            created=self._now(),
            prompt=self._prompt,
            model=self._model,
            question=claim.text,
            evidence=evidence,
            reply=json.dumps(judgement.to_dict(), ensure_ascii=False),
            repair="",
            tokens=0,
        )
        with suppress(LibraryReadOnly):  # it is judged again the next time
            self._replies.keep(stored)
            self._replies.keep(replace(stored, id=self._own_key(claim)))
