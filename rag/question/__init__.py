"""
Understanding a question: its kind, topic, phrases, authors and time span, by rule and in English; and follow-ups.

Pure: nothing here reads a library. `rag.retrieval` looks up what was understood.
"""

from rag.question.followup import FollowUp, follow_up
from rag.question.understand import Kind, Understood, understand

__all__ = ["FollowUp", "Kind", "Understood", "follow_up", "understand"]
