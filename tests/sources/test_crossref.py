"""Crossref: abstracts in JATS, dates in parts, lists of titles, retractions; and streaming of API answers."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import ABSTRACT, titles
from test_properties import MUTATIONS, mutated
from test_xml import DAMAGE, body, one_by, read_by, survives

from rag.sources import crossref, json_stream, openalex, semanticscholar
from rag.types import Paper, Reject

WORK: dict[str, Any] = {
    "reference-count": 57,
    "license": [{"start": {"date-parts": [[2024, 5, 8]]}, "URL": "https://creativecommons.org/licenses/by/4.0"}],
    "published-print": {"date-parts": [[2019, 1]]},
    "DOI": "10.1000/X",
    "type": "journal-article",
    "created": {"date-parts": [[2020, 5, 30]], "date-time": "2020-05-30T00:40:41Z"},
    "title": ["A title"],
    "abstract": f"<jats:title>Abstract</jats:title><jats:p>{ABSTRACT}</jats:p>",
    "author": [
        {"given": "Ada", "family": "Byron", "sequence": "first", "affiliation": []},
        {"name": "The Tests Collaboration", "sequence": "additional"},
    ],
    "container-title": ["J. Tests"],
    "issued": {"date-parts": [[2018, 10, 9]]},
    "published": {"date-parts": [[2018, 10, 9]]},
    "subject": ["Information Systems", "Health, Toxicology"],
    "URL": "https://doi.org/10.1000/x",
}


def answer(*works: Any) -> str:
    """An answer that lists works."""
    facets = {"type-name": {"value-count": 1, "values": {"Journal Article": 3}}}
    message = {
        "facets": facets,
        "total-results": 9,
        "items": works,
        "items-per-page": 20,
        "query": {"search-terms": None},
    }
    return json.dumps({"status": "ok", "message-type": "work-list", "message-version": "1.0.0", "message": message})


def single(work: Any) -> str:
    """An answer that is one work."""
    return json.dumps({"status": "ok", "message-type": "work", "message-version": "1.0.0", "message": work})


@pytest.mark.parametrize(
    "content",
    [
        answer(WORK),
        single(WORK),
        json.dumps(json.loads(single(WORK)), indent=1),
        json.dumps({"items": [WORK]}),
        json.dumps({"url": "https://api.crossref.org/works", "status": 200, "body": json.loads(answer(WORK))}),
        json.dumps({"url": "https://api.crossref.org/works/x", "status": 200, "body": json.loads(single(WORK))}),
        json.dumps([WORK]),
        json.dumps(WORK),
        json.dumps(WORK) + "\n",
    ],
)
def test_a_work_is_read_in_every_kind_of_answer(content: str) -> None:
    paper = one_by(crossref, content)
    assert (paper.aliases, paper.title, paper.abstract) == (("doi:10.1000/x",), "A title", ABSTRACT)
    assert (paper.authors, paper.venue) == (("Ada Byron", "The Tests Collaboration"), "J. Tests")
    assert (paper.published, paper.categories) == ("2018-10-09", ("Information Systems", "Health, Toxicology"))
    assert paper.url == "https://doi.org/10.1000/x"


@pytest.mark.parametrize(
    ("dates", "published"),
    [
        ({"issued": [[2018]]}, "2018"),
        ({"issued": [[2018]], "published-online": [[2018, 3, 1]]}, "2018-03-01"),
        ({"issued": [[2018]], "published-online": [[2017, 3, 1]]}, "2018"),
        ({"issued": [[None]], "published-print": [[2019, 1]]}, "2019-01"),
        ({"issued": [[]], "published": [[2017, 13, 1]]}, "2017"),
        ({"issued": [["2018"]]}, None),
        ({"issued": 2018}, None),
        ({}, None),
    ],
)
def test_a_date_is_as_exact_as_it_is_known(dates: dict[str, Any], published: str | None) -> None:
    bare = {key: value for key, value in WORK.items() if not key.startswith(("issued", "published"))}
    work = bare | {key: {"date-parts": parts} for key, parts in dates.items()}
    assert one_by(crossref, answer(work)).published == published


@pytest.mark.parametrize(
    ("jats", "plain"),
    [
        ("<jats:p>p &lt; 0.05 in <jats:italic>E. coli</jats:italic></jats:p>", "p < 0.05 in E. coli"),
        ("<p>First one.</p><p>Second one.</p>", "First one. Second one."),
        (
            "<jats:title>Abstract</jats:title>\n<jats:sec><jats:title>Objective</jats:title> <jats:p>To ask.</jats:p>"
            "</jats:sec><jats:sec><jats:title>Results:</jats:title><jats:p>We know.</jats:p></jats:sec>",
            "Objective: To ask. Results: We know.",
        ),
        ("<jats:sec><jats:title>SUMMARY</jats:title><jats:p>We ask this.</jats:p></jats:sec>", "We ask this."),
        (
            "<jats:p>For <jats:inline-formula><jats:alternatives><jats:tex-math>$$x^2$$</jats:tex-math><mml:math "
            'xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:msup><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:msup>'
            "</mml:math></jats:alternatives></jats:inline-formula> it holds.</jats:p>",
            "For $$x^2$$ it holds.",
        ),
        (
            r"<jats:p>For <jats:tex-math>\documentclass[12pt]{minimal} \usepackage{amsmath} \begin{document}$$x$$"
            r"\end{document}</jats:tex-math> it holds.</jats:p>",
            "For $$x$$ it holds.",
        ),
        ("<jats:p>10<jats:sup>2</jats:sup> of H<jats:sub>2</jats:sub>O.</jats:p>", "10² of H₂O."),
        ("Abstract interpretation is plain text here.", "Abstract interpretation is plain text here."),
    ],
)
def test_jats_becomes_plain_text(jats: str, plain: str) -> None:
    assert one_by(crossref, answer(WORK | {"abstract": jats})).abstract == plain


@pytest.mark.parametrize("nothing", [None, "", "<jats:title>Abstract</jats:title>", "<jats:p/>"])
def test_a_work_without_an_abstract_is_a_reject_with_its_title(nothing: Any) -> None:
    (record,) = read_by(crossref, answer(WORK | {"abstract": nothing}))
    assert record == Reject(where="record 1", reason="no abstract", title="A title")


@pytest.mark.parametrize(
    ("change", "flags"),
    [
        ({"update-to": [{"DOI": "10.1000/y", "type": "retraction", "label": "Retraction"}]}, ()),  # it is the notice
        ({"update-to": [{"DOI": WORK["DOI"].upper(), "type": "retraction"}]}, ("withdrawn",)),
        ({"updated-by": [{"DOI": "10.1000/z", "type": "retraction"}]}, ("withdrawn",)),
        ({"update-to": [{"DOI": "10.1000/y", "type": "erratum"}]}, ()),
        ({"update-to": "retraction"}, ()),
        ({}, ()),
    ],
)
def test_a_retraction_is_flagged_and_the_title_kept(change: dict[str, Any], flags: tuple[str, ...]) -> None:
    paper = one_by(crossref, answer(WORK | change))
    assert (paper.title, paper.flags) == ("A title", flags)


def test_only_the_first_of_several_titles_is_taken() -> None:
    assert one_by(crossref, answer(WORK | {"title": ["", "A title", "Ein Titel"]})).title == "A title"


@pytest.mark.parametrize("key", [*WORK, "update-to"])
@pytest.mark.parametrize("odd", [None, 7, "x", [], [None], {}, [{"a": 1}], [[1]], True])
def test_odd_values_never_do_more_than_cost_the_work(key: str, odd: Any) -> None:
    assert len(read_by(crossref, answer(WORK, WORK | {key: odd}, WORK))) == 3


def test_failures_are_rejects_with_their_messages() -> None:
    failed = {
        "status": "failed",
        "message-type": "validation-failure",
        "message": [{"type": "x", "message": "Bad rows"}],
    }
    assert crossref.recognise(json.dumps(failed))
    assert titles(read_by(crossref, json.dumps(failed))) == ["- an error of Crossref's: Bad rows"]
    assert titles(read_by(crossref, json.dumps([None, 7]))) == ["- not a work", "- not a work"]


def test_an_empty_list_gives_nothing() -> None:
    assert crossref.recognise(answer())
    assert read_by(crossref, answer()) == []


def test_every_cut_gives_the_works_before_and_one_reject() -> None:
    content = answer(WORK, WORK)
    for end in range(content.index('{"reference-count"'), len(content) - 1, 13):
        found = read_by(crossref, content[:end])
        assert isinstance(found[-1], Reject)
        assert "not read further" in found[-1].reason
        assert all(isinstance(record, Paper) for record in found[:-1])


def test_what_follows_the_end_is_told() -> None:
    assert titles(read_by(crossref, answer(WORK) + "}"))[0] == "A title"
    assert "not valid JSON" in titles(read_by(crossref, answer(WORK) + "}"))[-1]


@given(
    values=st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["a", "", "items", "item"]), inner, max_size=2)
            ),
            max_leaves=8,
        ),
        max_size=4,
    ),
    before=st.sampled_from(
        [[], [1], [[{"a": 1}]], {"items": 1}, {"b": [{}], "": [[1]], "items": [1]}, {"": 1, "a.items": [2]}]
    ),
)
def test_the_elements_of_the_list_are_given_whatever_they_are(values: list[Any], before: Any) -> None:
    def read(document: Any) -> list[Any]:
        return [value for _, value in json_stream.entries_at(io.StringIO(json.dumps(document)), "a.items")]

    assert read({"x": before, "a": {"y": before, "items": values, "z": before}, "w": before}) == values
    assert read(values) == values
    assert read({"x": before, "a": values}) == [{"x": before, "a": values}]


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"items":[', '{"message":{"items":['])
def test_a_text_that_is_nested_without_end_is_given_up_in_time(opening: str) -> None:
    survives(crossref, (opening * 300_000).encode())


def test_the_parser_is_told_from_its_neighbours() -> None:
    assert not openalex.recognise(answer(WORK))
    assert not semanticscholar.recognise(answer(WORK))
    csl = [{"type": "article-journal", "title": "A", "DOI": "10.1/x", "issued": {"date-parts": [[2018]]}}]
    assert not crossref.recognise(json.dumps(csl))
    assert not crossref.recognise(json.dumps([{"doi": "10.1/x", "title": "A", "abstract": ABSTRACT}]))


@DAMAGE
@given(mutations=MUTATIONS)
def test_damaged_bytes_lose_no_record_unseen(mutations: list[tuple[str, int, bytes]]) -> None:
    survives(crossref, mutated(answer(WORK, WORK | {"title": ["é"]}).encode(), mutations))


def test_every_work_of_recorded_answers_is_accounted_for(real_data: Path) -> None:
    papers = 0
    paths = sorted((real_data / "formats" / "crossref").glob("*.json"))
    assert len(paths) == 12
    for path in paths:
        content = body(path)
        assert crossref.recognise(content[: 1 << 16])
        message = json.loads(content)["message"]
        works = message.get("items", [message])
        found = read_by(crossref, content)
        assert [isinstance(record, Paper) for record in found] == [bool(work.get("abstract")) for work in works]
        for paper in (record for record in found if isinstance(record, Paper)):
            papers += 1
            assert not any(mark in paper.abstract for mark in ("<jats", "&lt;", "&amp;", "</"))
            assert not paper.abstract.startswith("Abstract")
            assert paper.published
            assert paper.authors
    assert papers == 5
