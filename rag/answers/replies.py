"""
Incremental parsing of a model's reply: claims with the ids of their evidence, from JSON or from prose with marks.

The reply is not trusted: what cannot be read is left out, and every length is limited.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rag import text as prose

MAX_CLAIM_CHARS = 4_000
_CLAIMS = re.compile(r'"claims"\s*:\s*\[')
_JSON = re.compile(r"\s*(?:```\w*\s*)?[{\[]")
_BARE = re.compile(r"""\s*(?:```\w*\s*)?(?:\[\s*)?(?=\{\s*"(?:text|claim|sentence|statement|evidence|ids)"\s*:)""")
"""The beginning of claims without an object around them: a list, or one after another."""
_TEXTS, _EVIDENCE = ("text", "claim", "sentence", "statement"), ("evidence", "ids", "citations", "sources")
_UNANSWERABLE = re.compile(r'"answerable"\s*:\s*false|^\s*NO ANSWER\b', re.IGNORECASE)
_MISSING = re.compile(r'"missing"\s*:\s*("(?:[^"\\]|\\.){0,2000}")')
_ID = re.compile(r"\d{1,3}\.\d{1,3}")
_MARKS = re.compile(r"(?:[\[(【]\s*\d{1,3}\.\d{1,3}(?:\s*[,;]\s*\d{1,3}\.\d{1,3})*(?:†[^】\]]{0,40})?\s*[\])】]\s?)+")
_MARKED = re.compile(
    r"\s*[\[【]\s*\d{1,3}(?:\.\d{1,3})?(?:\s*[,;]\s*\d{1,3}(?:\.\d{1,3})?)*(?:†[^】\]]{0,40})?\s*[\]】](?=\s*[.!?]?\s*$)"
)
_FOOTNOTE = re.compile(r"\s?\[\^[^\[\]\s]{1,40}\]:?")
"""Markdown's mark of a footnote: it names no evidence, and would stay in the answer as text."""
_LONE_BACKSLASH = re.compile(r'\\(?!["\\/nu])')
_LAST_COMMA = re.compile(r",\s*([}\]])")
_BULLET = re.compile(r"^[ \t]{0,8}(?:[-*•]|\d{1,2}[.)])[ \t]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DraftClaim:
    """A claim as the model wrote it, one sentence, and the ids of the sentences that it names."""

    text: str
    ids: tuple[str, ...]


class Reply:
    """
    A parser of one reply, fed piece by piece.

    >>> reply = Reply()
    >>> list(reply.feed('{"claims": [{"text": "A is'))
    []
    >>> [draft.ids for draft in reply.feed(' b.", "evidence": ["1.2"]}')]
    [('1.2',)]
    """

    def __init__(self) -> None:
        self.text = ""
        self._at = -1
        self._ended = False
        self.drafts: list[DraftClaim] = []

    def feed(self, piece: str) -> Iterator[DraftClaim]:
        """Read the next piece; yield the claims that it completes, if the reply begins as JSON."""
        self.text += piece
        if self._at < 0 and _JSON.match(self.text) and (found := _CLAIMS.search(self.text) or _BARE.match(self.text)):
            self._at = found.end()
        if self._at >= 0 and "}" in piece:
            yield from self._objects()

    def finish(self) -> Iterator[DraftClaim]:
        """
        Read the end of a reply that does not begin as JSON.

        Of several lists of claims in it the last that holds one counts, for the first ones are drafts. Without any it
        is prose with marks, such as `It rose. [1.2]`.
        """
        if self._at >= 0:
            return
        if self.text.lstrip()[:1] == '"':
            self.text = _unquoted(self.text)
        for found in reversed(list(_CLAIMS.finditer(self.text))):
            self._at, self._ended = found.end(), False
            yield from self._objects()
            if self.drafts:
                return
        if self._at < 0:
            for draft in _marked(self.text):
                self.drafts.append(draft)
                yield draft

    @property
    def unanswerable(self) -> bool:
        """True if the model says that the evidence holds no answer."""
        return not self.drafts and bool(_UNANSWERABLE.search(self.text))

    def stop_after(self, most: int) -> bool:
        """Forget what follows the last claim that was read, if these are as many as are read; True if they are."""
        is_full = self._at >= 0 and len(self.drafts) >= most
        if is_full:
            self.text = self.text[: self._at]
        return is_full

    @property
    def missing(self) -> str:
        """What the model says that the evidence does not say; empty where it says nothing of that."""
        found = _MISSING.findall(self.text[max(self._at, 0) :]) or _MISSING.findall(self.text)
        try:
            return str(json.loads(_LONE_BACKSLASH.sub(r"\\\\", found[-1]))) if found else ""
        except ValueError:
            return ""

    def _objects(self) -> Iterator[DraftClaim]:
        decoder = json.JSONDecoder()
        while not self._ended:
            rest = re.compile(r"[\s,]*").match(self.text, self._at)
            at = rest.end() if rest else self._at
            if self.text[at : at + 1] in ("]", ""):
                self._ended = self.text[at : at + 1] == "]"
                return
            try:
                entry, end = decoder.raw_decode(self.text, at)
            except (ValueError, RecursionError):
                repaired = _repaired(self.text, at)
                if not repaired:
                    self._ended = len(self.text) - at > MAX_CLAIM_CHARS
                    return
                entry, end = repaired
            self._at = end
            for draft in _drafts(entry):
                self.drafts.append(draft)
                yield draft


def until(texts: Iterator[str], reply: Reply, most: int) -> Iterator[DraftClaim]:
    """Yield the first claims of a reply without waiting for the rest."""
    for text in texts:
        yield from islice(reply.feed(text), most - len(reply.drafts))
        if len(reply.drafts) >= most:
            return
    yield from islice(reply.finish(), max(0, most - len(reply.drafts)))


def _unquoted(text: str) -> str:
    """The text within a reply that is JSON within a string of JSON."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, str) else text


def _repaired(text: str, at: int) -> tuple[Any, int] | None:
    """
    Parse an object that is not quite JSON: with backslashes such as those of TeX, or with a comma before its end.

    Returns:
        The object and its end.
    """
    end = text.find("}", at) + 1
    if not end or end - at > MAX_CLAIM_CHARS:
        return None
    try:
        return json.loads(_LAST_COMMA.sub(r"\1", _LONE_BACKSLASH.sub(r"\\\\", text[at:end]))), end
    except (ValueError, RecursionError):
        return None


def _drafts(entry: Any) -> Iterator[DraftClaim]:
    """Split a claim into its sentences, each with the claim's evidence; yield nothing for other entries."""
    if not isinstance(entry, dict):
        return
    text = next((entry[name] for name in _TEXTS if isinstance(entry.get(name), str)), "")
    evidence: Any = next((entry[name] for name in _EVIDENCE if name in entry), [])
    ids = [found for item in (evidence if isinstance(evidence, list) else [evidence]) for found in _ids(item)]
    yield from _sentences(text, tuple(dict.fromkeys(ids)))


def _ids(item: Any) -> list[str]:
    if isinstance(item, str):
        return _ID.findall(item[:200]) or [item[:40]]
    return [str(item)[:40]]


def _sentences(text: str, ids: tuple[str, ...]) -> Iterator[DraftClaim]:
    try:
        cleaned = prose.clean(_FOOTNOTE.sub("", text[:MAX_CLAIM_CHARS]))
    except prose.UnprintableText:
        return
    for start, end in prose.split(cleaned):
        sentence = _MARKED.sub("", cleaned[start:end]).strip()
        if sentence:
            yield DraftClaim(sentence, ids)


def _marked(text: str) -> Iterator[DraftClaim]:
    """Yield the sentences of prose; numbers after several sentences belong to the last of them."""
    text = _BULLET.sub("", text[: 20 * MAX_CLAIM_CHARS])
    last = 0
    for marks in _MARKS.finditer(text):
        sentences = list(_sentences(text[last : marks.start()].lstrip(" .;,\n"), ()))
        last = marks.end()
        yield from sentences[:-1]
        if sentences:
            yield DraftClaim(_ended(sentences[-1].text), tuple(dict.fromkeys(_ID.findall(marks.group()))))


def _ended(sentence: str) -> str:
    return sentence if sentence[-1:] in ".!?" else sentence + "."
