"""The form of an extractive answer: the sentences or papers that it shows, and how likely that form is useful."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from rag.types import Evidence, Outcome, Paper

Listed = tuple[tuple[Paper, Evidence | None], ...]
"""Papers in their order, each with its sentence; None if no sentence may be shown."""

NO_LIMITS = "no sentence found here tells of limits or failures"
NOT_DENIED = "no sentence found here denies it; what is shown is the other side"
NO_NUMBER = "no sentence found here gives a number"
NO_FINDING = "no sentence found here tells a finding on this"
NO_CAUSE = "no sentence found here gives a cause"
NOT_DEFINED = "no sentence found here defines it; what is shown is said of it"
NOT_NAMED = "no sentence found here names {}"
_LEFT_OPEN = (NO_LIMITS, NOT_DENIED, NO_NUMBER, NO_FINDING, NO_CAUSE, NOT_DEFINED)
_NOT_NAMED = re.compile(re.escape(NOT_NAMED).replace(r"\{\}", r"((?:“[^”]*”|, | and )+)"))

Sort = Literal[
    "claim", "findings", "cause", "negative", "number", "definition", "comparison", "ways", "list", "overview"
]
USEFUL: Mapping[Sort, float] = {
    "claim": 1.0,
    "findings": 0.82,
    "cause": 0.8,
    "negative": 0.82,
    "number": 0.82,
    "definition": 0.95,
    "comparison": 0.8,
    "ways": 0.86,
    "list": 1.0,
    "overview": 1.0,
}
"""How likely an answer of a sort is useful where the library holds one: the shares of those that were read."""
TITLED = 1.1
"""The factor if the title of the first paper names all that is asked about."""
SHORT_LIST = {0: 0.7, 1: 0.8, 2: 0.9}
"""The factor of a list of so few papers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """
    What an answer shows: sentences, or papers each with the sentence that tells its finding.

    Args:
        evidence: The sentences, best first.
        papers: The papers of a list with their finding, in their order.
        reason: Why the question is only touched on; the outcome is then `mentioned`.
        missing: What the sentences leave open.
        held: The share of the question's things that the sentences name.
        sort: The sort of answer, on which depends how useful it probably is.
        titled: True if the title of the first paper names all that is asked about.
        on_topic: How many papers of a list hold its topic as it is asked for; None if all do.
    """

    evidence: tuple[Evidence, ...] = ()
    papers: Listed = ()
    reason: str = ""
    missing: str | None = None
    held: float = 1.0
    sort: Sort = "findings"
    titled: bool = False
    on_topic: int | None = None

    @property
    def outcome(self) -> Outcome:
        """`mentioned` if none of the sentences states the answer, else `answered`; `absent` if there is nothing."""
        if self.reason:
            return "mentioned" if self.papers else "absent"
        return "answered" if self.evidence or self.papers else "absent"

    @property
    def useful(self) -> float:
        """The factor on the probability that the library holds an answer: how likely this form of it is useful."""
        if self.papers:
            surely = len(self.papers) if self.on_topic is None else min(self.on_topic, len(self.papers))
            return USEFUL[self.sort] * SHORT_LIST.get(surely, 1.0)
        return USEFUL[self.sort] * (
            TITLED if self.titled and self.sort not in ("claim", "definition", "negative") else 1.0
        )


def is_left_open(text: str, question: str) -> bool:
    """True if an answer to a question may say this of what it leaves open."""
    if text in _LEFT_OPEN:
        return True
    named = _NOT_NAMED.fullmatch(text)
    asked = set(re.findall(r"[^\W_]+", question.lower()))
    return named is not None and set(re.findall(r"[^\W_]+", named[1].lower().replace("” and “", " "))) <= asked


def quoted(topic: str) -> str:
    """A topic in quotation marks, not too long."""
    return f"“{' '.join(topic.split())[:80]}”"


def all_of(things: Iterable[str]) -> str:
    """Things in quotation marks: “a”, “b” and “c”."""
    *others, last = map(quoted, things)
    return f"{', '.join(others)} and {last}" if others else last
