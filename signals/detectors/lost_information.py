"""The user complains that something they gave was lost: what they had said, or work of theirs that the agent deleted or overwrote.
English; that it was said before also in Spanish, German and French.

What the user says of the agent's memory is the same list of phrases that the signal `forgetting` takes for a witness."""

from signals.detectors import forgetting
from signals.detectors.batch import Batch, Detector, Finding
from signals.detectors.built_in import USER_SIDE, BuiltIn
from signals.detectors.phrases import Rule, combined, evidence
from signals.models.definitions import Reads, Sentiment

MINE = "(all |half |most |some |parts? |everything |the rest )*(of )?(my|our|what (i|we)|everything (i|we)|all the|the whole|the entire)"
THING = (
    "(old |previous |original |last |latest |whole |entire |saved |new |unsaved )*(draft|drafts|change|changes|edit|edits|work|text|texts|file|files|document|documents|doc|essay|code|"
    "notes?|progress|data|history|chat|chats|conversation|message|messages|answers?|paragraphs?|sections?|versions?|spreadsheet|settings|"
    "preferences|cart|basket|list|form|input|inputs|entries|entry|details|information|info|instructions|comments?|branch|commits?|functions?|tests?|"
    "selections?|folder|photos?|pictures?|attachments?|upload)"
)
LOSES = "(deleted|removed|erased|overwrote|overwritten|wiped( out)?|lost|dropped|discarded|threw away|thrown away|got rid of|undid|undone|reverted|cleared|destroyed|nuked|trashed|messed up)"
# Said to the agent: true from the first message on.
TO_IT = Rule(
    strong=[
        f"you( have|'ve)? (just |accidentally |completely |simply |now |also |already )?{LOSES} {MINE} ... {THING}",
        f"you( have|'ve)? (just |accidentally |completely |simply |now |also |already )?{LOSES} (everything|it all|all of it|half of it|everything i (wrote|did|had|made|typed))",
        f"(why|how come|who told you|who asked you to|i (didn't|never) (ask|asked|tell|told) you to|did you (just )?|don't) ?(did you |have you |you |to )?(delete|deleted|remove|erase|erased|overwrite|wipe|wiped|discard|undo|revert) {MINE} ... {THING}",
        f"(where|what) (did|has|have|happened to|is|are|are|'s) {MINE} {THING}( (go|gone|gone to|disappear|disappeared|vanish))",
        f"what (happened|did you do) (to|with) {MINE} {THING}",
        f"(i )?(want|need|give me|get me|bring|put|restore) {MINE} {THING} back",
    ],
    unless=[
        "you (deleted|removed|cleared) ... (thanks|thank you|great|perfect|as (i )?asked)",
        "(if|in case|when|unless|so|before) you ... (delete|deleted|remove|removed|lose|lost|overwrite)",
    ],
)
# Said of things: only where there was something that the agent could have lost.
GONE = Rule(
    strong=[
        f"(my|our|all my|all the|the) {THING} (is|are|was|were|has|have|got|just|seems?( to be)?)( all| been| now| just| completely| suddenly)* (gone|lost|deleted|erased|wiped|missing|overwritten|disappeared|vanished)",
        "(everything|it all|all of it|half of it) (is|was|has|got|has been|'s|that i (wrote|did|typed) is) (now |all |just )?(gone|lost|deleted|erased|wiped|overwritten|disappeared)",
        "(i|we)('ve| have)? (just )?lost (all |everything|all of )(my|our|the|of)? ?(work|changes|progress|data|notes|i (wrote|typed|did))?",
    ],
)


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        text = turn.input
        hits = [*forgetting.USER.hits(text)] if turn.previous else []
        hits += TO_IT.hits(text)
        hits += GONE.hits(text) if turn.previous else []
        if hits:
            found.append(Finding(index, combined(hits, text), evidence("user", text, hits)))
    return found


SIGNAL = BuiltIn(
    "lost_information",
    "Lost information",
    "The user complains that something they gave is lost: “I already gave you my order number”, “you forgot what I said”, “you deleted "
    "my changes”.",
    Reads.CONVERSATION,
    Sentiment.NEGATIVE,
    USER_SIDE,
)
DETECTOR = Detector("lost_information", 2, detect)
