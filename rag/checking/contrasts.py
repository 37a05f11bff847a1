"""
Contrasts: words that name different things of one kind, as precision and recall, or mice and rats.

In a copy of a sentence one of them never stands for the other, however near a static embedder finds them.
"""

from __future__ import annotations

from functools import cache, lru_cache

from rag.checking.synonyms import by_stem, same_spelling
from rag.checking.words import SIDES

_CONTRASTS = """
precision recall accuracy specificity sensitivity latency throughput | recall latency speed cost |
encoder decoder encoding decoding | input output | training inference testing pretraining finetuning |
train test validation | supervised unsupervised self-supervised semi-supervised |
mice rats humans dogs monkeys pigs rabbits zebrafish | mouse rat human dog monkey pig rabbit | men women children |
male female | boys girls | mother father | parents children | adults children adolescents infants elderly |
child adult adolescent | young old | younger older | patients controls volunteers clinicians caregivers |
doctor nurse patient | teacher student | students teachers parents | left right | north south east west |
northern southern eastern western | urban rural | local global | upper lower | top bottom | front rear | early late |
earlier later | first second third fourth last | initial final | morning evening night | day night |
daily weekly monthly yearly | hours days weeks months years minutes seconds | summer winter spring autumn |
past future | present absent | short long | shorter longer | shortest longest | high low | higher lower |
large small | larger smaller | deep shallow | linear nonlinear | static dynamic | discrete continuous |
deterministic stochastic | explicit implicit | online offline | public private | open closed |
open-source proprietary | manual automatic | internal external | internally externally | intrinsic extrinsic |
direct indirect | directly indirectly | active passive | positive negative neutral | positively negatively |
increase decrease | increases decreases | gain loss | cause prevent | causes prevents | promote inhibit |
activate inhibit | accelerate slow | enhance suppress | improve impair | improves worsens | benefits harms risks |
benefit risk | safety efficacy | safe harmful | toxic harmless | strength weakness | strengths weaknesses |
advantages disadvantages | success failure | succeeds fails | correct incorrect | true false | positives negatives |
weak strong | frozen trainable | text image video audio speech | visual textual auditory linguistic |
images videos texts graphs tables | vision language | spatial temporal | lexical semantic syntactic |
sentence document word paragraph | token sentence | words sentences | query key value | question answer |
questions answers | retrieval generation ranking | generation understanding | generative discriminative |
classification regression segmentation detection | detection segmentation tracking |
attention convolution recurrence | attention memory | convolutional recurrent | transformer convolution |
generator discriminator | actor critic | reward penalty | precision memory accuracy recall |
memory compute bandwidth | memory time | accuracy efficiency robustness fairness diversity | quality quantity |
breadth depth | height width weight | mean median maximum minimum | average maximum minimum | mean variance |
row column | node edge | vertex edge | source target | upstream downstream | forward backward | proximal distal |
anterior posterior | dorsal ventral | systolic diastolic | acute chronic | benign malignant | primary secondary |
primary metastatic | type stage | heart liver kidney lung brain | cardiac renal hepatic pulmonary cerebral |
breast lung prostate colon ovarian gastric pancreatic | blood urine saliva plasma | serum urine saliva |
bone muscle skin | protein lipid carbohydrate | proteins lipids genes | glucose insulin cholesterol |
insulin glucagon | bacteria viruses fungi | bacterial viral fungal | virus bacterium | antibiotic antiviral |
vaccine placebo | drug placebo | treatment placebo control | treated untreated control |
oral intravenous subcutaneous topical | incidence mortality prevalence | mortality morbidity survival |
hypertension hypotension | diabetes obesity hypertension asthma | anxiety depression | sleep exercise diet |
smoking drinking | smokers nonsmokers | water air soil | temperature humidity pressure | heat cold | hot cold |
warm cool | acid base | solid liquid gas | electron proton neutron | synchronous asynchronous | symmetric asymmetric |
homogeneous heterogeneous | dependent independent | monolingual multilingual | qualitative quantitative |
quantitatively qualitatively | prospective retrospective | randomized observational | theoretical empirical |
theory practice | simulation experiment | simulated real | synthetic real | predicted observed | expected observed |
maximize minimize | maximizes minimizes | add remove | added removed | include exclude | before after during |
accept reject | accepted rejected | buy sell | import export | read write | reads writes | upload download |
encode decode | encodes decodes | compress decompress | attach detach | merge split | developed developing |
rich poor | simple complex | easy hard | cheap expensive | sparse dense | narrow broad | narrow wide | flat steep |
smooth rough | stable unstable | known unknown | seen unseen | natural artificial | human machine | expert novice |
experts novices | majority minority | most few | all some none | both neither |
chinese english german french spanish italian japanese korean arabic hindi russian | europe asia africa america |
united european
"""
_PREFIXES = ("un", "in", "im", "ir", "il", "non", "dis")


@cache
def _table() -> dict[str, frozenset[int]]:
    return by_stem(_CONTRASTS)


@lru_cache(maxsize=50_000)
def contrasted(one: str, other: str) -> bool:
    """
    True if two stems name different things of one kind.

    >>> from rag.checking.words import stems
    >>> contrasted(*stems(["mice", "rats"])), contrasted(*stems(["mice", "mouse"]))
    (True, False)
    """
    table = _table()
    one, other = same_spelling(one), same_spelling(other)
    return one != other and bool(table.get(one, frozenset()) & table.get(other, frozenset()))


def is_contrast(stem: str) -> bool:
    """True if a stem stands in the table of contrasts."""
    return same_spelling(stem) in _table()


@lru_cache(maxsize=20_000)
def denials(word: str) -> frozenset[str]:
    """A word with a negative prefix, and without its own: of common uncommon, of independent dependent."""
    longer = {prefix + word for prefix in _PREFIXES}
    shorter = {word.removeprefix(prefix) for prefix in _PREFIXES if word.startswith(prefix) and len(word) > 5}
    return frozenset(longer | shorter)


def denies(one: str, other: str) -> bool:
    """True if one word is the other with a negative prefix: common and uncommon, dependent and independent."""
    return other in denials(one)


def opposite(one: str, other: str) -> bool:
    """True if two words name opposite directions: higher and lower."""
    sides = dict(SIDES.get(other, ()))
    return any(sides.get(axis) == -side for axis, side in SIDES.get(one, ()))
