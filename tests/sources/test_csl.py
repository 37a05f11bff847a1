"""CSL-JSON: recognition, dates, names, ids, notes and abstracts in JATS."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import ABSTRACT, TODAY, titles
from test_properties import MUTATIONS, mutated
from test_recognition import SAMPLES

from rag.errors import UnreadableInput
from rag.sources import csl
from rag.sources.decoding import MAGIC, open_text
from rag.sources.records import Context
from rag.types import Paper, Reject

ITEM = {
    "id": "byron2020",
    "type": "article-journal",
    "title": "A <i>title</i>",
    "container-title": "A journal",
    "abstract": f"<jats:title>Abstract</jats:title><jats:p>{ABSTRACT}</jats:p>",
    "author": [{"family": "Byron", "given": "Ada"}, {"literal": "The Group"}],
    "issued": {"date-parts": [[2020, 5, 17]]},
    "DOI": "10.1000/X",
    "PMID": "123",
    "URL": "https://a.b/c",
    "keyword": "one, two",
}


def read(content: str | bytes) -> list[Paper | Reject]:
    """All records."""
    text, _ = open_text(io.BytesIO(content.encode() if isinstance(content, str) else content), "x.json")
    return list(csl.parse(text, Context(name="x", source="csl", today=TODAY)))


def one(**more: Any) -> Paper:
    """The paper of one item with these values."""
    (record,) = read(json.dumps([ITEM | more]))
    assert isinstance(record, Paper), record
    return record


def test_an_item_is_a_paper() -> None:
    paper = one()
    assert (paper.title, paper.abstract, paper.venue) == ("A title", ABSTRACT, "A journal")
    assert paper.aliases == ("doi:10.1000/x", "pmid:123", "file:x:byron2020")
    assert (paper.authors, paper.published) == (("Ada Byron", "The Group"), "2020-05-17")
    assert (paper.url, paper.tags) == ("https://a.b/c", ("one", "two"))


@pytest.mark.parametrize(
    "content",
    [[ITEM, ITEM], {"items": [ITEM, ITEM]}, {"references": [ITEM, ITEM]}, {"version": 1, "items": [ITEM, ITEM]}],
)
def test_a_list_may_stand_alone_or_under_a_key(content: Any) -> None:
    assert titles(read(json.dumps(content))) == titles(read(json.dumps(content, indent=2))) == ["A title"] * 2


def test_one_item_alone_is_read_whichever_of_its_keys_comes_first() -> None:
    for item in (ITEM, dict(reversed(ITEM.items()))):
        assert titles(read(json.dumps(item))) == ["A title"]
        assert csl.recognise(json.dumps(item))


@pytest.mark.parametrize(
    ("issued", "published"),
    [
        ({"date-parts": [["2020", "5"]]}, "2020-05"),
        ({"date-parts": [[2020]]}, "2020"),
        ({"date-parts": [[2020, 5, 17], [2021, 1, 1]]}, "2020-05-17"),
        ({"date-parts": [[2020, None]]}, "2020"),
        ({"date-parts": [2020]}, "2020"),
        ({"raw": "17 May 2020"}, "2020-05-17"),
        ({"literal": "2020"}, "2020"),
        ({"date-parts": [[None]]}, None),
        ({"date-parts": [["x", {}]]}, None),
        ("2020-05", "2020-05"),
        (None, None),
    ],
)
def test_dates_of_every_form_are_read(issued: Any, published: str | None) -> None:
    assert one(issued=issued).published == published


def test_particles_and_suffixes_are_parts_of_a_name() -> None:
    author = {"family": "Berg", "given": "Jan", "non-dropping-particle": "van den", "suffix": "Jr"}
    assert one(author=[author]).authors == ("Jan van den Berg Jr",)


def test_headings_within_an_abstract_are_labels() -> None:
    abstract = f"<jats:sec><jats:title>Methods:</jats:title><jats:p>{ABSTRACT}</jats:p></jats:sec>"
    assert one(abstract=abstract * 2).abstract == f"Methods: {ABSTRACT} Methods: {ABSTRACT}"


@pytest.mark.parametrize(
    ("more", "alias"),
    [
        ({"note": "PMID: 77\nPMCID: PMC1"}, "pmid:77"),
        ({"number": "arXiv:1706.03762"}, "arxiv:1706.03762"),
        ({"note": "arXiv:1706.03762 [cs]"}, "arxiv:1706.03762"),
        ({"URL": "http://arxiv.org/abs/1706.03762"}, "arxiv:1706.03762"),
        ({"id": "http://zotero.org/users/1/items/ABCD"}, "file:x:ABCD"),
        ({"id": 7}, "file:x:7"),
    ],
)
def test_ids_are_found(more: dict[str, Any], alias: str) -> None:
    assert alias in one(**({"PMID": None} | more)).aliases


def test_an_item_without_abstract_and_one_that_is_none_are_rejects() -> None:
    records = read(json.dumps([ITEM, ITEM | {"abstract": None}, 7, ITEM | {"title": None}]))
    assert titles(records) == ["A title", "- no abstract", "- not an object with named values", "- no title"]
    assert [record.where for record in records if isinstance(record, Reject)] == ["record 2", "record 3", "record 4"]


def test_what_breaks_off_is_told() -> None:
    assert [isinstance(each, Paper) for each in read(json.dumps([ITEM, ITEM])[:-9])] == [True, False]
    assert titles(read(json.dumps(ITEM)[:-9]))[0].startswith("- not valid JSON")


def test_nesting_without_end_is_a_reject() -> None:
    assert [isinstance(each, Reject) for each in read('{"a":' * 100_000)] == [True]


@pytest.mark.parametrize("key", sorted({*ITEM} - {"title", "abstract"}))
@pytest.mark.parametrize(
    "odd", [None, 0, True, "x", [], [None], [[]], {}, {"date-parts": {}}, {"date-parts": [[[]]]}, [{"x": 1}, 7]]
)
def test_odd_values_lose_no_paper(key: str, odd: Any) -> None:
    assert one(**{key: odd}).abstract == ABSTRACT


@pytest.mark.parametrize(
    "item",
    [
        ITEM,
        {"id": "a", "type": "article", "title": "T", "issued": {"date-parts": [[2020]]}},
        {"type": "book", "title": "T", "author": [{"family": "B"}]},
        {"type": "paper-conference", "title": "T"},
    ],
)
def test_csl_is_recognised(item: dict[str, Any]) -> None:
    assert all(csl.recognise(json.dumps([item], indent=indent)) for indent in (None, 2))


@pytest.mark.parametrize(
    "content",
    [
        *(text for name, text in SAMPLES.items() if name != "csl"),
        '[{"type": "article", "title": "T", "abstract": "A", "year": 2020}]',
        '{"message-type": "work", "message": {"type": "x", "title": ["T"], "issued": {"date-parts": [[1]]}}}',
        '{"type": "article", "title": "T", "abstract_inverted_index": {}}',
        "[]",
        "",
    ],
)
def test_other_text_is_not(content: str) -> None:
    assert not csl.recognise(content)


@settings(max_examples=100, deadline=5000, suppress_health_check=[HealthCheck.too_slow])
@given(mutations=MUTATIONS, single=st.booleans())
def test_damaged_bytes_give_papers_and_rejects(mutations: list[tuple[str, int, bytes]], single: bool) -> None:
    content = mutated(json.dumps(ITEM if single else [ITEM, ITEM]).encode(), mutations)
    if content.strip() and b"\0" not in content and not content.startswith((b"\xff\xfe", b"\xfe\xff", *MAGIC)):
        with suppress(UnreadableInput):  # its encoding may not be sure
            records = read(content)
            assert records or not content.strip(b"\xef\xbb\xbf \n").strip(b"[]{} ")
            for record in records:
                assert isinstance(record, Paper) or (record.where and record.reason)


@pytest.mark.parametrize(
    "more", [{"PMCID": "PMC1234567"}, {"PMCID": 1234567}, {"note": "PMID: 123\nPMCID: PMC1234567"}]
)
def test_the_id_in_pubmed_central_is_taken(more: dict[str, Any]) -> None:
    assert "pmcid:PMC1234567" in one(**more).aliases


@pytest.mark.parametrize(
    ("status", "flags"), [("retracted", ("withdrawn",)), ("Withdrawn", ("withdrawn",)), ("in press", ()), (7, ())]
)
def test_an_item_whose_status_is_retracted_is_flagged(status: Any, flags: tuple[str, ...]) -> None:
    assert one(status=status).flags == flags
