"""
Text normalization: typography becomes plain, and every character keeps its place in the original.

Dashes, quotes, spaces, ligatures, soft hyphens and TeX become one plain form. Digits, signs and words never change.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_PLAIN = {
    **dict.fromkeys("‐‑‒–—―⁃−﹣－", "-"),
    **dict.fromkeys("‘’‚‛ʼ′`´＇", "'"),
    **dict.fromkeys("“”„‟«»″＂", '"'),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
    "×": "×",
    "…": "...",
    "∼": "~",
    "≈": "~",
    "≃": "~",
    "⩽": "≤",
    "⩾": "≥",
    "·": "·",
    "％": "%",
    "［": "[",  # as an answer's text shows a sentence's own brackets
    "］": "]",
}
_ALREADY_PLAIN = re.compile(
    r"(?:(?!--|''|  )[A-Za-z0-9 ,.;:()'/?!%\"+=<>\[\]-])*"
)  # most sentences, at a tenth of the time
_MATH = re.compile(r"(?<!\\)\$([^$]{1,200})(?<!\\)\$")
_MATHEMATICAL = re.compile(r"[\\^_={}<>]|^\S+$")  # “$5 and $7” has prose between its dollars, not math
_DROPPED = frozenset("${} \t\n\u00ad\u200b")  # a place does not end with one of these
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
_COMMANDS = {
    "times": "×", "cdot": "·", "pm": "±", "sim": "~", "approx": "~", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "ll": "<",
    "gg": ">", "lt": "<", "gt": ">", "to": "→", "rightarrow": "→", "infty": "∞", "percent": "%", "textendash": "-",
    "textemdash": "-", "ldots": "...", "dots": "...", "degree": "°", "circ": "°", "textdegree": "°", "quad": " ", "alpha": "α",
    "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
_STYLES = (
    "text|textbf|textit|textsc|textrm|texttt|textsf|emph|underline|mathrm|mathbf|mathit|mathsf|mathcal|boldsymbol|bm|bf|it|"
    "rm|sc|sf|tt|em|left|right|big|Big|small|large|displaystyle|operatorname|hbox|mbox|ensuremath|xspace"
)
_STEPS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\\[%$&#_{}]"), lambda found: found.group()[1:]),
    (re.compile(r"\\[()\[\]]"), lambda _: "{}"),  # the delimiters of math end a command
    (re.compile(r"\\[,;:!> ]|(?<=\S)~(?=\d*[A-Za-z\\$])|\\quad"), lambda _: " "),
    (re.compile(r"\\([A-Za-z]+)\s*(?=\{)"), lambda found: _COMMANDS.get(found[1], "")),  # \textbf{…} becomes …
    (re.compile(rf"\\(?:{_STYLES})(?![A-Za-z])\s*"), lambda _: ""),  # \bf 3.5
    (re.compile(r"\\([A-Za-z]+)\s*"), lambda found: _COMMANDS.get(found[1], found.group())),
    (re.compile(r"[{}]"), lambda _: ""),
    (_RAISED, lambda found: "^" + found.group().translate(_SUPERSCRIPTS)),
    (re.compile(r"-{2,3}"), lambda _: "-"),
    (re.compile(r"``|''"), lambda _: '"'),
    (
        re.compile(r"(?<!\d)\*\*|\*\*(?!\d)|__|(?<![\w*])[*_](?=\w)|(?<=\w)[*_](?![\w*])"),
        lambda _: "",
    ),  # Markdown's emphasis
    (re.compile(r"\s+"), lambda _: " "),
)


@dataclass(frozen=True, slots=True)
class Normalized:
    """
    A normalized text.

    Args:
        original: The text before.
        text: The normalized text.
        places: The place of each of its characters in the original, ascending; and one more for the end.
    """

    original: str
    text: str
    places: Sequence[int]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original of `start` to `end` in the normalized text; both are half-open."""
        first, last = self.places[start], self.places[end] if end > start else self.places[start]
        while last > first + 1 and self.original[last - 1] in _DROPPED:
            last -= 1
        return first, max(last, first + 1) if end > start else first


def normalize(text: str) -> Normalized:
    """
    Normalize a text.

    >>> normalize("a “5–10\\u202f%” gain, $5.2\\\\%$ of 10⁻³").text
    'a "5-10 %" gain, 5.2% of 10^-3'
    """
    if _ALREADY_PLAIN.fullmatch(text):
        return Normalized(text, text, range(len(text) + 1))
    characters: list[str] = []
    places: list[int] = []
    dollars = {
        at
        for found in _MATH.finditer(text)
        if _MATHEMATICAL.search(found[1])
        for at in (found.start(), found.end() - 1)
    }
    for at, char in enumerate(text):
        if at in dollars:
            characters.append("{}")  # it ends a command, and is removed with all braces
            places.extend([at, at])
            continue
        plain = char if char < "\x7f" else _PLAIN.get(char) if char in _PLAIN else _compatible(char)
        characters.append(plain or "")
        places.extend([at] * len(plain or ""))
    result, where = "".join(characters), [*places, len(text)]
    for pattern, replacement in _STEPS:
        result, where = _substituted(result, where, pattern, replacement)
    return Normalized(text, result, where)


def _compatible(char: str) -> str:
    form = unicodedata.decomposition(char)
    return char if form.startswith(("<super>", "<sub>", "<fraction>")) else unicodedata.normalize("NFKC", char)


def _substituted(
    text: str, places: list[int], pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]
) -> tuple[str, list[int]]:
    parts: list[str] = []
    where: list[int] = []
    last = 0
    for found in pattern.finditer(text):
        new = replacement(found)
        parts += [text[last : found.start()], new]
        where += places[last : found.start()] + [places[found.start()]] * len(new)
        last = found.end()
    if not last and not parts:
        return text, places
    return "".join([*parts, text[last:]]), where + places[last:]
