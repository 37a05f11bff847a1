"""Cues of single sentences: what says nothing, what needs its neighbour, what defines, denies or gives a number."""

from __future__ import annotations

import re
from functools import lru_cache

from rag import text as prose
from rag.answers import telling
from rag.checking import links
from rag.roles import with_roles
from rag.roles.cues import WORD, cues
from rag.types import Evidence, Paper, Role, Roles, Sentence

SURE = 0.6
"""The probability from which the role of a sentence alone tells that it states nothing."""
_LIMITS = re.compile(
    r"\b(?:limit(?:s|ed|ations?)?|fail\w*|cannot|lacks?|lacking|drawbacks?|suffer\w*|challeng\w+|degrad\w+|"
    r"bottlenecks?|"
    r"weakness\w*|worse\w*|declin\w+|difficult\w*|hinder\w*|poor\w*|unable|vulnerab\w+|inefficien\w+|shortcomings?|"
    r"falls? short|mistak\w+|wrong\w*|incorrect\w*|error\w*|misinterpret\w*|prone|struggl\w+|hamper\w*|costly|"
    r"expensive|overlook\w*|neglect\w*|insufficient\w*)\b",
    re.IGNORECASE,
)
_ALL_THESE = re.compile(r"^(?:all|both|some|most|each) (?:of )?(?:these|those|this|that|them)\b", re.IGNORECASE)
_NO_LIMIT = re.compile(
    r"\b(?:without|limiting|minimal|minimi[sz]\w+|negligible|no|not|avoid\w*|prevent\w*|reduc\w+|fewer|less|lower\w*|"
    r"weakly|error-free) "
    r"(?:[\w-]+ ){0,3}?(?:degrad\w+|loss\w*|limit\w*|errors?|fail\w*|mistak\w+|costly|expensive)|"
    r"\b(?:root-mean-square|mean|squared|absolute|"
    r"standard|reconstruction|word|character) (?:[\w-]+ )?errors?(?: rates?)?|"
    r"\blimited (?:computational |computing )?(?:resources?|budgets?)\b|\bfailure modes?\b|"
    r"\bchallenging (?:[\w-]+ ){0,3}?(?:data ?sets?|benchmarks?|test ?sets?|tasks?)\b",
    re.IGNORECASE,
)
"""“Without degrading …”, “with limited resources”, “on a challenging data set” and the names of measures tell of no limit."""
_NOT = re.compile(
    r"\b(?:not(?! only)|no(?! (?:loss|degradation|drop|cost|additional|extra))|nor|never|neither|cannot|fails?|"
    r"failed|little|"
    r"hurts?|harms|harmed|worse\w*|degrad(?:e|es|ed)|unlikely)\b|n['’]t\b",
    re.IGNORECASE,
)
_MENDS = re.compile(
    r"\b(?:address\w*|alleviat\w+|overcom\w+|mitigat\w+|tackl\w+|remed\w+|resolv\w+|solv\w+|bypass\w*|circumvent\w*|"
    r"reliev\w+|recover\w* from)\b",
    re.IGNORECASE,
)
_COUNTS_ONLY = re.compile(
    r"(?:\b(?:two|three|four|five|six|several|following|many|various|both) (?:\w+[ -]){0,3}(?:limitations?|reasons?|"
    r"challenges?|"
    r"findings?|factors?|ways|types?|issues?|problems?|properties|advantages?|insights?|observations?|drawbacks?|"
    r"causes?|"
    r"steps?)\b[^.]{0,40}[.:]|:)$",
    re.IGNORECASE,
)
"""What is counted and told by the next sentence."""
_OURS_ONLY = re.compile(
    r"^(?:extensive |our |the )*(?:source )?(?:code|data ?set|data|models?|weights|"
    r"project page)\b.{0,60}\b(?:available|released|public|shared|open)",
    re.IGNORECASE,
)
_CHANGES = re.compile(
    r"\b(?:rais\w+|rose|fell|falls?|dropp?\w*|grew|widen\w+|shr[aiu]nk\w*|doubl\w+|halv\w+|by \d)", re.IGNORECASE
)
_UNKNOWN = re.compile(
    r"\b(?:remains?|remained) (?:largely |still |poorly |an? )?(?:un\w+|under\w+|open|challenging|elusive)|"
    r"\b(?:has|have) not (?:yet )?been|\bunder-?explored|\bunclear|\blittle is known|\bpoorly understood",
    re.IGNORECASE,
)
_FIRST_WORK = re.compile(r"^to (?:the best of )?our knowledge|\bthis is (?:one of )?the first\b", re.IGNORECASE)
_ASKS = re.compile(
    r"\b(?:we|study|paper|work|article|authors) (?:\w+ly )?(?:ask|wonder|aim|seek|set out|sought)(?:ed|s)?\b|"
    r"\b(?:test|examine|investigate|assess|evaluate|determine|explore|study)(?:d|ed|s|ied)? (?:whether|if|how|"
    r"to what extent)\b",
    re.IGNORECASE,
)
_EMPLOYS = re.compile(
    r"\bwe (?:\w+ly )?(?:employ|use|apply|adopt|leverage|utili[sz]e|train|instantiate|extend|build|construct|move|"
    r"formulate|define|derive|collect|fine-?tune|implement|combine|integrate|incorporate|"
    r"select|replace|perform|conduct|curate|annotate|sample|analy[sz]ed?|gather|compute|measure|"
    r"generate)(?:e?d)?\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.(-])\d[\d.,]*")
_YEAR = re.compile(r"(?:19|20)\d\d")
_SIZE = re.compile(r"\b\d[\d.]*(?:[BMK]\b|[ -]?(?:billion|million|thousand)\b)")
_WARNS = re.compile(
    r"^\W*(?:content |trigger |note |caution )*(?:warning|disclaimer)\b|\b(?:may|"
    r"might) contain [^.]{0,60}\b(?:harmful|offensive|"
    r"disturbing|sensitive|explicit|toxic|upsetting)\b",
    re.IGNORECASE,
)
"""“Content warning: …”: of the paper, and no finding."""


def supports_nothing(evidence: Evidence) -> bool:
    """True if the paper was withdrawn, or the sentence gives orders or holds a link. None of them reports a finding."""
    flags, sentence = evidence.paper.flags, evidence.sentence.text
    return "withdrawn" in flags or bool(flags and prose.flags("", sentence)) or bool(links(sentence))


def role(evidence: Evidence) -> Role:
    """The role of a sentence, as it is stored or else computed."""
    return _roles(evidence.paper)[evidence.sentence.number - 1]


@lru_cache(maxsize=256)
def _roles(paper: Paper) -> Roles:
    return with_roles([paper])[0].roles


@lru_cache(maxsize=8_192)
def _cues(text: str) -> dict[str, bool]:
    lowered = text.lower()
    return cues(lowered, WORD.findall(lowered))


def states_nothing(evidence: Evidence) -> bool:
    """True for a sentence that is no statement, and for one that only says what is done or what it is good for."""
    return is_no_statement(evidence) or telling.announces(evidence.sentence.text)


def is_no_statement(evidence: Evidence) -> bool:
    """
    True for a question, an aim, an announcement of what is studied, and where code is.

    A sentence that announces and tells (“we study X and show that …”) states something.
    """
    text = evidence.sentence.text
    found = _cues(text)
    if text.rstrip().endswith("?") or found["where it is"] or found["releases"]:
        return True
    if _OURS_ONLY.match(text) or _WARNS.search(text):
        return True
    tells_so = found["shows that"] or found["gains"] or found["effect"]
    its_role = role(evidence)
    if _UNKNOWN.search(text) and its_role.name in ("background", "objective"):
        return True
    if found["hopes"] and not found["shows that"]:
        return True
    if found["outlines"] or _FIRST_WORK.search(text) or _ASKS.search(text):
        return not tells_so
    aims = its_role.name == "objective" and its_role.probability >= SURE and not found["proposes"]
    announces = aims or found["aims"] or found["announces"]
    return announces and not tells_so and its_role.name not in ("result", "conclusion")


def needs_the_sentence_before(text: str) -> bool:
    """
    True if a sentence opens with a word that only the sentence before explains.

    >>> needs_the_sentence_before("It is faster."), needs_the_sentence_before("These results show that it is.")
    (True, False)
    """
    found = _cues(text)
    if _ALL_THESE.match(text):
        return True
    return (found["dangles"] or found["refers back"]) and not found["these results"]


def is_told_by_the_next(text: str) -> bool:
    """
    True if a sentence only counts what the next one tells.

    >>> is_told_by_the_next("Mamba has two main limitations.")
    True
    """
    return bool(_COUNTS_ONLY.search(text.strip()))


def offers(text: str) -> bool:
    """True if a sentence says that its paper makes something: “we introduce a benchmark”."""
    found = _cues(text)
    return found["proposes"] or found["releases"]


def only_proposes(text: str) -> bool:
    """True if a sentence says what its authors make, and not what it does."""
    found = _cues(text)
    makes = found["proposes"] or bool(_EMPLOYS.search(text))
    return makes and not (found["shows that"] or found["gains"] or found["effect"])


def makes_something(text: str) -> bool:
    """True if a sentence says what its authors make or do, and tells no result of it."""
    makes = _cues(text)["proposes"] or bool(_EMPLOYS.search(text))
    return makes and not telling.tells_a_result(text)


def is_hollow(text: str) -> bool:
    """
    True if a sentence praises, hopes or points to a need, and tells nothing.

    It tells something if it has a number or says that something is so.
    """
    found = _cues(text)
    return (found["hollow"] or found["future"]) and not found["shows that"] and not holds_a_number(text)


def tells(evidence: Evidence) -> bool:
    """True for a result or a conclusion, and for a sentence that says what was shown, or tells a change."""
    text, name = evidence.sentence.text, role(evidence).name
    found = _cues(text)
    if makes_something(text):
        return False
    changes = found["gains"] and name not in ("background", "objective")
    return name in ("result", "conclusion") or changes or found["shows that"] or measures(text)


def measures(text: str) -> bool:
    """True if a sentence tells a change with its number: “raised correctness by 4.8 points”."""
    found = _cues(text)
    return (found["gains"] or found["effect"] or bool(_CHANGES.search(text))) and holds_a_number(text)


def is_plain(text: str) -> bool:
    """True if a sentence says that something is so, or by how much, and only then praises or points to a need."""
    found = _cues(text)
    return found["shows that"] or found["gains"] or found["effect"] or holds_a_number(text)


def tells_limits(text: str) -> bool:
    """True if a sentence tells of a limit or a failure, and not of how it is mended."""
    return bool(_LIMITS.search(_NO_LIMIT.sub("", text))) and not _MENDS.search(text)


def denies(text: str) -> bool:
    """True if a sentence says what is not so."""
    return bool(_NOT.search(text))


def holds_a_number(text: str) -> bool:
    """True if a sentence has a number that is no year."""
    return any(not _YEAR.fullmatch(found.rstrip(".,")) for found in _NUMBER.findall(text)) or bool(_SIZE.search(text))


def counts(text: str, noun: str) -> bool:
    """
    True if a sentence has a number of such things.

    >>> counts("The corpus has 26,453 recipes.", "recipes"), counts("A 7B model.", "parameters")
    (True, True)
    """
    stem = re.escape(re.sub(r"(?<=[^\W\d_]{3})s$", "", noun.lower()))
    number = r"\d[\d.,]*(?:\s?(?:[bmk]|billion|million|thousand|hundred|%|percent))?\+?"
    near = rf"{number}[\s-]+(?:[^\W\d_][\w-]*[\s-]+){{0,2}}{stem}"
    return bool(re.search(near, text.lower())) or (stem == "parameter" and bool(_SIZE.search(text)))


def sentence_before(evidence: Evidence) -> Sentence | None:
    """The sentence before; None for the first."""
    number = evidence.sentence.number
    return evidence.paper.sentence(number - 1) if number > 1 else None


def sentence_after(evidence: Evidence) -> Sentence | None:
    """The sentence after; None for the last."""
    number = evidence.sentence.number
    return evidence.paper.sentence(number + 1) if number < len(evidence.paper.spans) else None
