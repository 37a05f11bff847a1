"""
Export papers as JSON Lines, BibTeX, CSL-JSON and RIS, without loss: adding an export again changes nothing.

Data that a format has no field for, or would change, is written as JSON into an extra field `refdesk` of the entry.
Other programs ignore that field. Nothing here opens a file.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from rag.types import Paper, Reject

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_ID_FIELDS = {"arxiv": "arxiv_id", "doi": "doi", "pmid": "pmid", "pmcid": "pmcid"}
"""By id scheme, the field that holds the id."""
_SPECIAL = {
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "$": r"\$",
    "{": r"\textbraceleft{}",  # BibTeX counts escaped braces too
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "--": "-{}-",  # TeX would make one dash of two hyphens
    "``": "`{}`",
    "''": "'{}'",
}
_SPECIAL_CHAR = re.compile(r"--|``|''|[&%#_$~^{}\\]")
_COMMAND_OR_SPECIAL_CHAR = re.compile(rf"\\[A-Za-z]+(?:\{{[^{{}}\\$]*\}})*|\\[&%#_$]|{_SPECIAL_CHAR.pattern}")


def jsonl(papers: Iterable[Paper]) -> Iterator[str]:
    """Yield one JSON object per paper, with the keys that `add` reads."""
    for paper in papers:
        yield json.dumps({key: value for key, value in _fields(paper).items() if value}, ensure_ascii=False)


def bibtex(papers: Iterable[Paper]) -> Iterator[str]:
    """Yield one entry per paper, in the given order; keys are unique."""
    used: set[str] = set()
    for paper in papers:
        key = _key(paper, used)
        yield _without_loss("bibtex", paper, partial(_bibtex, paper, key))


def _bibtex(paper: Paper, key: str, extra: str) -> str:
    ids = _ids(paper)
    year, month, day = [*(paper.published or "").split("-"), "", "", ""][:3]
    fields = {
        "title": "{" + _escaped(paper.title) + "}",
        "author": _escaped(" and ".join(map(_braced_name, paper.authors))),
        "date": paper.published or "" if day else "",
        "year": year,
        "month": _MONTHS[int(month) - 1] if month else "",
        "journal": _escaped(paper.venue or ""),
        "doi": ids.get("doi", ""),
        "eprint": ids.get("arxiv_id", ""),
        "archiveprefix": "arXiv" if "arxiv_id" in ids else "",
        "primaryclass": paper.categories[0] if "arxiv_id" in ids and paper.categories else "",
        "pmid": ids.get("pmid", ""),
        "pmcid": ids.get("pmcid", ""),
        "url": paper.url or "",
        "keywords": _escaped(", ".join(paper.tags)),
        "refdeskid": paper.paper_id,
        "refdesk": extra and "{" + extra[1:-1].replace("{", "\\u007b").replace("}", "\\u007d") + "}",
        "abstract": _escaped(paper.abstract, commands=False),
    }
    entry_type = "article" if paper.venue else "misc"
    lines = [
        f"  {name} = {value if name == 'month' else '{' + value + '}'},"
        for name, value in fields.items()
        if value.strip("{}")
    ]
    return "\n".join([f"@{entry_type}{{{key},", *lines, "}", ""])


def csl(papers: Iterable[Paper]) -> Iterator[str]:
    """Yield the lines of one CSL-JSON list, one item per paper."""
    separator = "["
    for paper in papers:
        yield separator + _without_loss("csl", paper, partial(_csl, paper))
        separator = ","
    yield "[]" if separator == "[" else "]"


def _csl(paper: Paper, extra: str) -> str:
    ids = _ids(paper)
    date_parts = [int(part) for part in (paper.published or "").split("-") if part]
    item = {
        "id": paper.paper_id,
        "type": "article-journal" if paper.venue else "article",
        "title": paper.title,
        "abstract": paper.abstract,
        "author": [_csl_name(name) for name in paper.authors],
        "issued": {"date-parts": [date_parts]} if date_parts else None,
        "container-title": paper.venue,
        "DOI": ids.get("doi"),
        "PMID": ids.get("pmid"),
        "PMCID": ids.get("pmcid"),
        "number": f"arXiv:{ids['arxiv_id']}" if "arxiv_id" in ids else None,
        "URL": paper.url,
        "keyword": ", ".join(paper.tags),
        "custom": {"refdesk": extra} if extra else None,
    }
    return json.dumps({key: value for key, value in item.items() if value}, ensure_ascii=False)


def _csl_name(name: str) -> dict[str, str]:
    family, comma, given = name.partition(", ")
    return {"family": family, "given": given} if comma else {"literal": name}


def ris(papers: Iterable[Paper]) -> Iterator[str]:
    """Yield one RIS record per paper."""
    for paper in papers:
        yield _without_loss("ris", paper, partial(_ris, paper))


def _ris(paper: Paper, extra: str) -> str:
    ids = _ids(paper)
    year, month, day = [*(paper.published or "").split("-"), "", "", ""][:3]
    fields = [
        ("TY", "JOUR" if paper.venue else "GEN"),
        ("ID", paper.paper_id),
        ("TI", paper.title),
        *(("AU", name) for name in paper.authors),
        ("PY", year),
        ("DA", f"{year}/{month}/{day}/" if year else ""),
        ("JO", paper.venue or ""),
        ("AB", paper.abstract),
        ("DO", ids.get("doi", "")),
        ("C2", ids.get("pmcid", "")),
        ("AN", f"arXiv:{ids['arxiv_id']}" if "arxiv_id" in ids else ""),
        ("UR", paper.url or ""),
        *(("KW", tag) for tag in paper.tags),
        ("U1", extra and f"refdesk {extra}"),
    ]
    return "\n".join([*(f"{tag}  - {value}" for tag, value in fields if value), "ER  - ", ""])


FORMATS: dict[str, Callable[[Iterable[Paper]], Iterator[str]]] = {
    "jsonl": jsonl,
    "bibtex": bibtex,
    "csl": csl,
    "ris": ris,
}
"""The formats of `export --format`; each function yields text that is written line by line."""


def _fields(paper: Paper) -> dict[str, Any]:
    """All fields of a paper that an import can give, by the names in `rag.sources.records.COLUMNS`."""
    ids = _ids(paper)
    named = {paper.paper_id, *_ids_in_fields(ids)}
    return {
        "id": paper.paper_id,
        **ids,
        "aliases": [alias for alias in paper.aliases if alias not in named],
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": list(paper.authors),
        "published": paper.published,
        "updated": paper.updated,
        "listed": paper.listed,
        "url": paper.url,
        "venue": paper.venue,
        "categories": list(paper.categories),
        "tags": list(paper.tags),
    }


def _without_loss(name: str, paper: Paper, entry: Callable[[str], str]) -> str:
    """
    The entry of a paper, with an extra field for what is lost or changed when the entry is imported.

    Args:
        name: The format's name.
        paper: The paper.
        entry: Makes the entry, given the JSON of the extra field or an empty text.
    """
    plain_entry = entry("")
    imported = _import(name, plain_entry)
    fields = _fields(paper)
    if isinstance(imported, Paper):
        kept = _fields(imported) | {"aliases": [alias for alias in fields["aliases"] if alias in imported.aliases]}
        lost = {key: value for key, value in fields.items() if value != kept.get(key) and key != "id"}
    else:
        lost = {key: value for key, value in fields.items() if value}
    return entry(json.dumps(lost, ensure_ascii=False)) if lost else plain_entry


def _import(name: str, entry: str) -> Paper | Reject | None:
    from rag.sources import FORMATS as SOURCES  # takes 0.3 s, and most commands export nothing
    from rag.sources import Context

    parse = next(source.parse for source in SOURCES if source.name == name)
    return next(parse(io.StringIO(entry), Context(name="export", source=name, today="")), None)


def _ids(paper: Paper) -> dict[str, str]:
    """By field, the first id of each scheme in `_ID_FIELDS`; arXiv's with the version."""
    ids: dict[str, str] = {}
    for alias in (paper.paper_id, *paper.aliases):
        scheme, _, value = alias.partition(":")
        if scheme in _ID_FIELDS:
            ids.setdefault(_ID_FIELDS[scheme], value)
    if paper.version and "arxiv_id" in ids:
        ids["arxiv_id"] += f"v{paper.version}"
    return ids


def _ids_in_fields(ids: dict[str, str]) -> set[str]:
    """The ids that stand in fields of their own, written as aliases; arXiv's without the version."""
    return {
        f"{scheme}:{re.sub(r'v[0-9]+$', '', ids[field]) if scheme == 'arxiv' else ids[field]}"
        for scheme, field in _ID_FIELDS.items()
        if field in ids
    }


def _key(paper: Paper, used: set[str]) -> str:
    """
    A new key: the first author's last name, the year and the first long word of the title (`power2022grokking`).

    A number follows if the key is used already. The key is added to `used`.
    """
    names = paper.authors[0].split(",")[0].split() if paper.authors else []
    surname = names[-1] if names else "anon"
    word = next((word for word in re.findall(r"[^\W\d_]+", paper.title) if len(word) > 3), "paper")
    year = (paper.published or "")[:4]
    stem = "".join(char for char in f"{surname}{year}{word}".lower() if char.isalnum())
    key, number = stem, 1
    while key in used:
        number += 1
        key = f"{stem}{number}"
    used.add(key)
    return key


def _braced_name(name: str) -> str:
    """A name, in braces if it holds “and”, because BibTeX would read two names."""
    return "{" + name + "}" if re.search(r"\sand\s", name, re.IGNORECASE) else name


def _escaped(text: str, *, commands: bool = True) -> str:
    """
    A text with TeX's special characters escaped, except in formulas.

    Args:
        text: The text.
        commands: True to keep TeX commands as commands; False to escape their backslashes too.
    """
    from rag.sources.tex import MATH

    pattern = _COMMAND_OR_SPECIAL_CHAR if commands else _SPECIAL_CHAR
    parts: list[str] = []
    last = 0
    for formula in MATH.finditer(text):
        is_balanced = formula[0].count("{") == formula[0].count("}")
        parts.append(_escaped_prose(text[last : formula.start()], pattern))
        parts.append(formula[0] if is_balanced else _escaped_prose(formula[0], pattern))
        last = formula.end()
    return "".join([*parts, _escaped_prose(text[last:], pattern)])


def _escaped_prose(text: str, pattern: re.Pattern[str]) -> str:
    return pattern.sub(lambda found: _SPECIAL.get(found[0], found[0]), text)
