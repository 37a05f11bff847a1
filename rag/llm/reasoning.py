"""
Reasoning text of a model (chain of thought), removed from its reply as it streams, before anybody reads the reply.

Servers leave it in the text in several forms: between tags such as `<think>` and `</think>`, before a lone closing tag
(where the template of the prompt has opened it), and in the channels of the harmony format. A reply that begins as
JSON is passed on as it comes. Any other is held back until it ends, or until a tag says that all of it was reasoning.
"""

from __future__ import annotations

import re
from collections import deque

_NAMES = r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|analysis|scratchpad)"
_OPEN = re.compile(
    rf"<(?:\w{{1,16}}:)?{_NAMES}(?:\s[^<>]{{0,100}})?>|<\|(?:start|begin)_(?:of_)?{_NAMES}\|>|"
    r"◁think▷|\[THINK\]",
    re.IGNORECASE,
)
_CLOSE = re.compile(rf"</(?:\w{{1,16}}:)?{_NAMES}>|<\|end_(?:of_)?{_NAMES}\|>|◁/think▷|\[/THINK\]", re.IGNORECASE)
_HEADER = re.compile(
    r"(?:<\|start\|>[^<]{0,40})?<\|channel\|>(?P<channel>[^<]{0,200}).{0,200}?<\|message\|>", re.DOTALL
)
_END = re.compile(r"<\|(?:end|return|call|start)\|>")
_LONGEST_TAG = 400
_JSON = re.compile(r"\{|\[\s*[{\"\]]|```|\[\s*\d")  # also the mark of a sentence, [1.2]


class Visible:
    """
    A filter over one reply, fed piece by piece: what it gives is the reply without reasoning.

    >>> visible = Visible()
    >>> visible.feed("<think>Is it 3? ") + visible.feed('No.</think>\\n{"answerable"') + visible.finish()
    '{"answerable"'
    >>> visible = Visible()
    >>> visible.feed("Hmm, 3.\\n</think>It is 4. [1.1]"), visible.finish()
    ('', 'It is 4. [1.1]')
    """

    def __init__(self) -> None:
        self._held = ""  # not yet decided about
        self._inside: re.Pattern[str] | None = None  # what ends the reasoning that is being read
        self._passing: re.Pattern[str] | bool | None = False  # what ends the text that is passed on; None is nothing

    def feed(self, piece: str) -> str:
        """The text that is certain to be no reasoning, after this piece."""
        self._held += piece
        passed = ""
        while True:
            before = (len(self._held), self._inside, self._passing)
            passed += self._step()
            if before == (len(self._held), self._inside, self._passing):
                return passed

    def finish(self) -> str:
        """The rest at the end of the reply; reasoning that was not ended is left out."""
        held, self._held = self._held, ""
        return "" if self._inside or _HEADER.match(held.lstrip()) else held.lstrip() if not self._passing else held

    def _step(self) -> str:
        if self._inside:
            self._skip(self._inside)
            return ""
        if self._passing is not False:
            return self._pass()
        text = self._held.lstrip()
        if not text:
            return ""
        if opened := _OPEN.match(text):
            self._inside, self._held = _CLOSE, text[opened.end() :]
        elif header := _HEADER.match(text):
            self._held = text[header.end() :]
            if header["channel"].strip().startswith("final"):
                self._passing = _END
            else:
                self._inside = _END
        elif closed := _last(_CLOSE, text):
            self._held = text[closed.end() :]
        elif _JSON.match(text):
            self._passing, self._held = None, text
        return ""

    def _skip(self, end: re.Pattern[str]) -> None:
        """Leave out what is held, up to the end of the reasoning."""
        if ended := end.search(self._held):
            is_start = ended.group() == "<|start|>"
            self._held = self._held[ended.start() if is_start else ended.end() :]
            self._inside = None
        else:
            self._held = self._held[-_LONGEST_TAG:]

    def _pass(self) -> str:
        """Pass on what is held, less the beginning of what may become its end."""
        end = self._passing
        if not isinstance(end, re.Pattern):
            passed, self._held = self._held, ""
            return passed
        if ended := end.search(self._held):
            passed, self._held, self._passing = self._held[: ended.start()], self._held[ended.start() :], False
            self._held = self._held if ended.group() == "<|start|>" else self._held[len(ended.group()) :]
            return passed
        at = self._held.rfind("<")
        at = at if at >= 0 and len(self._held) - at < len("<|return|>") else len(self._held)
        passed, self._held = self._held[:at], self._held[at:]
        return passed


def without_reasoning(reply: str) -> str:
    """A whole reply without reasoning."""
    visible = Visible()
    return visible.feed(reply) + visible.finish()


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return deque(pattern.finditer(text), maxlen=1).pop() if pattern.search(text) else None
