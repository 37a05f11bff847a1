"""
Understanding a question: its kind, topic, phrases, authors and time span, by rule and in English.

Pure: nothing here reads a library. `rag.retrieval` looks up what was understood.
"""

from rag.question.understand import Kind, Understood, understand

__all__ = ["Kind", "Understood", "understand"]
