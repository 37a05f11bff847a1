"""
Tokenization of a normalized text: stemmed words, the scope of negation, and names.

A name is a word outside the common vocabulary: GSM8K, ResNet-50, BRCA1, mRNA, or a capitalised word within a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import Stemmer

from rag.checking import name_variants, negation
from rag.checking.negation import NEGATORS as NEGATORS
from rag.checking.units import UNITS

_WORD = re.compile(r"[^\W_]+(?:['.][^\W\d_]+)*")
_JOINED = re.compile(r"[^\W_]+(?:(?:[-/.+'&_^]|\^-|(?<=[A-Za-z])_\^)[^\W_]+)*[+#]?")
_SENTENCE_END = re.compile(r"(?:^|[.!?:;]|[.!?]\)|[.!?]\")[\s\"'(\[*#>-]*$")
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "κ": "kappa", "λ": "lambda", "μ": "mu", "σ": "sigma",
    "τ": "tau", "ω": "omega", "θ": "theta", "φ": "phi", "π": "pi", "η": "eta", "ζ": "zeta", "χ": "chi", "ψ": "psi", "ρ": "rho",
}  # fmt: skip
_LATIN_TABLE = str.maketrans({"α": "a", "β": "b", "γ": "g", "δ": "d", "ε": "e", "κ": "k", "μ": "u", "λ": "l"})
_GREEK_TABLE = str.maketrans(_GREEK | dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)))

FUNCTION_WORDS = frozenset(
    """
    a an the and or but nor if then than so as of at by for from in into on onto to with about between among amongst during per
    via is are was were be been being am do does did done has have had having can could will would shall should may might must
    there here this that these those it its they them their he she his her we us our you your i my me what which who whom whose
    when where why how whether any some such both each either also only just very more most much many other another while
    although though because since however thus therefore hence moreover furthermore additionally respectively s t up out over
    under again further once all own same too show shows shown showed find finds found demonstrate demonstrates demonstrated
    suggest suggests suggested indicate indicates indicated report reports reported study studies paper result results
    """.split()
)
"""Words of every abstract; they do not count when a claim is compared with a sentence."""

_OPPOSITES = """
    increase increased increases increasing raise raises raised raising rise rises rose rising grow grows grew growing growth|decrease decreased decreases decreasing lower lowers lowered lowering reduce reduced reduces reducing reduction decline declines declined declining drop drops dropped fall falls fell falling
    higher high highest|lower low lowest
    more|less fewer
    most|least fewest
    greater larger large largest greatest bigger big|smaller small smallest lesser
    improve improves improved improving improvement improvements enhance enhances enhanced enhancing|worsen worsens worsened worsening degrade degrades degraded degrading degradation deteriorate deteriorates deteriorated impair impairs impaired
    better best|worse worst
    outperform outperforms outperformed outperforming exceed exceeds exceeded surpass surpasses surpassed|underperform underperforms underperformed underperforming
    faster fast fastest accelerate accelerates accelerated|slower slow slowest decelerate slows slowed
    positive positively|negative negatively
    before|after
    above|below
    earlier early earliest|later late latest
    longer long longest|shorter short shortest
    stronger strong strongest|weaker weak weakest
    maximum maximal maximize maximizes maximized|minimum minimal minimize minimizes minimized
    upregulate upregulates upregulated upregulation|downregulate downregulates downregulated downregulation
    activate activates activated activation|inhibit inhibits inhibited inhibition
    promote promotes promoted promoting|suppress suppresses suppressed suppressing prevent prevents prevented
    gain gains gained|loss losses lost
    superior|inferior
    easier easy easiest|harder hard hardest difficult
    cheaper cheap cheapest|costlier expensive pricier
    deeper deep|shallower shallow
    wider wide|narrower narrow
    upper|lower
    include includes included including|exclude excludes excluded excluding
    supports support supported|contradict contradicts contradicted refute refutes refuted
    advantage advantages|disadvantage disadvantages
    beneficial benefit benefits|harmful harm harms
    significant significantly|insignificant nonsignificant insignificantly
    efficient efficiently|inefficient inefficiently
    effective|ineffective
    stable|unstable
    likely|unlikely
    able|unable
    dense|sparse
    within|outside
    inside|outside
    accurate|inaccurate
    consistent|inconsistent
    relevant|irrelevant
    up|down
    upward|downward
    over|under
    always|never
    first|last
""".strip().splitlines()


def _sides() -> dict[str, list[tuple[int, int]]]:
    sides: dict[str, list[tuple[int, int]]] = {}
    for axis, line in enumerate(_OPPOSITES):
        for side, words in zip((1, -1), line.split("|"), strict=True):
            for word in words.split():
                sides.setdefault(word, []).append((axis, side))
    return sides


SIDES = _sides()
"""Words that name a direction, each with its axes and its side of each axis."""


@dataclass(frozen=True, slots=True)
class Word:
    """
    A word and its half-open place in the text.

    Args:
        text: In lower case.
        stem: From `stems`.
        start, end: Its place.
        content: True for a content word, which is neither a function word nor a negator.
        negator: True if the word negates another one.
        negated: True if the word is in the scope of a negator.
        denied: True if a negator, or a word like “avoids” or “only”, stands near it in its clause.
    """

    text: str
    stem: str
    start: int
    end: int
    content: bool
    negator: bool = False
    negated: bool = False
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """A name and its half-open place; all spellings of a name share one `key`."""

    text: str
    key: str
    start: int
    end: int


def stems(words: Sequence[str]) -> list[str]:
    """
    Stem lower-case words with Snowball's English stemmer.

    >>> stems(["decoding", "decoded"])
    ['decod', 'decod']
    """
    return list(map(_stem, words))


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    stem: str = _stemmer().stemWord(word)
    return stem


def words(text: str) -> list[Word]:
    """
    Split a normalized text into words; `doesn't` is `does` and `not`, `cannot` is `can` and `not`.

    >>> [(word.text, word.negated) for word in words("It doesn't improve recall.") if word.content]
    [('improve', True), ('recall', False)]
    """
    found: list[tuple[str, int, int]] = []
    for match in _WORD.finditer(text):
        lowered = match.group().lower()
        if lowered.endswith("n't") and lowered != "n't":
            at = match.end() - 3
            stem = {"ca": "can", "wo": "will", "sha": "shall"}.get(lowered[:-3], lowered[:-3])
            found += [(stem, match.start(), at), ("not", at, match.end())]
        elif lowered == "cannot":
            found += [("can", match.start(), match.start() + 3), ("not", match.start() + 3, match.end())]
        else:
            lowered = lowered.removesuffix("'s")
            found.append((lowered, match.start(), match.end()))
    stemmed = stems([word.translate(_GREEK_TABLE) for word, _, _ in found])
    negators = [negation.negates(text, found, at) for at in range(len(found))]
    negated = negation.negated(text, found, negators, FUNCTION_WORDS)
    denied = negation.denied(text, found)
    return [
        Word(
            text=word,
            stem=stem,
            start=start,
            end=end,
            content=word not in FUNCTION_WORDS and not negators[at],
            negator=negators[at],
            negated=negated[at],
            denied=denied[at],
        )
        for at, ((word, start, end), stem) in enumerate(zip(found, stemmed, strict=True))
    ]


def names(text: str) -> list[Name]:
    """
    Find the names in a normalized text, in order.

    >>> [name.text for name in names("We train ResNet-50 in Wuhan on 4 GPUs. The mRNA is new.")]
    ['ResNet-50', 'Wuhan', 'GPUs', 'mRNA']
    """
    found: list[Name] = []
    for match in _JOINED.finditer(text):
        token = match.group()
        if _is_name(token, begins=bool(_SENTENCE_END.search(text[max(0, match.start() - 6) : match.start()]))):
            found.append(Name(token, name_key(token), match.start(), match.end()))
    return found


def _is_name(token: str, *, begins: bool) -> bool:
    if (token.isalpha() and token.islower()) or len(token) < 2 or not any(map(str.isalpha, token)):
        return False
    if any(char.isdigit() for char in token):
        if all(part.lower() in UNITS or part.isdigit() for part in re.split(r"[-.]", token)):
            return False  # 30 percent-40 percent
        if "/" in token and any(part.isdigit() for part in token.split("/")):
            return False  # events/1000
        return not re.fullmatch(r"\d+(?:\.\d+)?(?:-?(?!(?:st|nd|rd|th)\b)[a-z]+)+", token)
    parts = re.split(r"[-/]", token)
    if any(any(char.isupper() for char in part[1:]) for part in parts):
        return True
    return token[0].isupper() and not begins and token.lower() not in _CAPITALISED


_CAPITALISED = frozenset(
    "i we our the this these those in on for to a an it they however moreover here".split()
) | frozenset(FUNCTION_WORDS)


def name_key(token: str) -> str:
    """Reduce a name to its key: without case, hyphens and the plural's s, and with Greek letters spelled out."""
    key = re.sub(r"[^\w+#]|_", "", token.casefold().translate(_GREEK_TABLE))
    return key[:-1] if len(key) > 3 and token.endswith("s") and not token.endswith("ss") else key


@dataclass(frozen=True, slots=True)
class Nameable:
    """The keys of a text under which a name may be found: of its words and of their parts; and the parts in order."""

    keys: frozenset[str]
    parts: tuple[str, ...]


def nameable(text: str) -> Nameable:
    """Collect the keys of a normalized text under which a name may be found."""
    tokens = [match.group() for match in _JOINED.finditer(text)]
    parts = tuple(name_key(part) for token in tokens for part in re.split(r"[-/]", token) if part)
    keys = {*parts, *map(name_key, tokens)}
    greek = [token.translate(_LATIN_TABLE) for token in tokens if not token.isascii()]  # NF-κB is also NF-kB
    keys |= {name_key(part) for token in greek for part in (token, *re.split(r"[-/]", token))}
    keys |= {key.rstrip("+") for key in keys if key.endswith("+") and len(key) > 2}  # CD4+ cells
    return Nameable(frozenset(keys), parts)


def is_known(name: Name, text: Nameable) -> bool:
    """True if a text has a name: as written, split or joined, spelled out or abbreviated, or as its people's name."""
    keys, parts = text.keys, text.parts
    if name.key in keys or name_key(name.text.rstrip("s+")) in keys:
        return True
    if name.key in "".join(parts) and any(
        name.key == "".join(parts[at : at + size]) for size in (2, 3, 4) for at in range(len(parts) - size + 1)
    ):
        return True
    bare = name.text.removesuffix("s")
    if (
        bare.isalpha()
        and 2 <= len(bare) <= 7
        and sum(map(str.isupper, bare)) > 1
        and name_variants.spelled_out(bare, parts)
    ):
        return True
    if name.text.isalpha() and name.text[1:].islower() and name_variants.of_the_place(name.key, keys):
        return True
    name_parts = re.split(r"[-/]", name.text)
    if len(name_parts) == 1 or any(part.isdigit() for part in name_parts):
        return False
    return all(name_key(part) in keys for part in name_parts if any(char.isupper() or char.isdigit() for char in part))


def spelled_by(row: Sequence[Name], text: Nameable) -> bool:
    """True if a text has the acronym of a row of capitalised words: LLM for Large Language Model."""
    return len(row) > 1 and "".join(name.key[:1] for name in row) in text.keys
