"""
Paper identity: ids and their schemes, normalised titles, content hashes, Jaccard similarity of abstracts.

All functions are pure. Whether two records are one paper is decided in `rag.deduplication`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

SCHEMES = ("arxiv", "doi", "pmid", "openalex", "s2", "pmcid", "file", "title")
"""The id schemes, the most reliable first."""

_ARXIV = re.compile(
    r"(?:(\d{2}(?:0[1-9]|1[0-2])\.\d{4,5})|([a-z-]+(?:\.[A-Za-z]{2})?/\d{7}))(?:v(\d{1,3}))?", re.IGNORECASE
)
_ARXIV_URL = re.compile(
    r"(?:https?://)?(?:(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)|huggingface\.co/papers)/"
    r"([^?#]+?)(?:\.pdf)?/?(?:[?#].*)?$",
    re.IGNORECASE,
)
_ARXIV_NAMED = re.compile(r"(\d{4}\.\d{4,5})(?:v(\d{1,3}))?$")  # only if the field says that it is an arXiv id
_DOI = re.compile(r"(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/\S+)$", re.IGNORECASE)
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.(.+)$", re.IGNORECASE)
_OPENALEX = re.compile(r"(?:https?://openalex\.org/(?:works/)?|openalex:)(W\d+)$", re.IGNORECASE)
_PMID = re.compile(
    r"(?:https?://(?:pubmed\.ncbi\.nlm\.nih\.gov/|(?:www\.)?ncbi\.nlm\.nih\.gov/pubmed/"
    r"|(?:www\.)?europepmc\.org/(?:article|abstract)/med/)|pmid:\s*)(\d{1,9})/?$",
    re.IGNORECASE,
)
_PMCID = re.compile(  # OpenAlex writes the URL without the letters PMC
    r"(?:https?://(?:(?:www\.)?ncbi\.nlm\.nih\.gov/pmc/articles/|pmc\.ncbi\.nlm\.nih\.gov/articles/"
    r"|(?:www\.)?europepmc\.org/(?:articles?|abstract)/(?:pmc/)?(?=pmc))|pmcid:\s*)"
    r"(?:pmc)?0*([1-9]\d{0,8})(?:\.\d{1,2})?(?:[/?#]\S*)?$",
    re.IGNORECASE,
)
_PDF = {"arxiv": "https://arxiv.org/pdf/{}", "pmcid": "https://pmc.ncbi.nlm.nih.gov/articles/{}/pdf/"}
_PDF_LINK = re.compile(r"https?://[\w./%~:?&=+,;@#()-]+\.pdf", re.IGNORECASE | re.ASCII)
_TEX = re.compile(r"[{}$]|\\[a-z]+\s*|\\[\"'`^~=.]")
_WORD = re.compile(r"\w+")
_S2 = re.compile(r"(?:https?://www\.semanticscholar\.org/paper/(?:[^/]+/)?|s2:)([0-9a-f]{40})$", re.IGNORECASE)
_LOCAL_ID = re.compile(r"file:[^:]+:\S.*|title:[0-9a-f]{16}(?:\.[0-9a-f]{8})?")  # as `export` writes them


def arxiv_id(text: str, *, named: bool = False) -> tuple[str, int | None] | None:
    """
    The arXiv id in `text` without its version, and the version.

    Args:
        text: An id, an `arXiv:` id, a URL of arxiv.org, or arXiv's DOI.
        named: True if the field says that this is an arXiv id; then an impossible month is accepted.

    Returns:
        For example `("2406.11741", 2)`, or None if the text is no arXiv id.

    >>> arxiv_id("https://arxiv.org/pdf/2406.11741v2.pdf")
    ('2406.11741', 2)
    >>> arxiv_id("hep-th/9901001")
    ('hep-th/9901001', None)
    """
    text = text.strip()
    if "/" in text and (found := _ARXIV_URL.match(text) or _ARXIV_DOI.match(_doi_of(text) or "")):
        text, named = found.group(1), True
    if text[:6].lower() == "arxiv:":
        text, named = text[6:].strip(), True
    if match := _ARXIV.fullmatch(text):
        version = match.group(3)
        return match.group(1) or match.group(2).lower(), int(version) if version else None
    if named and (match := _ARXIV_NAMED.match(text)):
        return match.group(1), int(match.group(2)) if match.group(2) else None
    return None


def pdf_url(ids: Iterable[str], url: str | None) -> str | None:
    """
    The URL of a paper's PDF, where one of its ids tells it (arXiv, PubMed Central), or its link is one.

    Args:
        ids: Its ids, the best first.
        url: Its link, as reference managers keep it.

    >>> pdf_url(["arxiv:2406.11741"], None)
    'https://arxiv.org/pdf/2406.11741'
    """
    for scheme, _, name in (paper_id.partition(":") for paper_id in ids):
        if scheme in _PDF:
            return _PDF[scheme].format(name)
    return url if url and _PDF_LINK.fullmatch(url) else None


def _doi_of(text: str) -> str | None:
    found = _DOI.match(text.strip())
    return found.group(1).rstrip(".,;").lower() if found else None


def scheme_ids(text: str) -> list[str]:
    """
    The ids of known schemes that a text names; arXiv's own DOI names two, most other texts none.

    >>> scheme_ids("https://doi.org/10.48550/arXiv.2406.11741")
    ['arxiv:2406.11741', 'doi:10.48550/arxiv.2406.11741']
    >>> scheme_ids("https://europepmc.org/articles/PMC1234567")
    ['pmcid:PMC1234567']
    >>> scheme_ids("4983")
    []
    """
    if ":" not in text and "/" not in text:  # true of most ids within files, and fast
        return [f"arxiv:{arxiv[0]}"] if (arxiv := arxiv_id(text)) else []
    ids: list[str] = []
    if arxiv := arxiv_id(text):
        ids.append(f"arxiv:{arxiv[0]}")
        if "arxiv.org/" in text:  # a URL of arXiv names nothing else
            return ids
    if "/" in text and (doi := _doi_of(text)):  # arXiv's DOI names the paper, so that a version is cut off
        ids.append(f"doi:{re.sub(r'v[0-9]{1,3}$', '', doi) if _is_arxiv_doi(doi) else doi}")
    if found := _PMCID.match(text.strip()):
        ids.append(f"pmcid:PMC{found.group(1)}")
    for scheme, pattern in (("pmid", _PMID), ("openalex", _OPENALEX), ("s2", _S2)):
        if found := pattern.match(text.strip()):
            value = found.group(1)
            ids.append(f"{scheme}:{value.upper() if scheme == 'openalex' else value.lower()}")
    if not ids and _LOCAL_ID.fullmatch(text.strip()):
        ids.append(text.strip())
    return ids


def scheme_of(paper_id: str) -> str:
    """
    The scheme of an id. A paper has at most one id of each scheme.

    The scheme of a `file:` id includes the file, because ids of two files are not comparable. arXiv's DOIs are a scheme
    of their own, because the paper may have a journal's DOI too.
    """
    scheme, _, rest = paper_id.partition(":")
    if scheme == "doi" and _is_arxiv_doi(rest):
        return "doi:arxiv"
    return f"file:{rest.partition(':')[0]}" if scheme == "file" else scheme


def rank(paper_id: str) -> tuple[int, bool, str]:
    """Sort key that puts the most reliable id first; of two DOIs, arXiv's comes second."""
    scheme, _, rest = paper_id.partition(":")
    return (SCHEMES.index(scheme) if scheme in SCHEMES else len(SCHEMES), _is_arxiv_doi(rest), paper_id)


def pmcid(text: str) -> str | None:
    """
    The id of PubMed Central in a field for it, written with or without the letters PMC; None if there is none.

    >>> pmcid("PMC1234567"), pmcid("1234567"), pmcid("https://europepmc.org/articles/PMC1234567"), pmcid("none")
    ('pmcid:PMC1234567', 'pmcid:PMC1234567', 'pmcid:PMC1234567', None)
    """
    text = text.strip()
    found = _PMCID.match(text) or _PMCID.match(f"pmcid:{text}")
    return f"pmcid:PMC{found.group(1)}" if found else None


def _is_arxiv_doi(doi: str) -> bool:
    return doi.startswith("10.48550/arxiv.")


def normalised_title(title: str) -> str:
    """
    A title without case, accents, punctuation, TeX commands and extra spaces: the key to compare titles by.

    >>> normalised_title("Grokking: {D}elayed G\\u00e9n\\u00e9ralization")
    'grokking delayed generalization'
    """
    text = title.casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).casefold()
        text = "".join(char for char in text if not unicodedata.combining(char))
    if "\\" in text or "{" in text or "$" in text:
        text = _TEX.sub("", text)
    return " ".join(_WORD.findall(text)) or " ".join(title.split())


def title_id(title: str, abstract: str = "") -> str:
    """
    The id of a paper that has no other: 16 hex digits of the SHA-256 of its normalised title.

    With `abstract`, eight digits of the abstract's hash follow. This serves a second paper "Editorial", because the id
    of its title alone is taken. Of a paper without an abstract, its authors and year take the place of the abstract.
    """
    digest = hashlib.sha256(normalised_title(title).encode()).hexdigest()[:16]
    suffix = f".{hashlib.sha256(abstract.encode()).hexdigest()[:8]}" if abstract else ""
    return f"title:{digest}{suffix}"


def content_hash(title: str, abstract: str) -> str:
    """The identity of a text: `sha256:` and the 64 hex digits of the SHA-256 of title and abstract."""
    return "sha256:" + hashlib.sha256(f"{title}\n{abstract}".encode()).hexdigest()


def title_hash(title: str) -> int:
    """
    A number of 48 bits that stands for a title, where the title itself would be too long.

    >>> title_hash("Grokking")
    229178333468023
    """
    return int.from_bytes(hashlib.sha256(title.encode()).digest()[:6], "big")


def similarity(first: str, second: str) -> float:
    """
    The similarity of two abstracts, 0 to 1: the Jaccard index of their sets of words.

    >>> similarity("We find a cure.", "we find a CURE")
    1.0
    """
    return overlap(words(first), words(second))


def words(text: str) -> frozenset[str]:
    """The set of a text's words, case-folded."""
    return frozenset(_WORD.findall(text.casefold()))


def overlap(first: frozenset[str], second: frozenset[str]) -> float:
    """The Jaccard index of two sets of words; 1 for two empty ones."""
    shared = len(first & second)
    return shared / (len(first) + len(second) - shared) if first or second else 1.0


NEAR_EQUAL = 0.8
"""From this similarity on, two abstracts under one title are one text: a revision keeps four words of five."""
