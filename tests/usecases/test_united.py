"""Two papers that turn out to be one: what finds it, what is indexed, and answers that cite either of the two."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from test_killed import _DIE, CATALOG, CHANGES, LEXICAL, VECTORS, consistent

import refdesk
from refdesk.render import markdown
from tests.commands import ended, run, start

Write = Callable[[str, str], Path]

PREPRINT = {
    "arxiv_id": "2401.00001v1",
    "title": "Zymurgy in small vessels",
    "abstract": "We study zymurgy in small vessels. Zymurgy begins after forty hours of rest. A cold cellar halves it.",
    "authors": ["Ada Byron"],
    "published": "2024-01",
    "tags": ["read"],
}
ARTICLE = {
    "doi": "10.1000/x",
    "title": "The delay of brewing explained",
    "abstract": "Zymurgy is explained by the age of the yeast. The delay of zymurgy falls from forty to nine hours.",
    "authors": ["A. Byron", "Alan Hay"],
    "published": "2024-05-02",
    "url": "https://example.org/x",
}
BOTH = ARTICLE | {"arxiv_id": "2401.00001", "pmid": 77, "authors": ["Ada Byron"], "url": ""}
REVISED = PREPRINT | {
    "arxiv_id": "2401.00001v2",
    "abstract": "Quite another text is here. It is of whales and their songs.",
}


def own_format(*records: dict[str, object]) -> str:
    """The records as Semantic Scholar gives them, whose records may unite papers of different texts."""
    names = {"arxiv_id": "ArXiv", "doi": "DOI", "pmid": "PubMed"}
    return json.dumps(
        [
            {
                "paperId": hashlib.sha1(json.dumps(record).encode(), usedforsecurity=False).hexdigest(),
                "externalIds": {names[key]: str(record[key]) for key in names if key in record},
                "title": record["title"],
                "abstract": record["abstract"],
                "authors": [{"name": name} for name in record.get("authors", [])],  # type: ignore[attr-defined]
                "publicationDate": record.get("published"),
            }
            for record in records
        ]
    )


def lines(*records: dict[str, object]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.mark.parametrize("order", [(PREPRINT, ARTICLE), (ARTICLE, PREPRINT)])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_record_that_names_both_leaves_one_paper_that_every_id_finds(
    library: refdesk.Library, write: Write, order: tuple[dict[str, object], ...], at_once: bool
) -> None:
    if at_once:
        report = library.add(write("papers.jsonl", lines(*order)), write("both.json", own_format(BOTH)))
        assert (report.added, report.updated, report.unchanged, report.merged) == (2, 1, 0, 1)
    else:
        library.add(write("papers.jsonl", lines(*order)))
        assert library._store.vectors.count() == library._store.lexical.count() == 2
        report = library.add(write("both.json", own_format(BOTH)))
        assert (report.added, report.updated, report.unchanged, report.merged) == (0, 1, 0, 1)
    (paper,) = library.papers()
    assert paper.aliases[:3] == ("arxiv:2401.00001", "doi:10.1000/x", "pmid:77")
    assert (paper.paper_id, paper.title, paper.tags) == ("arxiv:2401.00001", PREPRINT["title"], ("read",))
    for name in ("2401.00001", "https://doi.org/10.1000/x", "pmid:77", "77"):
        assert library.show(name) == paper
    assert {each.title for each in library.revisions("10.1000/x")} == {PREPRINT["title"], ARTICLE["title"]}
    assert [chunk_id for chunk_id, _, _ in library._store.vectors.documents()] == ["arxiv:2401.00001#0"]
    assert list(library._store.lexical.hashes()) == ["arxiv:2401.00001"]
    assert library.check() == []
    again = library.add(write("papers.jsonl", lines(*order)), write("both.json", own_format(BOTH)))
    assert (again.added, again.updated, again.unchanged, again.merged) == (0, 0, 3, 0)


@pytest.mark.parametrize("revised", [False, True])
def test_an_answer_that_cites_either_paper_is_still_verified(
    library: refdesk.Library, write: Write, revised: bool
) -> None:
    library.add(write("papers.jsonl", lines(PREPRINT, ARTICLE)))
    answers = [library.ask("zymurgy", as_list=True, papers=name) for name in ("2401.00001", "10.1000/x")]
    cited = [source.paper.paper_id for answer in answers for source in answer.sources]
    assert cited == ["arxiv:2401.00001", "doi:10.1000/x"]
    library.add(write("both.json", own_format(BOTH)))
    if revised:
        library.add(write("revised.jsonl", lines(REVISED)))
        assert library.show("10.1000/x").abstract == REVISED["abstract"]
    for answer in answers:
        for document in (json.dumps(answer.to_dict()), markdown.answer(answer)):
            assert {each.verdict.support for each in library.verify(document)} == {"verbatim"}
    forged = json.dumps(answers[1].to_dict()).replace("https://example.org/x", "https://example.org/y")
    assert "unsupported" in {each.verdict.support for each in library.verify(forged)}


def test_an_answer_is_still_verified_when_its_paper_has_another_text_other_authors_and_a_full_date(
    library: refdesk.Library, write: Write
) -> None:
    library.add(write("papers.jsonl", lines(PREPRINT)))
    answer = library.ask("When does zymurgy begin?")
    assert answer.answered
    library.add(
        write("papers.jsonl", lines(REVISED | {"authors": ["Ada Byron", "Alan Hay"], "published": "2024-01-17"}))
    )
    assert library.show("2401.00001").authors == ("Ada Byron", "Alan Hay")
    for document in (json.dumps(answer.to_dict()), markdown.answer(answer)):
        assert {each.verdict.support for each in library.verify(document)} == {"verbatim"}
    forged = json.dumps(answer.to_dict()).replace("2024-01", "2023")
    assert "unsupported" in {each.verdict.support for each in library.verify(forged)}


def test_a_text_that_both_papers_had_is_kept_once_under_both_names(library: refdesk.Library, write: Write) -> None:
    twin = PREPRINT | {"arxiv_id": "", "doi": "10.1000/preprint", "url": "https://example.org/preprint"}
    other = PREPRINT | {"arxiv_id": "", "doi": "10.1000/journal", "url": "https://example.org/journal"}
    library.add(write("papers.jsonl", lines(twin, other)))
    assert len(list(library.papers())) == 2
    answer = library.ask("When does zymurgy begin?")
    library.add(write("both.jsonl", lines({**other, "id": "doi:10.1000/preprint"})))
    assert [paper.aliases for paper in library.papers()] == [("doi:10.1000/journal", "doi:10.1000/preprint")]
    assert len(library.revisions("10.1000/preprint")) == 1
    assert {each.verdict.support for each in library.verify(json.dumps(answer.to_dict()))} == {"verbatim"}
    assert library.check() == []


@pytest.mark.parametrize("batch", [7, 1_000])
def test_many_papers_are_united_in_chains_within_a_batch_and_over_several(
    library: refdesk.Library, write: Write, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr("stores.ingest.BATCH", batch)
    schemes = ("doi", "pmid", "arxiv_id")

    def one(work: int, *named: str) -> dict[str, object]:
        ids = {"doi": f"10.1000/{work}", "pmid": 900 + work, "arxiv_id": f"2401.{10_000 + work}"}
        text = f"Work {work} is told here by {' and '.join(named)} with subject{work} in mind."
        return {"title": f"{named} {work}", "abstract": text} | {name: ids[name] for name in named}

    works = range(1, 9)
    records = [one(work, scheme) for scheme in schemes for work in works]
    uniting = [one(work, "pmid", "doi") for work in works] + [one(work, "arxiv_id", "pmid") for work in works]
    files = write("papers.jsonl", lines(*records)), write("uniting.json", own_format(*uniting))
    report = library.add(*files)
    assert (report.added, report.updated, report.merged) == (24, 16, 16)
    assert [sum(not alias.startswith("s2:") for alias in paper.aliases) for paper in library.papers()] == [3] * 8
    assert {len(library.revisions(f"10.1000/{work}")) for work in works} == {len(schemes) + 2}
    assert library._store.vectors.count() == library._store.lexical.count() == 8
    assert library.check() == []
    assert library.add(*files).unchanged == len(records) + len(uniting)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (CATALOG, "write"),
        (VECTORS, "delete"),
        (VECTORS, "upsert"),
        (LEXICAL, "upsert"),
        (CHANGES, "advance"),
    ],
    ids=["before the catalog", "before the vectors", "between them", "before the words", "before the positions"],
)
def test_an_import_killed_while_it_unites_is_finished_by_the_next_command(
    tmp_path: Path, write: Write, owner: str, name: str
) -> None:
    folder = tmp_path / "library"
    with refdesk.open_library(folder) as library:
        library.add(write("papers.jsonl", lines(PREPRINT, ARTICLE)))
    both = write("both.json", own_format(BOTH))
    assert ended(start(_DIE, owner, name, "1", "--library", folder, "add", both)).status == -signal.SIGKILL
    assert consistent(folder) == ({"arxiv:2401.00001", "doi:10.1000/x"} if name == "write" else {"arxiv:2401.00001"})
    with refdesk.open_library(folder) as library:
        library.add(both)
        assert [chunk_id for chunk_id, _, _ in library._store.vectors.documents()] == ["arxiv:2401.00001#0"]
        assert library.show("10.1000/x").paper_id == "arxiv:2401.00001"
    assert consistent(folder) == {"arxiv:2401.00001"}


def test_show_tells_the_aliases_the_days_of_all_texts_and_which_one_stands(tmp_path: Path, write: Write) -> None:
    folder = tmp_path / "library"
    with refdesk.open_library(folder) as library:
        library.add(write("papers.jsonl", lines(PREPRINT)))
    assert "this one" not in run("--library", folder, "show", "2401.00001").out
    with refdesk.open_library(folder) as library:
        library.add(write("papers.jsonl", lines(ARTICLE)), write("both.json", own_format(BOTH)))
        stands = library.show("2401.00001")
        days = [
            each.seen[:10]
            + " from papers.jsonl (jsonl)"
            + (" (this one)" if (each.title, each.abstract) == (stands.title, stands.abstract) else "")
            for each in library.revisions("2401.00001")
        ]
    shown = run("--library", folder, "show", "2401.00001").out
    assert "doi:10.1000/x, pmid:77" in shown
    assert len(days) == 2
    assert f"{', '.join(days)}\n" in shown.replace("\n" + " " * 12, " ")


def test_the_owners_table_that_names_two_papers_unites_none_and_the_report_says_so(
    tmp_path: Path, write: Write
) -> None:
    folder = tmp_path / "library"
    papers = write("papers.jsonl", lines(PREPRINT, ARTICLE))
    both = write("both.jsonl", lines(BOTH))
    run("--library", folder, "add", papers)
    notes = json.loads(run("--library", folder, "add", both, "--json").out)["notes"]
    assert any("arxiv:2401.00001" in note and "doi:10.1000/x" in note for note in notes)
    with refdesk.open_library(folder) as library:
        assert {paper.paper_id for paper in library.papers()} == {"arxiv:2401.00001", "doi:10.1000/x"}
        assert library.check() == []
