"""
Citation verification of a document: an answer or an issue that Refdesk wrote, and that somebody may have edited since.

It reads JSON, where every object with `text` and `citations` is a claim, and the Markdown that Refdesk writes. Both
forms of one answer have the same claims. Quotes and sources are checked too; they are listed, and counted, only where
they are not as the library has them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import replace
from threading import Event
from typing import Any

from rag.checking import Checker, Judge, JudgeName, judge_claims
from rag.errors import UnreadableInput
from rag.types import JsonDict
from refdesk.citations import Citations
from refdesk.facts import Facts
from refdesk.verify.claims import Verified, Verifier, failed
from refdesk.verify.json_documents import in_json, is_document
from refdesk.verify.markdown_documents import in_markdown, is_sealed

__all__ = ["MAX_CHARS", "Verification", "Verified", "verify"]

MAX_CHARS = 2_000_000
_PAGE = re.compile(r"(?i)<!doctype|<html|(?:from|to|subject|mime-version|message-id|return-path|received):\s")
"""How HTML and e-mail messages begin."""


class Verification(list[Verified]):
    """What verifying a document found; `judge` decided what words did not, and `failure` says why it could not."""

    def __init__(self, found: Iterable[Verified], judge: JudgeName = "words", failure: str | None = None) -> None:
        super().__init__(found)
        self.judge, self.failure = judge, failure

    @property
    def ok(self) -> bool:
        """True if nothing is unsupported."""
        return all(found.verdict.support != "unsupported" for found in self)

    def to_dict(self) -> JsonDict:
        """The document of `verify --json`."""
        claims = [found.to_dict() for found in self]
        return {"ok": self.ok, "checked": len(self), "judge": self.judge, "claims": claims}


def verify(
    document: str,
    citations: Citations,
    checker: Checker,
    facts: Facts,
    *,
    judge: Judge | None = None,
    cancel: Event | None = None,
) -> Verification:
    """
    Check every claim of a document, in its order.

    Args:
        document: JSON or Markdown.
        citations: Finds the sentences that are cited.
        checker: Checks claims against them.
        facts: Computes what an answer says of the catalog again.
        judge: Decides about claims what words do not; None leaves it to them.
        cancel: Set it to stop before the next claim.

    Returns:
        Every claim, and every quote, source or other line that is not as the library has it. An issue of a period
        without papers has none.

    Raises:
        UnreadableInput: It is neither JSON nor Markdown of ours, or holds no claim.
        CancelledError: `cancel` was set.
    """
    text = document.lstrip("\ufeff").strip()
    if len(text) > MAX_CHARS:
        raise UnreadableInput(
            f"The document has {len(text):,} characters; the limit is {MAX_CHARS:,}.", hint="Split it."
        )
    if _PAGE.match(text):
        raise UnreadableInput(
            "The document is a web page or an e-mail message, which cannot be verified.",
            hint="Give the issue's .md or .json file instead.",
        )
    verifier = Verifier(citations, checker, facts)
    if text[:1] in "{[":
        try:
            twice: list[str] = []
            value = json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, twice))
            found, ours = _all(in_json(value, verifier), cancel), is_document(value)
            found += [failed(key, key, "this key stands twice in one object", "markup") for key in twice]
        except (ValueError, RecursionError) as error:
            raise UnreadableInput(
                f"The document is not valid JSON: {error}.", hint="Give it as `ask --json` wrote it."
            ) from error
    else:
        found = _all(in_markdown(text, verifier), cancel)
        ours = not found and is_sealed(text)
    if not found and not ours:
        raise UnreadableInput(
            "The document holds no claim with citations.",
            hint="Give what `refdesk ask --json`, `refdesk ask --markdown` or `refdesk digest` writes.",
        )
    return _judged(found, judge)


def _judged(found: list[Verified], judge: Judge | None) -> Verification:
    """Let the judge decide about the claims."""
    claims = [each for each in found if each.claim]
    verdicts = judge_claims(judge, [each.claim for each in claims if each.claim], [each.verdict for each in claims])
    by_claim = {id(each): verdict for each, verdict in zip(claims, verdicts, strict=True)}
    new = [replace(each, verdict=by_claim.get(id(each), each.verdict)) for each in found]
    return Verification(new, judge.name, judge.failure) if judge else Verification(new)


def _object(pairs: list[tuple[str, Any]], twice: list[str]) -> dict[str, Any]:
    """An object of JSON; keys that stand twice in it, of which programs show one or the other, are added to `twice`."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice += [key for key, number in Counter(key for key, _ in pairs).items() if number > 1]
    return made


def _all(findings: Iterator[Verified], cancel: Event | None) -> list[Verified]:
    found = []
    for finding in findings:
        if cancel and cancel.is_set():
            raise CancelledError("The check was cancelled.")
        found.append(finding)
    return found
