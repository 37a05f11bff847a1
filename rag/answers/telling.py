"""
Sentence classification by cue phrases: does a sentence tell a result, announce, praise its own work, or give a cause?

It reads one sentence by its words. Which role a sentence has in its abstract is in `rag.roles`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from rag.roles.cues import WORD

_STEM = 5
"""Words that share so many first letters count as one: “hallucinate” and “hallucinations”."""
_WORK = r"(?:we|(?:this|our|the present) (?:paper|work|study|article|survey|review|thesis|report|research|analysis))"
_DOES = (
    r"(?:evaluate|conduct|perform|test|validate|study|explore|investigate|examine|analy[sz]e|compare|benchmark|"
    r"assess|discuss|"
    r"review|measure|consider|describe|outline|summari[sz]e|survey|categori[sz]e|revisit|experiment|apply|focus|aim|"
    r"seek|"
    r"ask|address|tackle|report results|present (?:results|an? \w+ (?:analysis|review|study|overview)))(?:e?s|e?d|"
    r"ied|ies)?"
)
_ANNOUNCES = re.compile(
    rf"^(?:\W|\w+ly,? |in (?:this|our) (?:paper|work|study|article|survey),? |(?:to this end|finally|lastly|also|"
    rf"then|here|first|"
    rf"second|third|next|moreover|furthermore|in addition|additionally),? |(?:using|through|with|by|"
    rf"based on|to|in order to) [^,]{{1,80}}, )*"
    rf"{_WORK} (?:\w+ly |also |then |further |first |next |finally )*{_DOES}\b",
    re.IGNORECASE,
)
"""“We evaluate it on …”, “this survey categorizes …”."""
_IS_DONE = re.compile(
    r"\b(?:experiments?|evaluations?|analys[ei]s|tests|ablations?|simulations|studies|results|effectiveness|"
    r"performance|method|"
    r"model|approach|framework|system|scheme)s? (?:\([^)]*\) )?(?:of [^.,;]{1,60} )?(?:is|are|was|were|have been|"
    r"has been) (?:\w+ly )?"
    r"(?:conducted|performed|carried out|evaluated|validated|tested|assessed|verified|demonstrated|presented|"
    r"reported|provided|"
    r"compared|discussed|analy[sz]ed)\b",
    re.IGNORECASE,
)
"""“Extensive experiments are conducted on …”."""
_SERVES = re.compile(
    rf"^(?:\W|\w+ly,? |overall,? |by [^,]{{1,120}}, |through [^,]{{1,80}}, )*(?:{_WORK}|(?:these|our|the|this) "
    r"(?:findings?|results?|insights?|contributions?|framework|approach|method|benchmark|dataset|resource|analysis)) "
    r"(?:\w+ly |also |thus |thereby )*(?:provides?|offers?|serves?|contributes?|la(?:y|ys)|paves?|opens?|"
    r"establish(?:es)?|"
    r"sets? the stage|advances?|(?:highlights?|underscores?|emphasi[sz]es?)(?! that)|bridges?|calls?|points?|marks?|"
    r"represents?|motivates?|"
    r"enables? future|has|have|hold|holds|informs?|supports?|takes?|demonstrates? the (?:potential|feasibility|"
    r"effectiveness|"
    r"importance|value|promise|utility)|shows? (?:great |strong )?(?:promise|potential))\b",
    re.IGNORECASE,
)
"""“This work provides a foundation for …”."""
_WILL = re.compile(
    r"\b(?:will be (?:released|made|available|published|shared|open)|to facilitate (?:future|further|reproducib)|"
    r"we (?:hope|believe|expect|envision|anticipate|plan|invite|encourage|will))\b",
    re.IGNORECASE,
)
_HOLDS = re.compile(
    r"\b(?:data ?sets?|benchmarks?|corpus|corpora|test ?beds?|suite|it|taxonomy|framework|toolkit|surveys?) "
    r"(?:\w+ly |also )*(?:covers?|contains?|compris\w+|includes?|consists? of|spans?|spanning|features?|"
    r"supports?)\b[^\d]*$",
    re.IGNORECASE,
)
"""“The dataset covers …”, without a number."""
_PURPOSE = re.compile(r"^(?:in order )?to [^,]{1,120}, ", re.IGNORECASE)
"""“To achieve this, we analyzed …” achieves nothing."""
_TELLS_THAT = re.compile(
    r"\b(?:show|shows|showing|find|finding|found|demonstrat\w+|reveal\w*|indicat\w+|suggest\w*|confirm\w*|observ\w+|"
    r"conclud\w+|prov(?:e|es|ing)|"
    r"discover\w*|uncover\w*|establish\w*|note) (?:\w+ ){0,3}?(?:that|how|why)\b|\b(?:outperform|surpass|exceed)\w*|"
    r"\b(?:achiev|attain|reach|yield|obtain)\w* [^.]{0,60}\d|\b(?:improv|reduc|increas|decreas|rais|lower|"
    r"boost)\w* [^.]{0,80}\d",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d[\d.,]* ?(?:\\?%|x\b|×|times|points?|percent|fold|\\times)|(?<=\s)0?\.\d+")
_OUR_METHOD = (
    r"(?:our|the proposed|the resulting|proposed) (?:\w+[ -]){0,3}?(?:method|model|approach|framework|system|"
    r"algorithm|strategy|technique|"
    r"solution|scheme|pipeline|architecture|network|module|design|work)s?"
)
_WINS = re.compile(
    r"\b(?:outperform\w*|surpass\w*|state-of-the-art|sota|superior\w*|baselines?|effective(?:ness)?|competitive|best|"
    r"new standard|"
    r"achiev\w+|improv\w+|mitigat\w+|alleviat\w+|enhanc\w+|reduc\w+|significant\w*|robust\w*|advantag\w+|gains?)\b",
    re.IGNORECASE,
)
_OURS = re.compile(
    rf"\b{_OUR_METHOD}\b|\b(?:experiments?|evaluations?|results?)\b[^.]{{0,80}}\b(?:show|demonstrat|confirm|validat|"
    rf"verif|indicat|reveal)\w*"
    r"(?: that)? (?:the (?:effectiveness|superiority|efficacy)|(?!(?:LLM|VLM|MLLM|LVLM|RAG|GPT|"
    r"CNN)s?\b)[A-Z][\w$\\{}^-]*[A-Z][\w$\\{}^-]*\b)|"
    r"\b(?!(?:LLM|VLM|MLLM|LVLM|RAG|GPT|CNN)s?\b)(?-i:[A-Z][\w-]*[A-Z][\w-]*) (?:\w+ly )?(?:outperforms|surpasses|"
    r"achieves|improves|consistently|"
    r"significantly|attains|delivers|sets|reduces)\b",
    re.IGNORECASE,
)
"""The success of what the authors made: “our method”, or a name of their own, “SANTA outperforms”."""

_CAUSE_BEHIND = re.compile(
    r"\b(?:because|due (?:\w+ )?to|owing to|stems? (?:\w+ )?from|stemming from|arises? (?:\w+ )?(?:from|when|"
    r"because)|arising from|"
    r"originat\w+ (?:from|in)|(?:is|are|was|were|be|being|often|primarily|mainly) (?:\w+ly )?(?:caused|driven|"
    r"explained|shaped|governed|"
    r"induced|mediated|attributed|rooted)|caused by|driven by|attribut(?:ed|able) to|explained by|rooted in|"
    r"results? from|resulting from|as a (?:result|consequence) of|since|emerges? (?:from|when|because|due)|"
    r"occurs? when)\b",
    re.IGNORECASE,
)
"""What stands before it is the effect."""
_CAUSE_BEFORE = re.compile(
    r"\b(?:caus(?:e|es|ed|ing)|leads? (?:\w+ )?to|leading to|led to|results? in|resulting in|resulted in|"
    r"contribut\w+ to|"
    r"trigger\w*|driv(?:e|es|ing)|explains?|explaining|underl(?:ies|ie|ying)|responsible for|reasons? (?:for|behind|"
    r"why)|"
    r"give[sn]? rise to|key factor\w* (?:in|of|for|behind)|correlat\w+ with|account\w* for|amplif\w+|exacerbat\w+)\b",
    re.IGNORECASE,
)
"""What stands behind it is the effect."""
_EXPLAINS = re.compile(
    r"\b(?:explanations?|mechanisms? (?:of|behind|underlying|by which)|(?:best|well) described as|reading of|"
    r"root causes?|key (?:factor|driver|"
    r"determinant)s?|mediat\w+|attribut\w+)\b",
    re.IGNORECASE,
)
"""Words of an explanation, wherever the effect is named."""


@lru_cache(maxsize=8_192)
def announces(text: str) -> bool:
    """
    True if a sentence says what is done or what it is good for, and not what came of it.

    >>> announces("We evaluate it on ten benchmarks."), announces("We study kelp and find that it grows.")
    (True, False)
    """
    if _WILL.search(text):
        return True
    text = _PURPOSE.sub("", text)
    if _TELLS_THAT.search(text):
        return False
    if _FIGURE.search(text) and _WINS.search(text):
        return False
    return bool(_ANNOUNCES.search(text) or _IS_DONE.search(text) or _HOLDS.search(text) or _SERVES.search(text))


def tells_a_result(text: str) -> bool:
    """True if a sentence says that something was shown, or a change with its number; what it is for does not count."""
    return bool(_TELLS_THAT.search(_PURPOSE.sub("", text)))


@lru_cache(maxsize=8_192)
def praises_its_own(text: str) -> bool:
    """
    True if a sentence tells the success of what its authors made.

    >>> praises_its_own("Extensive experiments show that our method outperforms the baselines.")
    True
    >>> praises_its_own("Larger models hallucinate less.")
    False
    """
    return bool(_OURS.search(text) and _WINS.search(text))


def tells_a_cause_of(text: str, things: Iterable[str]) -> bool:
    """
    True if a sentence gives a cause of one of these things, or of what such a thing does.

    >>> tells_a_cause_of("Blades rot because water is warm.", ["rot"]), tells_a_cause_of("Rot leads to loss.", ["rot"])
    (True, False)
    """
    stems = {word[:_STEM] for thing in things for word in WORD.findall(thing.lower()) if len(word) > 2}
    if not stems:
        return bool(_CAUSE_BEHIND.search(text) or _CAUSE_BEFORE.search(text) or _EXPLAINS.search(text))

    def named(part: str) -> bool:
        return any(word[:_STEM] in stems for word in WORD.findall(part.lower().replace("-", " ")))

    if _EXPLAINS.search(text) and named(text):
        return True
    behind = any(
        named(text[: found.start()]) or (found.start() < 3 and named(text)) for found in _CAUSE_BEHIND.finditer(text)
    )
    return behind or any(named(text[found.end() : found.end() + 90]) for found in _CAUSE_BEFORE.finditer(text))
