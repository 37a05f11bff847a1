"""Regular expressions by which a question is understood: one table a kind, read in order by `understand`."""

from __future__ import annotations

import re

CONTRACTED = re.compile(r"(?<=what)'s\b|(?<=who)'s\b|(?<=how)'s\b|(?<=here)'s\b|(?<=that)'s\b", re.IGNORECASE)
RECENT = re.compile(
    r"\b(?:recent(?:ly)?|latest|newest|lately|new(?=\s+(?:papers?|work|research|results?|studies|on|in|about|for)\b)|"
    r"what(?:'s| is) (?:new|hot|happening)|news|up[- ]to[- ]date|nowadays)\b",
    re.IGNORECASE,
)
NEGATIVE = re.compile(
    r"\b(?:(?:get|go|gets|goes) wrong|struggles?|limitations?|drawbacks?|weakness(?:es)?|shortcomings?|fail(?:s|"
    r"ures?)?|downsides?|disadvantages?|not|cannot|"
    r"never|pitfalls?)\b|n't\b",
    re.IGNORECASE,
)


EXPECTS_YES = re.compile(
    r"^(?P<verb>is|are|was|were|do|does|did|has|have|could|would|should|can)(?:n't|(?<=n)'t)\b", re.IGNORECASE
)
"""“Doesn't X help?” asks whether X helps."""
NAME = r"(?P<name>[^\W\d_][\w.'’-]*(?:,?\s+(?:[^\W\d_][\w.'’-]*|&|and)){0,5})"
AUTHOR_FORMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:which |what )?(?:are |is )?(?:the )?(?:recent |latest |new |all )?(?:papers?|work|works|articles?|"
        rf"publications?|stud(?:y|ies)|research) "
        rf"(?:(?:was|were|has|have|did|is|are) )?(?:(?:been )?(?:written|published|authored|done) )?(?:by|"
        rf"from) {NAME}\s*\??$",
        rf"^(?:list|show|find|give)(?: me)? (?:all |the |any )*(?:recent |latest |new )?(?:papers?|works?|articles?|"
        rf"publications?|research) "
        rf"(?:(?:written|published|authored) )?(?:by|of|from) {NAME}\s*[.?]?$",
        rf"^what (?:else )?(?:did|does|has|have) {NAME} (?:publish(?:ed)?|writ(?:e|ten)|work(?:ed)? on|author(?:ed)?|"
        rf"done)\s*\??$",
        rf"^(?:what|which)(?: \w+)? papers? (?:did|has|have|does) {NAME} (?:publish(?:ed)?|writ(?:e|ten)|"
        rf"author(?:ed)?)\s*\??$",
        rf"^{NAME}'s? (?:papers?|publications?|work|articles?|research)\s*\??$",
        rf"^(?:author|authors):\s*{NAME}$",
        rf"^(?:all |the |recent |latest )*publications? (?:of|from) {NAME}\s*\??$",
        rf"^how many (?:papers?|articles?|publications?) (?:did|has|have|does) {NAME} (?:publish(?:ed)?|writ(?:e|"
        rf"ten)|author(?:ed)?)\s*\??$",
        rf"^how many (?:papers?|articles?|publications?) (?:are |is |were )?(?:there )?(?:written |"
        rf"published )?by {NAME}\s*\??$",
    )
)
PAPERS_OF = re.compile(rf"^(?:all |the |recent |latest )*(?:papers?|articles?|works?) of {NAME}\s*\??$", re.IGNORECASE)
"""An author only where the words are written as a name: “papers of Fei-Fei Li”, not “papers of interest”."""
_NAME_BEFORE = NAME.replace("{0,5})", "{0,5}?)")
AUTHOR_ON = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:which |what |all |the |any |recent |latest |new )*(?:papers?|works?|publications?|articles?) (?:on|"
        rf"about) (?P<topic>.+?) "
        rf"(?:written )?by {NAME}\s*\??$",
        rf"^(?:(?:list|show|find|give)(?: me)? )?(?:which |what |all |the |any |recent |latest |new )*(?:papers?|"
        rf"works?|publications?|articles?|"
        rf"research) (?:(?:are |were )?(?:written |published )?)?by {_NAME_BEFORE} (?:on|about|that|which|regarding|"
        rf"using) (?P<topic>.+)$",
        rf"^what (?:else )?(?:did|does|has|have) {_NAME_BEFORE} (?:publish(?:ed)?|writ(?:e|ten)|work(?:ed)?|done|do|"
        rf"say|said|find|found) "
        rf"(?:on|about|in|regarding) (?P<topic>.+)$",
        rf"^(?:what|which)(?: \w+)? papers? (?:did|has|have|does) {_NAME_BEFORE} (?:publish(?:ed)?|writ(?:e|"
        rf"ten)) (?:on|about|in) (?P<topic>.+)$",
        rf"^{_NAME_BEFORE}'s? (?:papers?|publications?|work|articles?|research) (?:on|about|in) (?P<topic>.+)$",
    )
)
SAYING = re.compile(
    r"^what (?:do|does|did|has|have) .*? (?:say|said|find|found|do|done) (?:on|about|in)\b", re.IGNORECASE
)
"""Here one word is seldom an author: “What does BERT say about syntax?”"""
WHO_WROTE = re.compile(
    r"^(?:who (?:wrote|authored|published|are the authors of|is the author of|proposed|introduced)|"
    r"(?:who are )?(?:the )?authors? of|"
    r"by whom (?:is|was)) (?P<title>.+?)\s*\??$",
    re.IGNORECASE,
)
COUNT = re.compile(
    r"^how many (?:recent |new )?(?:papers?|articles?|studies|publications|abstracts?)(?: (?:are|exist|do you have|"
    r"were|is|have been))?"
    r"(?: (?:there|published|listed|written|here))*(?P<rest>.*?)\s*\??$",
    re.IGNORECASE,
)
DEALING = re.compile(
    r"^\s*(?:in (?:the|this|my) library|here|deal with|dealing with|treat|study|discuss|mention|cover|address|"
    r"focus on|concern|"
    r"(?:that |which )?(?:deal with|treat|study|discuss|mention|cover|address|focus on|concern|use))\b",
    re.IGNORECASE,
)
"""“How many papers deal with X” counts those on X."""
WHEN = re.compile(
    r"^(?:when (?:was|were|is|did)|in (?:which|what) year (?:was|were)|what (?:year|date) (?:was|were)) (?P<title>.+?) "
    r"(?:published|listed|released|first published|appear(?:ed)?|come out|written)\s*\??$",
    re.IGNORECASE,
)


COMPARISONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^how (?:do|does|did) (?P<a>.+?) and (?P<b>.+?) (?:compare|differ)\b.*$",
        r"\bdifferences? between (?P<a>.+?) and (?P<b>.+?)\s*[?.]?$",
        r"\bcompar(?:e|es|ed|ing|ison)(?: of| between)? (?P<a>.+?) (?:and|to|with|versus|vs\.?|"
        r"against) (?P<b>.+?)\s*[?.]?$",
        r"\bhow (?:do|does|did) (?P<a>.+?) (?:compare|differ|fare|stack up) (?:to|with|from|"
        r"against) (?P<b>.+?)\s*[?.]?$",
        r"^(?P<a>.+?) (?:vs\.?|versus) (?P<b>.+?)\s*[?.]?$",
        r"^(?:is|are|does|do) (?P<a>.+?) (?:better|worse|faster|slower|cheaper|more \w+|less \w+|superior|outperform|"
        r"beat)(?: (?:than|to|at))? "
        r"(?P<b>.+?)\s*\??$",
        r"^(?:which|what) (?:is|are|works?|performs?) (?:\w+ ){0,2}?(?:better|best|faster|worse|"
        r"cheaper)\b(?:(?P<setting>[^,:]*)[,:])? (?P<a>.+?) or (?P<b>.+?)"
        r"\s*\??$",
        r"^should (?:i|we|one|you) (?:use|choose|prefer) (?P<a>.+?) or (?P<b>.+?)\s*\??$",
    )
)
DEFINITION = re.compile(
    r"^(?:what(?:'s| is| are| was)(?: an?| the)?|define|definition of|what does|what do you mean by|"
    r"explain(?: the (?:concept|term|notion) of)?) "
    r"(?P<topic>.+?)(?: (?:mean|stand for|refer to))?\s*[?.]?$",
    re.IGNORECASE,
)
NOT_A_DEFINITION = re.compile(
    r"\b(?:of|between|on|about|for|in|to|by|with|that|which|known|best|effect|impact|role|limitations?|advantages?|"
    r"challenges?|benefits?|drawbacks?|accuracy|size|number|reasons?|causes?|differences?|state|way|ways|new|latest|"
    r"main|most|evidence|trends?|how|why|when|whether|doing|used|better|best|there)\b(?!-)",
    re.IGNORECASE,
)
_WHAT_ARE = (
    r"what are (?!(?:the|any|some|good|better|best|recent|new|newest|latest|popular|existing|available|common|main|open|"
    r"current|typical|important|useful|strong|other|different)\b)(?:[\w-]+ ){1,4}(?:models|systems)\s*[?.]?$"
)
"""“What are state space models?” asks what they are, and for no list of them."""
LIST = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?!what\b|which\b|how\b|why\b|is\b|are\b|do\b|does\b|can\b|we\b)(?:[\w-]+ ){1,6}(?:datasets|benchmarks|"
        r"corpora|surveys)"
        r"(?: (?:listed|published))?\s*[.?]?$",
        rf"^(?!{_WHAT_ARE})(?:which|what) (?!is |was |does |do |did )(?:\w+ ){{0,3}}?(?:papers?|articles?|stud(?:y|ies)|"
        r"works?|"
        r"publications?|datasets?|benchmarks?|"
        r"methods?|approaches|techniques|tools?|systems?|models?|algorithms?|frameworks?|libraries|surveys?|metrics|"
        r"corpora)\b",
        r"^(?:list|show(?: me)?|find(?: me)?|give(?: me)?|recommend|search(?: for)?|name|are there(?: any)?|"
        r"is there(?: any)?|any|get(?: me)?|"
        r"i(?:'m| am) looking for|looking for|i need)\b.*\b(?:papers?|articles?|stud(?:y|ies)|works?|publications?|"
        r"datasets?|"
        r"benchmarks?|methods?|approaches|techniques|surveys?|research|tools?|frameworks?|librar(?:y|ies)|metrics|"
        r"corpora|corpus)\b",
        r"^(?:recent |latest |new |newest |the )*(?:papers?|articles?|stud(?:y|ies)|works?|publications?|research|"
        r"datasets|benchmarks|surveys?|reviews?)"
        r"(?: published)? (?:on|about|for|in|of|using|that|which|with|regarding|to)\b",
        r"^(?:the )?most (?:cited|popular|influential|important|discussed) (?:papers?|articles?|works?|datasets|"
        r"benchmarks)\b",
        r"^(?:has|have) (?:anyone|anybody|someone|somebody|there been)\b",
        r"^who (?:works?|is working|are working|uses?|studies) ",
        r"^list\b",
    )
)
OVERVIEW = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?:which|what) (?:open|unsolved|remaining) (?:problems?|questions?|challenges?)\b",
        r"^(?:summari[sz]e|give(?: me)? (?:an? |the )?(?:overview|summary)|(?:an? |the )?(?:overview|summary) of|"
        r"review|survey|tell me|describe)\b",
        r"^what (?:do|does|did|have|has) (?:the |most |some |these |those |recent |latest |new |current )*"
        r"(?:papers?|articles?|stud(?:y|ies)|literature|research(?:ers)?|works?|authors?|people|we|evidence)\b.*\b"
        r"(?:say|said|report(?:ed)?|find|found|show|shown|know|known|tell|told|suggest|think|conclude|learn(?:ed|t)?|"
        r"write|written|happen|done)\b",
        r"^what(?:'s| is| are)(?: the)? (?:new|latest|hot|happening|going on|current state|state of the art|known|"
        r"recent|news|trends?|trending|progress|"
        r"open (?:problems?|questions?|challenges?)|main (?:challenges?|findings?|ideas?|approaches|trends?)|"
        r"(?:recent |latest |new )?(?:advances?|developments?|trends?|results?|findings?|research|work|progress))\b",
        r"^(?:the )?(?:latest|recent|new|newest|news|current|state of the art)\b",
        r"^what (?:has|have|was|were) (?:been )?(?:published|written|done|said|found|reported|learned|listed) (?:on|"
        r"about|in|for|with)\b",
        r"^what (?:are|is) (?:people|researchers|everyone|the community) (?:doing|working|saying|writing)\b",
        r"^what (?:new |recent )?(?:trends?|advances|developments?|progress)\b",
        r"^what (?:happened|changed|has happened|has changed)\b",
        r"^how (?:is|are|has|have) .* (?:going|evolving|developing|progress(?:ing|ed)?|evolved|changed)\s*\??$",
    )
)
NUMBER = re.compile(
    r"^(?:how (?:many|much|large|big|long|fast|accurate|high|low|often|old|small|expensive|deep|far|common|prevalent|"
    r"frequent)\b|"
    r"what(?:'s| is| are| was)(?: the)? (?:\w+ ){0,2}?(?:accuracy|number|size|percentage|proportion|rate|score|cost|"
    r"price|speedup|"
    r"speed|latency|throughput|prevalence|incidence|dose|dosage|duration|length|count|f1|bleu|perplexity|sensitivity|"
    r"specificity|share|fraction|amount|parameter count)(?= (?:of|for|on|in|at|by|from|does|do|did|is|are|was|were|"
    r"when|with|can|reached|achieved|has|have)\b|\s*\?|\s*$)|"
    r"(?:at|by|to|with|in|for) (?:how many|how much)\b|"
    r"(?:at|by|to|with|in|for) (?:what|which) (?:accuracy|rate|percentage|factor|speed|cost|size)\b|"
    r"what (?!is |are |was |were |does |do |did )(?:\w+ )?(?:score|accuracy|percentage|fraction|share|proportion|"
    r"speedup|score|rate|number)\b)",
    re.IGNORECASE,
)
YES_NO = re.compile(
    r"^(?:do|does|did|is|are|was|were|can|could|will|would|should|has|have|had|may|might|must|isn't|aren't|don't|"
    r"doesn't|"
    r"can't|won't|is it true that|whether)\b",
    re.IGNORECASE,
)
EXPLAINING = re.compile(
    r"^(?:why|how|when|where|what (?:explains|causes|makes|drives|determines|happens|affects?|improves?|limits?|"
    r"enables?|"
    r"factors?|reasons?|evidence|kind|is the (?:effect|impact|role|influence|reason|cause)|are the (?:effects?|"
    r"impacts?|"
    r"reasons?|causes?|limitations?|advantages?|benefits?|drawbacks?|challenges?)))\b",
    re.IGNORECASE,
)
ASKS = re.compile(r"^(?:who|whom|whose|what|which|when|where|why|how)\b|\?\s*$", re.IGNORECASE)


AUXILIARIES = frozenset(
    "is are was were be been has have had do does did can could will would should may might must".split()
)
LEAD = re.compile(
    r"^(?:(?:what|which|who|how|why|when|where|whether|do|does|did|is|are|was|were|can|could|will|would|should|has|"
    r"have|"
    r"had|there|any|the|a|an|some|all|me|us|list|show|find|give|tell|recommend|name|search|get|summari[sz]e|describe|"
    r"explain|define|compare|review|survey|overview|summary|of|on|about|for|recent|latest|new|newest|current|papers?|"
    r"articles?|stud(?:y|ies)|literature|research(?:ers)?|works?|publications?|say|says|report|know|known|we|it|that|"
    r"i'm|i|am|looking|need|in|state of the art|exist|exists|there's|been|most|main|happening|going|to|published|"
    r"written|done|corpora|corpus|happened|changed|cited|news|doing|people|one|anyone|"
    r"much|many|often|with|studied|since when|trends|findings)\b(?!['’-])[\s,:]*)+",
    re.IGNORECASE,
)
TAIL_WORDS = re.compile(
    r"[\s,]*\b(?:mean|means|exist|happens?|occurs?|arises?|available|stand for|refer to|(?:is|are) (?:there|"
    r"available|known)|out there|so far|"
    r"these days|nowadays|lately|recently|at the moment|right now|in the literature|in (?:the|this|my) library|papers?|"
    r"please|or not)\s*[?.!]*$",
    re.IGNORECASE,
)
PROBLEMS_OF = re.compile(
    r"^(?:(?:open|main|key|current|remaining|unsolved|biggest|major) )+(?:problems?|challenges?|questions?|issues?|"
    r"directions?) (?:(?:still )?(?:remain|exist|are (?:there|left|open)|is there) )?(?:in|of|for|with|on|about) (?=\w)",
    re.IGNORECASE,
)
"""“Open problems in X” are those of X; no paper writes it so."""
POINTING = re.compile(r"\b(?:it|its|this|that|they|them|their|these|those)\b", re.IGNORECASE)
"""Words that stand for something said before."""
