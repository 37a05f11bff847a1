"""
BibTeX: one entry per paper, its fields decoded from LaTeX to Unicode; formulas stay as they are.

bibtexparser splits the entries, one at a time, so that a broken one costs no other. pylatexenc decodes their LaTeX.
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
from rag.sources import records, tex
from rag.sources.decoding import MAX_RECORD_CHARS
from rag.sources.journals import journal_name
from rag.sources.record_lines import split_at
from rag.types import Paper, Reject

# its warnings become Rejects, and they quote the file, undecodable bytes too, which a handler may fail to write
logging.getLogger("bibtexparser").setLevel(logging.CRITICAL + 1)

_BLOCK = re.compile(r"[\s\ufeff]*@\w*[ \t]*[{(]")
_ENTRY_HEAD = re.compile(r"^[ \t\ufeff]*@[A-Za-z]+[ \t]*[{(][^={}\"\n]*(?:,|$|=|\{|\")", re.MULTILINE)
_NO_KEY = re.compile(
    r"([\s\ufeff]*@(?!comment|preamble|string)\w+\s*[{(])(?=\s*[A-Za-z][\w-]{0,50}\s*=)", re.IGNORECASE
)
_TITLE_FIELD = re.compile(r"\btitle\s*=\s*[{\"]([^}\"\n]{0,200})", re.IGNORECASE)
_DELIMITER = re.compile(r'(?<!\\)[{}"#]')
_MONTHS = [*records.MONTHS]
_MAX_MACROS = 10_000
_MAX_MACRO_CHARS = 10_000  # macros made of macros would grow without end
Macros = Mapping[str, str]
"""By name in lower case, the text that an `@string` macro stands for."""

_REFERENCE = re.compile(r"[\s~]?\\(?:cite|[A-Za-z]*ref|label|thanks)[a-z]*\*?(?:\[[^][]{0,99}\]){0,2}\{[^{}]*\}")
_RAISED = re.compile(r"\\text(su[pb])(?:er)?script ?\{([^{}]{1,50})\}")
_TWO_ARGUMENTS = re.compile(r"\\(?:href|textcolor) ?\{[^{}]*\} ?(?=\{)")
_COMMAND = re.compile(r"\\(?!begin|end)([A-Za-z]{2,}) ?(?=\{[^}])")
_SIMPLE_MACROS = {"url": "%s", "textgreater": ">", "textless": "<", "newline": " "} | dict.fromkeys(
    "em bf it tt rm sc sl sf bfseries itshape small footnotesize large relax noindent xspace protect today".split(), ""
)
_ARXIV_ID_IN_TEXT = re.compile(r"\b(?:abs/|arxiv:\s?)([a-z-]+(?:\.[a-z]{2})?/\d{7}|\d{4}\.\d{4,5})", re.IGNORECASE)
_LATEX = re.compile(r"[\\~]|--|``|''")
_GROUP = re.compile(r"[{}]")
_SIGN = re.compile(r"(?<!\\)(?:\\?[%&$#]|\\_)")
_ESCAPE = re.compile(r"\\[{}\\]")
_ENDS_IN_COMMAND = re.compile(r"\\(?:[A-Za-z]+\*?|.)$")  # it applies to the next word, or swallows the space
_ESCAPED = re.compile(r"\{?\\([_%&#~])(?:\{\})?\}?")
_macros = latex2text.get_default_latex_context_db()
_macros.add_context_category(
    "simple", prepend=True, macros=[latex2text.MacroTextSpec(*macro) for macro in _SIMPLE_MACROS.items()]
)
_bare = latex2text.MacroTextSpec("", simplify_repl=lambda node: f"{node.macroname}{node.macro_post_space}")
_macros.set_unknown_macro_spec(_bare)  # an unknown macro keeps its name: "(1+\\eps)" must not become "(1+)"
_walker_context = latexwalker.get_default_latex_context_db()  # else pylatexenc builds it anew for each text
_decoder = latex2text.LatexNodes2Text(latex_context=_macros, math_mode="verbatim")


def recognise(head: str) -> bool:
    """True if a line begins an entry, and the text is neither JSON nor XML."""
    return head.lstrip("\ufeff \t\r\n")[:1] not in ("{", "[", "<") and bool(_ENTRY_HEAD.search(head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    Yield one record per entry; `@string` macros are replaced by what they stand for.

    An entry that cannot be read is a Reject, and so is text between entries that looks like an entry. A key is a hint:
    if it stands twice before different entries, it names the first alone, and EndNote writes none. If a field stands
    twice with different values, the first counts, as in BibTeX; a second title or abstract makes the entry a Reject.
    """
    macros = dict(zip(_MONTHS, _MONTHS, strict=True))
    keys: dict[str, int] = {}
    for lines in split_at(stream, _BLOCK):
        where, text = f"line {lines.start}", _NO_KEY.sub(r"\1,", "\n".join(lines.rows), count=1)
        if too_long := lines.too_long():
            yield too_long
            continue
        try:
            blocks = Splitter(text).split().blocks
        except (ParsingException, LookupError, ValueError, RecursionError) as error:
            yield _reject(where, str(error), text)
            continue
        for block in blocks:
            try:
                if isinstance(block, String) and len(macros) < _MAX_MACROS:
                    macros[block.key.lower()] = _value(str(block.value), macros, _MAX_MACRO_CHARS)
                elif isinstance(block, Entry | DuplicateFieldKeyBlock):
                    yield _entry(block, where, macros, keys, context)
                elif isinstance(block, ParsingFailedBlock):
                    yield _reject(where, getattr(block.error, "abort_reason", str(block.error)), block.raw or "")
                elif isinstance(block, ImplicitComment) and _TITLE_FIELD.search(block.comment):
                    yield _reject(where, "text between entries that looks like an entry", block.comment)
            except ValueError as error:
                yield _reject(where, str(error), block.raw or "")


def _reject(where: str, reason: str, raw: str) -> Reject:
    title = records.printable(found[1]) if (found := _TITLE_FIELD.search(raw)) else None
    return Reject(where=where, reason=f"not valid BibTeX: {' '.join(reason.split())[:200]}", title=title)


def _entry(block: Block, where: str, macros: Macros, keys: dict[str, int], context: records.Context) -> Paper | Reject:
    entry = block.ignore_error_block if isinstance(block, DuplicateFieldKeyBlock) else block
    assert isinstance(entry, Entry)
    values: dict[str, str] = {}
    for field in entry.fields:
        name, value = str(field.key).lower(), _value(str(field.value), macros)
        if values.setdefault(name, value) != value and name in ("title", "abstract"):
            return _reject(where, f"the field {name} stands twice", entry.raw or "")
    content = hash(frozenset(values.items()))
    key = entry.key if keys.setdefault(entry.key, content) == content else ""
    return records.make_paper(_fields(key, values), where, context)


def _value(raw: str, macros: Macros, limit: int = MAX_RECORD_CHARS) -> str:
    """
    The text of a field's value, which is groups, quoted strings, numbers and macros joined by `#`.

    Raises:
        ValueError: The value is longer than `limit`, or its braces and quotes do not match.

    >>> _value('"In " # acl # { 2022}', {"acl": "Proc. of the ACL"})
    'In Proc. of the ACL 2022'
    """
    if raw[:1] == "{" and raw[-1:] == "}" and len(raw) < limit and not _DELIMITER.search(inner := raw[1:-1]):
        return inner
    texts: list[str] = []
    depth, start, size, in_quotes = 0, 0, 0, False
    for mark in _DELIMITER.finditer(f"{raw}#"):
        depth += {"{": 1, "}": -1}.get(mark[0], 0)
        in_quotes ^= mark[0] == '"' and not depth
        if mark[0] == "#" and not depth and not in_quotes:
            part, start = raw[start : mark.start()].strip(), mark.end()
            is_delimited = part[:1] in ("{", '"')
            texts.append(part[1:-1] if is_delimited else macros.get(part.lower(), part))
            size += len(texts[-1])
            if size > limit or (is_delimited and f"{part[0]}{part[-1]}" not in ("{}", '""')):
                raise ValueError(f"a value is too long, or other text follows it: “{part[-30:]}”")
    if depth or in_quotes:
        raise ValueError("a value has no end")
    return "".join(texts)


def _text(latex: str) -> str:
    r"""
    LaTeX as Unicode text. A sign that has a meaning in TeX only, such as the % of "50% of", stays.

    >>> _text(r"{\"U}ber {BERT}: 50% of R&D in $O(n^2)$ costs $5")
    'Über BERT: 50% of R&D in $O(n^2)$ costs $5'
    """
    if len(latex) > 2 * records.MAX_ABSTRACT_CHARS or not ("$" in latex or _LATEX.search(latex)):
        return _GROUP.sub("", latex)
    kept: list[str] = []

    def keep(text: str) -> str:
        """Hide a text from pylatexenc behind a private-use mark."""
        kept.append(text)
        return f"\ue000{len(kept) - 1}\ue001"

    masked = _SIGN.sub(lambda sign: keep(sign[0][-1]), tex.MATH.sub(lambda math: keep(math[0]), latex))
    if not _LATEX.search(masked):
        return _unmasked(_GROUP.sub("", masked), kept)
    masked = _RAISED.sub(r"<\1>\2</\1>", _REFERENCE.sub("", _TWO_ARGUMENTS.sub("", masked)))
    masked = _COMMAND.sub(lambda macro: "" if _macros.get_macro_spec(macro[1]) is _bare else macro[0], masked)
    masked = re.sub(r"(?<!\\)~", r"\\textasciitilde{}", re.sub(r"(?<![\s(\\^])~(?=\S)", " ", masked))
    decoded = " ".join(_decoded(run) if _LATEX.search(run) else _GROUP.sub("", run) for run in _runs(masked))
    return _unmasked(decoded, kept)


def _unmasked(text: str, kept: Sequence[str]) -> str:
    return re.sub("\ue000(\\d{1,6})\ue001", lambda mark: "".join(kept[int(mark[1]) :][:1]), text)


def _runs(latex: str) -> Iterator[str]:
    """
    The text split at spaces, but never between a command and what it applies to.

    So only runs with LaTeX are decoded: pylatexenc takes a millisecond even for plain words.
    """
    words = latex.split()
    if "\\begin" in latex or "\\verb" in latex:
        words = [latex]
    run, depth = "", 0
    for word, following in zip(words, [*words[1:], ""], strict=True):
        run = f"{run} {word}" if run else word
        unescaped = _ESCAPE.sub("", word)
        depth += unescaped.count("{") - unescaped.count("}")
        if depth <= 0 and not _ENDS_IN_COMMAND.search(word) and not following.startswith(("{", "[")):
            yield run
            run, depth = "", 0
    if run:
        yield run


def _decoded(latex: str) -> str:
    try:
        return str(_decoder.latex_to_text(latex, latex_context=_walker_context))
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError):
        return re.sub(r"[{}\\]", "", latex)


def _fields(key: str, values: Mapping[str, str]) -> dict[str, Any]:
    def first(*names: str) -> str:
        return next((values[name] for name in names if values.get(name)), "")

    prefix = first("archiveprefix", "eprinttype").lower()
    eprint, doi = (re.sub(r"[{}\\\s]", "", first(name)) for name in ("eprint", "doi"))
    arxiv_id = eprint if "arxiv" in prefix or (not prefix and identity.arxiv_id(eprint)) else ""
    id_in_text = _ARXIV_ID_IN_TEXT.search(" ".join((first("volume"), first("journal"), first("note"))))
    link = re.search(r"https?://[^\s{}]+", _ESCAPED.sub(r"\1", first("url", "ee", "link", "howpublished")))
    title, subtitle = _text(first("title")), _text(first("subtitle"))
    return {
        "id": first("refdeskid") or key,  # our own export writes `refdeskid`
        "title": f"{title}: {subtitle}" if title and subtitle else title,
        "abstract": _text(first("abstract")),
        "authors": _names(first("author")),
        "published": first("date"),
        "date": _date(_text(first("year")), _text(first("month")).lower(), first("day")),
        "doi": doi,
        "arxiv_id": arxiv_id or (id_in_text[1] if id_in_text else ""),
        "pmid": first("pmid") or (eprint if prefix in ("pubmed", "pmid") else ""),
        "pmcid": first("pmcid") or (eprint if prefix in ("pmc", "pmcid") else ""),
        "url": link[0] if link else "",
        "venue": _text(journal_name(first("journal", "journaltitle", "booktitle"))),
        "categories": first("primaryclass", "eprintclass"),
        "tags": _text(first("keywords", "keyword", "author_keywords")),
        **records.exported_fields(first("refdesk")),
    }


def _date(year: str, month: str, day: str) -> str:
    """
    A date as exact as it was given.

    `month` may be a name or a number. A name may stand with a day; a span of days there is ignored.
    """
    number = int(month) if re.fullmatch(r"\s*\d\d?\s*", month) else 0
    name = _MONTHS[number - 1] if 1 <= number <= 12 else next((name for name in _MONTHS if name in month), "")
    day_in_month = re.fullmatch(r"\D*(\d{1,2})\D*", month) if name and not number else None
    return " ".join([*re.findall(r"\d{4}", year)[:1], name, day or (day_in_month[1] if day_in_month else "")]).strip()


def _names(author: str) -> list[dict[str, str]]:
    """The authors of an `and` list, given names first; an institution in braces stays as it is."""
    authors = [name for name in names.split_multiple_persons_names(author[:100_000]) if name != "others"]
    parsed = [names.parse_single_name_into_parts(name, strict=False) for name in authors]
    return [{"name": _text(name.merge_first_name_first)} for name in parsed]
