"""How a user answers the agent's last question: who turns an offer down corrects nothing, and is not annoyed. English."""

import re

from signals.detectors.batch import Turn

READ = 600
LAST_WORDS = 200  # characters of the agent's message in which its last question stands
OFFER = re.compile(
    r"\b(?:would you (?:like|want|care)|you(?: would|'d) (?:like|want)|do you (?:want|need|wish|require|have any)|you want|(?:shall|should|can|could|may) i|anything|something else|what (?:else|more)|"
    r"need (?:any|me|more|some|further)|any (?:other|further|more)|(?:help|assist) you|want me to|interested in|ready to|how about)\b[^?!]*[?.!]?\W*$"
)
CLAUSE = re.compile(r"[^.,!?;\n]+")
WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
HESITATION = frozenset(
    ["um", "umm", "uh", "oh", "ah", "well", "okay", "ok", "hmm", "hm", "yeah", "sorry", "actually"]
)
WANTS_NOT = frozenset([("i", "don't"), ("i", "dont"), ("i", "do"), ("i", "won't"), ("i'm", "not")])
SENTENCE_END = re.compile(r"[.!?\n]")
NO = frozenset(["no", "nope", "nah", "not", "nothing", "none", "later"])
# All that a message that turns something down is made of.
DECLINING = NO | frozenset(
    ["a", "able", "about", "all", "am", "an", "and", "any", "anything", "appointment", "appreciate", "at", "away", "be", "been", "bit", "book", "booking", "buy", "bye", "cancel",
     "day", "do", "doing", "don't", "dont", "else", "everything", "fine", "for", "further", "going", "good", "goodbye", "great", "have", "help", "helpful", "helping", "i",
     "i'll", "i'm", "im", "in", "info", "information", "interested", "is", "it", "it's", "its", "just", "know", "make", "making", "maybe", "me", "minute", "moment", "more",
     "much", "my", "necessary", "need", "needed", "new", "nice", "ok", "okay", "alright", "now", "of", "one", "options", "pass", "please", "problem", "purchase", "ready", "required", "reservation",
     "reserve", "right", "schedule", "set", "so", "that", "there", "really", "some", "thank", "thanks", "that'll", "that's", "thats", "the", "them", "then", "think", "this", "those",
     "ticket", "tickets", "time", "to", "today", "very", "wanted", "want", "was", "will", "worries", "would", "wish", "yet", "you", "you've", "your"]
)  # fmt: skip


def turns_down(turn: Turn) -> bool:
    """ "Not now", "no, I don't want to make the booking", "nothing, I'm good", after an offer or an offer of more help."""
    message = turn.input.normal[:READ]
    if not turn.previous or not OFFER.search(turn.previous[-1].output.normal[-LAST_WORDS:]):
        return False
    clauses = [words for found in CLAUSE.findall(message) if (words := WORD.findall(found))]
    while clauses and HESITATION.issuperset(clauses[0]):
        clauses = clauses[1:]
    if not clauses:
        return False
    if len(clauses[0]) > 1:
        first = clauses[0]
    elif tuple(clauses[1][:2] if len(clauses) > 1 else ()) in WANTS_NOT:
        first = clauses[0] + clauses[1]
    else:  # "No. Make it for two" answers with the second clause.
        first = [word for words in clauses for word in words]
    while first and first[0] in HESITATION:
        first = first[1:]
    opens = bool(first) and (first[0] in NO or tuple(first[:2]) in WANTS_NOT)
    return opens and (DECLINING | _question(turn)).issuperset(first)


def _question(turn: Turn) -> frozenset[str]:
    """The words in which the agent asked last: who says them after a no declines just that."""
    sentence = SENTENCE_END.split(turn.previous[-1].output.normal[-LAST_WORDS:].rstrip(" ?!."))[-1]
    words = frozenset(WORD.findall(sentence)) - {"like"}
    return words | {f"{word}s" for word in words}


def says_no(turn: Turn) -> bool:
    """It opens with a no: an answer, as far as that goes."""
    words = (word for word in WORD.findall(turn.input.normal[:60]) if word not in HESITATION)
    return bool(turn.previous) and next(words, "") in NO
