"""
The finding sentence of a paper: the one that tells a reader what it found, or what it offers where it states no result.

A linear model over the sentences' roles, their places, the title's words and some cues, fitted by conditional logistic
regression to what two readers chose for 138 abstracts (`python -m benchmarks.tldr`). The sentence is verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.types import Paper, Roles

Table = NDArray[np.float64]

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_FUNCTION = frozenset(
    """
    a an the and or but nor if then than so as of at by for from in into on onto to with about between among during per via
    is are was were be been being am do does did has have had can could will would may might must there here this that
    these those it its they their he she his her we us our you your i which who whom whose when where why how whether any
    some such both each either also only just very more most much many other while although though because since however
    not no using based new novel approach method study paper towards toward
    """.split()
)
_STEM = 6
"""Words that share so many first letters count as one in the comparison with the title."""


def _cue(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{words})", re.IGNORECASE)


CUES: dict[str, re.Pattern[str]] = {
    "shows that": _cue(
        r"\b(?:show|shows|showed|shown|find|finds|found|demonstrate[sd]?|reveal(?:s|ed)?|indicate[sd]?|suggest(?:s|ed)?"
        r"|confirm(?:s|ed)?|prove[sd]?|conclude[sd]?|observe[sd]?|establish(?:es|ed)?|highlight(?:s|ed)?)\b"
        r"(?: \w+){0,2}? that\b"
    ),
    "results": _cue(r"^(?:our |the |these |extensive |empirical |experimental )*(?:results?|findings?|experiments?|evaluations?)\b"),
    "gains": _cue(
        r"\b(?:outperform\w*|surpass\w*|exceed\w*|improv(?:e[sd]?|ing|ements?)|reduc(?:e[sd]?|ing|tions?)|increas(?:e[sd]?|ing)"
        r"|achiev(?:e[sd]?|ing)|attain\w*|yield\w*|decreas(?:e[sd]?|ing)|faster|better|higher|lower|gains?)\b"
    ),
    "effect": _cue(r"\b(?:associated|correlat\w+|significant(?:ly)?|effective|predict(?:s|or|ors)|risk|safe|feasible|no difference)\b"),
    "proposes": _cue(
        r"\b(?:we|paper|work|article|study)(?: \w+ly| also| then| further| therefore| thus| here)? "
        r"(?:propose|introduce|present|develop|design|devise|describe|formulate|construct|offer|provide|release|create|build)"
    ),
    "ours": _cue(r"\b(?:we|our|this (?:paper|work|study|article))\b"),
    "announces": _cue(
        r"\b(?:we|paper|work|study|article) (?:\w+ly )?(?:stud(?:y|ies)|investigate[sd]?|explore[sd]?|examine[sd]?|analy[sz]e[sd]?"
        r"|discuss(?:es)?|evaluate[sd]?|conduct|compare[sd]?|assess(?:es)?|consider[s]?|review[s]?|aim[s]?|focus(?:es)?|test(?:ed)?)\b"
    ),
    "hollow": _cue(
        r"state[- ]of[- ]the[- ]art|\bsota\b|\bsuperior\b|\bcompetitive\b|\beffectiveness\b|\bpromising\b|\bextensive experiments\b"
        r"|\bvalidat\w+\b|\brobustness\b|\bversatil\w+\b"
    ),
    "future": _cue(
        r"\bfuture\b|\bfurther (?:research|stud|work|investigat)|\bshould be\b|\bpotential\b|\bpav(?:e|es|ing) the way|\bimplications?\b"
        r"|\bunderscor\w+|\bhighlight\w*|\bfoundation\b|\binsights?\b|\bneed for\b|\bcould\b|\bopens?\b|\boffer(?:s|ing)\b|\bcontribut\w+"
    ),
    "limits": _cue(r"\b(?:limitations?|caution|remains?|unclear|challeng\w+)\b"),
    "where it is": _cue(r"https?://|github|\bcodes?\b.{0,60}\b(?:available|released)|\bavailable (?:at|on|from)\b|\bproject page\b|\bdemos?\b"),
    "aims": _cue(r"\b(?:to (?:assess|evaluate|determine|investigate|examine|compare|describe|study|explore)\b.{0,200}$)(?<!\d)|\baim(?:s|ed)?\b|\bpurpose\b|\bgoal\b|\bobjectives?\b"),
    "experiments on": _cue(r"\b(?:experiments?|evaluat\w+|test(?:ed|s)?|benchmarks?)\b.{0,40}\b(?:on|across|over|with)\b"),
    "concludes": _cue(r"^(?:in (?:conclusion|summary)|we conclude|overall|taken together|collectively|thus|therefore|hence|conclusions?)\b"),
    "adds": _cue(r"^(?:moreover|furthermore|additionally|in addition|also|further|besides|finally|lastly|moreover|notably|importantly|remarkably|interestingly|specifically|in particular|for example|for instance|similarly|meanwhile)\b"),
    "turns": _cue(r"^(?:however|but|yet|nevertheless|nonetheless|conversely|in contrast|unlike|although|while|despite|though|instead)\b"),
    "dangles": _cue(
        r"^(?:(?:\w+ly|moreover|furthermore|in addition|overall|also|thus|hence|therefore|in particular|finally|as a result|for this),? )?"
        r"(?:it|its|this|these|those|such|they|their|them|both|he|she|the (?:former|latter|two|same|resulting|proposed|latter))\b"
        r"(?! (?:paper|work|study|article|survey|review|thesis|report|findings?|results?|trial|cohort)\b)"
    ),
    "these results": _cue(r"^(?:these|this|such|those) (?:findings?|results?|study|data|observations?|work|paper)\b"),
    "arms": _cue(r"\b(?:respectively|vs\.?|versus|group [A-Z0-9]|groups?)\b|\bp ?[<=>] ?0?\.|95 ?%|\bCI\b|±|\+/-"),
    "question": _cue(r"\?$"),
    "quantity": _cue(r"\d[\d.,]* ?(?:%|\\%|x\b|×|times|points?|percent|fold)|\$\\times"),
}


def features(title: str, sentences: Sequence[str], roles: Roles) -> Table:
    """The features of each sentence of one abstract, shape (n, len(NAMES))."""
    words = [[word.lower() for word in _WORD.findall(sentence)] for sentence in sentences]
    of_title = _content(_WORD.findall(title.lower()))
    name = title.split(":")[0].strip() if ":" in title[:40] else ""
    telling = [at for at, role in enumerate(roles) if role.name in ("result", "conclusion")]
    concluding = [at for at, role in enumerate(roles) if role.name == "conclusion"]
    count = len(sentences)
    contents = [_content(tokens) for tokens in words]
    rows = []
    for at, (sentence, tokens, role) in enumerate(zip(sentences, words, roles, strict=True)):
        content = contents[at]
        shared = len(content & of_title)
        numbers = len(re.findall(r"\d[\d.,]*", sentence))
        cues = {cue: bool(pattern.search(sentence)) for cue, pattern in CUES.items()}
        length = len(tokens)
        row: dict[str, float] = {
            **{f"is {kind}": role.probability * (role.name == kind) for kind in ("background", "objective", "method", "result", "conclusion", "other")},
            "last": at == count - 1,
            "last but one": at == count - 2,
            "first": at == 0,
            "place": at / max(1, count - 1),
            "first telling": telling[:1] == [at],
            "last telling": telling[-1:] == [at],
            "first concluding": concluding[:1] == [at],
            "only telling": telling == [at],
            "none telling": not telling and role.name == "method",
            "first own": cues["ours"] and not any(CUES["ours"].search(before) for before in sentences[:at]),
            "first proposes": cues["proposes"] and not any(CUES["proposes"].search(before) for before in sentences[:at]),
            "title": shared / max(1, len(of_title)),
            "on topic": shared / max(1, len(content)),
            "named": bool(name) and name.lower() in sentence.lower(),
            "short": max(0, 14 - length) / 14,
            "long": max(0, length - 35) / 35,
            "number": numbers > 0,
            "numbers": max(0, min(numbers, 10) - 3) / 7,
            "hollow without number": cues["hollow"] and not cues["quantity"],
            "telling number": cues["quantity"] and role.name in ("result", "conclusion"),
            **cues,
        }
        rows.append(list(row.values()))
        if not NAMES:
            NAMES.extend(row)
    return np.array(rows, dtype=float)


NAMES: list[str] = []


def _content(words: Sequence[str]) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in words if word not in _FUNCTION)
