"""The sentence of a text that asks: what stands around it is context, and politeness is left out."""

from __future__ import annotations

import re

from rag.question.forms import EXPECTS_YES

LONG_WORDS = 40
"""From so many words on a question is context around a question: its last question sentence decides the kind."""


def core(text: str) -> str:
    """The sentence that asks, where there is context around it; politeness goes, and the “not” of “Doesn't”."""
    if len(text.split()) >= LONG_WORDS:
        sentences = re.split(r"(?<=[.?!])\s+", text)
        asking = [each for each in sentences if each.endswith("?")]
        text = (asking or sentences[-1:])[-1]
        text = re.split(r"[:;] (?=(?:what|which|how|why|do|does|is|are|can)\b)", text, flags=re.IGNORECASE)[-1]
    text = re.sub(
        r"^(?:(?:hi|hello|hey|thanks|thank you|great|good (?:morning|evening|afternoon))\b[,!. ]+|please|"
        r"(?:can|could|would) you(?: please)?(?=\s+(?:tell|show|give|list|find|"
        r"summari[sz]e|explain|compare|describe|recommend))|i(?:'d| would) like to (?:know|see)|i want to (?:know|see)|"
        r"do you know|tell me (?=(?:whether|if|why|how|what|which|who|when)\b)|(?:so|well|ok|okay)(?=,)|[, ])+",
        "",
        text,
        flags=re.IGNORECASE,
    )
    return EXPECTS_YES.sub(r"\g<verb>", text.strip())
