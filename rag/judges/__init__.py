"""
Judges of claims: a chat model, an entailment model, and judgements that are stored.

The port is `rag.checking.Judge`. Without a judge the words decide.
"""

from rag.judges.entailment import EntailmentJudge
from rag.judges.model import MAX_JUDGEMENT_TOKENS, ModelJudge
from rag.judges.stored import StoredJudge

__all__ = ["MAX_JUDGEMENT_TOKENS", "EntailmentJudge", "ModelJudge", "StoredJudge"]
