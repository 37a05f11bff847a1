"""The verifier over perturbed sentences: alterations are caught, and variants of the same meaning pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.perturbations import ALTERATIONS, HARMLESS
from benchmarks.verifier import UNRELATED, abstract_sentences, altered, checker, real_sentences, unaltered

CAUGHT = {
    "number": 1.0,
    "unit": 0.999,
    "name": 0.99,
    "negation added": 0.97,
    "negation dropped": 0.97,
    "comparative": 0.97,
    UNRELATED: 0.99,
}
"""The least share of each alteration that must be unsupported."""
PASSED = dict.fromkeys(HARMLESS, 0.99)
"""The least share of each harmless variant that must be supported or verbatim."""
FLOORS = CAUGHT | PASSED
MOST = 2_000
FEWEST = 100
Counts = dict[str, tuple[int, int]]


@pytest.fixture(scope="module")
def invented() -> Counts:
    """Counts over all sentences of the sample library."""
    rows = abstract_sentences(Path(__file__).parents[2] / "examples" / "papers.jsonl", every=1)
    assert len(rows) > 400
    return altered(rows, checker()) | unaltered(rows, checker())


@pytest.fixture(scope="module")
def real(real_data: Path) -> Counts:
    """Counts over sentences of SciFact and arXiv, as many of each kind as there are up to MOST."""
    rows = real_sentences(real_data, every=3, abstracts=16)
    assert len(rows) > 30_000
    return altered(rows, checker(), limit=MOST) | unaltered(rows, checker(), limit=MOST)


def test_every_alteration_has_a_floor() -> None:
    assert set(CAUGHT) == {*ALTERATIONS, UNRELATED}


@pytest.mark.parametrize("kind", FLOORS)
def test_sentences_of_the_sample_library_keep_to_the_floors(kind: str, invented: Counts) -> None:
    hits, of = invented[kind]
    if not of:
        pytest.skip(f"the sample library has no sentence for “{kind}”")
    assert hits >= FLOORS[kind] * of, f"{hits} of {of}"


@pytest.mark.campaign
@pytest.mark.parametrize("kind", FLOORS)
def test_sentences_of_real_papers_keep_to_the_floors(kind: str, real: Counts) -> None:
    hits, of = real[kind]
    assert of >= FEWEST
    assert hits >= FLOORS[kind] * of, f"{hits} of {of}"
