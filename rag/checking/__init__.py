"""
The verifier: whether a claim says what the sentences that it cites say.

It works on claims and stored sentences only: no model, no files, no network.
"""

from rag.checking.verdict import Alike, Checker, CitedSentence, Verdict, links, similarity

__all__ = ["Alike", "Checker", "CitedSentence", "Verdict", "links", "similarity"]
