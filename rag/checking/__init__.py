"""
Claim verification: check a claim against the sentences that it cites.

It works on claims and stored sentences only; it uses no model, no files and no network.
"""

from rag.checking.judging import Judge, JudgedClaim, JudgeName
from rag.checking.links import links
from rag.checking.mentions import CitedSentence
from rag.checking.verdict import Alike, Checker, Verdict, judged, similarity

__all__ = [
    "Alike",
    "Checker",
    "CitedSentence",
    "Judge",
    "JudgeName",
    "JudgedClaim",
    "Verdict",
    "judged",
    "links",
    "similarity",
]
