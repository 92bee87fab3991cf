"""Annoyance with the agent, and insults, that are said outright: short, in the user's own words, to or of the agent. No model needs to weigh
that."""

from signals.detectors import forgetting
from signals.detectors.batch import Evidence, Turn
from signals.detectors.phrases import Rule, compile_phrases, evidence, piece, surest
from signals.detectors.text import Text

# The score of what is said outright, and the most that anything else gets where no model shall overrule the former.
OUTRIGHT, LESS = 0.99, 0.98
END = "( ?[.!?,;:\n]| ?$)"
VERY = "(so |really |just |very |getting |actually |quite |pretty |extremely |absolutely |totally |completely |simply |utterly |beyond |a bit |rather |becoming |bloody )*"
BAD = "(annoying|frustrating|ridiculous|unacceptable|infuriating|disappointing|exhausting|absurd|outrageous|unbelievable|disgraceful|pathetic|hopeless|embarrassing|insulting|maddening|not good enough|(an absolute |a complete |a total |a |an )(disgrace|joke|nightmare|shambles|farce|outrage|scandal|insult))"
REST = "( [^\\s.!?]{1,30}){0,8}"
UNIT = "(hours?|minutes|mins|days?|weeks?|morning|evening|afternoon)"
MANY = "(an|a|one|two|three|four|half an|half a|ten|twenty|thirty|forty|\\d{1,3})"
# Longer messages quote, tell of others, or play a part.
MOST_WORDS = 25
QUOTES = ('"', "«", "„", "```")
SAID = Rule(
    strong=[
        "(this|that|it|you)( is|'s| are|'re|'s getting)? (so |really |just |absolutely |completely |totally |beyond |getting |extremely |such a )*(frustrating|ridiculous|unacceptable|infuriating|maddening|waste of (my )?time|useless)",
        "(i'm|i am|i'm getting|i am getting) (so |really |very |extremely |getting |just |now |quite )*(frustrated|annoyed|fed up|angry|furious|disappointed) (with|at|by) (you|this (bot|app|thing|assistant|chat)|your)",
        "(i'm|i am|i'm getting|i am getting) (so |really |very |extremely |getting |just |now )+(frustrated|annoyed|irritated)( now| here)?[.!]",
        "you('re| are|r) (so |really |just |completely |totally |absolutely |being )*(useless|hopeless|no help|not listening|not helping|not helpful|unhelpful|wasting my time|driving me (mad|crazy|nuts))",
        "you (keep|kept|just keep|still keep|always|never) (getting|giving|asking|saying|repeating|forgetting|forget|ignoring|ignore|listen|telling me)",
        "(you|u) (forgot|ignored|misunderstood) (my|it|me|that|what|again|everything)",
        "(you're|you are|stop|keep|kept) wasting my time",
        "(i've|i have|i) (already |just |now |literally )*(explained|told you|asked|said|repeated|given you|gave you) ... (times|twice|already|again)",
        "how (many|often) times? (do|must|should|will|have) i",
        "(thanks|thank you) for nothing",
        "(what|who) (the (hell|fuck|heck)|tf) (is|are) (wrong with )?(you|u)",
        "(are you|r u) (even |actually )(listening|reading)",
        "do you (even|ever|actually) (read|listen|understand)",
        "you still (don't|didn't|haven't|can't) (get|understand|listen|answer|fix)( it| me| that)?",
        "(worst|terrible|horrible|awful) (bot|chatbot|assistant|support|customer service)( ever)?",
        "(this|the) (bot|assistant|chatbot|ai) is (so |really |just |completely )*(useless|terrible|awful|a joke|hopeless|garbage|trash|rubbish)",
        f"(that's|that is|this is|it's|its|thats|(your|the|this) (service|support|bot|assistant|app|answer|help) is) {VERY}{BAD}({END}| now| here| (of|by|from|that) (you|your|this|the|nobody|no one|i|they|my))",
        "(i'm|i am|im) (really |seriously |slowly |starting to |quickly |about to )*(losing|lose|running out of|out of) (my |all )?patience",
        "my patience (is|has) (running|run|wearing|worn|over|gone|at an end|up|ended)( out| thin)?",
        "(you|you people|you lot|you guys|nobody|no one) (just |even |ever )?(never|ever|don't ever) (call|calls|called|answer|answers|reply|replies|respond|responds|pick|picks|get|gets) (back|up|back to me|me back)",
        "how (hard|difficult) can (it|that|this) be",
        f"(was|is) (that|it|this) (really )?so (hard|difficult){END}|(that|see,? that) (wasn't|wasnt) (so |that )?(hard|difficult){END}",
        f"what (a|an) (absolute |complete |total |utter |bloody )?(joke|mess|shambles|farce|disgrace|disaster|waste of (my )?time|load of (rubbish|crap|nonsense|bull)){END}",
        "(great|brilliant|wonderful|fantastic|lovely|marvellous|perfect|super),? (another|yet another) (useless|wrong|broken|canned|generic|stupid|pointless|empty|failed)",
        "(really |very |so |extremely |deeply |quite |rather |bitterly |truly )*(disappointing|disappointed) (that|with|in|by) (you|your|nobody|no one|the (service|support|answer|way)|how)",
        "(i've|i have) been on hold (for|since)",
        "you (can't|cannot|can not|couldn't|won't) (even )?help (me )?(with anything|at all|with this either)",
        "nothing (ever )?works (here|with you|at all|on your|in your)",
        "^\\W*(unbelievable|unreal|pathetic|useless|outrageous|disgraceful|shameful|appalling)( ?[.!]+| ?$)",
        f"(i'm|i am|im) (honestly |really |getting |just |so |a bit |a little |pretty |very |seriously |quite )*(fed up|sick and tired|sick of this|had it)({END}| (with|of) (this|you|your|it))",
        "(wtf|what the (hell|fuck)|the hell) (is|are|was|kind of) (this|that|your|these|it|wrong)",
        "you (people|lot|guys) (clearly |obviously |just |really |don't |do not )*(don't|do not|never|couldn't|can't) (care|listen|read|understand|answer|bother)",
        "(fantastic|great|excellent|brilliant|amazing|wonderful|lovely) (service|support|job),? as (always|usual|ever)",
        "nobody (even |ever )?(called|answered|replied|showed up|told me|came|bothered|cares)( back)?",
    ],
    unless=[
        # Somebody else says it, or it is about somebody else's.
        f"(who|he|she|they|customers?|clients?|guests?|reviewers?|people|everyone|someone|users?) (says?|said|wrote|writes?|thinks?|thought|complains?|complained|feels?|felt|claims?|is|are|was|were){REST}",
    ],
    strong_weight=OUTRIGHT,
)
# What says it once the agent has answered; so does that something was told already (forgetting.USER).
SAID_AGAIN = Rule(
    strong=[
        f"(how|so|just) {VERY}{BAD}{END}",
        "(this is|that's|thats|it's|its|now) (now |already |literally )?the (second|third|fourth|fifth|sixth|2nd|3rd|4th|5th|6th) time( (i'm|i am|i've|i have|that i|today|mate|now|you|you've|that you|in a row)| ?[.!]| ?$)",
        # The user gives up, or sighs.
        "(never ?mind|nvm|forget it|forget about it|leave it|sigh|whatever)\\W{0,3} ?(then\\W )?(i'll|ill|i will|im gonna|i'm gonna|i'm going to|i shall) (just |then |simply |go and |have to )*\\w+( it| that| this| one| them| for it| out)* (myself|by hand|elsewhere|somewhere else|someone else|manually|on my own)",
        "^\\W*(oh |ah |just |please )?(forget it|never ?mind then|whatever,? ?then|sigh|good grief|unbelievable|bruh|ugh+|argh+|come on|cmon|for (god|heaven|pete|christ|goodness)'?s? sake|seriously|jeez|jesus)( ?[.!?]+| ?$)",
        "^\\W*finally\\W{0,3}$",
        "^\\W*(again|what|still|not again|seriously|really|so|huh)\\s?[?!]{2,}",
        f"{MANY} (whole |good )?{UNIT} (wasted|for nothing|lost|down the drain|of my (life|time)|i won't get back|i'll never get back)",
        f"(i|i've|i have|have|we|we've) (just )?(lost|wasted) (another |nearly |over |about |a good )?{MANY} (whole |good )?{UNIT}",
        # What the agent did.
        "(are you|you're|you are|so you're|so you|stop) (just |simply |only |really )*making (this|that|it|things|stuff|her|him|people|them|one|numbers) up",
        f"(are you|you're|you are|so you're) (just |simply |only )*guessing( only| now)?{END}",
        "you (just )?made (that|it|this|one|the \\w+ one) up",
        f"(that's|thats|those are|these are|it's|its|this is|here's) (still |exactly |literally |just |again )*the (exact )?same (two |three |four |five |\\d{{1,3}} )?(bars?|answer|list|error|text|report|ones?|reply|message|link|chart|result|code|options?|hotels?|lines?)( again)?({END}| (you|as|three|all))",
        "(would have been|would've been) (good|nice|useful|helpful|great) to know (before|earlier|that)",
        f"you (might|could) have (said|told me|mentioned|thought of) (so|that|this|it)({END}| at the start| earlier| before| first| straight away| sooner)",
        "(next time|in future|in the future) (please )?(say so|tell me|read|check|look|start with|begin with)",
        "(please )?(check|double.check|read|count|look at) (it |this |your (math|maths|answers|facts|work) |my message |what i (said|wrote) )(properly|this time|next time|before (you|sending))",
        f"(is|are) (anyone|anybody|somebody|someone) (there|alive|home|awake|listening){END}",
        "(you are|you're|u r|ur) (no use|no good|not much use|clueless|thick|a joke|deaf)",
        f"(do|can) you (even |actually )?(hear me|hear|listen|read|understand)( me)? at all{END}|do you hear me{END}",
    ],
    unless=[
        "(sorry|apologies|my (bad|mistake|fault)),? (i )?(should|could|might) have",
    ],
    strong_weight=OUTRIGHT,
)


INSULTS = compile_phrases(
    [
        "(you|u)( are|'re|r)? (just |really |all |being )*(such )?(a |an |one )?(fucking |stupid |dumb |total |complete |absolute |utter |useless |worthless |god ?damn |damn )*(idiot|moron|imbecile|retard|asshole|arsehole|dumbass|bastard|bitch|clown|piece of (shit|garbage|trash|crap|junk))s?",
        "(you are|you're|ur|u r|u are) (just |really |being |all )*(so |very |such |fucking |as )*(dumb|stupid|pathetic|worthless|brain ?dead|retarded|disgusting|idiotic)",
        "(fuck|screw|damn) (you|u)( all)?",
        "(fuck|piss) off",
        "shut (your|the|up)( \\w+){0,2} (mouth|face|trap|hell up|fuck up)",
        "(you|u)( \\w+)? (stupid|dumb|fucking|useless|worthless|idiotic|damn) (bot|robot|machine|ai|chatbot|assistant|computer|thing|program)",
        "go to hell",
    ]
)


def said_outright(turn: Turn) -> list[Evidence]:
    """The words in which the user says it; none where they do not."""
    text = turn.input
    if _speaks_for_others(text):
        return []
    hits = SAID.hits(text)
    if turn.previous:
        hits = hits + SAID_AGAIN.hits(text) + forgetting.USER.hits(text)
    return evidence("user", text, surest(hits))


def insults_outright(text: Text) -> list[Evidence]:
    """The words that insult the agent; none where nothing does."""
    if _speaks_for_others(text):
        return []
    match = INSULTS.search(text.normal)
    return [piece("user", text, match.start(), match.end())] if match else []


def _speaks_for_others(text: Text) -> bool:
    return text.words > MOST_WORDS or any(mark in text.normal for mark in QUOTES)
