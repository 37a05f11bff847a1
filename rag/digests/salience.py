"""
Extractive summarization: the salient sentence of a paper, and the few sentences that cover many papers.

Sentences are verbatim and whole.

The sentence of a paper is the one that tells its finding (`rag.roles.finding`). It does not depend on the other
papers, and needs no vectors. How much it tells beside the sentences of other papers, for `cover`, is estimated by a
linear model of eight features, fitted to how much a sentence shares with summaries that people wrote
(`python -m benchmarks.tldr`), less a mark-down for a sentence that is unclear without the one before.

Source of the task and the data: Cachola et al., "TLDR: Extreme Summarization of Scientific Documents", EMNLP 2020.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag import identity, text
from rag.answers.selection import SAME_SENTENCE
from rag.answers.sentences import supports_nothing
from rag.checking.words import FUNCTION_WORDS, stems
from rag.ports import Matrix
from rag.retrieval.late_interaction import WORD, Array
from rag.roles import finding
from rag.types import Evidence, Paper, Sentence

WEIGHTS = {
    "own": 0.017,
    "first own": 0.055,
    "here": 0.018,
    "proposes": 0.05,
    "title": 0.078,
    "on topic": 0.16,
    "centre": 0.373,
    "short": -0.137,
    "unclear": -0.15,
    "constant": 0.132,
}
"""
What each feature adds to the ROUGE-1 F that is expected of a sentence, by ridge regression, `unclear` aside.

`own` says "we" or "our"; `here` names this paper; `first own` is the first to do either; `proposes` has "we" or the
paper, and then a verb of proposing. Shares, 0 to 1: `title` of the title's stems that the sentence has; `on topic` of
its stems that the title has; `centre` of the abstract's words that repeat its stems; `short` of `SHORT` words that it
lacks, what links it to the sentence before aside. `unclear` is set by hand, for no summary shows what a reader cannot
follow: the sentence leans on the one before, has fewer than `SHORTEST` or more than `LONGEST` words, says what was
known before, or where the code is.
"""
_WEIGHTS = np.array(list(WEIGHTS.values())[:-1])
SHORT, SHORTEST, LONGEST = 15, 6, 60
CANDIDATES = 1_000
"""Of more papers the most relevant are candidates for `cover`: so many columns of similarities are held at once."""

_WE = frozenset("we our".split())
_THIS = frozenset("this our present the".split())
_PAPER = frozenset("paper work article study thesis letter survey report".split())
_PROPOSE = frozenset(
    stems("propose introduce present develop design devise describe formulate construct offer provide release".split())
)
_PASSED = frozenset("also then further thus therefore here first now instead hereby".split())
_LEANING = frozenset(
    """
    however but yet moreover furthermore additionally nevertheless nonetheless also then thus therefore hence
    consequently besides finally lastly instead similarly meanwhile specifically further firstly second secondly third
    thirdly accordingly overall together notably this these those such it they its their that them he she both
    """.split()
)
_LEANING_PAIRS = frozenset(
    tuple(pair.split())
    for pair in (
        "in addition|in contrast|in particular|as such|for example|for instance|first we|we then|we also|we further|"
        "we additionally|we finally"
    ).split("|")
)
_OPENING = re.compile(
    r"(?:(?:in order )?to|for|towards?|with|in|by|given|using|(?:inspired|motivated) by|(?:based|building) on) "
    r"(?:[^,]{0,40} )?(?:this|these|that|those|such|the|our|its|their)\b[^,]{0,60}, ",
    re.IGNORECASE,
)
_REFERS = re.compile(rf"\b(?:this|these|those|such|its|their)\b(?! (?:{'|'.join(sorted(_PAPER))})\b)", re.IGNORECASE)
_BACK_NOUNS = "issue problem challenge phenomenon gap question limitation shortcoming end".split()
_BACK_WORDS = frozenset((*_BACK_NOUNS, *(f"{noun}s" for noun in _BACK_NOUNS)))
_BACK = re.compile(rf"\b(?:this|these|such|the) (?:\w+ )?(?:{'|'.join(_BACK_NOUNS)})s?\b", re.IGNORECASE)
_BEFORE = frozenset(
    """
    existing previous prior many most recent recently current currently while although though despite traditional
    conventional often typically several numerous
    """.split()
)
_KNOWN = re.compile(
    r"\b(?:ha(?:s|ve) (?:\w+ )?(?:achieved|become|emerged|shown|demonstrated|been|gained|seen|led|made|attracted|"
    r"received|revolutionized)|remains?|(?:is|are) (?:crucial|essential|critical|important|vital|hard|challenging))\b",
    re.IGNORECASE,
)
_CODE = frozenset("code codes homepage website page".split())
_AVAILABLE = frozenset("available released accessible".split())


def salient_sentences(papers: Sequence[Paper]) -> list[Sentence]:
    """
    The sentence of each paper that tells its finding best, in the order of the papers; of equal ones the earlier.

    A sentence that gives orders or holds a link is not chosen if there is another. Of a withdrawn paper the sentence
    that says so is chosen, if there is one.

    Raises:
        IndexError: A paper has no sentences.
    """
    return [_salience(paper).sentence for paper in papers]


def features(title: str, sentences: Sequence[str]) -> Array:
    """The features of each sentence of one abstract, (m, 9), as `WEIGHTS` names them."""
    words = [WORD.findall(sentence.lower()) for sentence in sentences]
    stemmed = list(map(stems, words))
    content = [_content(*each) for each in zip(words, stemmed, strict=True)]
    of_title = WORD.findall(title.lower())
    named = frozenset(_content(of_title, stems(of_title)))
    counts = Counter(stem for each in content for stem in each)
    total = max(1, counts.total())
    rows, begun = [], False
    for sentence, tokens, token_stems, stems_said in zip(
        sentences, words, stemmed, map(frozenset, content), strict=True
    ):
        of_us = not _WE.isdisjoint(tokens)
        here = tokens[:1] in (["here"], ["herein"]) or _names_itself(tokens)
        opening = _OPENING.match(sentence)
        body = sentence[opening.end() :] if opening else sentence
        length = len(WORD.findall(body)) if opening else len(tokens)
        shared = len(stems_said & named)
        row = (
            of_us,
            (of_us or here) and not begun,
            here,
            _proposes(tokens, token_stems),
            shared / max(1, len(named)),
            shared / max(1, len(stems_said)),
            sum(counts[stem] - 1 for stem in stems_said) / total,
            max(0, SHORT - length) / SHORT,
            _leans(tokens, body)
            or not SHORTEST <= length <= LONGEST
            or _is_aside(tokens, sentence, ours=of_us or here),
        )
        rows.append(row)
        begun = begun or of_us or here
    return np.array(rows, dtype=float).reshape(len(rows), len(_WEIGHTS))


def refers_back(sentence: str) -> bool:
    """
    True if a sentence begins with what the sentence before said. Such a sentence is clear beside its title only.

    >>> refers_back("To address this challenge, we train small models until they grok.")
    True
    >>> refers_back("In this paper, we train small models until they grok.")
    False
    """
    opening = _OPENING.match(sentence)
    return bool(opening and (_REFERS.search(opening[0]) or _BACK.search(opening[0])))


def cover(
    papers: Sequence[Paper], vectors: Matrix, weights: Sequence[float], *, limit: int
) -> list[tuple[Paper, Sentence]]:
    """
    Choose the few papers, each with its salient sentence, that best cover all of these papers (facility location).

    They are chosen one by one, each for the papers that are not covered yet. How well one paper covers another is the
    square of how much nearer the two are than papers usually are. The gain of a paper is weighted by the relevance of
    the papers it covers, by its own relevance, by the salience of its sentence, and by its distance from the papers
    chosen before, so that no two sentences say the same. Withdrawn papers, orders and links are left out.

    Args:
        papers: In any order; the result does not depend on it.
        vectors: A unit row a paper, (n, d).
        weights: How relevant each paper is, from 0; all 0 is as all 1.
        limit: The most sentences.

    Returns:
        At most `limit`, the one that gains most first; ties by paper id.

    Source: Lin and Bilmes, "A Class of Submodular Functions for Document Summarization", ACL 2011.
    """
    if not papers:
        return []
    order = sorted(range(len(papers)), key=lambda at: papers[at].paper_id)
    papers = [papers[at] for at in order]
    rows, share = np.asarray(vectors, dtype=np.float32)[order], np.asarray(weights, dtype=np.float32)[order]
    share = share / share.sum() if share.any() else np.full(len(order), 1 / len(order), dtype=np.float32)
    pool = np.sort(np.lexsort((-np.round(rows @ rows.sum(axis=0), 3), -share))[:CANDIDATES])
    near = _nearness(rows, pool)
    salient = [_salience(papers[at]) for at in pool]
    worth = share[pool] * [
        max(0.0, choice.expected + WEIGHTS["unclear"] * refers_back(choice.sentence.text)) for choice in salient
    ]
    covered, chosen = np.zeros((len(order), 1), dtype=np.float32), list[tuple[Paper, Sentence]]()
    for _ in range(min(limit, len(pool))):
        gains = worth * (share @ np.maximum(near**2 - covered, 0.0))
        gains = np.round(gains / max(gains.max(), 1e-12), 6)  # what differs less is a tie
        for column in np.argsort(-gains, kind="stable"):
            paper, sentence = papers[pool[column]], salient[column].sentence
            if gains[column] > 0 and _adds(paper, sentence, chosen):
                chosen.append((paper, sentence))
                covered = np.maximum(covered, near[:, [column]] ** 2)
                worth = worth * (1 - near[pool, column]) ** 2
                break
    return chosen


def _nearness(rows: Matrix, pool: NDArray[np.intp]) -> Matrix:
    """How much nearer each paper is to those of the pool than two papers usually are, 0 to 1, (n, pool)."""
    count, total = len(rows), rows.sum(axis=0, dtype=np.float64)
    usual = (total @ total - count) / (count * (count - 1)) if count > 1 else 0.0
    usual = min(usual, 0.99)  # where all papers are alike, each is near to all
    near = (rows @ rows[pool].T - np.float32(usual)) / np.float32(1 - usual)
    return np.clip(near, 0.0, 1.0, out=near)


def _adds(paper: Paper, sentence: Sentence, chosen: Sequence[tuple[Paper, Sentence]]) -> bool:
    """True if a sentence may be quoted and repeats none of the chosen ones."""
    words = identity.words(sentence.text)
    if any(identity.overlap(words, identity.words(other.text)) >= SAME_SENTENCE for _, other in chosen):
        return False
    return not supports_nothing(Evidence(paper=paper, sentence=sentence, score=0.0))


def _content(words: Sequence[str], stemmed: Sequence[str]) -> list[str]:
    return [stem for word, stem in zip(words, stemmed, strict=True) if word not in FUNCTION_WORDS]


def _names_itself(words: Sequence[str]) -> bool:
    """True if a sentence has "this paper", "our work" or the like."""
    return not _PAPER.isdisjoint(words) and any(one in _THIS and two in _PAPER for one, two in pairwise(words))


def _proposes(words: Sequence[str], stemmed: Sequence[str]) -> bool:
    """True if a verb of proposing follows "we" or the paper; adverbs may stand between."""
    for at, word in enumerate(words):
        if word == "we" or word in _PAPER:
            after = at + 1
            while after < len(words) and (words[after] in _PASSED or words[after].endswith("ly")):
                after += 1
            if after < len(words) and stemmed[after] in _PROPOSE:
                return True
    return False


def _leans(words: Sequence[str], body: str) -> bool:
    """True if a sentence is unclear without the one before; `body` is the part that must be clear alone."""
    first, second = (*words, "", "")[:2]
    if (first in _LEANING and second not in _PAPER) or (first, second) in _LEANING_PAIRS:
        return True
    return not _BACK_WORDS.isdisjoint(words) and bool(_BACK.search(body))


def _is_aside(words: Sequence[str], sentence: str, *, ours: bool) -> bool:
    """True if a sentence says what was known before, or where the code is."""
    known = not ours and (not _BEFORE.isdisjoint(words[:1]) or bool(_KNOWN.search(sentence)))
    return known or not (_CODE.isdisjoint(words) or _AVAILABLE.isdisjoint(words))


class _Salient(NamedTuple):
    """A paper's salient sentence, and the ROUGE-1 F that is expected of it."""

    sentence: Sentence
    expected: float


@lru_cache(maxsize=8_192)
def _salience(paper: Paper) -> _Salient:
    """The best sentence that may be quoted; if none may, the one that says why, or the least harmful one."""
    table = features(paper.title, [paper.abstract[start:end] for start, end in paper.spans])
    # a sum by rows: the last digits of a product of matrices may depend on how many rows there are
    expected = np.round((table * _WEIGHTS).sum(axis=1) + WEIGHTS["constant"], 9)
    ranked = [number - 1 for number in finding.ranked(paper)]
    for row in ranked:
        if not supports_nothing(Evidence(paper=paper, sentence=(sentence := paper.sentence(row + 1)), score=0.0)):
            return _Salient(sentence, float(expected[row]))
    flags = [text.flags("", paper.sentence(row + 1).text) for row in ranked]
    least = next((at for wanted in (("withdrawn",), ()) for at, found in enumerate(flags) if found == wanted), 0)
    return _Salient(paper.sentence(ranked[least] + 1), float(expected[ranked[least]]))
