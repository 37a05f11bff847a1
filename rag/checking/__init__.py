"""
Claim verification: check a claim against the sentences that it cites.

It works on claims and stored sentences only; it uses no model, no files and no network.
"""

from rag.checking.additions import Alike
from rag.checking.judging import Judge, JudgedClaim, JudgeName, judge_claims, judged, quoted_in, wants_judge
from rag.checking.links import links
from rag.checking.mentions import CitedSentence
from rag.checking.verdict import Checker, Verdict, similarity

__all__ = [
    "Alike",
    "Checker",
    "CitedSentence",
    "Judge",
    "JudgeName",
    "JudgedClaim",
    "Verdict",
    "judge_claims",
    "judged",
    "links",
    "quoted_in",
    "similarity",
    "wants_judge",
]
