"""
Certainty: hedges that a claim drops, and verbs of report or of cause that it makes stronger than its sentences have them.

A claim may be less certain than its sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.checking.doubt import Doubt
from rag.checking.phrases import Phrases, near_copy

_MODALS = frozenset("may might could".split())
_ABILITY = frozenset(("can",))
_ADVERBS = frozenset(
    "possibly potentially perhaps probably likely presumably seemingly apparently potential "
    "possible tentative putative "
    "preliminary plausibly supposedly conceivably".split()
)
_SEEMING = frozenset("appear appears appeared seem seems seemed tend tends tended".split())
_WEAK_REPORTS = frozenset(
    "suggest suggests suggested suggesting suggestive indicate indicates indicated indicating "
    "hint hints hinted hinting imply "
    "implies implied implying hypothesize hypothesizes hypothesized hypothesise hypothesised "
    "speculate speculated believe believed "
    "argue argues argued conjecture conjectured propose proposed posit posits expect expected".split()
)
_STRONG_REPORTS = frozenset(
    "prove proves proved proven proving confirm confirms confirmed confirming establish "
    "establishes established demonstrate "
    "demonstrates demonstrated demonstrating show shows showed shown showing certain certainly "
    "definitely definitively undoubtedly "
    "conclusive conclusively proof clearly always guarantee guarantees guaranteed must".split()
)
HEDGES = (
    _MODALS | _ABILITY | _ADVERBS | _SEEMING | _WEAK_REPORTS
    | frozenset(
        "would should hope hoped aim aims capable able ability allow allows enable enables help "
        "helps thought feel felt think thinks "
        "evidence reported claims claimed plausible perceived estimate estimates estimated "
        "sometimes often usually generally "
        "typically occasionally probable chance risk promise promising candidate unclear whether "
        "perhaps easily easy point points "
        "pointing signs sign signal expects expectation assume assumed hypothesis guess prone "
        "permit permits susceptible let lets "
        "capacity conceivable maybe apt liable well seemed looks look view opinion".split()
    )
)  # fmt: skip
"""Words with which a text says less than that something holds."""
_ASSOCIATIONS = frozenset(
    "associated association associations associate associates correlated correlate correlates "
    "correlation correlations linked link "
    "links related relation relationship relationships predictor predictors predict predicts "
    "predicted coincide coincides coincided "
    "accompany accompanies accompanied marker markers".split()
)
_CAUSES = frozenset(
    "cause causes caused causing lead leads led leading induce induces induced inducing result "
    "results resulted resulting because "
    "due trigger triggers triggered triggering drive drives drove driven produce produces "
    "produced bring brings brought "
    "causal causally owing thanks".split()
)
_CAUSED_BY = {"result": ("in", "from"), "results": ("in", "from"), "resulted": ("in", "from"), "resulting": ("in", "from"),
              "lead": ("to",), "leads": ("to",), "led": ("to",), "leading": ("to",), "due": ("to",), "owing": ("to",),
              "thanks": ("to",), "bring": ("about",), "brings": ("about",), "brought": ("about",)}  # fmt: skip
_EFFECTS = frozenset(
    "increase increases increased reduce reduces reduced improve improves improved lower "
    "lowers raise raises affect affects "
    "prevent prevents impair impairs protect protects determine determines promote promotes".split()
)
_LOOSE = frozenset(
    "related relation relationship relationships predictor predictors predict predicts "
    "predicted coincide coincides coincided "
    "accompany accompanies accompanied marker markers".split()
)
_LEAST_SHARED = 3
_SCOPE = 6  # content words that a hedge may govern


def certainty(claim: Phrases, cited: Sequence[Phrases]) -> Iterator[Doubt]:
    """Find what a claim is more certain of than its sentences."""
    for find in (_hedge_dropped, _report_raised, _cause_made):
        found = find(claim, cited)
        if found:
            yield found


def _hedge_dropped(claim: Phrases, cited: Sequence[Phrases]) -> Doubt | None:
    """Find a modal or an adverb of doubt that a sentence has where the claim has none."""
    hedges = claim.texts & HEDGES
    for sentence in cited:
        if not hedges <= sentence.texts:
            continue
        for at, word in enumerate(sentence.words):
            if word.text not in _MODALS and word.text not in _ADVERBS and word.text not in _SEEMING:
                continue
            if hedges and (word.text in hedges or not near_copy(claim, sentence)):
                continue
            scope = _scope(sentence, at)
            shared = [stem for stem in scope if stem in claim.places]
            if not shared or len(shared) * 2 < len(scope) or (len(shared) == 1 and len(scope) > 1):
                continue
            if any(set(shared) <= set(other.places) for other in cited if other is not sentence):
                continue  # said again, and there perhaps without a hedge
            place = claim.places[shared[0]][0]
            if any(claim.text(before) in HEDGES for before in range(place - 3, place)):
                continue
            return claim.doubt("certainty", place, place, f"the sentence says {word.text} there")
    return None


def _scope(sentence: Phrases, at: int) -> list[str]:
    """The stems of the content words that a hedge governs: those after it in its clause."""
    clause = sentence.clause(at)
    return [sentence.words[next_].stem for next_ in range(at + 1, clause.stop) if sentence.words[next_].content][
        :_SCOPE
    ]


def _report_raised(claim: Phrases, cited: Sequence[Phrases]) -> Doubt | None:
    """Find “proves” where the sentences only suggest."""
    strong = [at for at, word in enumerate(claim.words) if word.text in _STRONG_REPORTS and not word.negated]
    if not strong or not claim.texts.isdisjoint(_WEAK_REPORTS):
        return None
    if any(not sentence.texts.isdisjoint(_STRONG_REPORTS) for sentence in cited):
        return None
    for sentence in cited:
        for at, word in enumerate(sentence.words):
            if word.text in _WEAK_REPORTS:
                after = sentence.content(range(at + 1, min(at + 16, len(sentence.words))))
                shared = [stem for stem in after if stem in claim.places]
                if len(shared) > 1 or near_copy(claim, sentence):
                    return claim.doubt("certainty", strong[0], strong[0], f"the sentence says {word.text}")
    return None


def _cause_made(claim: Phrases, cited: Sequence[Phrases]) -> Doubt | None:
    """Find a cause where the sentences only have an association."""
    if not claim.texts.isdisjoint(_ASSOCIATIONS):
        return None
    for sentence in cited:
        found = [word.text for word in sentence.words if word.text in _ASSOCIATIONS and not word.negated]
        if not found or sum(stem in sentence.places for stem in claim.places) < _LEAST_SHARED:
            continue
        near = near_copy(claim, sentence)
        if not near and set(found) <= _LOOSE:
            continue
        for at, word in enumerate(claim.words):
            if word.negated or not (_is_cause(claim, at) or (near and word.text in _EFFECTS)):
                continue
            if any(
                other.stem == word.stem or _is_cause(text, place) or (word.text in _EFFECTS and other.text in _EFFECTS)
                for text in cited
                for place, other in enumerate(text.words)
            ):
                continue
            return claim.doubt("certainty", at, at, f"the sentence says {found[0]}")
    return None


def _is_cause(text: Phrases, at: int) -> bool:
    word = text.words[at].text
    return word in _CAUSES and (word not in _CAUSED_BY or text.text(at + 1) in _CAUSED_BY[word])
