"""A sentence diff of two texts of a paper: which sentences came, went or changed, and which words changed in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "added", "removed"]
_PIECE = re.compile(r"\s+|[^\W_]+|.", re.DOTALL)
_LEAST_ALIKE = 0.5
"""Sentences that have less in common are shown as removed and added."""


@dataclass(frozen=True, slots=True)
class ChangedSentence:
    """A sentence of either text as pieces, each with what became of it; a sentence that stayed is one piece."""

    pieces: tuple[tuple[Kind, str], ...]

    @property
    def kind(self) -> Literal["same", "added", "removed", "changed"]:
        """What became of the sentence."""
        kinds = {kind for kind, _ in self.pieces}
        return kinds.pop() if len(kinds) == 1 else "changed"


def differences(old: Sequence[str], new: Sequence[str]) -> list[ChangedSentence]:
    """
    What became of the sentences of a text.

    Args:
        old, new: The sentences of both texts.

    Returns:
        All sentences in the order of the later text; removed ones stand where they stood.
    """
    found: list[ChangedSentence] = []
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found += [ChangedSentence((("same", text),)) for text in new[new_from:new_to]]
        else:
            found += _replaced(old[old_from:old_to], new[new_from:new_to])
    return found


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[ChangedSentence]:
    """Pair each new sentence with the first of the old ones that is like it, in order; the rest went or came."""
    at = 0
    for text in new:
        like = next((row for row in range(at, len(old)) if _alike(old[row], text) >= _LEAST_ALIKE), None)
        if like is None:
            yield ChangedSentence((("added", text),))
            continue
        yield from (ChangedSentence((("removed", gone),)) for gone in old[at:like])
        yield _words(old[like], text)
        at = like + 1
    yield from (ChangedSentence((("removed", gone),)) for gone in old[at:])


def _alike(before: str, after: str) -> float:
    return SequenceMatcher(None, _PIECE.findall(before), _PIECE.findall(after), autojunk=False).ratio()


def _words(before: str, after: str) -> ChangedSentence:
    """
    The words of one sentence that changed.

    >>> _words("It is 4% better.", "It is 5% better.").pieces
    (('same', 'It is '), ('removed', '4'), ('added', '5'), ('same', '% better.'))
    """
    old, new = _PIECE.findall(before), _PIECE.findall(after)
    pieces: list[tuple[Kind, str]] = []
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(("same", "".join(new[new_from:new_to])))
            continue
        gone, come = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        pieces += [("removed", gone)] if gone else []
        pieces += [("added", come)] if come else []
    return ChangedSentence(tuple(pieces))
