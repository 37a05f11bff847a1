r"""
TeX in titles and sentences as Unicode, for people to read: `$10^{-3}$` becomes 10⁻³ and `\textbf{x}` becomes x.

Only what is shown is changed, never what is stored, quoted in JSON or compared. Formulas and commands are cut out of
the text and given to pylatexenc one by one. What it does not know, or what is not balanced, stays as it is: nothing
that the authors wrote is dropped. Markdown keeps the TeX, because `refdesk verify` compares it word for word.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

_LONGEST_TEXT = 5_000
_LONGEST_IN_ALL = 3_000
"""Characters of TeX in one text that are rendered: pylatexenc takes some 20 microseconds for each."""
_DEEPEST = 12
_GROUP = r"\{[^{}\\]{0,400}+\}"
for _ in range(3):  # braces in braces, four deep
    _GROUP = rf"\{{(?:[^{{}}\\]|\\.|{_GROUP}){{0,400}}+\}}"
_ARGUMENTS = rf"(?:\[[^][{{}}$\\]{{0,60}}\])?(?:{_GROUP}){{0,3}}+"
_SPAN = re.compile(
    r"(?P<display>\$\$[^$]{1,500}\$\$)"
    r"|(?P<dollar>\$(?=\S)(?:[^$\\]|\\.){1,500}?(?<!\s)\$|\$\s(?:[^$\\]|\\.){1,500}?\s\$(?!\d))"
    r"|(?P<math>\\\((?:.{1,500}?)\\\)|\\\[(?:.{1,500}?)\\\])"
    rf"|(?P<group>\{{\s?\\[A-Za-z]+(?:[^{{}}\\]|\\.|{_GROUP}){{0,400}}+\}})"
    rf"|(?P<command>(?<!\$)\\[A-Za-z]{{2,30}}(?![A-Za-z])\*?{_ARGUMENTS}|\\[A-Za-z](?={{){_GROUP}|\\[OoLlSP](?![A-Za-z]))"
    rf"|(?P<accent>\\[\"'`^~=.](?:{{\\?[A-Za-z]}}|\\[ij](?![A-Za-z])|[A-Za-z]))"
    r"|(?P<sign>\\[%&$#_{}])"
    r"|(?P<space>\\[ ,;:!/-]|\\\\(?![\w\\])|(?<=[A-Za-z.,)\]])~(?=[\\$A-Za-z0-9(\[]))"
    r"|(?P<quotes>``(?=[^`'\s])[^`]{1,300}?(?<=\S)'')",
    re.DOTALL,
)
_PROSE = re.compile(r"(?<![A-Za-z\\])[A-Za-z]{2,},?\s+[A-Za-z]{2,}")
_CURRENCY = re.compile(r"\b(?:US|HK|NZ|[ACRS])$")
_BRACED = re.compile(r"\{[^{}]*\}")
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_SUPERSCRIPTS = str.maketrans("0123456789+-−=()inT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁱⁿᵀ")
_SUBSCRIPTS = str.maketrans("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_RAISED = {"∘": "°", "*": "*", "∗": "*", "′": "′", "†": "†", "⊤": "ᵀ", "th": "ᵗʰ", "st": "ˢᵗ", "nd": "ⁿᵈ", "rd": "ʳᵈ"}


class _UnknownTex(Exception):
    """pylatexenc has no text for a command."""


def readable(text: str) -> str:
    r"""
    Show a title or a sentence with its TeX as Unicode; the same text if it holds no TeX.

    It never raises, and takes at most some 0.1 s. Do this before escaping, highlighting or breaking links, because a
    command may stand for a sign, a bracket or a URL.

    Args:
        text: A title or a sentence. A text of more than 5,000 characters is returned as it is.

    >>> readable(r"from $5 to $10, a \textbf{10\%} gain in $\mathcal{O}(n^2)$ and $10^{-3}$ by {\it Moir\'e}")
    'from $5 to $10, a 10% gain in 𝒪(n²) and 10⁻³ by Moiré'
    """
    may_hold_tex = "\\" in text or "$" in text or "~" in text or "``" in text
    if not may_hold_tex or len(text) > _LONGEST_TEXT:
        return text
    left = _LONGEST_IN_ALL

    def shown(found: re.Match[str]) -> str:
        nonlocal left
        left -= len(found[0])
        return _shown(found, text) if left >= 0 else found[0]

    return _SPAN.sub(shown, text)


def _shown(found: re.Match[str], text: str) -> str:
    """One formula, command, sign or quotation as Unicode, or as it is."""
    tex, kind = found[0], found.lastgroup
    if kind == "sign":
        return tex[1:]
    if kind == "space":
        return "" if tex[1:] in ("!", "/", "-") else " "
    if kind == "quotes":
        return f"“{readable(tex[2:-2])}”"
    if kind == "dollar" and not _is_formula(tex[1:-1], text[: found.start()], text[found.end() :][:1]):
        return tex
    return _rendered(tex, kind in ("display", "dollar", "math"))


def _is_formula(content: str, before: str, after: str) -> bool:
    """False for what stands between the signs of two prices or two variables of a shell."""
    if _PROSE.search(_BRACED.sub("", content)):
        return False
    if after.isdigit() and (content[:1].isdigit() or not re.search(r"[\\^_]", content)):
        return False
    if re.search(r"[\\^_={}<>]", content) or not any(map(str.isalnum, content)):
        return True
    return not (_CURRENCY.search(before[-4:]) or (after.isalpha() and len(content) > 3))


@lru_cache(maxsize=4_096)
def _rendered(tex: str, is_formula: bool) -> str:
    """Render a formula or a command with pylatexenc; `tex` itself if that fails or loses something."""
    if tex.count("{") + tex.count("[") > 60 or _depth(tex) > _DEEPEST:
        return tex
    from pylatexenc.latex2text import LatexNodes2Text  # type: ignore[import-untyped]  # takes 50 ms
    from pylatexenc.latexwalker import LatexWalker  # type: ignore[import-untyped]

    walker_context, text_context = _contexts()
    source = re.sub(r"(?<!\\)([%#])", r"\\\1", tex)  # a comment to TeX, a percent sign to authors
    source = re.sub(r"([\^_])\s*(\\[A-Za-z]+\{[^{}]*\})", r"\1{\2}", source)
    if not is_formula:
        source = re.sub(r"(?<!\\)&", r"\\&", source)
    try:
        walker = LatexWalker(source, latex_context=walker_context, tolerant_parsing=False)
        nodes, _, _ = walker.get_latex_nodes()
        spaces = "based-on-source"
        converter = LatexNodes2Text(latex_context=text_context, math_mode="text", strict_latex_spaces=spaces)
        text = str(converter.nodelist_to_text(nodes))
    except Exception:  # noqa: BLE001  # pylatexenc raises IndexError, TypeError and others on wrong TeX
        return tex
    line = " ".join(_UNFIT.sub(" ", text).split())
    lost = not line and (is_formula or _BRACED.search(tex))
    if lost or "\\" in line or (is_formula and "$" in line.replace("\\$", "") and "\\$" not in tex) or "%s" in line:
        return tex
    return unicodedata.normalize("NFC", line)


def _depth(tex: str) -> int:
    deepest = depth = 0
    for char in tex:
        depth += (char == "{") - (char == "}")
        deepest = max(deepest, depth)
    return deepest


@cache
def _contexts() -> tuple[Any, Any]:
    """What pylatexenc knows: how commands are parsed, and what they are as text."""
    from pylatexenc import latex2text, latexwalker  # type: ignore[import-untyped]
    from pylatexenc.macrospec import (  # type: ignore[import-untyped]
        MacroSpec,
        MacroStandardArgsParser,
        SpecialsSpec,
    )

    walker = latexwalker.get_default_latex_context_db()
    one = """
        textsc boldsymbol bm mathds mathbbm mbox underline overline uline sout hl textup textmd textnormal uppercase
        textsuperscript textsubscript color footnote textquote url
    """
    arguments = dict.fromkeys(one.split(), "{") | dict.fromkeys("nicefrac dfrac tfrac href".split(), "{{")
    arguments |= {"operatorname": "*{", "xspace": "", "deg": ""}
    walker.add_context_category(
        "display",
        prepend=True,
        macros=[MacroSpec(name, args_parser=MacroStandardArgsParser(spec)) for name, spec in arguments.items()],
        specials=[SpecialsSpec(sign, args_parser=MacroStandardArgsParser("{")) for sign in "^_"],
    )
    text = latex2text.get_default_latex_context_db()
    macro = latex2text.MacroTextSpec
    replacements: dict[str, Any] = {
        **dict.fromkeys(_LAST_ARGUMENT, _last_argument),
        **dict.fromkeys(_NOTHING, lambda node: ""),
        **dict.fromkeys(_NOT_SHOWN, _refuse),
        **dict.fromkeys(("frac", "dfrac", "tfrac", "nicefrac"), _fraction),
        "url": lambda node: _url(node, -1),
        "href": _link,
        "sqrt": _root,
        "color": lambda node: "",
        "textsuperscript": _text_script,
        "textsubscript": _text_script,
        "footnote": lambda node, l2tobj: f" ({_last_argument(node, l2tobj)})",
        "textquote": lambda node, l2tobj: f"“{_last_argument(node, l2tobj)}”",
        "deg": lambda node: "°",
        "ne": lambda node: "≠",
        "ie": lambda node: "i.e.",
        "eg": lambda node: "e.g.",
        "sim": lambda node: "~",
        "mid": lambda node: "|",
        "\\": lambda node: " ",
    }
    text.add_context_category(
        "display",
        prepend=True,
        macros=[macro(name, simplify_repl=replacement) for name, replacement in replacements.items()],
        specials=[latex2text.SpecialsTextSpec(sign, simplify_repl=_script) for sign in "^_"],
    )
    text.set_unknown_macro_spec(macro("", simplify_repl=_refuse))
    text.set_unknown_environment_spec(latex2text.EnvironmentTextSpec("", simplify_repl=_refuse))
    return walker, text


_LAST_ARGUMENT = """
mathbf mathit mathsf mathtt mathrm mathnormal boldsymbol bm operatorname mbox underline overline textbf textit textsc
texttt textsf textrm textsl textup textmd textnormal emph uline sout hl text uppercase textcolor
""".split()
"""Commands that are shown as their last argument: fonts have few letters of these alphabets."""
_NOTHING = """
xspace left right big Big bigg Bigg bigl bigr Bigl Bigr displaystyle textstyle limits nolimits it bf em rm tt sc sl sf
itshape bfseries ttfamily scshape small footnotesize large Large noindent centering allowbreak
""".split()
_NOT_SHOWN = """
input include title author date maketitle today includegraphics ref autoref cref Cref eqref cite citet citep item part
chapter section subsection subsubsection paragraph subparagraph label backslash textbackslash hspace vspace
""".split()
"""Commands that mean nothing outside of their document, or would read a file; their TeX is shown."""


def _refuse(node: Any) -> str:
    raise _UnknownTex(getattr(node, "macroname", ""))


def _last_argument(node: Any, l2tobj: Any) -> str:
    given = [argument for argument in node.nodeargd.argnlist if argument is not None]
    if not given:
        raise _UnknownTex(node.macroname)
    return str(l2tobj.nodelist_to_text([given[-1]]))


def _link(node: Any, l2tobj: Any) -> str:
    url, words = _url(node, -2), _last_argument(node, l2tobj)
    return words if words == url else f"{words} ({url})"


def _url(node: Any, argument: int) -> str:
    """A URL, in which `~` is a tilde and not a space."""
    return re.sub(r"\\([%#_&~$])", r"\1", str(node.nodeargd.argnlist[argument].latex_verbatim()).strip("{}"))


def _fraction(node: Any, l2tobj: Any) -> str:
    above, below = (str(l2tobj.nodelist_to_text([argument])) for argument in node.nodeargd.argnlist[-2:])
    return f"{_one(above)}/{_one(below)}"


def _root(node: Any, l2tobj: Any) -> str:
    return f"√{_one(str(l2tobj.nodelist_to_text([node.nodeargd.argnlist[-1]])))}"


def _one(term: str) -> str:
    """A term in parentheses, unless it is one name or number."""
    return term if re.fullmatch(r"[\w.°′²³¹⁰-⁹₀-₉]+", term) else f"({term})"


def _script(node: Any, l2tobj: Any) -> str:
    """A superscript or subscript of a formula."""
    if not node.parsing_state.in_math_mode:
        return str(node.latex_verbatim())
    return _small(node.specials_chars, str(l2tobj.nodelist_to_text([node.nodeargd.argnlist[0]])).strip())


def _text_script(node: Any, l2tobj: Any) -> str:
    return _small("^" if node.macroname == "textsuperscript" else "_", _last_argument(node, l2tobj))


def _small(sign: str, script: str) -> str:
    """Text in small signs if Unicode has them all and it is no word; else it follows ^ or _."""
    if sign == "^" and (script in _RAISED or not script.strip("′'")):
        return _RAISED.get(script, script)
    small = script.translate(_SUPERSCRIPTS if sign == "^" else _SUBSCRIPTS)
    letters = sum(map(str.isalpha, script))
    if letters <= 2 and not any(old == new for old, new in zip(script, small, strict=True)):
        return small
    return f"{sign}{script}" if script.isalnum() or len(script) == 1 else f"{sign}({script})"
