"""What user_frustration reads beside the phrases that its head was trained with: patience that is over, sarcasm, other languages; and what only sounds
annoyed: a feeling about somebody else, a curious "wtf is a monad", a polite wish for a manager.

Apart from user_frustration.RULE because the head knows that rule's score as a fact: what changes there means training it anew.
"""

import re

from signals.detectors import forgetting, human_request
from signals.detectors.batch import Turn
from signals.detectors.mentions import mentions
from signals.detectors.other_languages import GATE, dictates
from signals.detectors.phrases import Hit, Rule
from signals.detectors.text import Text

LATER = "(fourth|fifth|sixth|seventh|tenth|hundredth|thousandth|millionth|nth|4th|5th|6th|10th|100th)"
NTH = "(second|third|fourth|fifth|sixth|seventh|tenth|hundredth|thousandth|millionth|nth|2nd|3rd|4th|5th|6th|10th|100th)"
TIMES = "(two|three|four|five|six|seven|eight|ten|twenty|a hundred|a thousand|a million|several|multiple|many|so many|a dozen|2|3|4|5|6|7|8|10|20|50|100)"
PRAISE = "(great|brilliant|fantastic|wonderful|lovely|perfect|nice|awesome|excellent|amazing|super|cool|marvelous|marvellous|fabulous|bravo|congrats|congratulations)"
# True whenever it is said.
ALWAYS = Rule(
    strong=[
        # Patience.
        f"(this is|it's|that's|that is|now) (now |already |like |literally )?(the |my |about the )?{LATER} time( (now|today|it|this|my)| in| that)?",
        f"for the ((freaking|fucking|damn) )?{NTH} time",
        f"(this is|it's|that's|that is|now) (now |already |like |literally )?(the |my |about the )?{NTH} time (i'm |i've |i have (to )?|i had to |i |that i |that you |you )(ask|asked|asking|tell|told|telling|say|said|saying|explain|explained|explaining|repeat|repeated|try|tried|trying|call|called|write|contact|contacted|type|typed|send|sent|paste|report|get|got|did|do|made|make|gave|failed)",
        f"(tried|asked|called|written|emailed|contacted|restarted|reinstalled|explained|done|did|reset|submitted|typed|entered) ((this|it|that|you|u|them|everything|already|about|literally|like) ){{0,3}}{TIMES} times( (now|already|and|so far|today))",
        "(i've|i have|i've been|been|i) (been )?waiting (here )?(for )?(hours|days|weeks|months|ages|forever|two|three|four|five|six|over|more than)",
        "(nobody|no one|no-one) (has |ever |even |here )?(answered|answers|replied|replies|responded|responds|helped|called me back|got back to me)",
        "(i'm|i am|im) (so |just |really |totally )?done with (you|this|u|that|it|y'all)( people| app| bot| company)?",
        "how (could|can) (you|u|they) (do|let|be so|mess|get|be this|have) (this|that|it|me)?",
        # Sarcasm.
        f"(oh |wow |well |yeah |ah |just ){{0,2}}{PRAISE},? (just )?(another|yet another|one more|still (no|not)|more) ...",
        f"(oh|wow|well|yeah|ah|gee),? {PRAISE}\\.{{2,}}",
        "(oh |well |yeah )?(just|isn't that just) (great|peachy)(,| now|\\.|!)",
        "(gee|wow|oh),? thanks (a lot|so much|a bunch)? ?for (nothing|wasting|deleting|ruining)",
        "(thanks|thank you|thx|cheers|ty) (so much |a lot |very much )?for (nothing|wasting|ruining|deleting|breaking (my|the|our|everything)|not (helping|answering|listening|reading))",
        f"(oh|wow|well|yeah|ah|gee|just)?,? ?{PRAISE}(,|\\.{{2,}}) now (it's|it is|it|i'm|i have|nothing|the|my|everything)( \\w{{1,20}}){{0,2}} (worse|broken|slower|gone|crashes|crashed|failing|fails|stuck|dead|down|lost)",
        f"{PRAISE} (job|work|service|support|help|answer|going),? (as always|not|/s|you (broke|deleted|lost|ruined|managed)|now)",
        "(so|very|super|really|real|how) (helpful|useful|smart|clever|intelligent),? ?(\\.{3}|/s|not|🙄|as always|aren't you)",
        "(that|this|it|you|u) (was |were |is |are |'s |'re )?(about )?as (useful|helpful|smart) as (a|an|my)",
        "(what a surprise|slow clap|color me surprised|shocker|way to go|nice one),? (it|you|another|still|again|genius|einstein|sherlock)",
        "(great|nice|wow|amazing|brilliant),? (now it's|now it is|it) (even )?(worse|broken|slower|gone|crashed|broke|deleted)",
    ],
    unless=[
        "for the (second|third) time (in|this) (history|a row|season|century)",
        "(sounds?|looks?|works?|is|was|are|be|been|'s|runs?|feels?) just (great|brilliant|fantastic|wonderful|peachy|lovely)",
        f"{PRAISE},? (another|one more|more) (question|thing|idea|one|example|option|round|win|tip|step|please)",
        f"{PRAISE},? (now|and now) ((i|it|the \\w{{1,20}}) (works?|understand|get|got|know|have|see|looks?|runs?|want|need|can|would|pass|passes)|can|could|please|let|let's|add|make|do|show|what|how|that)",
        "(is|was) (this|that|it) (the|my) (second|third|fourth|fifth) time",
    ],
)  # fmt: skip
# Of other languages, what is less plain than what other_languages holds.
ELSEWHERE = Rule(
    strong=[
        # Spanish.
        "(es|esto es|menuda|qué|vaya) (una |un )?(vergüenza|asco|desastre|tomadura de pelo|estafa|porquería|inaceptable|ridículo)",
        "(no sirve|no sirves|no vale) (de|para) nada",
        "estoy (muy |tan |más que )?(hart[oa]|furios[oa]|enfadad[oa]|enojad[oa]|decepcionad[oa]|cansad[oa] de)",
        "nadie (me )?(hace caso|responde|contesta|ayuda|atiende)",
        "es la (segunda|tercera|cuarta|quinta|sexta|enésima) vez que",
        "(pésim[oa]|horrible) (servicio|atención|experiencia)",
        # German.
        "(zum|das|jetzt das|schon das|nun das) (zweite|dritte|vierte|fünfte|zehnte|x-te|hundertste)n? mal",
        "(so ein|was für ein|was ein|son) (mist|scheiß|scheiss|dreck|quatsch|schrott|blödsinn|saftladen)",
        "(stinksauer|stocksauer|unverschämt|unverschämtheit|frechheit|zum kotzen|unfassbar schlecht)",
        "(ich bin|bin|bin ich|macht mich) (echt |so |sehr |wirklich |total |langsam |richtig )*(sauer|genervt|wütend|verärgert|enttäuscht|frustriert|bedient)",
        "schon wieder (falsch|nicht|kaputt|ein fehler|das gleiche|dasselbe)",
        "(funktioniert|geht|klappt) (immer noch|noch immer|überhaupt|schon wieder) nicht",
        "(mir reicht'?s|es reicht( mir| jetzt)|ich hab die schnauze voll|ich habe es satt|völlig nutzlos|total nutzlos)",
        # French.
        "c'est (vraiment |complètement |totalement |juste )?(inadmissible|ridicule|nul|honteux|une honte|n'importe quoi|inacceptable|scandaleux|insupportable)",
        "(j'en ai|on en a) (marre|assez|ras le bol|plein le dos)",
        "(ça|cela) (ne )?(marche|fonctionne) (toujours|encore) pas",
        "c'est la (deuxième|troisième|quatrième|cinquième|énième) fois que",
        "(je suis|suis) (très |vraiment |tellement )?(énervée?|furieux|furieuse|déçue?|en colère|dégoûtée?)",
    ],
    unless=[
        "(nicht|kein|keine) (mehr |so |sehr )*(sauer|genervt|enttäuscht|wütend|frustriert|verärgert)",
        "(no|ya no|tampoco) (estoy|es|esto es) (muy |tan |nada |una )*(hart[oa]|furios[oa]|enfadad[oa]|enojad[oa]|decepcionad[oa]|cansad[oa]|vergüenza|desastre|ridículo|inaceptable)",
        "pas (si |très |trop |vraiment |du tout |plus )*(énervée?|furieux|furieuse|déçue?|en colère|dégoûtée?|ridicule|nul|honteux)",
    ],
    gate=GATE,
)  # fmt: skip
# True when the agent has answered before.
ANSWERED = Rule(
    strong=[
        "(that's|is that|thats|that is|this is) (it|all|everything)( you (have|got|can do|know))? ?\\?",
        "(seriously|srsly|really|for real|fr|come on|omg|bruh|dude|bro|jeez|jesus)(\\?|,|!|\\.{2,3})? ?(that's|thats|this is|that is|it's) (it|all|not|still|the same|wrong|what)",
        "(that's|thats|that is|this is|this isn't|that isn't|it's) (not |hardly |barely )?(even |really |exactly )?(a|an|the) (plan|answer|solution|fix|summary|explanation|list|help|joke|refund|reply)[.!]*( at all)?",
        "i (asked|told) (for|you|u) ... ,? not (a|an|the|to|that|this|another)",
        "(any|some)(one|body) (there|here|alive|home|awake) ?\\?",
        "(are|r) (you|u) (there|still there|alive|a bot|dead|awake) ?\\?{2,}",
        "(hello|hi|hey) ?\\?{2,}",
        "(same|the same) (error|problem|issue|result|answer|thing|story) (again|as before|every (single )?time|over and over)",
        "(this is|it's) (not|hardly) (rocket science|that hard)",
        "(so )?(you|u) (can't|cannot|cant|couldn't) (even )?(do|help|answer|find|read|count|manage) (that|this|anything|me|it|a simple)( either| right)?",
        "what('s| is) (even )?the (point|use) of (you|this|u|that|having)",
        "(you|u) (had|got|have) one job",
    ],
    unless=[
        "(if|when|since|because) (you|u) (can't|cannot|cant|couldn't)",
        "(that's|thats|that is|is that|this is) (it|all|everything)( (i|we) (need|wanted|have|want)|,? (thanks|thank you|for today|for now))",
        "(that's|thats|that is|this is|it's) (a|an|the) (good|great|nice|perfect|plan|answer|solution|fix|summary|explanation|list|help|refund|reply)",
    ],
    strong_weight=0.65,
)  # fmt: skip
# A complaint about what was lost is one about the agent; alone it is the mildest.
LOST_WEIGHT = 0.55

PERSON = (
    r"(?:landlord|boss|manager|husband|wife|partner|girlfriend|boyfriend|fianc\w{1,3}|ex|sister|brother|mom|mum|mother|dad|father|son|daughter|kids?|child|children|baby|toddler|friends?|neighbou?rs?|"
    r"teacher|professor|colleagues?|co-?workers?|roommate|flatmate|doctor|team|dog|cat|clients?|customers?|patients?|students?|aunt|uncle|in-laws|parents|family|employees?|tenant|seller|government|"
    r"referee|guy)"
)
PEOPLE = rf"(?:him|her|myself|each other|people|everyone|life|the (?:news|weather|traffic)|(?:my|his|her|our|their|the|an?) (?:[a-z]+ )?{PERSON})\b"
FEELS = r"(?:frustrated|annoyed|angry|upset|disappointed|furious|irritated|pissed(?: off)?|mad|livid|disgusted|fed up|sick|tired|unhappy|exasperated|outraged)"
AT_OTHERS = re.compile(rf"\b{FEELS} (?:with|at|by|in|of|about|over|because of|that) (?:being |how )?{PEOPLE}")
FEELINGS = (
    "frustrat", "annoy", "angry", "upset", "disappoint", "furious", "irritat", "pissed", "mad ", "livid", "disgust", "fed up", "sick", "tired", "unhappy", "exasper", "outrag"
)  # fmt: skip
# "My boss is angry": it begins with a literal, which is found ten times as fast.
MINE = re.compile(
    rf"my (?:[a-z]+ )?{PERSON} (?:[a-z]+ )?(?:is|are|was|were|makes?|made|drives?|keeps?|kept|always|never|gets?|got|feels?|felt)\b"
)
# What a person says of themselves.
FELT = re.compile(rf"\b(?:i|i'm|im|me|so|really|very|getting)\b.*\b{FEELS}$")
CURIOUS = re.compile(
    r"\b(?:wtf|wth|what the (?:hell|heck|fuck|f)|how the (?:hell|heck|fuck)|how tf) "
    r"(?:(?:even )?(?:is|are|does)(?: even)? (?!wrong|you|your|this|that|it\b|going|happening|up\b|u\b|the (?:matter|point|problem|deal|hell)|not|n't|so |with)|to\b|can i\b|do i\b)"
    r"(?: ?[^\s]+){1,6}\W*$"
)
# One of them stands in what is curious.
OATHS = ("wtf", "wth", "the hell", "the heck", "the f", "w tf", "y tf")
LONGEST_RETRY = 60  # characters
RETRY = re.compile(
    r"\W*(?:please |pls |ok(?:ay)?,? |just |can you |could you |let's )*(?:re-?try|(?:try|do|run|check|test|search) (?:it |that |this |the \w+ )?(?:again|once more|one more time))(?: please| pls| now)?\W*"
)
# What asks for something at once; a head trained on comments makes too much of the words that follow.
ASKS = re.compile(
    r"\W*(?:please |pls |can you |could you |would you |hi,? |hello,? |hey,? )*(?:explain|write|show|give|list|translate|summari[sz]e|convert|fix|find|book|cancel|delete|remove|help me|tell me|create|"
    r"generate|make|send|draft|rewrite|describe|compare|calculate|search|add|change|update|check|define|suggest|recommend|remind|plan)\b"
)


def complaints(turn: Turn) -> list[Hit]:
    """What is found beside the trained rule."""
    text = turn.input
    hits = list(ALWAYS.hits(text))
    if not dictates(text):
        hits += ELSEWHERE.hits(text)
    if turn.previous:
        hits += ANSWERED.hits(text)
        hits += [Hit(hit.start, hit.end, LOST_WEIGHT) for hit in forgetting.USER.hits(text)]
    return hits


def calmed(hits: list[Hit], text: Text) -> list[Hit]:
    """Without those of the trained rule's hits that are no annoyance with the agent."""
    if not hits:
        return hits
    normal = text.normal
    curious = [match.span() for match in CURIOUS.finditer(normal)] if mentions(text, OATHS) else []
    requests = human_request.RULE.hits(text)
    loose = [hit for hit in hits if FELT.search(normal[hit.start : hit.end])]
    others = loose if loose and of_others(text) else []
    return [
        hit
        for hit in hits
        if hit not in others
        and not any(hit.start < end and start < hit.end for start, end in curious)
        and not any(request.start <= hit.start and hit.end <= request.end for request in requests)
    ]


def only_retries(text: Text) -> bool:
    """ "Try again": neither a rejection nor a feeling."""
    return len(text.normal) <= LONGEST_RETRY and RETRY.fullmatch(text.normal) is not None


def of_others(text: Text) -> bool:
    """The feeling is about somebody else."""
    if MINE.search(text.normal) is not None:
        return True
    return mentions(text, FEELINGS) and AT_OTHERS.search(text.normal) is not None
