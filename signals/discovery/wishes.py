"""What a user wants, as a person would name it, from how they say it: "Hi! I'd like to return a lamp. Can you help?" is "Return a lamp".
Of English and German. Pure."""

import re
from collections.abc import Iterator

from signals.discovery.sentences import ends_of

# Said before a wish, and saying nothing of it.
_GREETING = re.compile(
    r"^(?:(?:um+|uh+|well|ok(?:ay)?|so|yes|please|hi|hello|hey|hiya|greetings|thanks|thank you|good (?:morning|afternoon|evening|day)"
    r"|hallo|servus|moin|grüß (?:gott|dich)|grüezi|guten (?:morgen|tag|abend)|danke|ja|bitte|also|sehr geehrte[rs]?(?: damen und herren| team)?)"
    r"(?: there| again| everyone| team| zusammen| liebes team)?\b(?:[\s,.!–-]+|$))+",
    re.IGNORECASE,
)
# "I'd like to", "I actually need", "could you please": what follows is the wish.
_ASKING = re.compile(
    r"^(?:(?:i|we)(?: (?:just|also|actually|really|was|am|were|are)|['’]m|['’]re)*"
    r"(?:['’]d like| would like| want(?:ed)?| wanna| need(?:ed)?| wish| hop(?:e|ing)| look(?:ing)?| try(?:ing)?| call(?:ing)?| writ(?:e|ing))"
    r"(?: (?:to|for|about))?(?: (?:please|you to))?"
    r"|(?:can|could|would|will) you(?: please| kindly)?(?: (?:help|assist) (?:me|us)(?: to| with)?)?"
    r"|(?:can|could|may) (?:i|we)(?: please)?|please"
    r"|(?:ich|wir) (?:möchten?|würden?|will|wollen|wollte|hätten?|brauchen?|benötigen?|suchen?|muss|müssen)"
    r"(?: (?:bitte|gerne?|nur|einfach|mal|jetzt|heute|noch|dringend))*"
    r"|(?:können|könnten|würden) sie(?: (?:mir|uns|bitte|mal|vielleicht))*|(?:kannst|könntest|würdest) du(?: (?:mir|uns|bitte|mal))*"
    r"|(?:kann|darf|könnte) ich(?: (?:bitte|mal|hier))*|bitte)\s+",
    re.IGNORECASE,
)
_HELP = re.compile(r"^(?:some )?(?:help|assistance)(?: (?:with|to|in))?\s+(?=\S+\s+\S)", re.IGNORECASE)
# A sentence that only asks for help with what another one says.
_TAIL = re.compile(
    r"^(?:(?:can|could|would) you(?: please)? (?:help|assist)(?: me| us)?(?: out)?(?: with (?:that|this|it|these))?"
    r"|(?:können|könnten) sie(?: mir| uns)?(?: bitte)?(?: dabei| da)? helfen|kannst du(?: mir| uns)?(?: bitte)?(?: dabei| da)? helfen|(?:vielen |herzlichen )?dank\b.{0,30}"
    r"|(?:please )?(?:help|let me know|thanks?|thank you)\b.{0,30}|is that (?:possible|ok(?:ay)?))\s*[?.!]*$",
    re.IGNORECASE,
)
_LEAST = 2  # words of a wish


def wish_of(text: str) -> str:
    """The first sentence that says what is wanted, without greeting and asking. The text itself, on one line, where nothing is left."""
    line = " ".join(text.split())
    for sentence in _sentences(line):
        wish = _GREETING.sub("", sentence)
        if _TAIL.match(wish):
            continue
        wanted = _HELP.sub("", _ASKING.sub("", wish, count=1), count=1)
        wanted = re.sub(r",? (?:please|bitte)(?=[.!?]*$)", "", wanted.strip(), flags=re.IGNORECASE)
        wanted = wanted.rstrip(" .!") if wanted == wish else wanted.rstrip(" .!?")
        if len(wanted.split()) >= _LEAST:
            return wanted[:1].upper() + wanted[1:]
    return line


def _sentences(line: str) -> Iterator[str]:
    """Of a line. In lower case behind a dot it goes on: people write so."""
    first = 0
    for _, end in ends_of(line):
        following = line[end + 1 : end + 2]
        if following.isupper() or following in tuple("\"'“„«¿¡"):
            yield line[first:end]
            first = end + 1
    yield line[first:]
