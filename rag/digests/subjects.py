"""Spherical k-means: divide the papers of a reader's own library into subjects. Nothing is drawn at random."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rag.digests.tfidf import Array

EACH, MOST = 15, 5
"""There is a subject for so many papers, and at most so many subjects."""
ROUNDS = 20


def subjects(vectors: Array) -> list[NDArray[np.intp]]:
    """
    The rows of each subject, every row once.

    Args:
        vectors: A unit row for each paper, shape (n, d).

    Source: the first centres are as far from each other as can be (Gonzalez, "Clustering to minimize the maximum
    intercluster distance", 1985); then k-means by cosine (Dhillon and Modha, 2001).
    """
    count = min(MOST, max(1, len(vectors) // EACH))
    centres = [int(np.round(vectors @ vectors.sum(axis=0), 6).argmax())]
    while len(centres) < count:
        near = np.round(vectors @ vectors[centres].T, 6).max(axis=1)
        centres.append(int(near.argmin()))
    middle = vectors[centres]
    labels = np.zeros(len(vectors), dtype=np.intp)
    for _ in range(ROUNDS):
        labels = np.round(vectors @ middle.T, 6).argmax(axis=1)
        sums = np.array([vectors[labels == label].sum(axis=0) for label in range(count)])
        middle = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return [rows for label in range(count) if len(rows := np.flatnonzero(labels == label))]
