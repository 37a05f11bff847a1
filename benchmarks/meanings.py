"""
Perturbations of meaning: errors made of a real sentence's own words, and paraphrases of the same form that must pass.

A reader who reads words only overlooks the errors: sides exchanged, a hedge dropped, “up to” left out. For each kind of
error FAITHFUL has its harmless mirror, such as the passive voice. They find what to change without the code of the checker.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

from benchmarks.perturbations import Alteration

_NP = r"(?:[A-Za-z][\w-]* ){1,4}"
_NOUNS = r"[A-Za-z][\w-]*(?: [A-Za-z][\w-]*){0,3}?"
_START = r"(?:(?<=^)|(?<=, )|(?<=that ))"
_END = r"(?=[,.;]| by | on | in | across | for | with | while | and )"
_BEATS = re.compile(
    rf"{_START}(?!(?:we|it|they|this|which|and|that|results?|experiments?)\b)({_NP}?)((?:significantly |consistently |often )?)"
    rf"(outperforms?|surpass(?:es)?|outperformed|surpassed) ({_NOUNS}){_END}",
    re.IGNORECASE,
)
_THAN = re.compile(
    rf"{_START}(?!(?:we|it|they|this|which|and|there)\b)({_NP}?)((?:is|are|was|were) (?:significantly |much |far )?)"
    rf"(higher|lower|larger|smaller|better|worse|faster|slower|stronger|weaker|greater) than ({_NOUNS}){_END}",
    re.IGNORECASE,
)
_CAUSES = re.compile(
    rf"{_START}(?!(?:we|it|they|this|which|and|that|results?)\b)({_NP}?)(leads to|lead to|led to|causes?|caused|predicts?|"
    rf"predicted|induces?|induced) ({_NOUNS}){_END}",
    re.IGNORECASE,
)
_MODAL = re.compile(r"\b(may|might|could) (?:also |thus )?(?!not\b|be\b|have\b)([a-z]+)\b")
_MODAL_BE = re.compile(r"\b(?:may|might|could) be\b")
_LINKED = re.compile(
    r"\b(is|are|was|were) (?:significantly |strongly |positively |independently )?(associated with|correlated with|linked to)\b"
)
_HEADS = re.compile(
    rf"(\d+(?:\.\d+)?%?) (in|for|on|of) ((?:the )?{_NOUNS})((?:,| and|, and| versus| vs\.?) \d+(?:\.\d+)?%? )(in|for|on|of) "
    rf"((?:the )?{_NOUNS})(?=[,.;)])"
)
_OPPOSITES = (
    ("dependent", "independent"), ("supervised", "unsupervised"), ("linear", "nonlinear"), ("stable", "unstable"),
    ("efficient", "inefficient"), ("sufficient", "insufficient"), ("known", "unknown"), ("shared", "separate"),
    ("robust", "brittle"), ("consistent", "inconsistent"), ("similar", "different"), ("necessary", "unnecessary"),
    ("successfully", "unsuccessfully"), ("substantially", "marginally"), ("preserves", "loses"), ("maintains", "loses"),
)  # fmt: skip
_ADDED = (
    ", and the authors were later found to have fabricated the data.", ", and regulators have since approved it worldwide.",
    ", which hospitals in Europe now use every day.", ", although critics call the whole experiment worthless.",
    ", making it the cheapest option for small companies.", ", and several newspapers reported the discovery.",
    ", as the Nobel committee acknowledged.", ", so patients should stop taking their medicines.",
)  # fmt: skip
_DETAILS = (
    "elderly volunteers", "reinforcement learning", "a quantum annealer", "Japanese hospitals", "primary schools",
    "satellite footage", "bilingual twins", "a marketing agency",
)  # fmt: skip
_PRIOR = re.compile(
    r"\b(existing|previous|prior|current|conventional|traditional) ((?:[a-z-]+ ){0,2})(methods|approaches|models|techniques)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r" (in vitro|in mice|in rats|in simulation|on synthetic data|in animal models|in our setting|in mouse models)\b"
)


def _swapped(pattern: re.Pattern[str], sentence: str, groups: tuple[int, int]) -> str | None:
    found = pattern.search(sentence)
    if not found:
        return None
    first, second = found[groups[0]].strip(), found[groups[1]].strip()
    if not first or first.lower() == second.lower():
        return None
    if sentence[: found.start()].strip() == "" and first.split()[0] in ("The", "A", "An", "Our", "These", "Such"):
        second, first = second[0].upper() + second[1:], first[0].lower() + first[1:]
    start, end = found.span(groups[0])
    low, high = found.span(groups[1])
    return f"{sentence[:start]}{second} {sentence[end:low]}{first}{sentence[high:]}"


def beats_exchanged(sentence: str, draw: Random) -> str | None:
    """Exchange the sides of “outperforms”."""
    return _swapped(_BEATS, sentence, (1, 4))


def than_exchanged(sentence: str, draw: Random) -> str | None:
    """Exchange the sides of “is higher than”."""
    return _swapped(_THAN, sentence, (1, 4))


def cause_exchanged(sentence: str, draw: Random) -> str | None:
    """Exchange cause and effect."""
    return _swapped(_CAUSES, sentence, (1, 3))


def hedge_dropped(sentence: str, draw: Random) -> str | None:
    """Leave out “may”, “might” or “could”."""
    if _MODAL_BE.search(sentence):
        return _MODAL_BE.sub("is", sentence, count=1)
    found = _MODAL.search(sentence)
    return f"{sentence[: found.start()]}{_third(found[2])}{sentence[found.end() :]}" if found else None


def _third(verb: str) -> str:
    if verb.endswith(("s", "sh", "ch", "x", "o")):
        return verb + "es"
    return verb[:-1] + "ies" if re.search(r"[^aeiou]y$", verb) else verb + "s"


def suggest_to_prove(sentence: str, draw: Random) -> str | None:
    """Write “prove” for “suggest” or “indicate”."""
    changed = re.sub(
        r"\b(?:suggest|indicate)(s|ed|)\b(?= that| the| a)",
        lambda found: "prove" + found[1].replace("ed", "d"),
        sentence,
        count=1,
    )
    return changed if changed != sentence else None


def up_to_dropped(sentence: str, draw: Random) -> str | None:
    """Leave out “up to” before a number."""
    changed = re.sub(r"\bup to (?=\$?\d)", "", sentence, count=1)
    return changed if changed != sentence else None


def up_to_averaged(sentence: str, draw: Random) -> str | None:
    """Write “an average of” for “up to”."""
    changed = re.sub(r"\bup to (?=\$?\d)", "an average of ", sentence, count=1)
    return changed if changed != sentence else None


def by_to(sentence: str, draw: Random) -> str | None:
    """Write “to 39 %” for “by 39 %”."""
    if not re.search(r"(?:improv|increas|reduc|decreas|lower|rais|cut|drop|grow|rose|fell|outperform)", sentence):
        return None
    changed = re.sub(r"\bby (?=\$?\d+(?:\.\d+)?(?:%|x| ?percent| points| pp))", "to ", sentence, count=1)
    return changed if changed != sentence else None


def correlated_to_cause(sentence: str, draw: Random) -> str | None:
    """Write “caused by” for “associated with”."""
    changed = _LINKED.sub(lambda found: f"{found[1]} caused by", sentence, count=1)
    return changed if changed != sentence else None


def clause_added(sentence: str, draw: Random) -> str | None:
    """Add a clause that nobody said."""
    return sentence[:-1] + draw.choice(_ADDED) if sentence.endswith(".") and len(sentence) > 60 else None


def detail_added(sentence: str, draw: Random) -> str | None:
    """Add a detail that nobody said."""
    places = list(re.finditer(r" (?=on |in |with |for |,|and )", sentence))
    if len(places) < 2 or len(sentence) < 80:
        return None
    place = draw.choice(places[1:])
    return f"{sentence[: place.start()]} with {draw.choice(_DETAILS)}{sentence[place.start() :]}"


def heads_exchanged(sentence: str, draw: Random) -> str | None:
    """Exchange the things that two numbers belong to."""
    found = _HEADS.search(sentence)
    if not found or found[3] == found[6]:
        return None
    (start, end), (low, high) = found.span(3), found.span(6)
    return sentence[:start] + found[6] + sentence[end:low] + found[3] + sentence[high:]


def quantifier_raised(sentence: str, draw: Random) -> str | None:
    """Write “all” for “some”, “several”, “many” or “most”."""
    changed = re.sub(
        r"\b(some|several|many|most)(?= (?!of\b|other\b|effective|important|recent|common|likely)[a-z-]+s\b)",
        "all",
        sentence,
        count=1,
    )
    return changed if changed != sentence else None


def part_to_whole(sentence: str, draw: Random) -> str | None:
    """Write “all 17” for “11 of 17”."""
    changed = re.sub(r"\b(\d+) (?:out )?of (?:the )?(\d+) (?=[a-z])", r"all \2 ", sentence, count=1)
    return changed if changed != sentence else None


def actor_changed(sentence: str, draw: Random) -> str | None:
    """Tell of this method what the sentence tells of the existing ones."""
    found = _PRIOR.search(sentence)
    if not found or not re.fullmatch(
        r"(?:However, |Yet, |While |Although |Most |Many |But )?", sentence[: found.start()]
    ):
        return None
    new = "The proposed method" if not found.start() else "the proposed method"
    return sentence[: found.start()] + new + sentence[found.end() :]


def with_without(sentence: str, draw: Random) -> str | None:
    """Exchange “with” and “without”."""
    if re.search(r"\bwithout\b", sentence):
        return re.sub(r"\bwithout\b", "with", sentence, count=1)
    found = re.search(
        r"(?<!compared )(?<!associated )(?<!along )(?<!consistent )\bwith(?= [a-z]+ing\b| [a-z]+s\b| [A-Z])", sentence
    )
    return f"{sentence[: found.start()]}without{sentence[found.end() :]}" if found else None


def opposite(sentence: str, draw: Random) -> str | None:
    """Replace a word by its opposite."""
    both = dict(_OPPOSITES) | {second: first for first, second in _OPPOSITES[:10]}
    places = list(re.finditer(rf"\b({'|'.join(both)})\b", sentence))
    if not places:
        return None
    place = draw.choice(places)
    return sentence[: place.start()] + both[place[1]] + sentence[place.end() :]


def condition_dropped(sentence: str, draw: Random) -> str | None:
    """Leave out “in mice” or “in vitro”."""
    changed = _CONDITION.sub("", sentence, count=1)
    return changed if changed != sentence else None


def preferred_exchanged(sentence: str, draw: Random) -> str | None:
    """Exchange the sides of “rather than” or “instead of”."""
    found = re.search(
        rf"\b(?:on|from|by|through|of|using|with|uses?|at) ({_NOUNS}) (?:rather than|instead of) ({_NOUNS})(?=[,.;])",
        sentence,
    )
    if not found:
        return None
    (start, end), (low, high) = found.span(1), found.span(2)
    return sentence[:start] + found[2] + sentence[end:low] + found[1] + sentence[high:]


def passive(sentence: str, draw: Random) -> str | None:
    """Say “B is outperformed by A” for “A outperforms B”."""
    found = _BEATS.search(sentence)
    if not found or not found[1].strip() or (found[1].lower().startswith(("the ", "a ", "our ")) and found.start()):
        return None
    be = "are" if found[4].endswith("s") else "is"
    verb = {"surpass": "surpassed", "outperf": "outperformed"}[found[3][:7].lower()]
    return (
        f"{sentence[: found.start(1)]}{found[4]} {be} {found[2]}{verb} by {found[1].strip()}{sentence[found.end(4) :]}"
    )


_MIRRORED = {
    "higher": "lower",
    "larger": "smaller",
    "better": "worse",
    "faster": "slower",
    "stronger": "weaker",
    "greater": "smaller",
}


def than_mirrored(sentence: str, draw: Random) -> str | None:
    """Say “B is lower than A” for “A is higher than B”."""
    found = _THAN.search(sentence)
    pairs = _MIRRORED | {second: first for first, second in _MIRRORED.items()}
    if not found or not found[1].strip():
        return None
    return f"{sentence[: found.start(1)]}{found[4]} {found[2]}{pairs[found[3].lower()]} than {found[1].strip()}{sentence[found.end(4) :]}"


def clauses_exchanged(sentence: str, draw: Random) -> str | None:
    """Say “While Y, X.” for “X, while Y.”"""
    found = re.fullmatch(r"([^,;:]{30,}), (while|whereas|although|because|since) ([^,;:]{20,})\.", sentence)
    return f"{found[2].capitalize()} {found[3]}, {found[1]}." if found else None


def hedge_for_hedge(sentence: str, draw: Random) -> str | None:
    """Replace a hedge by another one."""
    pairs = {
        "may": "might",
        "might": "could",
        "could": "may",
        "suggest": "indicate",
        "suggests": "indicates",
        "potentially": "possibly",
    }
    found = re.search(rf"\b({'|'.join(pairs)})\b", sentence)
    return sentence[: found.start()] + pairs[found[1]] + sentence[found.end() :] if found else None


def up_to_for_up_to(sentence: str, draw: Random) -> str | None:
    """Write “as much as” for “up to”."""
    changed = re.sub(r"\bup to (?=\d)", "as much as ", sentence, count=1)
    return changed if changed != sentence else None


def quantifier_for_quantifier(sentence: str, draw: Random) -> str | None:
    """Replace a quantifier by a like one."""
    pairs = {
        "most": "the majority of",
        "several": "some",
        "some": "several",
        "often": "frequently",
        "all": "all the",
        "many": "a lot of",
    }
    found = re.search(rf"\b({'|'.join(pairs)})(?= [a-z-]+s\b)", sentence)
    return sentence[: found.start()] + pairs[found[1]] + sentence[found.end() :] if found else None


def cause_lowered(sentence: str, draw: Random) -> str | None:
    """Say “is associated with” for “causes”."""
    changed = re.sub(r"\b(?:causes|leads to|induces)\b", "is associated with", sentence, count=1)
    return changed if changed != sentence else None


def association_turned(sentence: str, draw: Random) -> str | None:
    """Say “B was associated with A” for “A was associated with B”."""
    found = re.search(rf"^({_NP})(was|is) (associated with|correlated with) ({_NOUNS})(?=\.$)", sentence)
    return f"{found[4].capitalize()} {found[2]} {found[3]} {found[1].strip()}." if found else None


def tail_dropped(sentence: str, draw: Random) -> str | None:
    """Leave out what follows after the main clause."""
    found = re.fullmatch(r"([^,;:()]{50,}), (?:[a-z]+ing|which|thus|thereby|and thus) [^;]{20,}\.", sentence)
    return f"{found[1]}." if found else None


def opening_dropped(sentence: str, draw: Random) -> str | None:
    """Leave out “However,” or “Our results show that”."""
    found = re.match(
        r"(?:However|Moreover|Furthermore|In addition|Notably|Additionally|Specifically|Here), |(?:Our |These |The )?(?:results|findings|experiments) (?:show|demonstrate|reveal) that ",
        sentence,
    )
    return sentence[found.end()].upper() + sentence[found.end() + 1 :] if found else None


def we_to_they(sentence: str, draw: Random) -> str | None:
    """Say “the authors” for “we”, and “the” for “our”."""
    changed = re.sub(r"\bour\b", "the", re.sub(r"\bWe\b", "The authors", re.sub(r"\bwe\b", "the authors", sentence)))
    return changed if changed != sentence else None


ERRORS: Mapping[str, Alteration] = {
    "sides of outperforms": beats_exchanged,
    "sides of than": than_exchanged,
    "cause and effect": cause_exchanged,
    "sides of rather than": preferred_exchanged,
    "numbers' heads": heads_exchanged,
    "may dropped": hedge_dropped,
    "suggest → prove": suggest_to_prove,
    "associated → caused": correlated_to_cause,
    "some → all": quantifier_raised,
    "11 of 17 → all 17": part_to_whole,
    "up to dropped": up_to_dropped,
    "up to → average": up_to_averaged,
    "by → to": by_to,
    "condition dropped": condition_dropped,
    "existing → proposed": actor_changed,
    "with ↔ without": with_without,
    "opposite": opposite,
    "clause added": clause_added,
    "detail added": detail_added,
}
"""Errors of meaning in near copies: at best `unsupported`, at least `weak`."""

FAITHFUL: Mapping[str, Alteration] = {
    "passive": passive,
    "than mirrored": than_mirrored,
    "clauses exchanged": clauses_exchanged,
    "hedge for hedge": hedge_for_hedge,
    "up to → as much as": up_to_for_up_to,
    "quantifier for quantifier": quantifier_for_quantifier,
    "cause lowered": cause_lowered,
    "association turned": association_turned,
    "tail dropped": tail_dropped,
    "opening dropped": opening_dropped,
    "we → the authors": we_to_they,
}
"""Paraphrases that say the same or less: not `unsupported`."""
