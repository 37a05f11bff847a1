"""
The finding sentence of a paper: the one that tells a reader what it found, or what it offers where it states no result.

A linear model over the sentences' roles, their places, the title's words and some cues, fitted by conditional logistic
regression to what two readers chose for 138 abstracts (`python -m benchmarks.tldr`). The sentence is verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rag.roles import with_roles
from rag.roles.cues import NAMES as CUES
from rag.roles.cues import WORD, cues
from rag.roles.labels import ROLES
from rag.types import Paper, Roles

Table = NDArray[np.float64]

_FUNCTION = frozenset(
    """
    a an the and or but nor if then than so as of at by for from in into on onto to with about between among during per via
    is are was were be been being am do does did has have had can could will would may might must there here this that
    these those it its they their he she his her we us our you your i which who whom whose when where why how whether any
    some such both each either also only just very more most much many other another while although though because since
    however not no using based new novel approach method study paper towards toward
    """.split()
)
_STEM = 6
"""Words that share so many first letters count as one in the comparison with the title."""
_NUMBER = re.compile(r"\d[\d.,]*")
_QUANTITY = re.compile(r"\d[\d.,]* ?(?:%|\\%|x\b|×|times|points?|percent|fold)|\$\\times")
_ARMS = re.compile(r"\bp ?[<=>] ?0?\.|±|\+/-")
_PLACES = (
    "last", "last but one", "first", "place", "first telling", "last telling", "first concluding", "only telling",
    "none telling", "first own", "first proposes", "title", "on topic", "named", "short", "long", "endless", "number",
    "numbers", "quantity", "question", "hollow without number", "telling number",
)  # fmt: skip
NAMES = (*(f"is {name}" for name in ROLES), *_PLACES, *CUES)
"""The names of the features, in the order of the columns."""


WEIGHTS = {
    "is background": -0.9,
    "is objective": -0.96,
    "is method": -0.26,
    "is result": 0.97,
    "is conclusion": 0.87,
    "is other": -1.54,
    "last": 0.22,
    "last but one": 0.46,
    "first": -0.42,
    "place": 1.06,
    "first telling": 0.58,
    "last telling": 0.59,
    "first concluding": 0.43,
    "only telling": 0.23,
    "none telling": 0.99,
    "first own": -0.02,
    "first proposes": 0.14,
    "title": 1.6,
    "on topic": 0.5,
    "named": 0.7,
    "short": -1.03,
    "long": 0.56,
    "endless": -1.07,
    "number": 0.39,
    "numbers": 0.26,
    "quantity": 0.27,
    "question": -0.89,
    "hollow without number": 0.02,
    "telling number": 0.24,
    "gains": 0.6,
    "effect": 0.34,
    "hollow": -0.03,
    "future": -0.52,
    "limits": -0.39,
    "hopes": -1.56,
    "aims": -0.59,
    "arms": 0.04,
    "shows that": 1.19,
    "ours": 0.27,
    "proposes": 0.1,
    "announces": -0.02,
    "releases": -1.13,
    "where it is": -1.3,
    "experiments on": -0.34,
    "outlines": -0.54,
    "results": 0.24,
    "concludes": 0.01,
    "adds": -0.28,
    "turns": -0.06,
    "dangles": -0.27,
    "these results": -0.89,
    "refers back": 0.09,
    "to do": -0.35,
}
"""What each feature adds to the score of a sentence."""
HAND = {
    "dangles": -2.0,
    "refers back": -1.0,
    "endless": -1.0,
    "to do": -1.0,
    "where it is": -4.0,
    "releases": -1.5,
    "limits": -0.7,
    "is background": -1.5,
    "is objective": -1.0,
}
"""Added to the weights by hand: what a reader cannot follow alone, does not read to its end, or does not want."""


def finding(paper: Paper) -> int:
    """
    The number of the sentence that tells the paper's finding; of equal ones the earlier. It is kept for many papers.

    Raises:
        IndexError: The paper has no sentences.
    """
    return ranked(paper)[0]


@lru_cache(maxsize=8_192)
def ranked(paper: Paper) -> tuple[int, ...]:
    """The numbers of all sentences of a paper, the one that tells its finding best first; IndexError if it has none."""
    if not paper.spans:
        raise IndexError(f"{paper.paper_id} has no sentences")
    [paper] = with_roles([paper])
    sentences = [paper.abstract[start:end] for start, end in paper.spans]
    # a sum by rows: the last digits of a product of matrices may depend on how many rows there are
    scores = np.round((features(paper.title, sentences, paper.roles) * _WEIGHTS).sum(axis=1), 9)
    return tuple(int(row) + 1 for row in np.argsort(-scores, kind="stable"))


def features(title: str, sentences: Sequence[str], roles: Roles) -> Table:
    """The features of each sentence of one abstract, shape (n, len(NAMES))."""
    lowered = [sentence.lower() for sentence in sentences]
    words = [WORD.findall(sentence) for sentence in lowered]
    of_title = _content(WORD.findall(title.lower()))
    name = title.partition(":")[0].strip().lower() if ":" in title[:40] else ""
    telling = [at for at, role in enumerate(roles) if role.name in ("result", "conclusion")]
    concluding = [at for at, role in enumerate(roles) if role.name == "conclusion"]
    count, begun, proposed = len(sentences), False, False
    rows = []
    for at, (sentence, tokens, role) in enumerate(zip(lowered, words, roles, strict=True)):
        content, length = _content(tokens), len(tokens)
        shared = len(content & of_title)
        numbers = len(_NUMBER.findall(sentence))
        found = cues(sentence, tokens)
        quantity = numbers > 0 and bool(_QUANTITY.search(sentence))
        found["arms"] = found["arms"] or bool(numbers and _ARMS.search(sentence))
        places = (
            at == count - 1,
            at == count - 2,
            at == 0,
            at / max(1, count - 1),
            telling[:1] == [at],
            telling[-1:] == [at],
            concluding[:1] == [at],
            telling == [at],
            not telling and role.name == "method",
            found["ours"] and not begun,
            found["proposes"] and not proposed,
            shared / max(1, len(of_title)),
            shared / max(1, len(content)),
            bool(name) and name in sentence,
            max(0, 14 - length) / 14,
            max(0, length - 35) / 35,
            length > 60,
            numbers > 0,
            max(0, min(numbers, 10) - 3) / 7,
            quantity,
            sentence.endswith("?"),
            found["hollow"] and not quantity,
            quantity and at in telling,
        )
        rows.append((*(role.probability * (role.name == kind) for kind in ROLES), *places, *found.values()))
        begun, proposed = begun or found["ours"], proposed or found["proposes"]
    return np.array(rows, dtype=float).reshape(len(rows), len(NAMES))


def _content(words: Sequence[str]) -> frozenset[str]:
    return frozenset([word[:_STEM] for word in words if word not in _FUNCTION])


_WEIGHTS = np.array([WEIGHTS[name] + HAND.get(name, 0.0) for name in NAMES])
