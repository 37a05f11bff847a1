"""Selection: every listed paper gets one decision, and nothing is left out without a reason."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rag import identity, text
from rag.digests import selection
from rag.digests.ranking import Ranked
from rag.digests.selection import Candidate
from rag.types import Paper, Revision, Subscription

ABSTRACT = (
    "We study a thing with 12 runs. It works well on the tests that we made for it. We say why it does so at length."
)


def paper(number: int = 1, **fields: object) -> Paper:
    made = Paper(paper_id=f"arxiv:2607.{number:05d}", title=f"Thing {number}", abstract=ABSTRACT)
    made = replace(made, aliases=(made.paper_id,), **fields)  # type: ignore[arg-type]
    return replace(made, spans=text.split(made.abstract))


def ranked(papers: list[Paper], *scores: float) -> list[Ranked]:
    return [Ranked(paper_id=each.paper_id, score=score, why="near") for each, score in zip(papers, scores, strict=True)]


def reasons(subscription: Subscription, *papers: Paper) -> list[str | None]:
    return [each.reason for each in selection.apply_filters((Candidate(paper=one) for one in papers), subscription)]


def test_a_paper_in_none_of_the_categories_is_left_out_whatever_their_case() -> None:
    papers = [paper(1, categories=("cs.CL", "cs.AI")), paper(2, categories=("math.CO",)), paper(3)]
    assert reasons(Subscription(categories=("CS.cl",)), *papers) == [None, *["in none of the categories"] * 2]


def test_words_that_must_and_must_not_occur_are_whole_words_of_title_or_abstract() -> None:
    papers = [paper(1, title="Graph nets"), paper(2, title="Graphs"), paper(3, title="A graph  net survey")]
    assert reasons(Subscription(must=("graph",)), *papers) == [None, "without a word that must occur", None]
    assert reasons(Subscription(must_not=("graph net",)), *papers)[2] == "with a word that must not occur"
    assert reasons(Subscription(must_not=("(", "[a-z]")), *papers) == [None, None, None]


def test_withdrawn_and_disliked_papers_are_left_out() -> None:
    assert reasons(Subscription(), paper(1, flags=("withdrawn",))) == ["withdrawn"]
    assert reasons(Subscription(disliked=("arxiv:2607.00001",)), paper(1)) == ["disliked"]


def test_the_threshold_and_the_size_leave_out_with_their_reasons() -> None:
    papers = [paper(number) for number in range(1, 15)]
    sieved = selection.apply_filters((Candidate(paper=each) for each in papers), Subscription())
    subscription = Subscription(threshold=0.4, size=2)
    decisions = selection.select(sieved, ranked(papers, *[0.9] * 12, 0.3, 0.1), subscription)
    assert [each.rank for each in decisions] == [1, 2, *[None] * 12]
    left_out = {"beyond the size of the issue": 2, "below the threshold": 2, "named as also near": 8}
    assert selection.excluded(decisions) == left_out
    assert [each.candidate.paper.paper_id for each in decisions if each.also_near] == [
        each.paper_id for each in papers[2:10]
    ]


def test_with_interests_the_cards_end_where_the_scores_drop_and_what_follows_is_also_near() -> None:
    papers = [paper(number) for number in range(1, 10)]
    scores = (0.6, 0.55, 0.5, 0.5, 0.2, 0.19, 0.09, 0.06, 0.04)
    wanted = Subscription(topics=("things",))
    sieved = selection.apply_filters((Candidate(paper=each) for each in papers), wanted)
    decisions = selection.select(sieved, ranked(papers, *scores), wanted)
    assert [bool(each.rank) for each in decisions] == [True] * 4 + [False] * 5
    assert [each.also_near for each in decisions[4:]] == [True, True, True, True, False]
    own = replace(wanted, threshold=0.05)  # a reader who sets a threshold gets what is above it
    assert sum(bool(each.rank) for each in selection.select(sieved, ranked(papers, *scores), own)) == 8


def test_what_only_the_feedback_brought_near_to_a_topic_is_neither_told_nor_named() -> None:
    papers = [paper(number) for number in range(1, 5)]
    wanted = Subscription(topics=("things",))
    sieved = selection.apply_filters((Candidate(paper=each) for each in papers), wanted)
    given = [replace(each, direct=each.paper_id == papers[0].paper_id) for each in ranked(papers, 0.3, 0.3, 0.3, 0.3)]
    decisions = selection.select(sieved, given, wanted)
    assert [each.rank for each in decisions] == [1, None, None, None]
    assert selection.excluded(decisions) == {"below the threshold": 3}


def test_revised_papers_obey_the_size_and_leave_room_for_new_ones() -> None:
    new = [Candidate(paper=paper(number)) for number in range(1, 7)]
    back = [Candidate(paper=paper(number), status="revised", changes="numbers changed") for number in range(10, 17)]
    sieved = selection.apply_filters([*new, *back], Subscription())
    every = ranked([each.paper for each in sieved], *[0.5] * 13)

    def shown(size: int) -> list[str]:
        decisions = selection.select(sieved, every, Subscription(size=size))
        return [each.candidate.status for each in decisions if each.rank]

    assert shown(6) == ["new"] * 4 + ["revised"] * 2
    assert shown(10) == ["new"] * 6 + ["revised"] * 4
    assert shown(40) == ["new"] * 6 + ["revised"] * 7


def test_papers_of_followed_authors_come_first_however_their_names_are_written() -> None:
    papers = [paper(1), paper(2, authors=("Ó Muirthile, Pádraic",))]
    sieved = selection.apply_filters((Candidate(paper=each) for each in papers), Subscription())
    follows = Subscription(authors=("Padraic O Muirthile",), topics=("things",))
    decisions = selection.select(sieved, ranked(papers, 0.9, 0.0), follows)
    assert [each.candidate.paper.paper_id for each in decisions] == ["arxiv:2607.00002", "arxiv:2607.00001"]
    assert "whom you follow" in decisions[0].why


def test_who_only_follows_authors_gets_no_other_papers() -> None:
    papers = [paper(1), paper(2, authors=("Ada Byron",))]
    sieved = selection.apply_filters((Candidate(paper=each) for each in papers), Subscription())
    decisions = selection.select(sieved, ranked(papers, 0.9, 0.0), Subscription(authors=("Ada Byron",)))
    assert [(each.rank, each.reason) for each in decisions] == [(1, None), (None, "below the threshold")]


def revision(of: Paper) -> Revision:
    return Revision(
        hash=identity.content_hash(of.title, of.abstract),
        seen="2026-06-01T00:00:00+00:00",
        title=of.title,
        abstract=of.abstract,
        spans=of.spans,
    )


def now(old: Paper, abstract: str, **fields: object) -> Paper:
    changed = replace(old, abstract=abstract, **fields)  # type: ignore[arg-type]
    return replace(changed, spans=text.split(abstract))


def test_a_changed_number_brings_a_paper_back_and_a_changed_word_does_not() -> None:
    old = paper()
    before = revision(old)
    back = selection.returning(now(old, ABSTRACT.replace("12 runs", "21 runs")), before.hash, [before])
    assert back is not None
    assert (back.status, back.changes) == ("revised", "1 of 3 sentences are new or changed, numbers changed")
    assert selection.returning(now(old, ABSTRACT.replace("at length", "at some length")), before.hash, [before]) is None
    assert selection.returning(old, before.hash, [before]) is None


def test_other_sentences_bring_a_paper_back_without_any_number() -> None:
    old = paper()
    before = revision(old)
    other = ABSTRACT.replace(
        "It works well on the tests that we made for it.", "The old method turns out to be at fault."
    )
    back = selection.returning(now(old, other), before.hash, [before])
    assert back is not None and back.changes == "1 of 3 sentences are new or changed"


def test_a_withdrawn_paper_comes_back_flagged_and_binds_no_threshold_or_size() -> None:
    old = paper()
    before = revision(old)
    back = selection.returning(now(old, ABSTRACT, flags=("withdrawn",)), before.hash, [before])
    assert back is not None and back.status == "withdrawn"
    others = [Candidate(paper=paper(number)) for number in (2, 3)]
    subscription = Subscription(size=1, threshold=0.5)
    sieved = selection.apply_filters([back, *others], subscription)
    decisions = selection.select(sieved, ranked([each.paper for each in sieved], 0.1, 0.9, 0.8), subscription)
    assert [each.candidate.status for each in decisions if each.rank] == ["new", "withdrawn"]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30), st.floats(0, 1), st.integers(1, 10))
def test_every_listed_paper_is_shown_or_counted_under_a_reason(
    given_: list[tuple[float, bool]], threshold: float, size: int
) -> None:
    papers = [paper(number, flags=("withdrawn",) if gone else ()) for number, (_, gone) in enumerate(given_, start=1)]
    subscription = Subscription(threshold=threshold, size=size)
    sieved = selection.apply_filters((Candidate(paper=each) for each in papers), subscription)
    kept = [each.paper for each in sieved if not each.reason]
    scores = sorted((score for score, gone in given_ if not gone), reverse=True)
    decisions = selection.select(sieved, ranked(kept, *scores), subscription)
    shown = [each for each in decisions if each.rank]
    assert len(shown) + sum(selection.excluded(decisions).values()) == len(decisions) == len(papers)
    assert [each.rank for each in shown] == list(range(1, len(shown) + 1))
    assert len(shown) <= size
