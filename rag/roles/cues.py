"""
Cues of a sentence: words and turns of phrase that say what it does, such as "we show that" or "future work".

Most cues are words, looked up once for each distinct word. A turn of phrase is searched for only where one of its
words is there, so that a sentence costs a few microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

_WORDS = {
    "gains": r"outperform\w*|surpass\w*|exceed\w*|improv\w+|reduc\w+|increas\w+|decreas\w+|achiev\w+|attain\w*|yield\w*"
    r"|faster|better|higher|lower|gains?",
    "effect": r"associated|correlat\w+|significant(?:ly)?|effective|predict(?:s|or|ors)|risk|safe|feasible",
    "hollow": r"state-of-the-art|art|sota|superior|competitive|effectiveness|promising|extensive|validat\w+|robustness"
    r"|versatil\w+",
    "future": r"future|potential|implications?|underscor\w+|highlight\w*|foundations?|insights?|could|should|opens?"
    r"|offers?|offering|contribut\w+|pav(?:e|es|ing)",
    "limits": r"limitations?|limited|caution|remains?|unclear|challeng\w+|might|must|missed|participants?",
    "hopes": r"expect(?:s|ed)?|hope|believe|envision",
    "aims": r"aim(?:s|ed)?|purpose|goal|objectives?",
    "arms": r"respectively|vs|versus|groups?|ci",
}
"""Cues that are one word."""
_PAPER = r"(?:paper|work|study|article|survey|review|thesis|report)"
_PHRASES = {
    "shows that": (
        r"show(?:s|ed|n)?|finds?|found|demonstrate[sd]?|reveal(?:s|ed)?|indicate[sd]?|suggest(?:s|ed)?|confirm(?:s|ed)?"
        r"|prove[sd]?|conclude[sd]?|observe[sd]?|establish(?:es|ed)?|highlight(?:s|ed)?",
        r"\b(?:{}) (?:\w+ ){{0,2}}?that\b",
    ),
    "ours": (r"we|our|paper|work|study|article", rf"\b(?:we|our|this {_PAPER})\b"),
    "proposes": (
        r"(?:propos|introduc|present|develop|design|devis|describ|formulat|construct|offer|provid|releas|creat|build)\w*",
        rf"\b(?:we|{_PAPER})(?: \w+ly| also| then| further| therefore| thus| here)? (?:{{}})",
    ),
    "announces": (
        r"stud(?:y|ies)|investigate[sd]?|explore[sd]?|examine[sd]?|analy[sz]e[sd]?|discuss(?:es)?|evaluate[sd]?|conduct"
        r"|compare[sd]?|assess(?:es)?|considers?|reviews?|aims?|focus(?:es)?|test(?:ed)?",
        rf"\b(?:we|{_PAPER}) (?:\w+ly )?(?:{{}})\b",
    ),
    "releases": (
        r"releas\w+|publish\w*|shared?|available",
        r"\bwe (?:also |publicly )?(?:release|publish|share|make)\b",
    ),
    "where it is": (
        r"https?|github|codes?|available|released|project|demos?|homepage",
        r"https?://|github|\bcodes?\b.{{0,60}}\b(?:available|released|shared|public(?:ly)?|open-sourced)\b|\bavailable (?:at|on|from)\b|\bproject page\b|\bdemos?\b",
    ),
    "experiments on": (
        r"experiments?|evaluat\w+|test(?:ed|s)?|benchmarks?",
        r"\b(?:{})\b.{{0,40}}\b(?:on|across|over|with)\b",
    ),
    "outlines": (
        r"concludes?|outlin(?:es?|ing)|discuss(?:ed)?|presented|provided|reported|described|introduced|contributions"
        r"|recommendations",
        r"\bconcludes? (?:with|by)\b|\b(?:is|are|were|was) (?:also )?(?:{})\b|\boutlin|\bwe (?:also )?discuss\b"
        r"|\bcontributions (?:include|are)\b|\brecommendations for\b",
    ),
}
"""Cues that are turns of phrase: one of the words, and what must then be found; `{}` stands for the words."""
_OPENINGS = {
    "results": r"(?:our |the |these |extensive |empirical |experimental )*(?:results?|findings?|experiments?|evaluations?)\b",
    "concludes": r"(?:in (?:conclusion|summary)|we conclude|overall|taken together|collectively|thus|therefore|hence"
    r"|conclusions?)\b",
    "adds": r"(?:moreover|furthermore|additionally|in addition|also|further|besides|finally|lastly|notably|importantly"
    r"|remarkably|interestingly|specifically|in particular|for example|for instance|similarly|meanwhile)\b",
    "turns": r"(?:however|but|yet|nevertheless|nonetheless|conversely|in contrast|unlike|although|while|despite|though"
    r"|instead)\b",
    "dangles": r"(?:(?:\w+ly|moreover|furthermore|in addition|overall|also|thus|hence|therefore|in particular|as a result"
    r"|for this),? )?(?:it|its|this|these|those|such|they|their|them|both|he|she|the (?:former|latter|two|same|resulting"
    rf"|proposed))\b(?! (?:{_PAPER}|findings?|results?|trial|cohort)\b)",
    "these results": r"(?:these|this|such|those) (?:findings?|results?|data|observations?)\b",
    "refers back": r"(?:(?:in order )?to|for|towards?|with|in|by|given|using|(?:inspired|motivated) by|(?:based|building) on) "
    rf"(?:[^,]{{0,40}} )?(?:this|these|that|those|such(?! as)|it|them|the (?:above|aforementioned))\b(?! {_PAPER}\b)[^,]{{0,60}},",
    "to do": r"(?:in order )?to (?:assess|evaluate|determine|investigate|examine|compare|describe|study|explore)\b",
}
"""Cues with which a sentence opens."""

NAMES = (*_WORDS, *_PHRASES, *_OPENINGS)
_WORD_CUES = [re.compile(pattern) for pattern in _WORDS.values()]
_TRIGGERS = [re.compile(words) for words, _ in _PHRASES.values()]
_CONFIRMED = [re.compile(pattern.format(words)) for words, pattern in _PHRASES.values()]
_OPENS = [re.compile(pattern) for pattern in _OPENINGS.values()]


def cues(sentence: str, words: Sequence[str]) -> dict[str, bool]:
    """
    Which cues a sentence has, by name.

    Args:
        sentence: In lower case.
        words: Its words, as `WORD` finds them.

    >>> [name for name, found in cues("we show that it works", ["we", "show", "that", "it", "works"]).items() if found]
    ['shows that', 'ours']
    """
    mask = 0
    for word in words:
        mask |= _of_word(word)
    count = len(_WORD_CUES)
    found = [bool(mask >> at & 1) for at in range(count)]
    found += [
        bool(mask >> (count + at) & 1) and bool(pattern.search(sentence)) for at, pattern in enumerate(_CONFIRMED)
    ]
    found += [bool(pattern.match(sentence)) for pattern in _OPENS]
    return dict(zip(NAMES, found, strict=True))


@lru_cache(maxsize=100_000)
def _of_word(word: str) -> int:
    """A bit for each cue and trigger that a word is."""
    return sum(1 << at for at, pattern in enumerate((*_WORD_CUES, *_TRIGGERS)) if pattern.fullmatch(word))
