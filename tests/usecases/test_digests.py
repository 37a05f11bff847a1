"""Issues of a library: what belongs to them, that they repeat to the byte, and that every sentence of them cites."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import refdesk
from rag.errors import BadFilter, ConfigError, PaperNotFound
from rag.types import Claim
from tests.commands import environment, run, run_anew

WEEK = "2026-W25"
KINDS = ("verbatim", "supported", "weak")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[refdesk.Library]:
    """The sample library."""
    with refdesk.open_library(tmp_path_factory.mktemp("digests") / "library") as opened:
        opened.add(Path(__file__).parents[2] / "examples" / "papers.jsonl")
        yield opened


def claims(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        *document["headline"],
        *(claim for theme in document["themes"] for claim in theme["claims"]),
        *(paper["tldr"] for paper in document["papers"]),
    ]


def record(number: int, day: str, **more: object) -> dict[str, object]:
    """An invented paper of a day."""
    topics = ("bark beetles", "alpine glaciers", "violin makers")
    topic = topics[number % len(topics)]
    return {
        "arxiv_id": f"2606.{number:05d}",
        "title": f"On the {topic} of valley {number}",
        "abstract": f"We count {topic} in valley {number} over {number + 3} summers. "
        f"Their number rose by {number + 1}.5 percent. We propose a way to count {topic} from the air.",
        "date": day,
        **more,
    }


def write(path: Path, records: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    return path


def test_every_sentence_of_an_issue_cites_and_every_source_is_cited_in_order(made: refdesk.Library) -> None:
    document = made.digest(WEEK).to_dict()
    assert document["papers"] and document["headline"]
    numbers: list[int] = []
    for claim in claims(document):
        assert claim["citations"] and claim["support"] in KINDS
        for citation in claim["citations"]:
            stored = made.show(citation["paper_id"]).abstract
            assert stored[citation["start"] : citation["end"]] == citation["quote"]
            numbers.append(citation["source"])
    assert list(dict.fromkeys(numbers)) == [source["number"] for source in document["sources"]]
    assert document["sources"] == sorted(document["sources"], key=lambda source: source["number"])


def test_listed_papers_are_in_the_issue_or_counted(made: refdesk.Library) -> None:
    issue = made.issues.make(WEEK)
    coverage = issue.digest.coverage
    assert coverage.listed == coverage.included + sum(coverage.excluded.values()) == len(issue.decisions)
    assert coverage.included == len(issue.digest.papers)


def test_an_issue_of_a_week_without_papers_says_so(made: refdesk.Library) -> None:
    document = made.digest("1999-W01").to_dict()
    assert document["coverage"]["listed"] == 0
    assert not (document["papers"] or document["themes"] or document["headline"] or document["sources"])


def test_the_same_input_gives_the_same_bytes_in_another_order_and_process(tmp_path: Path) -> None:
    records = [record(number, f"2026-06-{15 + number % 7:02d}") for number in range(60)]
    before = [record(number, f"2026-06-{8 + number % 7:02d}") for number in range(100, 150)]
    outputs = []
    for seed in range(2):
        mixed = records + before
        random.Random(seed).shuffle(mixed)
        folder = tmp_path / f"library-{seed}"
        for at in range(0, len(mixed), 60):
            file = write(tmp_path / f"{seed}-{at}.jsonl", mixed[at : at + 60])
            assert run("--library", folder, "add", file).status == 0
        env = environment(PYTHONHASHSEED=str(seed))
        for again in range(2 - seed):  # the first digest finds the themes of the week before, the second remembers them
            ran = (run if again else run_anew)("--library", folder, "digest", "--week", WEEK, "--json", env=env)
            assert ran.status == 0, ran.err
            outputs.append(ran.out)
    assert len(set(outputs)) == 1
    document = json.loads(outputs[0])
    assert document["coverage"]["listed"] == 60
    assert {theme["name"] for theme in document["themes"]} == {"Bark beetles", "Alpine glaciers", "Violin makers"}
    assert {theme["previous_size"] for theme in document["themes"]} == {16, 17}
    assert document["in_no_theme"] == 60 - sum(theme["size"] for theme in document["themes"])


def test_a_digest_of_days_months_and_spans(made: refdesk.Library) -> None:

    def listed(period: str) -> set[str]:
        return {each.candidate.paper.paper_id for each in made.issues.make(period).decisions}

    week = listed(WEEK)
    assert week == set[str]().union(*(listed(f"2026-06-{day}") for day in range(15, 22)))
    assert week <= listed("2026-06-10--2026-06-25")
    with pytest.raises(BadFilter):
        made.digest("whenever")


def configured(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "refdesk.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_subscription_chooses_ranks_and_explains(tmp_path: Path, sample: Path) -> None:
    folder = configured(
        tmp_path / "library",
        '[subscriptions.mine]\ntopics = ["citations of language models"]\nsize = 3\nmust_not = ["grokking"]\n',
    )
    with refdesk.open_library(folder) as library:
        library.add(sample / "papers.jsonl")
        issue = library.issues.make("2026-06")
        assert issue.digest.subscription == "mine"
        assert len(issue.digest.papers) == 3
        assert all(paper.why for paper in issue.digest.papers)
        assert issue.digest.coverage.excluded.keys() <= {
            "with a word that must not occur",
            "beyond the size of the issue",
            "below the threshold",
            "named as also near",
            "withdrawn",
        }
        scores = [paper.score for paper in issue.digest.papers]
        assert scores == sorted(scores, reverse=True)


def test_rated_papers_are_learnt_from_and_a_disliked_one_is_left_out(tmp_path: Path) -> None:
    records = [record(number, "2026-06-16") for number in range(30)]
    with refdesk.open_library(tmp_path / "library") as library:
        library.add(write(tmp_path / "papers.jsonl", records))
        library.rate("2606.00001", 1)  # glaciers
        library.rate("2606.00002", -1)  # violins
        issue = library.issues.make(WEEK)
        first = [paper.title for paper in (each.paper for each in issue.digest.papers[:5])]
        assert all("glaciers" in title for title in first)
        assert issue.digest.coverage.excluded["disliked"] == 1
        library.rate("2606.00002", 0)
        assert "disliked" not in library.issues.make(WEEK).digest.coverage.excluded
        with pytest.raises(PaperNotFound):
            library.rate("2606.99999", 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[subscriptions.mine]\ntopic = ["x"]\n', "topic"),
        ("[subscriptions.mine]\nsize = 0\n", "size` must be at least 1"),
        ('[subscriptions.mine]\nthreshold = "high"\n', "threshold"),
        ('[subscriptions.mine]\ntimezone = "Nowhere"\n', "Nowhere"),
        ('[subscriptions.mine]\nevery = "year"\n', "every"),
        ('[subscriptions."a/b"]\n', "a/b"),
        ('[subscriptions.mine]\nformats = ["pdf"]\n', "pdf"),
        ("[subscriptions.a]\n[subscriptions.b]\n", "several subscriptions"),
    ],
)
def test_a_wrong_subscription_is_told(tmp_path: Path, text: str, said: str) -> None:
    with (
        refdesk.open_library(configured(tmp_path / "library", text)) as library,
        pytest.raises(ConfigError, match=said),
    ):
        library.digest(WEEK)


def test_a_claim_of_an_issue_is_a_claim(made: refdesk.Library) -> None:
    assert all(isinstance(claim, Claim) for claim in made.digest(WEEK).headline)


def daily(upvotes: dict[int, int], day: str = "2026-06-16") -> str:
    """A page of Hugging Face's daily papers."""
    papers = []
    for number, count in upvotes.items():
        made = record(number, day)
        papers.append(
            {
                "paper": {
                    "id": made["arxiv_id"],
                    "title": made["title"],
                    "summary": made["abstract"],
                    "publishedAt": f"{day}T00:00:00.000Z",
                    "submittedOnDailyAt": f"{day}T00:00:00.000Z",
                    "upvotes": count,
                }
            }
        )
    return json.dumps(papers)


def test_attention_is_kept_with_its_day_and_trending_orders_by_it(tmp_path: Path) -> None:
    folder = configured(tmp_path / "library", '[subscriptions.mine]\norder = "trending"\nsize = 3\n')
    (tmp_path / "daily.json").write_text(daily({1: 5, 2: 90, 3: 0, 4: 31}), encoding="utf-8")
    with refdesk.open_library(folder) as library:
        library.add(tmp_path / "daily.json")
        papers = library.digest(WEEK).papers
        assert [paper.paper.attention[0].count for paper in papers] == [90, 31, 5]
        assert "90" in papers[0].why and papers[0].paper.attention[0].seen
        again = library.add(tmp_path / "daily.json")
        assert (again.unchanged, again.updated) == (4, 0)
        (tmp_path / "daily.json").write_text(daily({1: 500, 2: 90}), encoding="utf-8")
        later = library.add(tmp_path / "daily.json")
        assert (later.unchanged, later.updated) == (2, 0)  # of the paper itself nothing changed
        assert [paper.paper.attention[0].count for paper in library.digest(WEEK).papers] == [500, 90, 31]
        assert b"500 upvotes" in library.issues.rendered(library.digest(WEEK), "html")


BIB = """
@article{one, title = {The melting of glaciers in the Alps}, author = {Byron, Ada}, year = {2025},
  abstract = {Glaciers of the Alps lose ice in warm summers. We measured glaciers for ten years.}}
@article{two, title = {Glaciers and their meltwater}, author = {Byron, Ada}, year = {2024}}
"""


def test_a_subscription_takes_its_interests_from_a_tag_or_a_file_of_ones_own(tmp_path: Path) -> None:
    bib = tmp_path / "mine.bib"
    bib.write_text(BIB, encoding="utf-8")
    tables = f'[subscriptions.file]\nprofile = "{bib}"\n[subscriptions.tag]\nprofile = "tag:mine"\n'
    folder = configured(tmp_path / "library", tables)
    notices: list[str] = []
    with refdesk.open_library(folder, notify=notices.append) as library:
        library.add(write(tmp_path / "papers.jsonl", [record(number, "2026-06-16") for number in range(60)]))
        untagged = library.digest(WEEK, subscription="tag")
        assert "The profile “tag:mine” has no papers; the issue is made without it." in notices
        assert all(paper.closeness is None for paper in untagged.papers)
        library.add(write(tmp_path / "own.jsonl", [record(1, "2026-06-16")]), tags=["mine"])  # glaciers
        for name, like in (("file", ("The melting of glaciers", "Glaciers and their")), ("tag", ("",))):
            issue = library.issues.make(WEEK, subscription=name)
            assert issue.digest.papers
            assert all("glaciers" in paper.paper.title for paper in issue.digest.papers)
            assert all(paper.why.startswith(tuple(f"like “{title}" for title in like)) for paper in issue.digest.papers)
        assert issue.digest.coverage.excluded["in your own library"] == 1


@pytest.mark.parametrize("profile", ["tag:", "mine.bib", "feed:zotero"])
def test_a_profile_that_is_neither_a_tag_nor_a_file_is_told(tmp_path: Path, profile: str) -> None:
    folder = configured(tmp_path / "library", f'[subscriptions.mine]\nprofile = "{profile}"\n')
    with refdesk.open_library(folder) as library, pytest.raises(ConfigError) as raised:
        library.digest(WEEK, subscription="mine")
    assert "`subscriptions.mine.profile` must be `tag:NAME` or a file of papers" in raised.value.message
