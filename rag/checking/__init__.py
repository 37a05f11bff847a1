"""
Claim verification: check a claim against the sentences that it cites.

It works on claims and stored sentences only; it uses no model, no files and no network.
"""

from rag.checking.judging import Judge, JudgedClaim, JudgeName
from rag.checking.verdict import Alike, Checker, CitedSentence, Verdict, judged, links, similarity

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
