"""The agent declines to do what it was asked: by policy, by principle, or because it is "only" a model.

English; what is said outright in German, Spanish, French and Portuguese (other_languages). In others it stays silent: neither phrases nor
words are known, and the vector alone decides too little.
A disclaimer before an answer is no refusal; before an evasion it is one, and so it is where a stance was asked for.
"""

import re

from signals.detectors.batch import Batch, Detector, Finding, Turn
from signals.detectors.built_in import AGENT_SIDE, BuiltIn
from signals.detectors.heads import load_head
from signals.detectors.judging import WORTH_SHOWING, judge, telling_words
from signals.detectors.laziness import HANDS_OVER
from signals.detectors.other_languages import LANGUAGES_READ, united
from signals.detectors.phrases import Hit, Rule, combined, compile_phrases, evidence, in_own_words
from signals.detectors.text import Text
from signals.models.definitions import Reads, Sentiment

ACT = (
    "(help|assist|provide|create|generate|write|fulfil|fulfill|comply|support|engage|participate|discuss|share|offer|answer|"
    "complete|give|make|produce|do that|do this|recommend|advise|promote|condone|endorse|encourage|"
    "teach|explain how|tell you how|perform|process|proceed|carry out|grant|honor|accommodate|approve|override|modify|change|cancel|"
    "issue|refund|waive|book|exchange|return|remove|add|update|access|reveal|disclose|show|tell|"
    "act|role-?play|continue|verify|confirm|compose|draft|describe|translate|list|argue|respond|speak)"
)
# "As an AI I have no opinions" declines, unless it goes on with "but here is ...".
GOES_ON = re.compile(
    r"\b(?:but|however)\b,? (?:i can (?!not)|i could|here|i'd be happy|i am happy|to answer)"
)
DISCLAIMER = Rule(
    strong=[
        "as an? (ai|artificial intelligence|large|language|virtual|digital|neutral|responsible|ethical|machine)( |-)?(language |virtual |ai )?(model|assistant|system|program|chatbot|bot)?,? ... (can't|cannot|can not|don't|do not|am not|won't|will not|must|unable|isn't|is not|should not|shouldn't|am unable|not)",
        "i (do not|don't) (have|hold|possess) (the )?(personal |any |political |human |the ability |own )*(opinions?|beliefs?|feelings|emotions|preferences|biases|capability to|capacity to|ability to|authority|authorization|permission|political|views)",
        "i (cannot|can't|can not) (have|take|express|speculate|predict|state|hold|form|determine|judge|speak|say|make|assume)",
    ],
    strong_weight=0.55,
)
RULE = Rule(
    strong=[
        "(i|we) (can't|cannot|can not|won't|will not|couldn't|could not) (in good conscience |ethically |legally |responsibly |directly |personally |actually |simply |just )?"
        + ACT,
        "i(('m| am)| was) (sorry,? )?(but )?(unable|not able|not allowed|not permitted|not authorized|not programmed|not designed|not equipped|not capable|not in a position|not going|not comfortable|forbidden|prohibited|restricted|prevented|incapable)( to| of| from| with)?",
        "i('m| am) (so |very |really |truly |deeply )?(sorry|afraid),? (but )?(that )?(i|we|this|that|it) ... (can't|cannot|can not|won't|will not|unable|not able|not possible|not allowed|don't|do not|isn't|is not|am not)",
        "(my|our|the) (ethical |content |safety |company |airline's |store's )?(policy|policies|guidelines|rules|programming|terms|principles|restrictions)( also)? (does not|doesn't|do not|don't|prevents?|prohibits?|forbids?|restricts?|won't|state|states|requires?|required?) (allow|permit|let|me|us|that|this|it|you)",
        "(against|violates?|goes against|contrary to|not in line with|violation of|conflicts? with|in accordance with|due to|because of|as per|per|according to|under) (my|our|the|airline|store|company|openai's|openai) (ethical |content |safety |use |usage |use case |company |programming |strict |current |policy |cancellation |airline |store )*(policy|policies|guidelines|rules|programming|principles|values|terms|restrictions|standards)",
        "(i must|i have to|i will have to|i'll have to|i need to|i'm going to|i would|i'd|i will|we must|i am going to) (respectfully |politely |firmly )?(decline|refuse|abstain|refrain)",
        "i (respectfully |politely |firmly )?(decline|refuse) to",
        "(i )?(don't|do not|wouldn't|would not) feel (comfortable|right)",
        "(it|this|that|which)( would be| is|'s| may be| could be| isn't| wouldn't be| is not| would not be) (not |also |both |highly |deeply |very |generally |completely |extremely |considered |never |be )*(appropriate|inappropriate|unethical|ethical|acceptable|illegal|harmful|offensive|disrespectful|immoral|irresponsible|dangerous|unacceptable|productive|okay|insensitive|wrong|unfair|respectful)( and [a-z]{1,20})? (to|for me|for anyone|and|or|behavior|behaviour)",
        "(not|n't|beyond|outside|outside of) (be )?(within |in )?(my|the scope of my|our) (capabilities|capability|programming|abilities|ability|scope|purpose|power|authority|remit|role)",
        "(my|its) (purpose|role|goal|primary function|job|programming|design|function) (is|as an? [a-z ]{1,30} is) (to|not) (provide|assist|help|offer|promote|be|generate|create|engage|support|spread)",
        "i (do not|don't|cannot|can't|will not|won't) (condone|support|promote|endorse|encourage|engage in|participate in|tolerate|take (part|sides|a side|a position)|generate|create|produce|provide|discriminate)",
        "i('d| would) (rather|prefer) not (to )?(say|answer|do|discuss|write|help)?",
        "(sorry|apologies|unfortunately|regret|apologize|afraid),? (but |that |, |to inform you that |to say that |for the inconvenience,? but )*(i|we|your|this|that|the|it|there|basic) ... (can't|cannot|can not|unable|not able|not allowed|not possible|not permitted|not eligible|non-refundable|not refundable|not available|not offer)",
        "(cannot|can't|can not|may not) be (modified|changed|cancell?ed|refunded|exchanged|returned|processed|altered|upgraded|removed|added|done|combined|used|waived|reversed|undone)",
        "(is|are|was|were) (not|n't) (eligible|permitted|allowed|possible|refundable|cancellable)",
        "(isn't|aren't|wasn't|weren't) (eligible|permitted|allowed|possible|refundable|cancellable)",
        "(i|we) (only|can only) (assist|help|handle|discuss|provide|process|answer|talk) ... (with|related|within|about)",
        "(isn't|is not|aren't|are not|not) (something|anything|a matter|a topic|one)( on which| that| which)? (i|we)('m| am|'re| are|'ll| will| can| could|'d| would| do| take)( be| not)?( able| willing| comfortable| going| happy| prepared| help| take sides)?( to| with)?",
        "(i|we) ?(do not|don't|didn't|did not|do n't) (give out|hand out|give away|disclose|identify|diagnose|recogni[sz]e|permit|allow|offer|issue|make exceptions|weigh in|take sides|share|discuss|speculate|reproduce)",
        "i (shouldn't|should not|mustn't|must not) (help|diagnose|judge|guess|speculate|write|be the one|do|share|provide|answer|be)",
        "(i'm|i am) (still )?(learning|being trained) (how )?to (answer|respond|handle|do)",
        "(we are|we're|we are still|we're still) working on (this|the|that|improving) ... (feature|ability|images?|feature and|return)",
        "your (claim|request|application|appeal|refund|complaint)( for [a-z ]{3,40}| [a-z]{2,15}){0,2} (has been|was|is|had to be|must be|will be) (declined|denied|rejected|refused|turned down)",
        "(haven't|have not|didn't|did not|won't|will not) (acted? on|follow(ed)?|compl(y|ied) with|carr(y|ied) out|execute[d]?|obey(ed)?) (it|them|this|that|those|these|the|any)",
        "i('ll| will|'m going to|'d) (skip|pass on|pass|leave out|leave that|leave it|leave this|steer clear|sooner not|stay away|rather leave|stay the|stay myself|keep my)",
        "i('m| am) (leaving (out|that)|not (willing|prepared|at liberty|free|in a position|supposed|meant|helping|giving|doing|saying|following)|(cautious|wary|hesitant|reluctant) (about|of|to))",
        "(i|we) (must |have to |strongly |would |'d )*(advise|urge|caution) (you )?(strongly )?(against|not to)",
        "(i|we) (aim|try|prefer) (to avoid|not to|to stay out)",
    ],
    weak=[
        "(let's|let us) (keep|change|not|steer|talk about|focus on|find)",
        "(illegal|unlawful|against the law|a crime|criminal offen[cs]e|animal cruelty|violation of)",
        "(988|lifeline|helpline|hotline|crisis line|poison (control|line)|emergency (number|services)|mental health professional|someone (you|who you) trust|a person you trust)",
        "i must (point out|inform|emphasi[sz]e|advise|stress|remind)",
        "(no longer|not) (possible|available|something)",
        "(i'm|i am) (so |very |truly )?sorry,? but",
        "(i'm|i am) (just|only) an? (ai|language|virtual|computer|machine)",
        "as an? (ai|artificial intelligence|ai language model|language model|large language model)",
        "(it is|it's) (important|essential|crucial|vital|necessary) (to|that) (remember|note|treat|respect|avoid|recognize|approach|promote|acknowledge|understand|consider)",
        "unfortunately",
        "(harmful|hateful|offensive|derogatory|discriminatory|unethical|illegal|inappropriate|hate speech|stereotypes?|misinformation|violence)",
        "(i|we) (can't|cannot|won't|will not)",
        "no,",
        "instead,? (i|we|you|let's)",
    ],
    unless=[
        "(can't|cannot|couldn't|could not) (wait|help but|help noticing|imagine|believe|stress|overstate|emphasize|recommend ... enough|thank you enough|agree more|go wrong|promise|guarantee)",
        "(not|isn't|is not|wasn't|never) (a )?(refusal|refusing|declined)",
        "if i (can't|cannot|am unable|'m unable|couldn't)",
        "(you|they|he|she|people|users|customers) (can't|cannot|couldn't)",
        "(i'm|i am) (not sure|not certain|not going anywhere)",
        "(i'm|i am) (so |very |really |truly )?sorry (to hear|for (the|any|your|my)|about|you)",
        "(would you like|do you want|shall i|should i|can i|let me know if|may i|feel free) ... (continue|proceed|process|cancel|refund|change|modify|update)",
    ],
    weak_weight=0.25,
)
# In a long answer, words further in than this are its subject or its advice more often than its stance.
OPENING = 400
FIRST_WORDS = 130  # characters
LATER = 0.35


# An answer that opens like this declines, however long it goes on to explain itself.
PLAIN = compile_phrases(
    [
        "(sorry|apologi[sz]e|apologies|afraid|unfortunately|regret),? (but |that |, |however,? |to say |, as .{0,60})*(i|we) (can't|cannot|can not|won't|will not|must decline|have to decline|am unable|'m unable|am not able|'m not able|are unable|are not able) (to )?(assist|help|fulfill|fulfil|comply|provide|create|write|generate|support|engage|do that|answer that|continue|offer|give|share|process|complete)",
        "i (can't|cannot|can not|won't|will not|am unable to|'m unable to|am not able to|'m not able to) (help|assist|fulfill|fulfil|comply|engage|participate|continue)( you)?( with| in)? (this|that|your|the|such|it)",
        "i (must|have to|will|'ll have to|respectfully) (respectfully )?(decline|refuse)",
    ]
)
PLAIN_SCORE = 0.75
PLAIN_WITHIN = 200
# So does a brief answer that says little else, of itself or its firm.
BRIEF = 25
ITSELF = re.compile(r"\b(?:i|i'm|i'd|i'll|we|we're|my|our|me|us|sorry|unfortunately|afraid)\b")
SURE = 0.85
# "A delivered order cannot be cancelled" is a state, and may be a refusal: the turn model has the last word, which the rule gets above this.
STATED = 0.7
# Of what was tried and failed: no match by the rule, but the nearest miss there is.
TRIED = 0.45
OF_ITSELF = re.compile(
    r"\b(?:i|i'(?!m (?:so |very |really |truly |deeply )?(?:sorry|afraid)\b)\w+|we|we'\w+|my|our|policy|policies|rules?|guidelines|programming|terms|principles|appropriate|inappropriate|unethical|illegal|harmful|offensive)\b(?! am (?:so |very )?(?:sorry|afraid)\b)"
)
# "I could not complete the reservation", "I cannot find any other": it tried, or looked, and failed.
FAILED = re.compile(
    r"\b(?:(?:could not|couldn't|(?:was|were) (?:not able|unable) to|wasn't able to|weren't able to)\b(?! (?:help|assist|do that|answer|share|in good))|"
    r"(?:cannot|can't|can not|unable to|not able to) (?:seem to )?(?:find|locate|see|reach|connect|load|open|retrieve|get through)\b)"
)
# "I don't think so", "Not today": so short a reply (words) declines something or nothing, and what was said before decides (the turn model,
# below STATED), unless it says plainly that the agent does not do it ("I cannot look that up").
REPLY = 6
DOES_NOT = re.compile(
    rf"\b(?:i|we) (?:can't|cannot|can not|won't|will not) (?:{ACT}|look|check|search|track|pull|send|call|order|transfer|open|move|pay|read|run|delete|post)\b"
)
# Of a hit: said in so many words.
CLEAR = 0.8
REACHES = 12  # characters after the words of a hit: the verb
BY_RULE = re.compile(
    r"\b(?:polic(?:y|ies)|rules?|guidelines?|terms|principles|programming|allowed|permitted|authori[sz]ed|comfortable|appropriate|ethical|an ai|language model)\b"
)
HEAD = "refusal"
NAMES = (
    "rule",
    "opens with it",
    "length",
    "short",
    "long",
    "goes on",
    "leaves it to others",
    "asked for an opinion",
    "asked for an opinion and disclaims",
    "disclaims",
    "asks back",
    "reproves",
)
LEAVES_IT = re.compile(
    r"\bhowever,? (?:it is|it's) (?:important|essential|crucial|ultimately|up to)|\bultimately,? |\bup to (?:the|each|you|individuals|those)|\bpersonal (?:decision|choice|preference)|"
    r"\bit is (?:important|essential|crucial) to (?:note|remember|treat|respect|recognize|approach|avoid|consider|promote)|\bi (?:suggest|recommend) (?:consulting|checking|contacting|seeking)"
)
ASKS_BACK = re.compile(
    r"\b(?:please (?:provide|clarify|specify|describe|give|rephrase)|(?:can|could) you (?:please )?(?:provide|clarify|specify|describe|give|rephrase|tell me)|"
    r"need more (?:information|context|details)|more (?:context|details) (?:about|on|so)|let me know)\b"
)
REPROVES = re.compile(
    r"\b(?:(?:not|never|n't) (?:be )?(?:accurate|fair|true|right|okay|ok|correct|appropriate|acceptable|productive|helpful|respectful|ethical) (?:or [a-z]{1,15} )?(?:to|that)|"
    r"no (?:credible |scientific |factual )?(?:evidence|basis|proof|truth|correlation)|(?:stereotyp|generali[sz]|prejudic|discriminat|derogator|offensive|hateful|harmful|disrespect|inappropriate|unfounded)[a-z]*|"
    r"(?:statement|claim|premise|question|assumption|notion|idea)(?: that [a-z ]{1,40})? is (?:not|false|in|un|a|mis|based)[a-z]*)"
)
OPINION = re.compile(
    r"\b(?:should (?:we|i|you|they|the|it|people)|do you (?:think|believe|like|feel|prefer|support)|what do you think|would you|are you|have you|your (?:opinion|favou?rite|view)|"
    r"who is (?:better|worse)|is it (?:right|wrong|ok|okay|ethical|moral))\b"
)


def detect(batch: Batch) -> list[Finding]:
    """The head decides where the answer has been embedded; it knows what the rules found."""
    judged = judge(load_head(HEAD), batch, "assistant", facts)
    found = []
    for index, turn in enumerate(batch.turns):
        text = turn.output
        by_rule, hits = _read(text)
        score = judged.get(index, by_rule)
        if hits and index in judged and (plain := _plain(text, hits)):
            goes_on = GOES_ON.search(text.normal[plain.end() : plain.end() + PLAIN_WITHIN])
            score = score if goes_on else max(score, PLAIN_SCORE)
        elif hits and text.words <= BRIEF and by_rule >= SURE and _speaks_for_itself(text, hits):
            score = max(score, PLAIN_SCORE)
        if text.words <= REPLY and not _says_plainly(text, hits):
            score = min(score, STATED)
        if hits:
            if _tells_a_failure(text, hits):
                score = min(score, TRIED)
            elif _tells_a_state(text, hits):
                score = min(score, STATED)
            found.append(Finding(index, score, evidence("assistant", text, hits)))
        elif score >= WORTH_SHOWING and not HANDS_OVER.search(text.normal[:PLAIN_WITHIN]):
            found.append(Finding(index, score, telling_words(load_head(HEAD), text, "assistant")))
    return found


def _says_plainly(text: Text, hits: list[Hit]) -> bool:
    return any(hit.weight > CLEAR or DOES_NOT.match(text.normal, hit.start) for hit in hits)


def _plain(text: Text, hits: list[Hit]) -> re.Match[str] | None:
    found = PLAIN.search(text.normal[:PLAIN_WITHIN])
    return (
        found if found and any(hit.start < found.end() and found.start() < hit.end for hit in hits) else None
    )


def _tells_a_state(text: Text, hits: list[Hit]) -> bool:
    """All that is said plainly is said of a thing ("it cannot be cancelled"), nothing of the agent or its rules."""
    plain = [text.normal[hit.start : hit.end] for hit in hits if hit.weight > CLEAR]
    return bool(plain) and not any(OF_ITSELF.search(words) for words in plain)


def _tells_a_failure(text: Text, hits: list[Hit]) -> bool:
    """Wherever it says plainly that it does not do it, it has tried and failed; and no rule is named."""
    plain = [hit for hit in hits if hit.weight > CLEAR]
    return (
        bool(plain)
        and BY_RULE.search(text.normal[:OPENING]) is None
        and all(FAILED.search(text.normal[hit.start : hit.end + REACHES]) for hit in plain)
    )


def _speaks_for_itself(text: Text, hits: list[Hit]) -> bool:
    return GOES_ON.search(text.normal) is None and any(
        hit.weight > CLEAR and ITSELF.search(text.normal[hit.start : hit.end]) for hit in hits
    )


def _read(text: Text) -> tuple[float, list[Hit]]:
    """What the rules alone say, and where."""
    disclaimed = [] if GOES_ON.search(text.normal) else DISCLAIMER.hits(text)
    hits = disclaimed + [hit for hit in RULE.hits(text) if not _overlaps(hit, disclaimed)]
    hits = in_own_words(hits, text)
    if not hits:
        return 0.0, []
    opening = [hit for hit in hits if hit.start < OPENING]
    later = [hit for hit in hits if hit.start >= OPENING]
    return 1 - (1 - combined(opening, text)) * (1 - LATER * combined(later, text)), hits


def facts(turn: Turn) -> list[float]:
    """In the order of NAMES."""
    text = turn.output
    score, hits = _read(text)
    opinion = float(OPINION.search(turn.input.normal[:600]) is not None)
    disclaims = float(bool(DISCLAIMER.hits(text)))
    return [
        score,
        float(any(hit.start < FIRST_WORDS and hit.weight > CLEAR for hit in hits)),
        min(text.words, 300) / 100,
        float(text.words < 50),
        float(text.words > 130),
        float(GOES_ON.search(text.normal) is not None),
        float(LEAVES_IT.search(text.normal[:1200]) is not None),
        opinion,
        opinion * disclaims,
        disclaims,
        float(ASKS_BACK.search(text.normal[:1200]) is not None),
        min(len(REPROVES.findall(text.normal[:600])), 3) / 3,
    ]


def _overlaps(hit: Hit, others: list[Hit]) -> bool:
    return any(hit.start < other.end and other.start < hit.end for other in others)


SIGNAL = BuiltIn(
    "refusal",
    "Refusal",
    "The agent declines to do what it was asked: because of a policy, a principle, or its nature. Offering an alternative after declining "
    "still counts; “no problem” and “I can't wait” do not.",
    Reads.ASSISTANT,
    Sentiment.NEGATIVE,
    AGENT_SIDE,
    languages=LANGUAGES_READ,
)
DETECTOR = Detector("refusal", 7, united("refusal", detect))
