"""
Word lists of keyphrase extraction: words that end a phrase, that do not open or close one, that name nothing.

`rag.digests.keyphrases` uses them.
"""

from __future__ import annotations

from rag.checking.words import FUNCTION_WORDS, stems
from rag.retrieval.late_interaction import STOP_WORDS

BARRIERS = (
    FUNCTION_WORDS
    | STOP_WORDS
    | frozenset(
        """
        et al e.g i.e etc vs v.s without within across through towards toward upon against along despite whereas
        beyond instead rather namely yet still even often first second third two three four five one several many
        few multiple numerous various diverse different new novel existing previous prior recent recently current
        traditional future conventional common typical key main major important significant substantial crucial
        critical essential effective efficient robust strong superior better best competitive comparable remarkable
        promising impressive notable able capable available possible potential like well due based including
        compared given according state-of-the-art sota extensive comprehensive thorough experiment experiments
        experimental result results evaluations performance improvement improvements gain gains method methods
        approach approaches technique techniques framework frameworks paradigm paradigms strategy strategies
        pipeline pipelines scheme work works code codes github project page website publicly source sources
        challenge challenges challenging problem problems issue issues limitation limitations gap gaps insight
        insights finding findings ability abilities capability capabilities need needs use usage high low higher
        lower large-scale high-quality real-world small big larger smaller simple complex specific general overall
        average total original additional single same similar certain particular entire full way ways set sets
        number numbers case cases range level levels lack focus success rate rates score scores cost costs role
        field fields area areas domain domains literature community http https www com org io baseline baselines
        effectiveness efficiency accuracy accurate inherent distinct unique widely downstream practical proposed
        using end-to-end proof-of-concept generated generating trained learned trade-off trade-offs tradeoff
        tradeoffs paper papers article authors years year background objective objectives aim aims purpose design
        conclusion conclusions see text figure table outcome outcomes measure measures setting settings trial
        trials review reviews placebo patients participants subjects months weeks days mean median ratio confidence
        interval intervals significance statistically versus mg kg follow-up randomized randomised controlled
        double-blind meta-analysis evidence difference differences increase decrease effects effect
        """.split()
    )
)
VERBS = frozenset(
    stems(
        """
        propose present introduce demonstrate show achieve enable improve outperform enhance address leverage
        provide offer rely require remain evaluate exhibit explore investigate reveal highlight suffer struggle
        employ utilize develop conduct perform allow make give take obtain yield aim tackle mitigate overcome face
        ensure facilitate identify examine assess validate verify confirm observe discuss describe argue consider
        include contain incorporate integrate combine extend apply adopt exploit capture produce preserve maintain
        reduce increase surpass exceed reach become serve play hinder suggest indicate establish build construct
        create degrade seek fail follow lead help consist comprise involve cause compare depend differ occur tend
        begin
        """.split()
    )
)
"""Verbs end a phrase; by their stems, so that `enabling` and `enabled` do too."""
NO_FIRST = frozenset(
    "plus life models tasks datasets benchmarks systems learning understanding application applications".split()
)
NOUNS = frozenset(
    """
    retrieval removal proposal signal survival approval music traffic topic logic arithmetic metric clinic speed
    feed seed plastic dynamic mosaic arsenal journal animal
    """.split()
)
"""A word that looks like an adjective does not close a phrase, except these."""
GERUNDS = frozenset(
    "learning reasoning imaging engineering manufacturing lighting rendering aging ageing hearing nursing breathing "
    "feeding screening sleeping smoking drinking eating sensing spring string ring king wing".split()
)
"""Words in -ing that may begin a phrase."""
NO_LAST = frozenset(
    """
    volunteer volunteers female females male males
    task tasks module modules component components scenario scenarios step steps stage stages type types aspect
    aspects characteristic characteristics requirement requirements condition conditions factor factors environment
    environments information knowledge capacity performance quality evaluation study studies research training
    inference group groups large deep visual textual layer layers feature features input inputs output outputs
    sample samples example examples instance instances value values parameter parameters term terms size sizes
    length lengths time times standard standards resource resources application applications user users metric
    metrics pattern patterns object target targets person people response responses
    """.split()
)
"""Heads that say too little: “question answering task”, “training samples”."""
HEADS = frozenset(
    """
    space spaces function functions mechanism mechanisms process processes property properties constraint
    constraints structure structures pair pairs distribution tool tools extraction fusion alignment context
    generation experience
    """.split()
)
"""Heads that say too little with one word before them: “latent space”, “loss function”."""
VAGUE = NO_FIRST | frozenset(
    """
    model task dataset benchmark data system training target targets response responses answer answers reference
    process image images video videos text visual network networks neural deep information feature features module
    evaluation analysis quality research study time real language languages input inputs output outputs large ai
    artificial intelligence machine natural processing llm fine-tuning fine tuning inference 2d 3d 4d
    representation representations question questions science sciences algorithm algorithms llms generative
    autoregressive sequence sequences token tokens user users generation prediction optimization classification
    detection recognition estimation object objects pre trained tuned open-source pre-trained fine-tuned pretrained
    foundation open source extraction embedding embeddings
    """.split()
)
"""Words that name nothing together: “language models”, “image data”, “object classification”."""
WIDE = frozenset(
    (
        "computer vision",
        "computer science",
        "vision model",
        "vision models",
        "multimodal model",
        "multimodal models",
        "transformer model",
        "transformer models",
        "edge devices",
        "high-resolution images",
        "open-source llms",
        "open-source models",
        "black box",
        "black boxes",
    )
)
"""Phrases that are too wide for a theme, or no subject."""
