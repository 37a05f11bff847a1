"""
Extractive summarization of one paper for its card: the sentence of its finding, and that of what is new.

The order of a paper's sentences is that of `rag.roles.finding`; here those are left out that state no result, or that a
reader cannot follow without the sentence before. Sentences are verbatim and whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.answers.sentences import supports_nothing
from rag.digests.salience import salient_sentences
from rag.roles import finding, with_roles
from rag.roles.cues import WORD, cues
from rag.types import Evidence, Paper, Role, Sentence

SHORTEST, LONGEST = 6, 48
"""Words of a sentence that a card shows, if there is another one."""
LIKELY = 0.5
"""The probability of its role from which a sentence is taken to state a result."""
_RESULTS = ("result", "conclusion")
_LEANS = ("dangles", "refers back", "these results", "turns")
_NO_RESULT = ("aims", "hopes", "releases", "where it is", "outlines", "to do")
_HOPES = re.compile(
    r"\b(?:anticipate|foster\w*|pav\w+ the way|future (?:work|research|studies)|serv\w+ as|openly releas\w+"
    r"|supplementary|available (?:at|via|on|upon|in|under|to)|lay\w* (?:the|a) |contribut\w+ to advancing"
    r"|new (?:resource|signal)|open challenges)\b",
    re.IGNORECASE,
)
"""What a paper hopes to be good for is no result."""
_CAVEAT = re.compile(
    r"\b(?:was|were|is|are) (?:held |kept |all )?(?:fixed|constant|set|limited|restricted|confined) (?:at|to)\b"
    r"|\b(?:was|were|has|have) not (?:been )?(?:test|vari|measur|examin|stud|investigat|compar|report)\w*"
    r"|\b(?:submitted to|accepted (?:at|to|by)|under review)\b",
    re.IGNORECASE,
)
"""How it was measured, what was not, or where it is published: no result."""
_SIDE = re.compile(r"\bwe (?:\w+ )?(?:also|further|additionally)\b|\balso \w+\b|\bfurther propose", re.IGNORECASE)
_MACRO = re.compile(r"\\(?:name\w*|method\w*|model\w*|ours|system|tool|sys|approach|bench\w*)\b", re.IGNORECASE)
"""A name of the authors that only their own TeX knows."""
_QUANTITY = re.compile(r"(?<![\w.{^-])\d[\d.,]*(?![\w-])")
_LEAN = re.compile(
    r"^(?:moreover|furthermore|additionally|in addition|also|further|besides|similarly|meanwhile|then|next"
    r"|for (?:example|instance)"
    r"|second(?:ly)?|third(?:ly)?|conversely|in contrast|as (?:a result|such)|another"
    r"|(?:more )?specifically|in particular|concretely"
    r"|the (?:second|third|other|latter|former|same)|both|in response|(?:through|with|for) this|on this basis)\b"
    r"|\b(?:former|latter|aforementioned)\b|\bthe above\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Told:
    """
    What a paper tells in one sentence each.

    Args:
        finding: Its result or conclusion; None if it states none.
        contribution: What is new, for a paper that offers something; None if it says so nowhere else.
        serves: The finding, else the contribution, else the sentence that serves best.
        specific: True if the finding says what was found, not only that all is well: with a number or a comparison.
    """

    finding: Sentence | None
    contribution: Sentence | None
    serves: Sentence
    specific: bool


@lru_cache(maxsize=8_192)
def told(paper: Paper) -> Told:
    """
    What a paper tells.

    Raises:
        IndexError: It has no sentences.
    """
    [serves] = salient_sentences([paper])
    [roled] = with_roles([paper])
    candidates = [_Candidate.of(roled, number) for number in finding.ranked(paper)]
    candidates = [each for each in candidates if not supports_nothing(each.evidence)]
    results = [each for each in candidates if each.tells]
    best = next((each for each in results if each.specific), None)
    first = next(iter(results), None)
    if best is None or (first and not first.hollow):
        best = first
    offers = sorted((each for each in candidates if each.offers and each is not best), key=lambda each: each.place)
    new = next(iter(offers), None)
    chosen = best or new or next((each for each in candidates if each.serves), None)
    return Told(
        finding=best.sentence if best else None,
        contribution=new.sentence if new else None,
        serves=chosen.sentence if chosen else serves,
        specific=best is not None and best.specific,
    )


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence with its role and cues."""

    evidence: Evidence
    role: Role
    cues: frozenset[str]
    words: int
    quantity: bool

    @classmethod
    def of(cls, paper: Paper, number: int) -> _Candidate:
        sentence = paper.sentence(number)
        lowered = sentence.text.lower()
        words = WORD.findall(lowered)
        return cls(
            evidence=Evidence(paper=paper, sentence=sentence, score=0.0),
            role=paper.roles[number - 1],
            cues=frozenset(name for name, found in cues(lowered, words).items() if found),
            words=len(words),
            quantity=bool(_QUANTITY.search(lowered)),
        )

    @property
    def sentence(self) -> Sentence:
        return self.evidence.sentence

    @property
    def alone(self) -> bool:
        """True if a reader can follow it without the sentence before."""
        fits = SHORTEST <= self.words <= LONGEST and not self.sentence.text.rstrip().endswith(("?", ":"))
        fits = fits and not _MACRO.search(self.sentence.text)
        return fits and self.cues.isdisjoint(_LEANS) and not _LEAN.search(self.sentence.text)

    @property
    def tells(self) -> bool:
        """True if it states a result."""
        states = self.role.name in _RESULTS and self.role.probability >= LIKELY
        found = self.quantity or not self.cues.isdisjoint(("gains", "shows that"))
        hopes = _HOPES.search(self.sentence.text) or not (found or self.cues.isdisjoint(("future", "announces")))
        caveat = _CAVEAT.search(self.sentence.text)
        return states and self.alone and self.cues.isdisjoint(_NO_RESULT) and not hopes and not caveat

    @property
    def serves(self) -> bool:
        """True if it at least is no aim and not where the code is."""
        return self.cues.isdisjoint(("aims", "where it is"))

    @property
    def hollow(self) -> bool:
        """True if it only says that all is well."""
        return "hollow" in self.cues and not self.quantity

    @property
    def specific(self) -> bool:
        """True if it says what was found."""
        says = self.quantity or not self.cues.isdisjoint(("gains", "effect", "shows that"))
        return says and not self.hollow and "future" not in self.cues

    @property
    def offers(self) -> bool:
        """True if it says what is new."""
        new = "proposes" in self.cues and self.role.name not in ("background", *_RESULTS)
        return new and self.alone and not _SIDE.search(self.sentence.text)

    @property
    def place(self) -> tuple[bool, int]:
        """A sentence that names what the title names comes first, then the earlier one."""
        name, colon, _ = self.evidence.paper.title.partition(":")
        named = bool(colon) and name.strip().lower() in self.sentence.text.lower()
        return not named, self.sentence.number
