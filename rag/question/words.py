"""Word lists of question understanding: scaffolding, verbs that part noun phrases, greetings, other languages."""

from __future__ import annotations

FUNCTION_WORDS = frozenset(
    """
    a an the and or but nor if then than so as of at by for from in into on onto to with within without about between
    among during per via over under against across through is are was were be been being am do does did done has have
    had having can could will would shall should may might must there here this that these those it its they them
    their he his she her we us our you your i me my what which who whom whose when where why how whether not no any
    some such both each either neither also only just very more most much many other another n't vs versus out up
    already currently still ever yet too like when while because since until before after upon toward towards beyond
    besides despite instead rather
    """.split()
)
"""Words that end a noun phrase and are no topic."""

VERBS = frozenset(
    """
    improve improves improved improving reduce reduces reduced reducing increase increases increased increasing hurt
    hurts help helps helped affect affects affected cause causes caused causing work works worked use uses used using
    need needs needed lead leads led make makes made become becomes get gets got perform performs performed compare
    compares compared comparing differ differs outperform outperforms outperformed beat beats prevent prevents
    prevented enable enables enabled allow allows allowed benefit benefits require requires required generalize
    generalizes generalise generalises scale scales transfer transfers explain explains explained show shows shown
    suggest suggests say says said report reports reported find finds found know known tell tells study studies studied
    propose proposes proposed introduce introduces introduced describe describes described discuss discusses happen
    happens exist exists existing depend depends change changes changed achieve achieves achieved apply applied
    evaluate evaluated measure measured detect detecting train trained learn learned solve solves solved handle handles
    deal give gives given take takes taken matter matters mean means meant predict predicts emerge emerges emerged hold
    holds fail fails failed degrade degrades speed speeds run runs build build builds built call called
    contain contains contained include includes included comprise comprises
    play plays understand understands reach reaches reached come comes came write writes wrote respond responds
    responded break breaks broke breaking erode erodes weaken weakens mitigate mitigates store stores represent
    represents cover covers survive survives survived appear appears appeared become covered want wants go goes ask asks
    """.split()
)
"""Verbs that part noun phrases in a question. A word that is a topic as often as a verb (“learning”) is not here."""

NOUNS_TOO = frozenset(
    """
    change changes scale scales transfer transfers speed work use uses cause causes benefit benefits measure need play
    learning detecting matter
    """.split()
)
"""Verbs that are nouns as often: “change detection” has no verb."""

SCAFFOLD_NOUNS = frozenset(
    """
    paper papers study studies article articles work works research literature publication publications result results
    finding findings evidence author authors researcher researchers people person approach approaches method methods
    technique techniques way ways thing things kind kinds type types idea ideas example examples overview summary
    survey review list difference differences comparison definition advance advances progress development developments
    trend trends state question questions problem problems challenge challenges limitation limitations drawback
    drawbacks advantage advantages disadvantage disadvantages benefit impact effect effects role influence dataset
    datasets corpus corpora benchmark benchmarks model models system systems tool tools recent latest new newest
    novel current main key important best better good common different various several available open
    """.split()
)
"""Words that alone are no topic; within a noun phrase they stay (“language models”)."""

PREDICATES = frozenset(
    """
    useful good better bad worse best effective robust reliable accurate safe unsafe correct incorrect wrong hard easy
    necessary possible impossible able unable important sufficient enough needed true false fair biased trustworthy
    consistent stable
    """.split()
)
"""Adjectives that follow a noun phrase in “Are X useful?”; before a noun they belong to it."""

ASKED_OF = frozenset(
    """
    accurate fast faster slow slower large larger big bigger small smaller high higher low lower long longer deep
    common rare often old expensive cheap cheaper many much more less least better worse harmful beneficial helpful
    weak weakness weaknesses shortcoming shortcomings failure failures pitfall pitfalls downside downsides limit limits
    cause causes reason reasons effect effects impact impacts influence influences role performance quality accuracy
    score scores bleu rouge dice f1 iou auc wer perplexity
    contain contains include includes consist cover covers together alone jointly one ones well good answer answers
    """.split()
)
"""What is asked of a thing, and no thing that an answer must name: its degree, its limits, its causes."""

FAULTS = frozenset(
    "drawback drawbacks weakness weaknesses shortcoming shortcomings downside downsides disadvantage disadvantages "
    "pitfall pitfalls".split()
)
"""Words for what is asked of a thing, which its papers put in many other words."""
WEIGHT_OF_A_FAULT = 0.3
"""The factor on the weight of such a word in retrieval."""

PARTING = frozenset("all one anyone someone everyone people less least much even really always often sometimes".split())
"""Words that part noun phrases where they stand alone; in “one-shot” and “all-atom” they do not."""

FIXED_TERMS = (
    "mixtures? of (?:experts|depths|agents)",
    "chains? of (?:thoughts?|verification)",
    "(?:tree|graph|skeleton|program)s? of thoughts?",
    "bag of words",
    "tool (?:use|calling)",
    "internet of things",
    "theory of mind",
    "needle in (?:a|the) haystack",
    "lost in the middle",
    "human in the loop",
    "out of distribution",
    "structure from motion",
    "learning to rank",
    "(?:text|speech|image|video) to (?:text|speech|image|video|sql)",
    "(?:reinforcement )?learning from (?:human|ai) feedback",
    "quality of (?:life|service)",
    "standard of care",
)
"""Terms with a function word inside, as patterns."""

GREETINGS = frozenset(
    """
    hello hi hey thanks thank thx ok okay bye goodbye yes no sure cool great nice please help test good morning evening
    afternoon day welcome sorry lol you very much there again so
    """.split()
)

LANGUAGES = {
    "de": "der die das und ist sind wie was welche welcher warum gibt für mit von auf nicht ein eine über den zu bei "
    "werden wird kann können hat haben es im zur zum dem des",
    "fr": "le la les et est sont quel quels quelle quelles pourquoi comment des du une un pour avec dans sur que qui "
    "par ne pas au aux ce cette il y sont ont-ils l d",
    "es": "el la los las y es son qué que cuál cuáles por cómo para con en sobre una un del al no se su hay está "
    "cuánto cuántos",
    "it": "il lo la gli le e è sono quale quali perché come per con nel nella sui del della un una di che non si ci",
    "pt": "o a os as e é são qual quais por como para com em sobre uma um do da dos das não que se há são",
    "nl": "de het een en is zijn wat welke waarom hoe voor met van op niet over bij er worden wordt kan",
}
"""Function words by language. English ones are `FUNCTION_WORDS`."""
