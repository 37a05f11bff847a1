"""
Sentence roles: background, objective, method, result, conclusion or other, with a probability, for an abstract.

Section labels inside the abstract decide where there are any; elsewhere a small linear model does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rag.roles.features import Floats
from rag.roles.labels import ROLES, allowed
from rag.roles.model import COUNT, marginals, scores, weights
from rag.types import Paper, Role, Roles

AT_ONCE = 256
"""Abstracts whose probabilities are computed at once."""
_LEAST = np.float32(-30.0)


def roles(sentences: Sequence[str]) -> Roles:
    """
    The role of each sentence of one abstract.

    >>> [role.name for role in roles(["OBJECTIVE: To test it.", "RESULTS: It works.", "It is fast."])]
    ['objective', 'result', 'result']
    """
    return roles_of([sentences])[0]


def roles_of(abstracts: Sequence[Sequence[str]]) -> list[Roles]:
    """
    The role of each sentence of many abstracts, about 20,000 sentences a second.

    Args:
        abstracts: The sentences of each abstract, in order.

    Returns:
        For each abstract a role per sentence, the probability in tenths. The roles of an abstract do not depend on the
        other abstracts.
    """
    found: list[Roles] = [()] * len(abstracts)
    order = sorted((at for at, one in enumerate(abstracts) if one), key=lambda at: len(abstracts[at]))
    for begin in range(0, len(order), AT_ONCE):
        part = order[begin : begin + AT_ONCE]
        batch = [abstracts[at] for at in part]
        # the last digits depend on the size of the batch; rounded, they decide no tie
        both = probabilities(batch).astype(float).round(5)
        best, start = both.argmax(axis=1).tolist(), 0
        tenths = np.floor(both.max(axis=1) * 10 + 0.5).astype(int).tolist()
        for at, sentences in zip(part, batch, strict=True):
            end = start + len(sentences)
            found[at] = tuple(
                _ROLE[name][tenth] for name, tenth in zip(best[start:end], tenths[start:end], strict=True)
            )
            start = end
    return found


def probabilities(abstracts: Sequence[Sequence[str]]) -> Floats:
    """The probability of each of `ROLES` for each sentence, of all abstracts one after another; none may be empty."""
    flat = scores(abstracts, weights())
    row = 0
    for sentences in abstracts:
        for names in allowed(sentences):
            if names is not None:
                flat[row, [at for at in range(COUNT) if ROLES[at] not in names]] += _LEAST
            row += 1
    return marginals(flat, [len(sentences) for sentences in abstracts], weights())


def with_roles(papers: Sequence[Paper]) -> list[Paper]:
    """The papers, each with the roles of its sentences; those that lack them get them."""
    lacking = [at for at, paper in enumerate(papers) if len(paper.roles) != len(paper.spans)]
    computed = roles_of([[papers[at].abstract[start:end] for start, end in papers[at].spans] for at in lacking])
    found = list(papers)
    for at, of_paper in zip(lacking, computed, strict=True):
        found[at] = replace(papers[at], roles=of_paper)
    return found


def encode(found: Roles) -> str:
    """
    The roles of an abstract as text, two characters a sentence.

    >>> encode(roles(["RESULTS: It works."]))
    'ra'
    """
    return "".join(_CODE[role] for role in found)


def decode(codes: str) -> Roles:
    """The roles that `encode` wrote; none of any other text."""
    try:
        return tuple([_DECODED[codes[at : at + 2]] for at in range(0, len(codes), 2)])
    except KeyError:
        return ()


_ROLE = [[Role(name=name, probability=tenth / 10) for tenth in range(11)] for name in ROLES]
_DECODED = {
    f"{letter}{tenth:x}": role
    for letter, of_name in zip("bomrcx", _ROLE, strict=True)
    for tenth, role in enumerate(of_name)
}
_CODE = {role: code for code, role in _DECODED.items()}
