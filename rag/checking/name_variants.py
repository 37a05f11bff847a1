"""
Variants of a name: acronyms and what they stand for, places and their peoples.

It compares a name with the words of a text in lower case; `rag.checking.words` finds the names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


def spelled_out(acronym: str, parts: Sequence[str]) -> bool:
    """True if consecutive words spell an acronym: CNN, ViT (vision transformer), miRNA (microRNA or micro RNA)."""
    if acronym.isupper() and acronym.casefold() in "".join(part[:1] for part in parts):
        return True
    lowered = acronym.casefold()
    small = len(acronym) - len(acronym.lstrip("".join(set(acronym)).lower()))
    head, tail = lowered[:small], lowered[small:]
    if small >= 2 and any(part.startswith(head) and part.removesuffix("s").endswith(tail) for part in parts):
        return True  # miRNA and microRNA
    if small and any(part.removesuffix("s") == tail for part in parts):  # siRNA: small interfering RNA
        at = next(at for at, part in enumerate(parts) if part.removesuffix("s") == tail)
        initials = "".join(part[:1] for part in parts[max(0, at - small - 1) : at])
        if head in initials or any(part.startswith(head) for part in parts[max(0, at - 1) : at]):
            return True
    return not acronym.isupper() and any(_spells(acronym, parts[at : at + len(acronym)]) for at in range(len(parts)))


def _spells(acronym: str, parts: Sequence[str]) -> bool:
    """True if each capital with its small letters begins the next word: Vi and T of “vision transformer”."""
    pieces = [piece.lower() for piece in re.findall(r"[A-Z][a-z]*", acronym)]
    return len(pieces) > 1 and len(pieces) <= len(parts) and all(map(str.startswith, parts, pieces))


_PEOPLES = """
france french | spain spanish | netherlands dutch | switzerland swiss | germany german | china chinese | japan
japanese | italy italian | portugal portuguese | poland polish | greece greek | ireland irish | england english |
britain british | denmark danish | sweden swedish | norway norwegian | finland finnish | turkey turkish | thailand
thai | peru peruvian | brazil brazilian | canada canadian | iran iranian | egypt egyptian | argentina argentine
argentinian | iraq iraqi | pakistan pakistani | bangladesh bangladeshi | israel israeli | wales welsh | scotland
scottish | taiwan taiwanese | vietnam vietnamese | nepal nepalese nepali | lebanon lebanese | hungary hungarian |
ukraine ukrainian | arab arabic
"""
_PEOPLE = {word: place.split()[0] for place in _PEOPLES.split("|") for word in place.split()}


def of_the_place(key: str, keys: frozenset[str]) -> bool:
    """True if a text has the adjective of a name or the name of an adjective: Asia and Asian, France and French."""
    if key in _PEOPLE:
        return any(word in keys for word, place in _PEOPLE.items() if place == _PEOPLE[key])
    return any(key + ending in keys for ending in ("n", "an", "ian", "ese", "ish")) or any(
        key.endswith(ending) and len(key) - len(ending) > 3 and key.removesuffix(ending) in keys
        for ending in ("n", "an", "ian", "ese", "ish")
    )
