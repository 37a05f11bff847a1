"""
Synonyms of academic English: which words may replace each other.

A static embedder finds synonyms and opposites equally near each other, so the synonyms are written down here;
`rag.checking.contrasts` has the opposites. Words are compared by their stems; a word may stand in several groups. It
knows single words only, no phrases.
"""

from __future__ import annotations

from functools import cache, lru_cache

from rag.checking.words import stems

_GROUPS = """
approach method technique strategy scheme procedure methodology way |
framework system architecture pipeline platform | algorithm method procedure | model network |
achieve reach attain obtain yield get gain realize accomplish | achieve deliver produce | reach hit arrive |
show demonstrate reveal indicate display exhibit illustrate present evidence | show find observe report |
reveal uncover expose disclose unveil | find discover identify detect locate | find conclude |
confirm verify validate corroborate | suggest imply hint indicate point |
propose introduce present develop offer put describe | propose suggest | introduce bring launch |
develop build create design construct devise make | create generate produce make form | generate synthesize write |
use utilize employ leverage adopt apply exploit harness | use usage utilization application |
need require demand necessitate call | need necessity requirement |
necessary needed essential required indispensable |
improve enhance boost strengthen raise increase better advance lift |
improvement gain enhancement advance boost increase |
increase raise grow rise boost elevate climb heighten augment expand | increase growth rise elevation gain |
reduce decrease lower diminish decline drop lessen cut shrink fall curb minimize limit |
reduce mitigate alleviate lessen ease relieve | reduction decrease decline drop loss fall cut |
reduce compress shrink condense | degrade worsen deteriorate impair harm hurt damage decline reduce suffer |
outperform surpass exceed beat better overtake top outdo | outperform superior better | excel outperform |
effective successful efficacious | efficient economical cheap | efficiency economy |
effect impact influence consequence | affect influence impact shape alter | influence affect determine govern |
result outcome finding | result lead cause | cause induce trigger provoke produce bring lead | cause reason source |
because since owing | enable allow permit let make | help aid assist support facilitate | ease facilitate simplify |
prevent avoid avert stop preclude block prohibit | avoid sidestep circumvent bypass |
eliminate remove discard drop delete | eliminate obviate | remove strip exclude omit |
keep maintain retain preserve sustain hold conserve | keep store | stay remain keep | continue persist go |
start begin commence initiate open launch | beginning start onset opening outset | first initial opening early |
end finish conclude terminate stop | last final closing | complete finish full whole entire |
test evaluate assess examine try measure benchmark | test trial experiment |
evaluation assessment test testing appraisal | assess judge rate grade score | measure gauge quantify estimate |
metric measure indicator criterion | estimate predict approximate gauge | predict forecast anticipate foresee |
prediction forecast | examine investigate study explore analyze inspect scrutinize probe look | investigate research |
analysis examination study investigation | study trial research work investigation | paper article work study |
review survey overview | survey poll questionnaire | compare contrast | compared relative versus against |
comparison contrast | similar comparable alike analogous equivalent close | same identical equal | equal match rival |
different distinct diverse various differing | various several multiple different diverse many numerous |
differ vary | variation variability change difference | diversity variety |
change alter modify shift transform adjust vary | change alteration modification shift |
adapt adjust tailor customize tune | adaptation adjustment | convert transform turn translate change |
replace substitute swap exchange | combine merge integrate join unite fuse unify blend couple pair mix |
combination union fusion mixture mix | connect link tie join relate bind |
link association connection relationship relation tie correlation |
associated linked related tied connected correlated | relevant pertinent related | depend rely hinge |
dependence reliance | divide split separate partition segment break |
part portion component piece section segment share fraction | component element part module block ingredient |
module block unit | share proportion fraction percentage | group cluster cohort set class |
group category class type kind | kind type sort | select choose pick | selection choice | choice option |
option alternative | alternative substitute |
important key crucial critical vital significant essential central pivotal major | importance significance |
key main principal primary central core chief major | basic fundamental elementary | fundamental essential |
large big substantial considerable sizable great huge vast massive |
substantial considerable significant marked notable sizable |
substantially considerably significantly markedly greatly notably much strongly |
drastically sharply strongly severely dramatically heavily | sharply steeply |
slightly marginally modestly mildly somewhat | small little tiny minor slight modest | small short compact |
minor slight small marginal | rapid fast quick swift speedy | rapidly quickly fast swiftly | slow sluggish |
speed pace velocity rate | accelerate speed hasten expedite quicken | speedup acceleration |
strong powerful robust potent | robust resilient stable | robustness resilience stability | weak feeble poor |
accurate precise exact correct | accuracy correctness | correct right | wrong incorrect false erroneous mistaken |
error mistake fault | flaw defect fault shortcoming weakness drawback limitation |
problem issue difficulty challenge trouble | challenge obstacle hurdle barrier |
difficult hard challenging tough demanding | easy simple straightforward effortless | simple plain basic |
complex complicated intricate sophisticated | clear evident obvious apparent plain |
clearly evidently obviously plainly | novel new original fresh innovative | recent modern latest new |
current present existing today | existing current previous prior earlier available |
previous prior earlier past former | traditional conventional classical standard usual |
standard usual normal conventional typical ordinary | typical usual common |
usually typically commonly generally normally often mostly | often frequently commonly | frequent common widespread |
common prevalent widespread | prevalence frequency | always consistently invariably |
consistently steadily uniformly always | constant fixed steady unchanged | stable steady |
rare uncommon infrequent scarce | scarce limited rare scant | limited restricted constrained |
limit restrict constrain confine bound | limitation restriction constraint | broad wide extensive |
extensive comprehensive thorough wide large | comprehensive thorough complete full exhaustive | detailed thorough |
careful thorough | carefully thoroughly | general broad universal | specific particular certain |
particularly especially notably | only solely merely exclusively just | alone solely |
entire whole complete full all | entirely wholly completely fully totally | nearly almost |
approximately about roughly around nearly | exactly precisely | respond react reply answer |
response reaction reply answer | answer reply solution | solve resolve address tackle fix |
address tackle handle treat confront | handle manage process treat cope | fix repair correct remedy |
solution remedy fix | treat treatment therapy | treatment therapy intervention | drug medication medicine medicament |
dose dosage | patient case subject individual person people | effectiveness usefulness efficacy utility value |
participant subject volunteer respondent | people humans persons individuals | person human individual |
individual single | human person people | child kid infant youngster pediatric | adolescent teenager youth |
young youthful | elderly older aged old senior | adult grown | woman female | man male | pregnant expectant |
mother maternal | physician doctor clinician practitioner | doctor clinician physician gp | nurse carer |
student pupil learner trainee | teacher instructor educator | expert specialist professional |
illness disease disorder sickness condition | cancer tumor tumour carcinoma malignancy | heart cardiac |
kidney renal | liver hepatic | lung pulmonary | brain cerebral | blood serum | vaccine jab shot |
vaccinate immunise immunize | vaccination immunization immunisation | unvaccinated unimmunised unimmunized |
influenza flu | death dying mortality | die death | died deceased | fatal lethal deadly | survive survival live |
overweight obese | obese obesity | harmful detrimental damaging adverse | harm damage injury | injury trauma wound |
injured wounded | safe secure | safety security | attack assault | risk danger hazard threat |
vulnerable susceptible prone | susceptibility vulnerability | protect guard shield defend safeguard |
protection defense | dangerous hazardous unsafe risky | benefit advantage gain merit |
beneficial helpful useful advantageous | useful helpful valuable | value worth | cost expense price |
costly expensive | money funds | financial monetary economic | cheap inexpensive affordable | company firm business |
employee worker staff | work function operate run | role part function | task job | job work occupation |
goal aim objective purpose target | aim seek try intend strive | try attempt | attempt effort |
occur happen arise appear emerge | arise stem originate come | seem look appear | exist occur |
contain include comprise hold have | include contain comprise encompass cover involve | consist comprise |
cover span encompass | span range | range spectrum scope | scope extent | extent degree level |
amount quantity volume | number count quantity | count number tally | average mean | overall total general |
total sum whole | maximum highest largest greatest peak | minimum lowest smallest least |
highest greatest top largest best | best optimal leading top | optimal ideal best | optimize tune |
leading foremost top | rank order | order sequence | sequence series chain | steps stages phases | step stage phase |
stage phase period | period time duration span | duration length | time hours | age years | annual yearly |
daily everyday | location place site position | place site spot | region area zone | area field domain |
field domain discipline | country nation | world globe | worldwide global | local regional |
environment setting surroundings | setting context scenario | scenario situation case setting |
situation circumstance condition | background context | data information material | information knowledge |
knowledge understanding insight | understand comprehend grasp | understanding comprehension | know understand |
dataset corpus collection | collection set | collect gather assemble compile amass | gather accumulate |
record capture register log | crawl gather | filter sift screen | label annotate mark tag | annotation label |
image picture photo photograph | picture view | video film clip | view viewpoint perspective angle |
see view observe | sight vision | vision visual | visual optical | text document passage | word term token |
phrase expression | sentence statement | language tongue | multilingual crosslingual | speech voice | sound acoustic |
translate render | summary abstract digest | summarize condense | question query | query request prompt |
request ask | ask query | prompt instruction | instruction command order | example instance sample case |
sample specimen | conversation dialogue chat | explain clarify account | explanation account rationale |
reason think infer deduce | reasoning thinking inference thought | thought idea | idea concept notion |
hypothesis conjecture theory | believe think consider feel | consider regard view treat | decide determine choose |
decision choice judgment | judgment assessment | attitude opinion view | preference liking |
preferred favored chosen | chosen selected picked preferred | rejected dismissed discarded refused |
reject refuse dismiss deny | accept admit | agree concur | agreement consensus accord | disagree differ |
confidence certainty | uncertain unsure doubtful | uncertainty doubt | likely probable |
probability likelihood chance | chance random | randomly arbitrarily | possible feasible potential |
feasible practical practicable | impractical infeasible unrealistic | possibly perhaps potentially maybe |
ability capability capacity power skill | able capable | skill competence | learn acquire train | learning training |
train teach | pretrain pretraining | taught trained educated | education teaching | practice exercise |
practise train | exercise training | educate teach | teach instruct | human-written handwritten manual |
manually hand | manual hand | automatic automated | automatically autonomously | autonomous independent |
independently separately | separate distinct individual | separately individually | jointly together simultaneously |
simultaneously concurrently | parallel concurrent | joint shared common | share divide | divide distribute |
distribute spread | spread disseminate propagate | transmission spread | transfer carry move | carry bear transport |
move shift | movement motion | direction orientation | path route trajectory | track follow trace | follow pursue |
search look seek | search retrieval | retrieve fetch recover | recover restore regain | restore recover repair |
reconstruct rebuild recreate | reconstruction rebuilding | simulate imitate mimic emulate | simulation imitation |
artificial synthetic simulated virtual | real actual genuine true | real-world realistic | authentic genuine real |
original initial | source origin | origin provenance | output result | input entry | memory storage | storage store |
compute calculate | computation calculation | computing computation compute computational | hardware equipment |
device machine instrument | machine computer | tool instrument device | software program | code program |
program programme | resource asset | lightweight light | heavy weighty | dense plentiful abundant | sparse scarce |
sufficient adequate enough | insufficient inadequate | excessive undue | overly excessively too unduly |
additional extra further added more | add append insert attach | addition inclusion |
extend expand broaden widen enlarge lengthen | extension expansion | scale size | size magnitude | magnitude extent |
long lengthy extended | brief short concise | concise compact succinct | compact condensed | deep profound |
depth deepness | layer level | upper top | edge border boundary margin | boundary border edge limit |
gap difference disparity margin | disparity gap inequality difference | margin lead gap | bias prejudice skew |
fair unbiased impartial equitable | fairness equity | evaluate rate | baseline reference | benchmark testbed |
rival competitor opponent | competing rival | competitive strong | state-of-the-art sota |
outstanding exceptional remarkable excellent impressive superb | remarkable striking notable impressive |
excellent superb superior outstanding | good satisfactory favorable | poor bad inferior | worse inferior poorer |
pattern trend regularity | trend tendency | tendency inclination | feature characteristic attribute property trait |
quality standard | structure architecture organization | organize arrange structure | arrange order | design plan |
plan scheme | mechanism process | process procedure | principle rule | rule law | law regulation |
regulate control govern | control manage | control regulation | supervise oversee monitor |
monitor observe watch track | attention focus | focus concentrate center |
emphasize stress highlight underscore underline | attend notice | ignore neglect disregard overlook |
overlook miss ignore | fail break | failure breakdown | robustly reliably | reliable dependable trustworthy |
reliability dependability trustworthiness | trust confidence | guarantee ensure assure | ensure guarantee secure |
promote foster encourage stimulate advance | promote further | activate stimulate |
inhibit suppress block repress hinder | suppress inhibit curb | hinder impede hamper obstruct | block obstruct |
lack absence shortage | shortage scarcity lack | missing absent lacking | unseen unknown new | unknown unclear |
hidden latent concealed | conceal hide | visible apparent | perceive sense | sensor detector |
detect recognize identify spot sense | detection recognition identification | classify categorize label |
classification categorization | discriminate distinguish differentiate | distinguish differentiate separate |
represent encode | representation embedding encoding | embed encode | model simulate | match fit correspond |
align match | alignment matching | map chart | chart graph | graph network | curve line | shape form | form type |
face confront | encounter meet face | meet satisfy fulfill | serve act | act behave | action act |
behavior conduct behaviour | interact engage | interaction engagement | participate engage | engage involve |
entail involve imply | imply mean | mean signify | meaning semantics sense | semantic meaningful |
interpret understand | interpretable explainable | transparent open | open public | free liberate |
release publish launch | release issue | available accessible | access entry |
provide supply offer give furnish deliver | grant give | equip furnish | fund finance | support back |
back-up reserve | maintain uphold | uphold keep | progress advance advancement | progression advance |
develop progress evolve | evolution development | development growth | expert skilled | user client |
client customer | crop plant | plant vegetation | animal creature | mouse mice murine | rat rats | rodent rodents |
water aquatic | soil ground | climate weather | heat warmth | hot warm | cold cool | temperature heat | energy power |
power strength | force power | intensity strength | protein polypeptide | gene genetic | mutation variant |
variant version | cell cellular | bacterial bacteria bacterium microbial | virus viral | infection contamination |
infected contaminated | germ microbe | immune immunity | hormone endocrine | diet nutrition food | eat consume |
consume use | consumption intake use | drink beverage | smoke tobacco | weight mass | height stature | sleep rest |
stress strain | anxiety fear worry | depression depressive | mental psychological | physical bodily | pain ache |
symptom sign | sign signal indication | diagnose identify | diagnosis identification | screen test |
surgery operation | surgical operative | hospital clinic | clinical medical | health wellbeing | nurse nursing |
soccer football | field pitch | game match | play perform | perform conduct execute |
conduct perform carry undertake run | performance effectiveness | performance result | execute run |
implement realize | implementation realization | deploy install | practical applied | real-time instantaneous |
instant immediate | immediately instantly | late delayed | delay latency lag | wait delay | before prior |
after following | subsequent later following | next following | within inside | outside beyond | across throughout |
among between | through via | despite notwithstanding | although though while | while whereas | however nevertheless |
therefore thus hence | moreover furthermore | additionally further
"""


def same_spelling(stem: str) -> str:
    """A stem in one spelling: of tumour and tumor, of optimise and optimize."""
    return stem.replace("our", "or").replace("iz", "is").replace("yz", "ys")


def by_stem(groups_of_words: str) -> dict[str, frozenset[int]]:
    """Map each stem to the numbers of its groups; `|` separates the groups."""
    table: dict[str, frozenset[int]] = {}
    for number, group in enumerate(groups_of_words.split("|")):
        for stem in {same_spelling(stem) for stem in stems(group.split())}:
            table[stem] = table.get(stem, frozenset()) | {number}
    return table


@cache
def _table() -> dict[str, frozenset[int]]:
    return by_stem(_GROUPS)


@lru_cache(maxsize=20_000)
def groups(stem: str) -> frozenset[int]:
    """The numbers of the groups of synonyms that a word stands in, by its stem."""
    return _table().get(same_spelling(stem), frozenset())


@lru_cache(maxsize=50_000)
def synonymous(one: str, other: str) -> bool:
    """
    True if one stem may stand for the other: the same word, one of its family, or a synonym.

    >>> synonymous(*stems(["method", "approach"])), synonymous(*stems(["increase", "decrease"]))
    (True, False)
    """
    one, other = same_spelling(one), same_spelling(other)
    return one == other or bool(groups(one) & groups(other)) or _of_a_family(one, other)


def _of_a_family(one: str, other: str) -> bool:
    """True if two stems share all but an ending: reduc and reduct, accuraci and accur."""
    if one[:4] != other[:4]:
        return False
    short, long = sorted((one, other), key=len)
    shared = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    least = 0.6 if shared == len(short) else 0.7
    return shared >= 5 and shared >= least * len(long) and len(short) - shared <= 2
