"""Annoyance with the agent, and insults, that are said outright: short, in the user's own words, to or of the agent. No model needs to weigh
that."""

import re

from signals.detectors.batch import Evidence
from signals.detectors.phrases import compile_phrases, piece
from signals.detectors.text import Text

# The score of what is said outright, and the most that anything else gets where no model shall overrule the former.
OUTRIGHT, LESS = 0.99, 0.98
# Longer messages quote, tell of others, or play a part.
MOST_WORDS = 25
QUOTES = ('"', "«", "„", "```")
PHRASES = compile_phrases(
    [
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
    ]
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


def said_outright(text: Text) -> list[Evidence]:
    """The words that say it; none where they do not."""
    return _outright(PHRASES, text)


def insults_outright(text: Text) -> list[Evidence]:
    """The words that insult the agent; none where nothing does."""
    return _outright(INSULTS, text)


def _outright(phrases: re.Pattern[str], text: Text) -> list[Evidence]:
    if text.words > MOST_WORDS or any(mark in text.normal for mark in QUOTES):
        return []
    match = phrases.search(text.normal)
    return [piece("user", text, match.start(), match.end())] if match else []
