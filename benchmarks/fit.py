"""
Fit the coefficients of `rag.retrieval.retriever` and `rag.answers.confidence`.

The weights that rank papers and sentences are fitted by listwise softmax on SciFact's training claims, and for papers
also on topics of arXiv: the relevant candidates of a question are to be the likeliest. The confidence is a logistic
regression on those claims, with and without evidence, and on questions of PubMedQA and titles of arXiv with and
without their paper. The features were chosen by cross-validation on the training claims, whose folds share no gold
paper. The test claims and the odd questions are only reported.

    python -m benchmarks.fit

Source: Cao et al., "Learning to Rank: From Pairwise Approach to Listwise Approach", ICML 2007 (top-one likelihood).
"""

from __future__ import annotations

import argparse
import io
import tempfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import topics
from benchmarks.report import data_folder, rows_of, table, write_section
from rag import text
from rag.answers.confidence import FEW_TERMS
from rag.embedders.worker import ahead, at_once
from rag.evaluation import metrics
from rag.question import understand
from rag.retrieval.late_interaction import Array, MatchFeatures
from rag.retrieval.retriever import Retriever
from rag.types import Paper
from refdesk import wiring
from refdesk.evaluation.datasets import Dataset
from refdesk.evaluation.run import is_gold
from refdesk.opening import open_library
from stores.ingest import import_records

FOLDS = 5
RIDGE = 1e-3
PAPER = ("lexical", "cosine", "best", "title", "unit_title", "unit_paper")
SENTENCE = ("sentence", "lexical", "cosine", "position")
ANSWER = ("lexical", "covered", "unit_paper", "cosine")
TODAY = date(2026, 1, 1)
TOPICS, TOPICS_UNTIL = 160, "2025-07"
"""Topics of arXiv asked beside the claims, of papers before this month; `benchmarks.topics` reports later ones."""
MIX = {
    "claims": 1.0, "pubmedqa own": 0.25, "pubmedqa+scifact own": 0.25, "pubmedqa+scifact absent": 0.25,
    "pubmedqa in arxiv": 0.25, "arxiv own": 0.15, "small own": 0.15, "arxiv in small": 0.15, "arxiv in scifact": 0.15,
}  # fmt: skip
"""How much each kind of question counts in the fit of the confidence, by all its questions together."""
OFF_TOPIC = """
What is the best recipe for sourdough bread?|Who won the football world cup in 1998?|How do I renew a French passport?
|What causes inflation in medieval Spain?|Which whisky distilleries are on Islay?|How do I change the oil of a car?
|What did Napoleon eat at Waterloo?|Where can I buy cheap train tickets to Vienna?|How tall is the Eiffel Tower?
|When do cherry trees blossom in Kyoto?|What is the plot of Hamlet?|How do volcanoes form on Iceland?
|Which tax rules apply to freelance gardeners?|Who composed the opera Carmen?|How do bees make honey?
|Why is the sky blue?
""".replace("\n", "").split("|")
Fit = Callable[[Sequence["Candidates"], Sequence[str]], Array]
Score = Callable[["Candidates", Sequence[str], Array], list[float]]


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The candidates of a question with their features before weighting, and which are right, if that is known."""

    papers: list[Paper]
    features: MatchFeatures
    cosine: Array
    terms: int
    apart: float
    relevant: dict[str, int]
    gold: frozenset[tuple[str, int]] = frozenset()
    answerable: bool = False

    def paper(self, names: Sequence[str]) -> Array:
        """Features of the papers, (n, features)."""
        columns = [self.cosine if name == "cosine" else getattr(self.features, name) for name in names]
        return np.stack(columns, axis=1)

    def sentence(self, names: Sequence[str]) -> Array:
        """Features of the sentences, (m, features)."""
        of_sentence = ("sentence", "position")
        columns = [
            getattr(self.features, name) if name in of_sentence else self.paper([name])[self.features.owner, 0]
            for name in names
        ]
        return np.stack(columns, axis=1)

    def answer(self, weights: Array) -> Array:
        """What `Signals` holds: of the paper of the best sentence by `weights`."""
        best = int(np.argmax(self.sentence(SENTENCE) @ weights))
        return np.array(self.paper(ANSWER)[self.features.owner[best]])

    @property
    def is_relevant(self) -> Array:
        """1 where a paper is relevant."""
        return np.array([float(self.relevant.get(paper.paper_id, 0) > 0) for paper in self.papers])

    @property
    def is_gold(self) -> Array:
        """1 where a sentence is evidence."""
        rows = zip(self.features.owner, self.features.number, strict=True)
        return np.array([float((self.papers[owner].paper_id, int(number)) in self.gold) for owner, number in rows])


def look(
    retriever: Retriever, question: str, *, without: str = "", relevant: dict[str, int] | None = None
) -> Candidates:
    """The candidates of a question; the paper `without` counts as not in the library."""
    candidates = retriever.candidates(understand(question, today=TODAY), without=[without])
    assert candidates, question
    return Candidates(
        papers=list(candidates.papers),
        features=candidates.features,
        cosine=candidates.cosine,
        terms=candidates.terms,
        apart=candidates.apart,
        relevant=relevant or {},
    )


def newton(objective: Callable[[Array], tuple[float, Array, Array]], size: int) -> Array:
    """Minimise, by Newton's method, a convex function that returns its value, gradient and Hessian."""
    at = np.zeros(size)
    for _ in range(50):
        value, gradient, hessian = objective(at)
        if np.abs(gradient).max() < 1e-8:
            break
        step, length = np.linalg.solve(hessian, gradient), 1.0
        while objective(at - length * step)[0] > value and length > 1e-6:
            length /= 2
        at = at - length * step
    return at


def fit_listwise(features: Sequence[Array], right: Sequence[Array]) -> Array:
    """Weights that make the right candidates likeliest under each question's softmax(features @ weights)."""
    kept = [row for row, is_right in enumerate(right) if is_right.any()]
    stacked = np.concatenate([features[row] for row in kept])
    sizes = np.array([len(features[row]) for row in kept])
    first, scale = np.cumsum(sizes) - sizes, stacked.std(axis=0) + 1e-9
    x, y = stacked / scale, np.concatenate([right[row] / right[row].sum() for row in kept])

    def objective(weights: Array) -> tuple[float, Array, Array]:
        scores = x @ weights
        scores -= np.repeat(np.maximum.reduceat(scores, first), sizes)
        total = np.repeat(np.add.reduceat(np.exp(scores), first), sizes)
        chance = np.exp(scores) / total
        value = -(y @ (scores - np.log(total))) / len(kept) + RIDGE * weights @ weights
        means = np.add.reduceat(x * chance[:, None], first, axis=0)
        hessian = ((x * chance[:, None]).T @ x - means.T @ means) / len(kept) + 2 * RIDGE * np.eye(len(weights))
        return float(value), x.T @ (chance - y) / len(kept) + 2 * RIDGE * weights, hessian

    weights: Array = newton(objective, x.shape[1]) / scale
    return weights


def fit_logistic(features: Array, right: Array, share: Array) -> Array:
    """Weights of a logistic regression over weighted examples; the last one is the constant."""
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-9
    x, share = np.column_stack([(features - mean) / scale, np.ones(len(features))]), share / share.sum()
    ridge = RIDGE * np.append(np.ones(features.shape[1]), 0)

    def objective(weights: Array) -> tuple[float, Array, Array]:
        logit = x @ weights
        chance = 1 / (1 + np.exp(-logit))
        value = share @ (np.logaddexp(0, logit) - right * logit) + ridge @ weights**2
        hessian = (x * (share * chance * (1 - chance))[:, None]).T @ x + 2 * np.diag(ridge)
        return float(value), x.T @ (share * (chance - right)) + 2 * ridge * weights, hessian

    weights = newton(objective, x.shape[1])
    slopes = weights[:-1] / scale
    return np.append(slopes, weights[-1] - slopes @ mean)


def chances(weights: Array, features: Array) -> Array:
    """The probabilities that a logistic regression gives."""
    return np.asarray(1 / (1 + np.exp(-(features @ weights[:-1] + weights[-1]))))


def fold(question: Candidates) -> int:
    """The number of the cross-validation fold; questions about one paper share it."""
    return zlib.crc32(min(question.relevant).encode()) % FOLDS


def crossed(questions: Sequence[Candidates], names: Sequence[str], fit: Fit, score: Score) -> Array:
    """Cross-validation: the scores of each question by weights fitted on the other folds."""
    weights = [
        fit([question for question in questions if fold(question) != held_out], names) for held_out in range(FOLDS)
    ]
    return np.array([score(question, names, weights[fold(question)]) for question in questions])


def fit_papers(questions: Sequence[Candidates], names: Sequence[str]) -> Array:
    """Fit the weights of the features of papers."""
    return fit_listwise(
        [question.paper(names) for question in questions], [question.is_relevant for question in questions]
    )


def fit_sentences(questions: Sequence[Candidates], names: Sequence[str]) -> Array:
    """Fit the weights of the features of sentences."""
    return fit_listwise(
        [question.sentence(names) for question in questions], [question.is_gold for question in questions]
    )


def ndcg(question: Candidates, names: Sequence[str], weights: Array) -> list[float]:
    """nDCG@10."""
    order = np.argsort(-(question.paper(names) @ weights), kind="stable")
    return [metrics.ndcg([question.papers[row].paper_id for row in order], question.relevant, at=10)]


def hits(question: Candidates, names: Sequence[str], weights: Array) -> list[float]:
    """Whether evidence is among the first 1, 3, 5 and 10 sentences."""
    found = question.is_gold[np.argsort(-(question.sentence(names) @ weights), kind="stable")]
    return [float(found[:at].any()) for at in (1, 3, 5, 10)]


def ablation(
    train: Sequence[Candidates], test: Sequence[Candidates], choices: Iterable[Sequence[str]], fit: Fit, score: Score
) -> str:
    """A table of feature sets: the training claims by cross-validation, the test claims with an interval."""
    rows = []
    for names in choices:
        weights = fit(train, names)
        reported = np.array([score(question, names, weights) for question in test])
        low, high = metrics.interval(reported[:, -2 if reported.shape[1] > 1 else 0].tolist())
        both = (crossed(train, names, fit, score), reported)
        figures = [" / ".join(f"{value:.3f}" for value in scores.mean(axis=0)) for scores in both]
        rows.append([", ".join(names), *figures, f"{low:.3f} to {high:.3f}"])
    return table(["features", "train, cross-validated", "test", "95 % of nDCG@10 or hit@5"], rows)


def paper(key: str, title: str, abstract: str) -> Paper:
    """A paper; without a title if the title is to be its question."""
    return Paper(paper_id=key, title=text.clean(title), abstract=text.clean(abstract), aliases=(key,), source="fit")


def retriever(folder: Path, papers: Sequence[Paper]) -> Retriever:
    """A retriever over a new library of these papers."""
    store = open_library(folder)._store
    import_records(store, papers, ahead=ahead, at_once=at_once)
    return wiring.retriever(store)


def title_question(title: str, number: int) -> str:
    """A question in one of four forms, made of a title without the name before its colon."""
    after = title.split(":")[-1].strip()
    form = ("How does {} work?", "What is known about {}?", "{}", "Which paper proposes {}?")[number % 4]
    return form.format(after if len(after.split()) > 3 else title)


def scifact_looks(library: Retriever, data: Dataset) -> tuple[list[Candidates], list[Candidates]]:
    """SciFact's training and test claims; those of its dev file are the test queries of BEIR."""
    claims = {claim.text: claim for split in ("train", "dev") for claim in data.claims(split)}
    documents = sorted({f"file:scifact:{doc_id}" for claim in claims.values() for doc_id in claim.evidence})
    papers, sentences = library._catalog.papers(documents), data.sentences()
    splits: dict[str, list[Candidates]] = {"train": [], "test": []}
    for split, into in splits.items():
        for query, grades in sorted(data.relevance(split).items(), key=lambda item: int(item[0])):
            claim = claims[data.queries[query]]
            candidates = look(
                library, claim.text, relevant={f"file:scifact:{key}": grade for key, grade in grades.items()}
            )
            gold = frozenset(
                (paper_id, sentence.number)
                for paper_id in (f"file:scifact:{document}" for document in claim.evidence)
                for sentence in papers[paper_id].sentences
                if is_gold(papers[paper_id], sentence, claim, sentences)
            )
            into.append(replace(candidates, gold=gold, answerable=bool(claim.evidence)))
    return splits["train"], splits["test"]


def topic_looks(folder: Path, temporary: Path) -> tuple[list[Candidates], dict[str, list[Candidates]]]:
    """
    Topics asked plainly and within a question; the papers with the phrase in the title are relevant.

    Also short questions, of which the library holds the topic, or else its two words but not together: the first of
    one topic and the last of another.
    """
    rows = [row for row in rows_of(folder / "arxiv_daily" / "2025.jsonl.gz") if row["date"] < TOPICS_UNTIL]
    library = retriever(
        temporary / "topics", [paper(f"arxiv:{row['id']}", row["title"], row["abstract"]) for row in rows]
    )
    asked = []
    for number, phrase in enumerate(topics.topics((row["title"] for row in rows), TOPICS)):
        form = ("{}", "What do recent papers say about {}?")[number % 2]
        candidates = look(library, form.format(phrase))
        relevant = {each.paper_id: 1 for each in candidates.papers if topics.holds(phrase, each.title)}
        asked.append(replace(candidates, relevant=relevant))
    phrases = [phrase.split() for phrase in topics.topics((row["title"] for row in rows), TOPICS)]
    kinds: dict[str, list[Candidates]] = {"short own": [], "short absent": []}
    texts = [" ".join(topics.words_of(f"{row['title']} {row['abstract']}")) for row in rows]
    for number, (words, others) in enumerate(pairwise(phrases)):
        form = ("What explains {}?", "{}", "What is {}?", "Does {} help?")[number % 4]
        kinds["short own"].append(look(library, form.format(" ".join(words))))
        mixed = f"{words[0]} {others[-1]}"
        if not any(mixed in text for text in texts):
            kinds["short absent"].append(look(library, form.format(mixed)))
    return [question for question in asked if question.relevant], kinds


def transfer_looks(
    folder: Path, scifact: Retriever, corpus: list[Paper], temporary: Path
) -> dict[str, list[Candidates]]:
    """Questions of other fields by kind. Only the papers of the kind “own” are in the library."""
    asked = [(f"pmid:{row['pmid']}", row) for row in rows_of(folder / "pubmedqa" / "train_dev.jsonl.gz")]
    contexts = [paper(key, "", " ".join(row["contexts"])) for key, row in asked]
    listed = rows_of(folder / "arxiv_daily" / "2025.jsonl.gz")

    def untitled(rows: list[dict[str, Any]], step: int) -> list[Paper]:
        titles = [row["title"] if at % step else "" for at, row in enumerate(rows)]
        return [paper(f"arxiv:{row['id']}", title, row["abstract"]) for row, title in zip(rows, titles, strict=True)]

    large_rows, small_rows = listed[::8][:5000], listed[1::175][:232]
    pubmedqa, both = retriever(temporary / "pubmedqa", contexts), retriever(temporary / "both", contexts + corpus)
    large = retriever(temporary / "large", untitled(large_rows, 20))
    small = retriever(temporary / "small", untitled(small_rows, 2))
    kinds: dict[str, list[Candidates]] = {}
    for key, row in asked:
        for name, library in (("pubmedqa", pubmedqa), ("pubmedqa+scifact", both)):
            kinds.setdefault(f"{name} own", []).append(look(library, row["question"]))
            kinds.setdefault(f"{name} absent", []).append(look(library, row["question"], without=key))
        kinds.setdefault("pubmedqa in arxiv", []).append(look(large, row["question"]))
    for name, library, rows in (("arxiv", large, large_rows[::20]), ("small", small, small_rows[::2])):
        for number, row in enumerate(rows):
            question = title_question(row["title"], number)
            kinds.setdefault(f"{name} own", []).append(look(library, question))
            kinds.setdefault(f"{name} absent", []).append(look(library, question, without=f"arxiv:{row['id']}"))
            if name == "arxiv":
                kinds.setdefault("arxiv in small", []).append(look(small, question))
                kinds.setdefault("arxiv in scifact", []).append(look(scifact, question))
    for name, library in (("arxiv", large), ("small", small), ("scifact", scifact)):
        kinds[f"off-topic in {name}"] = [look(library, question) for question in OFF_TOPIC]
    return kinds


def fit_answer(train: Sequence[Candidates], kinds: dict[str, list[Candidates]], weights: Array, size: int) -> Array:
    """The confidence by the first `size` features of `ANSWER`: the even questions of each kind, and the claims."""
    features, right, share = [], [], []
    for name, counts in MIX.items():
        questions = train if name == "claims" else kinds[name][::2]
        features.append(np.array([question.answer(weights)[:size] for question in questions]))
        right.append(
            [float(question.answerable if name == "claims" else name.endswith("own")) for question in questions]
        )
        share.append(np.full(len(questions), counts / len(questions)))
    return fit_logistic(np.concatenate(features), np.concatenate(right), np.concatenate(share))


def fit_apart(kinds: dict[str, list[Candidates]], weights: Array, constants: Array) -> float:
    """The weight of words that stand apart, on the even short questions; the other constants stay as they are."""
    questions = [
        (question, name == "short own") for name in ("short own", "short absent") for question in kinds[name][::2]
    ]
    size = len(constants) - 1
    offset = np.array([question.answer(weights)[:size] @ constants[:-1] + constants[-1] for question, _ in questions])
    apart = np.array([question.apart * (question.terms <= FEW_TERMS) for question, _ in questions])
    right = np.array([float(own) for _, own in questions])

    def objective(weight: Array) -> tuple[float, Array, Array]:
        logit = offset + weight[0] * apart
        chance = 1 / (1 + np.exp(-logit))
        value = np.mean(np.logaddexp(0, logit) - right * logit) + RIDGE * weight[0] ** 2
        gradient = np.array([np.mean((chance - right) * apart) + 2 * RIDGE * weight[0]])
        return float(value), gradient, np.array([[np.mean(chance * (1 - chance) * apart**2) + 2 * RIDGE]])

    return float(newton(objective, 1)[0])


def report_answer(
    train: Sequence[Candidates],
    test: Sequence[Candidates],
    kinds: dict[str, list[Candidates]],
    weights: Array,
    size: int,
) -> None:
    """Print how well the confidence separates, how reliable it is, and what a threshold lets through."""
    by_fold = [
        fit_answer([question for question in train if fold(question) != held_out], kinds, weights, size)
        for held_out in range(FOLDS)
    ]
    crossed_ = [float(chances(by_fold[fold(question)], question.answer(weights)[None, :size])[0]) for question in train]
    fitted = fit_answer(train, kinds, weights, size)

    of_apart = fit_apart(kinds, weights, fitted)

    def confidence_of(questions: Sequence[Candidates]) -> Array:
        features = np.array([question.answer(weights)[:size] for question in questions])
        apart = np.array([question.apart * (question.terms <= FEW_TERMS) for question in questions])
        return np.asarray(1 / (1 + np.exp(-(features @ fitted[:-1] + fitted[-1] + of_apart * apart))))

    known, values = [question.answerable for question in test], confidence_of(test)
    low, high = metrics.auroc_interval(values.tolist(), known)
    print(f"\n{', '.join(ANSWER[:size])}: constants {np.round(fitted, 3).tolist()}, apart {of_apart:.3f}")
    print(f"AUROC train, cross-validated {metrics.auroc(crossed_, [question.answerable for question in train]):.3f}")
    print(f"AUROC dev {metrics.auroc(values.tolist(), known):.3f} ({low:.3f} to {high:.3f})\n")
    bins = metrics.reliability(values.tolist(), known)
    reliable = [[f"{count}", f"{mean:.2f}", f"{share:.2f}"] for count, mean, share in bins]
    print(table(["claims of dev", "said", "was"], reliable), "\n")
    groups = {"dev, evidence": values[np.array(known)], "dev, none": values[~np.array(known)]}
    groups |= {
        name: confidence_of(questions if name.startswith("off") else questions[1::2])
        for name, questions in kinds.items()
    }
    for name in ("pubmedqa", "pubmedqa+scifact", "arxiv", "small", "short"):
        own, absent = groups[f"{name} own"], groups[f"{name} absent"]
        area = metrics.auroc([*own, *absent], [True] * len(own) + [False] * len(absent))
        print(f"{name}, own against absent: AUROC {area:.3f}")
    at = (0.3, 0.35, 0.4, 0.45, 0.5)
    rows = [
        [name, f"{np.median(values):.2f}", *(f"{np.mean(values >= value):.2f}" for value in at)]
        for name, values in groups.items()
    ]
    print("\n" + table(["questions", "median", *(f"answered at {value}" for value in at)], rows))


def named(features: Sequence[str], weights: Array) -> dict[str, float]:
    """A constant as Python text, to paste into `rag.retrieval.retriever`."""
    return dict(zip(features, np.round(weights, 3).tolist(), strict=True))


def main() -> None:
    """Fit, print, and write the section “Fit” of docs/evaluation.md."""
    argparse.ArgumentParser(description=__doc__.splitlines()[1]).parse_args()
    printed = io.StringIO()
    with redirect_stdout(printed):
        report()
    write_section("Fit", printed.getvalue().strip())


def report() -> None:
    """Print the tables and the constants."""
    folder = data_folder()
    data = Dataset(folder / "scifact")
    corpus = [
        paper(f"file:scifact:{document['_id']}", document["title"], document["text"]) for document in data.documents()
    ]
    with tempfile.TemporaryDirectory(prefix="refdesk-fit-") as temporary:
        scifact = retriever(Path(temporary) / "scifact", corpus)
        train, test = scifact_looks(scifact, data)
        kinds = transfer_looks(folder, scifact, corpus, Path(temporary))
        about, short = topic_looks(folder, Path(temporary))
        kinds |= short
    choices = [PAPER[:n] for n in range(1, 1 + len(PAPER))]
    print("Papers, nDCG@10\n\n" + ablation(train, test, choices, fit_papers, ndcg))
    claims, reported = [[question for question in of if question.answerable] for of in (train, test)]
    orders = [SENTENCE[:n] for n in range(1, 1 + len(SENTENCE))]
    print("\nSentences, hit@1 / 3 / 5 / 10\n\n" + ablation(claims, reported, orders, fit_sentences, hits), "\n")
    of_papers = fit_papers([*train, *about], PAPER)
    print("PAPER_WEIGHTS =", named(PAPER, of_papers))
    for name, questions in (("train", train), ("test", test), ("topics", about)):
        print(f"with topics, nDCG@10 {name} {np.mean([ndcg(each, PAPER, of_papers) for each in questions]):.3f}")
    print("SENTENCE_WEIGHTS =", named(SENTENCE, fit_sentences(claims, SENTENCE)))
    weights = fit_sentences(claims, SENTENCE)
    for size in range(2, 1 + len(ANSWER)):
        report_answer(train, test, kinds, weights, size)


if __name__ == "__main__":
    main()
