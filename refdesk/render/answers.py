"""Wording of answers that the terminal and Markdown share: how a question was read, and why it is not answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rag.types import Answer

UNCHECKED = "Left open, in the model's unchecked words:"


def read_as(given: Answer) -> str:
    """How a question was read, where that changed what was searched; empty where it did not."""
    asked = given.understood
    if not asked or given.mode == "metadata":
        return ""
    newest_first = asked.newest_first and bool(given.papers)
    return reading(asked.authors, asked.since, asked.until, asked.corrected, newest_first=newest_first)


def reading(
    authors: Iterable[str],
    since: str | None,
    until: str | None,
    corrected: Mapping[str, str],
    *,
    newest_first: bool = False,
) -> str:
    """The same in words, from what was understood; empty where none of it is there."""
    span = " ".join(f"{word} {day}" for word, day in (("since", since), ("until", until)) if day)
    parts = [f"by “{name[:80]}”" for name in authors]
    parts += [f"papers listed {span}"] if span else []
    parts += [f"“{word}” as “{correct}”" for word, correct in corrected.items()]
    parts += ["the newest first"] if newest_first else []
    return f"Read as: {'; '.join(parts)}." if parts else ""


def left_open(given: Answer) -> str:
    """What the sentences of an answer leave open; empty if nothing is known of that."""
    return missing_in_words(given.missing, given.mode)


def missing_in_words(missing: str | None, mode: str) -> str:
    """The same, from what is missing in an answer of this mode."""
    if not missing:
        return ""
    return f"{UNCHECKED} {missing}." if mode == "generated" else f"Left open: {missing}."


def unanswered(given: Answer) -> str:
    """Why there is no answer."""
    assert given.abstention
    reason = given.abstention.reason
    if given.outcome == "mentioned":
        return f"{reason[:1].upper()}{reason[1:]}."
    return f"The library does not hold an answer: {reason}."
