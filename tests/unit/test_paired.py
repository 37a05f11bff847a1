"""Paired tests against known tables and known distributions, and the command that uses them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rag.errors import UnreadableInput
from rag.evaluation import metrics, paired
from refdesk.evaluation import compare
from tests.commands import run

DOCUMENTS = {
    "d1": ("Sparse attention", "Sparse attention lowers memory use in long documents. It keeps the accuracy."),
    "d2": ("Citations in answers", "Inline citations make answers less correct. Readers trust them more."),
    "d3": ("Protein folding", "Folding of small proteins is predicted from sequences alone."),
}


def dataset(folder: Path, queries: dict[str, tuple[str, str]]) -> Path:
    (folder / "qrels").mkdir(parents=True)
    rows = [{"_id": name, "title": title, "text": text} for name, (title, text) in DOCUMENTS.items()]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = [{"_id": name, "text": text} for name, (text, _) in queries.items()]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    judged = [f"{name}\t{document}\t1\n" for name, (_, document) in queries.items()]
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(judged))
    return folder


@pytest.mark.parametrize(
    ("only_base", "only_now", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (6, 0, 0.03125),
        (12, 2, 0.012939453125),  # Armitage and Berry, 1994, p. 127: two media for tubercle bacilli, P = 0.0129
    ],
)
def test_mcnemar_gives_the_exact_p_of_known_tables(only_base: int, only_now: int, p: float) -> None:
    base = [True] * only_base + [False] * only_now + [True, False]
    now = [False] * only_base + [True] * only_now + [True, False]
    found = paired.mcnemar(base, now)
    assert (found.only_base, found.only_now) == (only_base, only_now)
    assert found.p == pytest.approx(p, rel=1e-5)


def test_mcnemar_agrees_with_scipy() -> None:
    binomtest = pytest.importorskip("scipy.stats").binomtest
    for lost, gained in ((3, 9), (20, 20), (0, 4), (41, 60)):
        expected = min(1.0, binomtest(lost, lost + gained).pvalue)
        found = paired.mcnemar([True] * lost + [False] * gained, [False] * lost + [True] * gained)
        assert found.p == pytest.approx(expected)


def test_the_bootstrap_interval_covers_the_true_difference_19_times_of_20() -> None:
    generator = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        base = generator.random(80)
        found = paired.bootstrap(base.tolist(), (base + generator.normal(0.1, 0.5, 80)).tolist(), resamples=1_000)
        assert found.interval
        covered += found.interval[0] <= 0.1 <= found.interval[1]
    assert 0.90 <= covered / 300 <= 0.985


def test_two_systems_that_are_as_good_differ_significantly_once_in_20() -> None:
    generator = np.random.default_rng(4)
    found = [paired.bootstrap(*generator.random((2, 60)).tolist(), resamples=1_000).p or 0 for _ in range(300)]
    assert 0.02 <= sum(p < 0.05 for p in found) / 300 <= 0.09


def test_the_bootstrap_agrees_with_the_t_test_and_is_the_same_each_time() -> None:
    ttest = pytest.importorskip("scipy.stats").ttest_rel
    generator = np.random.default_rng(5)
    base, now = generator.random(200), generator.random(200) + 0.04
    found = paired.bootstrap(base.tolist(), now.tolist())
    assert found == paired.bootstrap(base.tolist(), now.tolist())
    assert found.value == pytest.approx(float((now - base).mean()))
    assert found.p == pytest.approx(float(ttest(now, base).pvalue), abs=0.03)


def test_the_same_values_do_not_differ() -> None:
    assert paired.bootstrap([0.5, 1, 0], [0.5, 1, 0]) == paired.Difference(0.0, (0.0, 0.0), 1.0)


def test_the_difference_of_areas_is_that_of_the_measure() -> None:
    positive = [number % 2 == 0 for number in range(60)]
    base = [number * 7 % 60 / 60 for number in range(60)]
    now = [value + 0.5 * label for value, label in zip(base, positive, strict=True)]
    found = paired.bootstrap_auroc(base, now, positive, resamples=200)
    assert found.value == pytest.approx(metrics.auroc(now, positive) - metrics.auroc(base, positive))
    assert found.interval and found.interval[0] > 0 and found.p is not None and found.p < 0.05


def test_an_area_without_negatives_has_no_interval() -> None:
    found = paired.bootstrap_auroc([0.1, 0.2], [0.2, 0.3], [True, True], resamples=20)
    assert (found.interval, found.p) == (None, None)


def test_questions_that_changed_or_are_missing_are_named_and_not_compared() -> None:
    def document(rows: dict[str, tuple[str, float]]) -> dict[str, object]:
        values = {name: {"of": of, "ndcg@10": value} for name, (of, value) in rows.items()}
        return {"questions": {"test": {"queries": values}}, "corpus_hash": "x"}

    base = document({"q1": ("a", 0.0), "q2": ("b", 0.0), "q3": ("c", 0.0)})
    now = document({"q1": ("a", 1.0), "q2": ("other", 1.0), "q4": ("d", 1.0)})
    found = compare.compare(base, now)["splits"]["test"]
    assert found["missing"]["queries"] == {"in this run": ["q2", "q3"], "in the base": ["q2", "q4"]}
    row = found["measures"]["ndcg@10"]
    assert (row["questions"], row["base"], row["value"], row["mcnemar"]["only_now"]) == (1, 0.0, 1.0, 1)


@pytest.mark.parametrize("written", ["", "[1]", "{}", '{"questions": {"a": 1}, "corpus_hash": "x"}', "\xff\0"])
def test_a_file_that_is_no_run_is_refused(tmp_path: Path, written: str) -> None:
    path = tmp_path / "base.json"
    path.write_text(written, encoding="latin-1")
    with pytest.raises(UnreadableInput) as raised:
        compare.read(path)
    assert "eval DATASET --json" in str(raised.value.hint)


def test_the_command_compares_a_run_with_a_former_one(tmp_path: Path) -> None:
    queries = {"q1": ("sparse attention memory", "d1"), "q2": ("inline citations", "d2"), "q3": ("proteins", "d1")}
    first = dataset(tmp_path / "first", queries)
    ran = run("eval", first, "--json")
    assert ran.status == 0, ran.err
    base = tmp_path / "base.json"
    base.write_text(ran.out)
    assert set(json.loads(ran.out)["questions"]["test"]["queries"]) == {"q1", "q2", "q3"}

    second = dataset(tmp_path / "second", {name: queries[name] for name in ("q1", "q2")})
    compared = run("eval", second, "--compare", base, "--json")
    assert compared.status == 0, compared.err
    found = json.loads(compared.out)["comparison"]["splits"]["test"]
    assert found["missing"]["queries"] == {"in this run": ["q3"], "in the base": []}
    assert found["measures"]["ndcg@10"]["p"] == 1.0
    assert found["measures"]["recall@10"]["mcnemar"] == {"only_base": 0, "only_now": 0, "p": 1.0}

    shown = run("eval", second, "--compare", base)
    assert "test, compared with the base" in shown.out
    assert "1 queries not in this run: q3" in shown.out

    (second / "corpus.jsonl").write_text(json.dumps({"_id": "d1", "title": "Other", "text": "Another text."}) + "\n")
    refused = run("eval", second, "--compare", base, "--json")
    assert refused.status == 4
    assert "another data set" in json.loads(refused.out)["error"]["message"]
