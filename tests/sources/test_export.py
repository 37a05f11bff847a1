"""Export round trip: a paper that is exported and imported again is the same, in every format."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from reading import ABSTRACT, as_jsonl, one, paper_of, read

from rag.sources.western import nonsense
from rag.types import Paper
from refdesk.render.export import FORMATS

WORDS = st.sampled_from(
    r"""a The of R&D 50% $x_1$ $O(n^2)$ $ $5 \alpha \emph{x} \'{e} \% \{ { } {} # _ ~ ^ " '' `` -- --- @article{ ; , =
    and AND \ \\ Zoë 李明 10² “q” <think> p<0.05 [1] TI ER - AB | \textbf{ \begin{x} \cite{a} $$ \(x\) %7B http://x.org/a_b""".split()
)
PROSE = st.lists(WORDS | st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=8), max_size=15).map(
    " ".join
)
NAMES = st.sampled_from(
    [
        "Ada Byron", "Byron, Ada", "Sam Hay, Jr.", "Martin Luther King Jr", "van der Berg, Jan", "Jan van der Berg",
        "Plato", "Barnes and Noble", "The {ATLAS} Collaboration", "李 明", "José Ñuñez", "O'Neil-Smith", "others",
        "A. & B.", "Dr. x; y",
    ]
)  # fmt: skip
DAYS = st.sampled_from(["2024", "2024-06", "2024-06-17", "1066-01"])
RECORDS = st.fixed_dictionaries(
    {"title": PROSE.map(lambda said: f"On {said}"), "abstract": PROSE.map(lambda said: f"{ABSTRACT} {said}")},
    optional={
        "id": st.sampled_from(["7", "arXiv:2406.11741v3", "hep-th/9901001", "W 7", "s2:" + "ab" * 20, "openalex:W12"]),
        "doi": st.sampled_from(["10.1000/a_b{c}", "10.1000/xyz(1)", "10.48550/arXiv.2406.11741"]),
        "pmid": st.just("123"),
        "pmcid": st.just("PMC1234567"),
        "authors": st.lists(NAMES, max_size=4),
        "published": DAYS,
        "updated": DAYS,
        "listed": DAYS,
        "url": st.sampled_from(
            ["https://x.org/a_b%20c~d", "https://arxiv.org/abs/2406.11741v2", "http://x.org/?a=1&b=#c"]
        ),
        "venue": PROSE | st.just("Proc. of A & B"),
        "categories": st.lists(st.sampled_from(["cs.CL", "cs.LG", "Bayes, theory"]), max_size=3),
        "tags": st.lists(st.sampled_from(["grokking", "to read", "a; b", "x,y", "{z}", "50%"]), max_size=3),
        "aliases": st.lists(
            st.sampled_from(["openalex:W12", "file:a:b c", "doi:10.5/other", "2501.00001"]), max_size=3
        ),
    },
)


def same(paper: Paper) -> dict[str, Any]:
    """A paper without where it was read."""
    return {name: getattr(paper, name) for name in Paper.__slots__ if name not in ("source", "imported")}


@pytest.mark.parametrize("form", FORMATS)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(fields=RECORDS)
@example(
    fields={
        "title": "On -- ''it''",
        "abstract": f"{ABSTRACT} a $x_1$ and 5 $ for R&D \\emph{{x}} }} \\",
        "tags": ["a; b"],
    }
)
def test_what_is_exported_and_read_again_is_the_same_paper(form: str, fields: dict[str, Any]) -> None:
    first = read(as_jsonl([fields]), "papers.jsonl", format_name="jsonl")[0]
    if not isinstance(first, Paper) or nonsense(f"{first.title}\n{first.abstract}"):
        return  # what was encoded twice is refused in files of reference managers, and JSON Lines keep it
    again = one("".join(f"{entry}\n" for entry in FORMATS[form]([first])), f"export.{form}", format_name=form)
    assert same(again) == same(first)


@pytest.mark.parametrize("form", FORMATS)
def test_a_paper_of_pubmed_central_is_exported_with_its_id(form: str) -> None:
    paper = paper_of(pmid="123", pmcid="PMC1234567")
    exported = "".join(f"{entry}\n" for entry in FORMATS[form]([paper]))
    assert exported.count("PMC1234567") == 1
    assert same(one(exported, f"export.{form}", format_name=form)) == same(paper)
