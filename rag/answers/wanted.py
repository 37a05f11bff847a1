"""
Question classification by cue words: does a question want limits, a cause, a way, or a number, and of what?

The kind of a question is in `rag.question.understand`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.question.words import ASKED_OF, FUNCTION_WORDS, SCAFFOLD_NOUNS

LIMITS = re.compile(
    r"\b(?:limitations?|limits?|drawbacks?|weakness\w*|shortcomings?|fail\w*|(?:get|go|gets|goes) wrong|struggles?|"
    r"downsides?|disadvantages?|pitfalls?|"
    r"(?:open|main|key|remaining|unsolved|current) (?:problems?|challenges?|questions?)|challenges?)\b",
    re.IGNORECASE,
)
WHY = re.compile(
    r"^(?:why|how come)\b|\b(?:(?:what|which) (?:\w+ )?(?:causes?|explains?|drives?|factors?|triggers?|underlies)|"
    r"what (?:is|are) (?:the )?(?:reasons?|causes?|mechanisms?)|reasons? (?:for|why)|come from|arises?|due to|"
    r"(?:what|which)\b.*\bleads? to)\b",
    re.IGNORECASE,
)
WHY_DOES = re.compile(r"^why (?:do|does|did|is|are|was|were|can|could)\b", re.IGNORECASE)
EFFECT = re.compile(r"\b(?:affects?|effects?|impacts?|influences?)\b", re.IGNORECASE)
WAYS = re.compile(
    r"^(?:how (?:can|could|to|do|does|should|might) (?:one|we|i|you|people|researchers|someone)\b|how to\b|"
    r"how (?:can|could) .+ be (?:\w+ly )?\w+(?:ed|en|t|n)\b|how (?:is|are) .+ (?:\w+ed|done|built|found|made|kept|"
    r"taught)\b|"
    r"(?:what|which) (?:\w+ ){0,2}?(?:methods?|approaches|techniques|strategies|ways|algorithms?)\b|ways (?:to|of)\b|"
    r"(?:what|which) (?:helps?|works?|improves?|reduces?|prevents?|mitigates?)\b)",
    re.IGNORECASE,
)
"""“How can one detect …”: wants ways, each of which a paper proposes."""
_VERSIONED = re.compile(r"\b[A-Z][\w.]*(?:[ -][A-Z][\w.]*)?[ -]?\d[\w.]*")
"""A name with its version: “Gemini 3”."""
_NAME = re.compile(r"\b[A-Za-z]*[A-Z][\w-]*[A-Z0-9][\w-]*\b")
_GENERAL = frozenset(
    "LLM VLM MLLM LVLM SLM RAG AI NLP ML RL KV CNN RNN GNN GAN GPU CPU ViT VQA OCR ASR MRI CT 2D 3D 4D API SQL".split()
)
"""Abbreviations of what many papers treat."""
_PLAIN = frozenset(
    "make makes makes made help helps helped works work done used using good best against people well".split()
)
_OF = re.compile(r"^what(?:'s| is| was) the (?P<what>[^\W\d_]+) of (?P<of>[\w-]+(?: [\w-]+)?)\s*\??$", re.IGNORECASE)
"""“What is the capital of France?”"""
_COUNTED = re.compile(
    r"\bhow (?:many|much) (?:\w+ing )?(?!\w+er\b|more\b|less\b|worse\b|do|does|did|is|are|was|were|"
    r"can)(?P<noun>[^\W\d_]+)",
    re.IGNORECASE,
)
_MEASURES = (
    (
        r"accura\w+|precise\w*|reliabl\w*|well",
        r"accura\w+|f1|auc|auroc|precision|recall|correct\w*|kappa|qwk|agreement|correlat\w+|score\w*|bleu|%",
    ),
    (
        r"fast\w*|speed\w*|slow\w*|latency|throughput|speedup",
        r"fast\w*|speed\w*|fps|ms\b|milliseconds?|seconds?|minutes?|hours?|latency|throughput|times|×|x\b",
    ),
    (
        r"large|big|long|small|size|length",
        r"\d[\d.,]*[km]?\+?\s+(?:[\w-]+\s+){0,2}\w+s\b|billion|million|parameters?|gb|mb",
    ),
    (
        r"expensive|cheap\w*|cost\w*|price",
        r"costs?|\$|usd|dollars?|cheap\w*|expens\w+|price\w*|gpu[- ]hours?",
    ),
)
"""What is measured, in the question's words, and the words that stand beside such a number."""
_METRIC = re.compile(
    r"\b(?:bleu|rouge|dice|f1|m?iou|wer|cer|auc|auroc|map|fid|psnr|ssim|perplexity|kappa)\b", re.IGNORECASE
)


def own_names(question: str) -> list[str]:
    """
    The names of a question that stand for one thing, such as a system or a benchmark, in lower case.

    >>> own_names("How many languages does the MUCH benchmark cover with LLMs?")
    ['much']
    """
    return [name.lower() for name in _NAME.findall(question) if name.rstrip("s") not in _GENERAL]


def of_what(question: str) -> tuple[str, ...]:
    """
    What a question asks of one thing, in the forms in which a text may say it; empty if it asks no such thing.

    >>> of_what("What is the population of Berlin?"), of_what("What is the effect of light?")
    (('population of Berlin', 'Berlin population', 'Berlin s population'), ())
    """
    found = _OF.match(question)
    if not found or found["what"].lower() in SCAFFOLD_NOUNS | ASKED_OF | _PLAIN:
        return ()
    what, of = found["what"], found["of"]
    return f"{what} of {of}", f"{of} {what}", f"{of} s {what}"


def action(question: str, topics: Sequence[str]) -> list[str]:
    """
    What a question wants done, in its words without its topics: “detect”, “more efficient”.

    >>> action("How can one detect backdoors in language models?", ["backdoors", "language models"])
    ['detect']
    """
    of_topics = {word for topic in topics for word in re.findall(r"\w+", topic.lower())}
    return [
        word
        for word in re.findall(r"[^\W\d_]{4,}", question.lower())
        if word not in of_topics | FUNCTION_WORDS | SCAFFOLD_NOUNS | _PLAIN
    ]


def versions(question: str) -> list[str]:
    """The names with a version that a question holds."""
    return _VERSIONED.findall(question.rstrip("?"))


def counted(question: str) -> str | None:
    """The noun of “how many …” or “how much …”."""
    found = _COUNTED.search(question)
    return found["noun"] if found else None


def measured(question: str) -> re.Pattern[str] | None:
    """The words that stand beside a number of what a question measures; None if it is not known."""
    if re.search(r"\bspeed(?:s|ed)? up\b|\bspeed-?ups?\b", question, re.IGNORECASE):
        question = "How fast"
    if metric := _METRIC.search(question):
        return re.compile(rf"\b{metric.group()}\b", re.IGNORECASE)
    for asked, told in _MEASURES:
        if re.search(rf"^(?:how (?:much )?(?:{asked})|what\b.*\b(?:{asked}))\b", question, re.IGNORECASE):
            return re.compile(rf"(?<!\w)(?:{told})", re.IGNORECASE)
    return None
