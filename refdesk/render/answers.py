"""Wording of answers that the terminal and Markdown share: how a question was read, and why it is not answered."""

from __future__ import annotations

from rag.types import Answer

UNCHECKED = "Left open, in the model's unchecked words:"


def read_as(given: Answer) -> str:
    """How a question was read, where that changed what was searched; empty where it did not."""
    asked = given.understood
    if not asked or given.mode == "metadata":
        return ""
    span = " ".join(f"{word} {day}" for word, day in (("since", asked.since), ("until", asked.until)) if day)
    parts = [f"by “{name[:80]}”" for name in asked.authors]
    parts += [f"papers listed {span}"] if span else []
    parts += [f"“{word}” as “{correct}”" for word, correct in asked.corrected.items()]
    parts += ["the newest first"] if asked.newest_first and given.papers else []
    return f"Read as: {'; '.join(parts)}." if parts else ""


def left_open(given: Answer) -> str:
    """What the sentences of an answer leave open; empty if nothing is known of that."""
    if not given.missing:
        return ""
    return f"{UNCHECKED} {given.missing}." if given.mode == "generated" else f"Left open: {given.missing}."


def unanswered(given: Answer) -> str:
    """Why there is no answer."""
    assert given.abstention
    reason = given.abstention.reason
    if given.outcome == "mentioned":
        return f"{reason[:1].upper()}{reason[1:]}."
    return f"The library does not hold an answer: {reason}."
