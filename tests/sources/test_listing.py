"""The text of a Hugging Face papers page: titles and abstracts on alternate lines, and pages where one is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from reading import TODAY, one, read, titles

from rag.types import Paper, Reject

BANNER = "Get trending papers in your email inbox once a day!\nGet trending papers in your email inbox!\nSubscribe"


def abstract(number: int) -> str:
    """An abstract as long as they are."""
    return f"Abstract {number} " + "of words that go on for a while and tell what was found in the end. " * 5


def page(*lines: str) -> str:
    """A page with these lines below its banner, the first glued to it."""
    return BANNER + "\n".join(lines) + "\n"


def test_titles_and_abstracts_on_alternate_lines_are_papers() -> None:
    records = read(page("One", abstract(1), "Two", abstract(2)))
    assert titles(records) == ["One", "Two"]
    assert [record.abstract for record in records if isinstance(record, Paper)] == [
        abstract(1).strip(),
        abstract(2).strip(),
    ]


@pytest.mark.parametrize(
    "lines", [("One", "", abstract(1), "", "", "Two", abstract(2)), ("\nOne", abstract(1), "Two", abstract(2))]
)
def test_blank_lines_do_not_matter(lines: tuple[str, ...]) -> None:
    assert titles(read(page(*lines))) == ["One", "Two"]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["One", "Two", abstract(2), "Three", abstract(3)], ["- no abstract", "Two", "Three"]),
        (
            ["One", abstract(1), "Two", "Three", abstract(3), "Four", abstract(4)],
            ["One", "- no abstract", "Three", "Four"],
        ),
        (["One", abstract(1), "Two"], ["One", "- no abstract"]),
    ],
    ids=["first", "middle", "last"],
)
def test_a_title_whose_abstract_is_missing_is_a_reject_and_takes_no_other_abstract(
    lines: list[str], found: list[str]
) -> None:
    assert titles(read(page(*lines))) == found


def test_the_reject_of_a_title_tells_its_line_and_itself() -> None:
    assert read(page("One", abstract(1), "Two"))[1] == Reject(where="line 5", reason="no abstract", title="Two")


@pytest.mark.parametrize("rest", [["Two", abstract(2)], []])
def test_an_abstract_in_two_paragraphs_is_one(rest: list[str]) -> None:
    first = read(page("One", abstract(1), abstract(11), *rest))[0]
    assert isinstance(first, Paper)
    assert first.abstract == f"{abstract(1)}{abstract(11)}".strip()


def test_a_short_abstract_between_long_ones_is_kept() -> None:
    assert titles(read(page("One", "We show that it is short.", "Two", abstract(2)))) == ["One", "Two"]


@pytest.mark.parametrize(("listed", "kept"), [("2026-06-29", "2026-06-29"), (None, TODAY)])
def test_the_listing_date_is_the_one_given_or_the_day_of_the_import(listed: str | None, kept: str) -> None:
    assert one(page("One", abstract(1)), listed=listed).listed == kept


def test_a_page_of_the_banner_alone_holds_no_records() -> None:
    assert read(BANNER) == []


def test_an_overlong_line_is_refused_and_not_held() -> None:
    assert titles(read(page("One", "x" * 3_000_000, "Two", abstract(2))))[-1] == "Two"


def test_every_paper_of_the_real_page_is_found_with_its_own_abstract(real_data: Path) -> None:
    content = (real_data / "hf_listing.txt").read_bytes()
    lines = [
        " ".join(line.removeprefix("Subscribe").split()) for line in content.decode().splitlines()[2:] if line.strip()
    ]
    records = read(content)
    assert len(records) == 232
    papers = [record for record in records if isinstance(record, Paper)]
    assert len(papers) == 232
    squeezed = ["".join(char for char in line if char.isascii() and char.isalnum()) for line in lines]
    for number, paper in enumerate(papers):
        kept = [
            "".join(char for char in text if char.isascii() and char.isalnum())
            for text in (paper.title, paper.abstract)
        ]
        assert kept == squeezed[2 * number : 2 * number + 2]
