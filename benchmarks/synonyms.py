"""
Words of real sentences replaced by a synonym, which the check must accept, or by another word, which it must catch.

The pairs are written down here without regard to the tables of the checker: the first word of a pair stands in the
sentence, the second one takes its place.

    python -m benchmarks.synonyms
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmarks.report import data_folder, table
from benchmarks.verifier import ACCEPTED, Rows, checker, cite, real_sentences
from rag.checking import Checker

_SYNONYMS = """
    approach method | achieves reaches | achieve attain | achieves obtains | demonstrate show | propose
    introduce | propose present | utilize use | employs uses | leverages uses | enhances improves | enhance
    boost | improves enhances | outperforms surpasses | outperform exceed | reduces decreases | reduces lowers |
    increase raise | increases raises | significantly substantially | significant considerable | crucial
    essential | crucial critical | important key | challenging difficult | challenges difficulties | existing
    current | previous prior | recent new | novel new | rapidly quickly | fast quick | efficient economical |
    robust stable | robustness stability | accurate precise | errors mistakes | limitations shortcomings | issue
    problem | address tackle | address solve | investigate study | investigated examined | examine analyze |
    evaluate assess | evaluated tested | develop build | constructed built | generate produce | generates
    creates | enables allows | enabling allowing | requires needs | identify detect | identified found | predict
    forecast | obtain get | combines merges | combining integrating | integrates combines | diverse varied |
    various different | numerous many | large big | small little | limited restricted | comprehensive thorough |
    extensive large | effective successful | effectiveness usefulness | maintaining preserving | maintains keeps
    | retain keep | select choose | associated linked | association link | induced caused | caused produced |
    inhibits suppresses | tumor cancer | patients individuals | children kids | elderly older | mortality death
    | disease illness | treatment therapy | strategy approach | framework system | task job | images pictures |
    dataset collection | samples examples | participants subjects | primary main | major main | fundamental
    basic | entire whole | consistently always | frequently often | typically usually | however nevertheless |
    remain stay | ensure guarantee | mitigate reduce | alleviate ease | facilitate ease | exhibit show |
    exhibits displays | highlights emphasizes | underscores highlights | suggests indicates | indicates shows |
    revealed showed | reveals shows | confirm verify | complex complicated | simple easy | straightforward
    simple | additional extra | sufficient enough | approximately about | approximately roughly | nearly almost
    | overall general | superior better | performance results | capabilities abilities | ability capacity |
    accelerates speeds | speeds accelerates
"""
_OTHERS = """
    increase decrease | increased decreased | increases decreases | higher lower | improves degrades | improve
    worsen | precision recall | accuracy latency | sensitivity specificity | encoder decoder | encoding decoding
    | training inference | training testing | supervised unsupervised | mice rats | mice humans | men women |
    male female | adults children | patients controls | early late | first second | initial final | local global
    | short long | large small | strong weak | simple complex | linear nonlinear | static dynamic | discrete
    continuous | explicit implicit | online offline | internal external | positive negative | before after |
    upper lower | left right | text images | images videos | image video | visual textual | spatial temporal |
    semantic syntactic | retrieval generation | classification regression | classification segmentation |
    detection segmentation | convolutional recurrent | teacher student | mean median | maximum minimum | acute
    chronic | benign malignant | lung breast | liver kidney | blood urine | protein lipid | proteins genes |
    glucose insulin | bacterial viral | incidence mortality | mortality survival | hypertension diabetes |
    anxiety depression | human machine | synthetic real | minimize maximize | add remove | activation inhibition
    | promotes inhibits | gain loss | faster slower | source target | forward backward | query key | language
    vision | audio video | monolingual multilingual | qualitative quantitative | prospective retrospective |
    public private | direct indirect | independent dependent | quality diversity | robustness accuracy |
    efficiency accuracy | memory latency | input output | sparse dense | deep shallow | manual automatic |
    theoretical empirical | primary secondary | systolic diastolic | oral intravenous | heart brain | cells
    tissues | urban rural | depth height | nodes edges | tokens sentences | questions answers | months weeks |
    reward penalty | success failure
"""


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(first, second) for first, second in (pair.split() for pair in text.split("|"))]


SYNONYMS, OTHERS = _pairs(_SYNONYMS), _pairs(_OTHERS)
SUPPORTS = {"synonym": ACCEPTED, "another word": ("unsupported",)}
"""For each kind of replacement, the levels of support that are right."""


def replaced(
    rows: Rows, pairs: Sequence[tuple[str, str]], right: Sequence[str], check: Checker, *, limit: int = 12
) -> dict[tuple[str, str], tuple[int, int]]:
    """
    By pair, how many sentences with the replaced word have one of the right levels of support, and how many there are.

    Args:
        rows: The real sentences.
        pairs: The word of a sentence, and what replaces it.
        right: The right levels of support.
        check: The checker to measure.
        limit: The most sentences for each pair.
    """
    counts = {}
    for word, other in pairs:
        pattern, hits, of = re.compile(rf"(?<![\w-]){word}(?![\w-])"), 0, 0
        for document, sentence in rows:
            if of < limit and pattern.search(sentence) and not re.search(rf"\b{other}", sentence):
                claim = pattern.sub(other, sentence, count=1)
                hits += check.check(claim, cite([sentence], paper_id=document)).support in right
                of += 1
        counts[word, other] = hits, of
    return counts


def plain_sentences(rows: Rows) -> Rows:
    """The sentences of 10 to 30 words."""
    return [(document, sentence) for document, sentence in rows if 10 <= len(sentence.split()) <= 30]


def replacements(rows: Rows, check: Checker) -> str:
    """A table of both kinds of replacement."""
    lines = []
    for (kind, right), pairs in zip(SUPPORTS.items(), (SYNONYMS, OTHERS), strict=True):
        counts = replaced(rows, pairs, right, check)
        hits, of = (sum(column) for column in zip(*counts.values(), strict=True))
        wrong = [" ".join(pair) for pair, (count, all_) in counts.items() if all_ and count < 0.9 * all_]
        lines.append([kind, str(len(pairs)), f"{of:,}", f"{hits / of:.1%}", ", ".join(wrong) or "-"])
    return table(["one word replaced by", "pairs", "sentences", "right", "pairs below 90 %"], lines)


if __name__ == "__main__":
    print(replacements(plain_sentences(real_sentences(data_folder(), every=7, abstracts=25)), checker()))
