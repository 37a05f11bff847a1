"""
BibTeX: an entry a paper, its fields decoded from LaTeX to Unicode save for the math, which stays as it was written.

bibtexparser splits the entries, one at a time, so that a broken one costs no other, and pylatexenc reads their LaTeX.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from bibtexparser.exceptions import ParsingException
from bibtexparser.middlewares import names
from bibtexparser.model import Block, DuplicateFieldKeyBlock, Entry, ImplicitComment, ParsingFailedBlock, String
from bibtexparser.splitter import Splitter
from pylatexenc import latex2text, latexwalker  # type: ignore[import-untyped]

from rag import identity
from rag.sources import records, ris, tex
from rag.sources.decoding import MAX_RECORD_CHARS
from rag.types import Paper, Reject

logging.getLogger("bibtexparser").addHandler(logging.NullHandler())  # what it warns of becomes a Reject

_BLOCK = re.compile(r"[\s\ufeff]*@\w*[ \t]*[{(]")
_HEAD = re.compile(r"^[ \t\ufeff]*@[A-Za-z]+[ \t]*[{(][^={}\"\n]*(?:,|$|=|\{|\")", re.MULTILINE)
_LOST = re.compile(r"\btitle\s*=\s*[{\"]([^}\"\n]{0,200})", re.IGNORECASE)
_MARK = re.compile(r'(?<!\\)[{}"#]')
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MAX_MACRO = 10_000  # as many, and each as long, at most: macros of macros grow without end
Macros = Mapping[str, str]

_CITED = re.compile(r"[\s~]?\\(?:cite|[A-Za-z]*ref|label|thanks)[a-z]*\*?(?:\[[^][]{0,99}\]){0,2}\{[^{}]*\}")
_RAISED = re.compile(r"\\text(su[pb])(?:er)?script ?\{([^{}]{1,50})\}")
_PREFIXED = re.compile(r"\\(?:href|textcolor) ?\{[^{}]*\} ?(?=\{)")
_APPLIED = re.compile(r"\\(?!begin|end)([A-Za-z]{2,}) ?(?=\{[^}])")
_SIGNS = {"url": "%s", "textgreater": ">", "textless": "<", "newline": " "} | dict.fromkeys(
    "em bf it tt rm sc sl sf bfseries itshape small footnotesize large relax noindent xspace protect today".split(), ""
)
_SERIES = re.compile(r"\b(?:abs/|arxiv:\s?)([a-z-]+(?:\.[a-z]{2})?/\d{7}|\d{4}\.\d{4,5})", re.IGNORECASE)
_LATEX = re.compile(r"[\\~]|--|``|''")
_GROUP = re.compile(r"[{}]")
_SIGN = re.compile(r"(?<!\\)(?:\\?[%&$#]|\\_)")
_ESCAPE = re.compile(r"\\[{}\\]")
_UNDONE = re.compile(r"\\(?:[A-Za-z]+\*?|.)$")  # a command that ends a word applies to the next, or eats the space
_ESCAPED = re.compile(r"\{?\\([_%&#~])(?:\{\})?\}?")
_macros = latex2text.get_default_latex_context_db()
_macros.add_context_category("signs", prepend=True, macros=[latex2text.MacroTextSpec(*sign) for sign in _SIGNS.items()])
_bare = latex2text.MacroTextSpec("", simplify_repl=lambda node: f"{node.macroname}{node.macro_post_space}")
_macros.set_unknown_macro_spec(_bare)  # not dropped: "(1+\\eps)" without it would say another thing
_words = latexwalker.get_default_latex_context_db()  # built once, for pylatexenc builds it anew for each text
_decoder = latex2text.LatexNodes2Text(latex_context=_macros, math_mode="verbatim")


def recognise(head: str) -> bool:
    """Whether a line begins an entry, in a text that is neither JSON nor XML."""
    return head.lstrip("\ufeff \t\r\n")[:1] not in ("{", "[", "<") and bool(_HEAD.search(head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    A paper of each entry; `@string` macros and the names of months are replaced by what they stand for.

    An entry that cannot be split, or whose key another has, is a Reject, and so is text between entries that looks like
    one. Of a field that stands twice the first is taken, as BibTeX does, unless it is the title or the abstract.
    """
    macros, keys = dict(zip(_MONTHS, _MONTHS, strict=True)), dict[str, str]()
    for piece in ris.cut(stream, _BLOCK):
        where, text = f"line {piece.start}", "\n".join(piece.rows)
        if refusal := piece.refusal():
            yield refusal
            continue
        try:
            blocks = Splitter(text).split().blocks
        except (ParsingException, LookupError, ValueError, RecursionError) as error:
            yield _refused(where, str(error), text)
            continue
        for block in blocks:
            try:
                if isinstance(block, String) and len(macros) < _MAX_MACRO:
                    macros[block.key.lower()] = _value(str(block.value), macros, _MAX_MACRO)
                elif isinstance(block, Entry | DuplicateFieldKeyBlock):
                    yield _entry(block, where, macros, keys, context)
                elif isinstance(block, ParsingFailedBlock):
                    yield _refused(where, getattr(block.error, "abort_reason", str(block.error)), block.raw or "")
                elif isinstance(block, ImplicitComment) and _LOST.search(block.comment):
                    yield _refused(where, "text outside of any entry, which looks like one", block.comment)
            except ValueError as error:
                yield _refused(where, str(error), block.raw or "")


def _refused(where: str, reason: str, raw: str) -> Reject:
    title = "".join(char if char.isprintable() else "�" for char in found[1]) if (found := _LOST.search(raw)) else None
    return Reject(where=where, reason=f"not valid BibTeX: {' '.join(reason.split())[:200]}", title=title or None)


def _entry(block: Block, where: str, macros: Macros, keys: dict[str, str], context: records.Context) -> Paper | Reject:
    entry = block.ignore_error_block if isinstance(block, DuplicateFieldKeyBlock) else block
    assert isinstance(entry, Entry)
    if entry.key in keys:
        return _refused(where, f"the key {entry.key} stands twice, first at {keys[entry.key]}", entry.raw or "")
    if entry.key:
        keys[entry.key] = where
    values: dict[str, str] = {}
    for field in entry.fields:
        name, value = str(field.key).lower(), _value(str(field.value), macros)
        if values.setdefault(name, value) != value and name in ("title", "abstract"):
            return _refused(where, f"the field {name} stands twice", entry.raw or "")
    return records.paper(_fields(entry.key, values), where, context)


def _value(raw: str, macros: Macros, limit: int = MAX_RECORD_CHARS) -> str:
    """
    What a field's value says: groups, quoted strings, numbers and macros, joined by `#`.

    >>> _value('"In " # acl # { 2022}', {"acl": "Proc. of the ACL"})
    'In Proc. of the ACL 2022'
    """
    if raw[:1] == "{" and raw[-1:] == "}" and len(raw) < limit and not _MARK.search(inner := raw[1:-1]):
        return inner
    said: list[str] = []
    depth, start, size, quoted = 0, 0, 0, False
    for mark in _MARK.finditer(f"{raw}#"):
        depth += {"{": 1, "}": -1}.get(mark[0], 0)
        quoted ^= mark[0] == '"' and not depth
        if mark[0] == "#" and not depth and not quoted:
            part, start = raw[start : mark.start()].strip(), mark.end()
            grouped = part[:1] in ("{", '"')
            said.append(part[1:-1] if grouped else macros.get(part.lower(), part))
            size += len(said[-1])
            if size > limit or (grouped and f"{part[0]}{part[-1]}" not in ("{}", '""')):
                raise ValueError(f"a value is too long, or more stands after it: “{part[-30:]}”")
    if depth or quoted:
        raise ValueError("a value has no end")
    return "".join(said)


def _text(latex: str) -> str:
    r"""
    LaTeX as Unicode text; a sign that only TeX takes for its own, such as the % of "50% of", stays.

    >>> _text(r"{\"U}ber {BERT}: 50% of R&D in $O(n^2)$ costs $5")
    'Über BERT: 50% of R&D in $O(n^2)$ costs $5'
    """
    if len(latex) > 2 * records.MAX_ABSTRACT_CHARS or not ("$" in latex or _LATEX.search(latex)):
        return _GROUP.sub("", latex)
    kept: list[str] = []

    def keep(said: str) -> str:
        kept.append(said)
        return f"\ue000{len(kept) - 1}\ue001"

    masked = _SIGN.sub(lambda sign: keep(sign[0][-1]), tex.MATH.sub(lambda math: keep(math[0]), latex))
    if not _LATEX.search(masked):
        return _unmasked(_GROUP.sub("", masked), kept)
    masked = _RAISED.sub(r"<\1>\2</\1>", _CITED.sub("", _PREFIXED.sub("", masked)))
    masked = _APPLIED.sub(lambda macro: "" if _macros.get_macro_spec(macro[1]) is _bare else macro[0], masked)
    masked = re.sub(r"(?<!\\)~", r"\\textasciitilde{}", re.sub(r"(?<![\s(\\^])~(?=\S)", " ", masked))
    decoded = " ".join(_decoded(run) if _LATEX.search(run) else _GROUP.sub("", run) for run in _runs(masked))
    return _unmasked(decoded, kept)


def _unmasked(text: str, kept: Sequence[str]) -> str:
    return re.sub("\ue000(\\d{1,6})\ue001", lambda mark: "".join(kept[int(mark[1]) :][:1]), text)


def _runs(latex: str) -> Iterator[str]:
    """The text cut at spaces, a command with what it applies to: pylatexenc takes a millisecond for plain words."""
    words = latex.split()
    if "\\begin" in latex or "\\verb" in latex:
        words = [latex]
    run, depth = "", 0
    for word, following in zip(words, [*words[1:], ""], strict=True):
        run = f"{run} {word}" if run else word
        bare = _ESCAPE.sub("", word)
        depth += bare.count("{") - bare.count("}")
        if depth <= 0 and not _UNDONE.search(word) and not following.startswith(("{", "[")):
            yield run
            run, depth = "", 0
    if run:
        yield run


def _decoded(latex: str) -> str:
    try:
        return str(_decoder.latex_to_text(latex, latex_context=_words))
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError):
        return re.sub(r"[{}\\]", "", latex)


def _fields(key: str, values: Mapping[str, str]) -> dict[str, Any]:
    def first(*names: str) -> str:
        return next((values[name] for name in names if values.get(name)), "")

    prefix = first("archiveprefix", "eprinttype").lower()
    eprint, doi = (re.sub(r"[{}\\\s]", "", first(name)) for name in ("eprint", "doi"))
    named = eprint if "arxiv" in prefix or (not prefix and identity.arxiv_id(eprint)) else ""
    series = _SERIES.search(" ".join((first("volume"), first("journal"), first("note"))))
    link = re.search(r"https?://[^\s{}]+", _ESCAPED.sub(r"\1", first("url", "ee", "link", "howpublished")))
    title, subtitle = _text(first("title")), _text(first("subtitle"))
    return {
        "id": first("refdeskid") or key,  # as our own export names it
        "title": f"{title}: {subtitle}" if title and subtitle else title,
        "abstract": _text(first("abstract")),
        "authors": _names(first("author")),
        "published": first("date"),
        "date": _date(_text(first("year")), _text(first("month")).lower(), first("day")),
        "doi": doi,
        "arxiv_id": named or (series[1] if series else ""),
        "pmid": first("pmid") or (eprint if prefix in ("pubmed", "pmid") else ""),
        "pmcid": first("pmcid") or (eprint if prefix in ("pmc", "pmcid") else ""),
        "url": link[0] if link else "",
        "venue": _text(first("journal", "journaltitle", "booktitle")),
        "categories": first("primaryclass", "eprintclass"),
        "tags": _text(first("keywords", "keyword")),
        **records.beside(first("refdesk")),
    }


def _date(year: str, month: str, day: str) -> str:
    """As exact as it was given: a month may be a name or a number, and hold a day, or a span of days, which is none."""
    number = int(month) if re.fullmatch(r"\s*\d\d?\s*", month) else 0
    name = _MONTHS[number - 1] if 1 <= number <= 12 else next((each for each in _MONTHS if each in month), "")
    alone = re.fullmatch(r"\D*(\d{1,2})\D*", month) if name and not number else None
    return " ".join([*re.findall(r"\d{4}", year)[:1], name, day or (alone[1] if alone else "")]).strip()


def _names(author: str) -> list[dict[str, str]]:
    """The people of a list, given names first; a body in braces stays as it is."""
    people = [one for one in names.split_multiple_persons_names(author[:100_000]) if one != "others"]
    parts = [names.parse_single_name_into_parts(one, strict=False) for one in people]
    return [{"name": _text(each.merge_first_name_first)} for each in parts]
