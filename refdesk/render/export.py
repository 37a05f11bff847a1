"""
Papers as JSON Lines, BibTeX, CSL-JSON and RIS.

What a format has no field for, or what would come back from it otherwise, stands beside the entry's own fields as JSON,
under the name `refdesk`, which other programs pass over: what is exported and added again is the same paper.
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
    "{": r"\textbraceleft{}",  # BibTeX counts braces, escaped ones too
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "--": "-{}-",  # TeX would make one sign of two
    "``": "`{}`",
    "''": "'{}'",
}
_SIGN = re.compile(r"--|``|''|[&%#_$~^{}\\]")
_TEX = re.compile(rf"\\[A-Za-z]+(?:\{{[^{{}}\\$]*\}})*|\\[&%#_$]|{_SIGN.pattern}")


def jsonl(papers: Iterable[Paper]) -> Iterator[str]:
    """One JSON object a line, with the keys that `add` reads."""
    for paper in papers:
        yield json.dumps({key: value for key, value in _fields(paper).items() if value}, ensure_ascii=False)


def bibtex(papers: Iterable[Paper]) -> Iterator[str]:
    """An entry a paper, in UTF-8, ordered as given; keys are unique."""
    used: set[str] = set()
    for paper in papers:
        key = _key(paper, used)
        yield _whole("bibtex", paper, partial(_bibtex, paper, key))


def _bibtex(paper: Paper, key: str, kept: str) -> str:
    ids = _ids(paper)
    year, month, day = [*(paper.published or "").split("-"), "", "", ""][:3]
    fields = {
        "title": "{" + _escaped(paper.title) + "}",
        "author": _escaped(" and ".join(map(_one_name, paper.authors))),
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
        "refdesk": kept and "{" + kept[1:-1].replace("{", "\\u007b").replace("}", "\\u007d") + "}",
        "abstract": _escaped(paper.abstract, commands=False),
    }
    kind = "article" if paper.venue else "misc"
    lines = [
        f"  {name} = {value if name == 'month' else '{' + value + '}'},"
        for name, value in fields.items()
        if value.strip("{}")
    ]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])


def csl(papers: Iterable[Paper]) -> Iterator[str]:
    """One CSL-JSON list, an item a paper."""
    opening = "["
    for paper in papers:
        yield opening + _whole("csl", paper, partial(_csl, paper))
        opening = ","
    yield "[]" if opening == "[" else "]"


def _csl(paper: Paper, kept: str) -> str:
    ids = _ids(paper)
    parts = [int(part) for part in (paper.published or "").split("-") if part]
    item = {
        "id": paper.paper_id,
        "type": "article-journal" if paper.venue else "article",
        "title": paper.title,
        "abstract": paper.abstract,
        "author": [_csl_name(name) for name in paper.authors],
        "issued": {"date-parts": [parts]} if parts else None,
        "container-title": paper.venue,
        "DOI": ids.get("doi"),
        "PMID": ids.get("pmid"),
        "PMCID": ids.get("pmcid"),
        "number": f"arXiv:{ids['arxiv_id']}" if "arxiv_id" in ids else None,
        "URL": paper.url,
        "keyword": ", ".join(paper.tags),
        "custom": {"refdesk": kept} if kept else None,
    }
    return json.dumps({key: value for key, value in item.items() if value}, ensure_ascii=False)


def _csl_name(name: str) -> dict[str, str]:
    family, comma, given = name.partition(", ")
    return {"family": family, "given": given} if comma else {"literal": name}


def ris(papers: Iterable[Paper]) -> Iterator[str]:
    """A RIS record a paper."""
    for paper in papers:
        yield _whole("ris", paper, partial(_ris, paper))


def _ris(paper: Paper, kept: str) -> str:
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
        ("U1", kept and f"refdesk {kept}"),
    ]
    return "\n".join([*(f"{tag}  - {value}" for tag, value in fields if value), "ER  - ", ""])


FORMATS: dict[str, Callable[[Iterable[Paper]], Iterator[str]]] = {
    "jsonl": jsonl,
    "bibtex": bibtex,
    "csl": csl,
    "ris": ris,
}
"""What `export --format` knows."""


def _fields(paper: Paper) -> dict[str, Any]:
    """All of a paper that comes from its sources, under the names that records are read by."""
    ids = _ids(paper)
    return {
        "id": paper.paper_id,
        **ids,
        "aliases": [each for each in paper.aliases if each != paper.paper_id and each not in _ids_in_fields(ids)],
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


def _whole(name: str, paper: Paper, entry: Callable[[str], str]) -> str:
    """An entry that holds the paper whole: what does not come back from it alone is kept beside."""
    alone = entry("")
    back = _read(name, alone)
    fields = _fields(paper)
    if isinstance(back, Paper):
        got = _fields(back) | {"aliases": [each for each in fields["aliases"] if each in back.aliases]}
        lost = {key: value for key, value in fields.items() if value != got.get(key) and key != "id"}
    else:
        lost = {key: value for key, value in fields.items() if value}
    return entry(json.dumps(lost, ensure_ascii=False)) if lost else alone


def _read(name: str, entry: str) -> Paper | Reject | None:
    from rag.sources import FORMATS as SOURCES  # a third of a second, and most commands export nothing
    from rag.sources import Context

    parse = next(each.parse for each in SOURCES if each.name == name)
    return next(parse(io.StringIO(entry), Context(name="export", source=name, today="")), None)


def _ids(paper: Paper) -> dict[str, str]:
    """The first id of each scheme that has a field of its own; arXiv's with the version."""
    ids: dict[str, str] = {}
    for alias in (paper.paper_id, *paper.aliases):
        scheme, _, value = alias.partition(":")
        if scheme in _ID_FIELDS:
            ids.setdefault(_ID_FIELDS[scheme], value)
    if paper.version and "arxiv_id" in ids:
        ids["arxiv_id"] += f"v{paper.version}"
    return ids


def _ids_in_fields(ids: dict[str, str]) -> set[str]:
    """The ids that stand in fields of their own, as aliases: `arxiv:2406.11741` without the version."""
    return {
        f"{scheme}:{re.sub(r'v[0-9]+$', '', ids[field]) if scheme == 'arxiv' else ids[field]}"
        for scheme, field in _ID_FIELDS.items()
        if field in ids
    }


def _key(paper: Paper, used: set[str]) -> str:
    """The first author's last name, the year and the first long word of the title: `power2022grokking`."""
    surname = (
        paper.authors[0].split(",")[0].split()[-1]
        if paper.authors and paper.authors[0].split(",")[0].split()
        else "anon"
    )
    word = next((word for word in re.findall(r"[^\W\d_]+", paper.title) if len(word) > 3), "paper")
    year = (paper.published or "")[:4]
    stem = "".join(char for char in f"{surname}{year}{word}".lower() if char.isalnum())
    key, number = stem, 1
    while key in used:
        number += 1
        key = f"{stem}{number}"
    used.add(key)
    return key


def _one_name(name: str) -> str:
    """A name that holds “and” in braces, for BibTeX would make two of it."""
    return "{" + name + "}" if re.search(r"\sand\s", name, re.IGNORECASE) else name


def _escaped(text: str, *, commands: bool = True) -> str:
    """TeX's special characters escaped outside of formulas; a TeX command stays where it is to be typeset."""
    from rag.sources.tex import MATH

    sign = _TEX if commands else _SIGN
    parts: list[str] = []
    last = 0
    for formula in MATH.finditer(text):
        balanced = formula[0].count("{") == formula[0].count("}")
        parts += [_prose(text[last : formula.start()], sign), formula[0] if balanced else _prose(formula[0], sign)]
        last = formula.end()
    return "".join([*parts, _prose(text[last:], sign)])


def _prose(text: str, sign: re.Pattern[str]) -> str:
    return sign.sub(lambda found: _SPECIAL.get(found[0], found[0]), text)
