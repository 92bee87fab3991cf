"""A sentence as the rules read it: what one rule has understood is taken out, so that no other reads it again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NEGATION = re.compile(
    r"(?:\b(?:not|nobody|no one|without|no|except(?:\s+for)?|excluding|exclude|excludes|other than|but not|never|apart from|isn't|aren't|wasn't|weren't|don't|doesn't|didn't)\b)"
    r"(?:\s+(?:on|in|by|from|with|using|use|uses|used|the|a|an|any|for|to|of|model|called|calling|call|tool|are|were|was|have|has|had|be|users?|those|signal|got|get|running))*\s*$"
)
_OR = re.compile(
    r"^[\s,]*\b(?:or|and/or)\b(?:\s+(?:on|in|by|from|with|using|the|a|an|for|were|are|is|got))*\s*$"
)

FAILED = r"\b(?:fail\w*|error\w*|broke\w*|crash\w*|went wrong|unsuccessful\w*)\b"
# Words that say nothing of which events are meant.
EMPTY = frozenset(
    ["a", "an", "and", "all", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do", "does", "for", "from",
     "get", "gets", "getting", "give", "got", "had", "has", "have", "having", "he", "how", "i", "if", "in", "into", "is", "it", "its",
     "just", "like", "list", "look", "looking", "me", "my", "need", "of", "on", "one", "only", "or", "our", "out", "please", "see",
     "she", "show", "so", "some", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "up",
     "us", "want", "was", "we", "were", "what", "when", "where", "which", "while", "who", "whose", "why", "will", "with", "you", "your",
     "find", "search", "display", "every", "each", "anything", "something", "event", "events", "conversation", "conversations", "chat",
     "chats", "session", "sessions", "user", "users", "customer", "customers", "people", "person", "someone", "somebody", "agent",
     "agents", "assistant", "bot", "bots", "interaction", "interactions", "case", "cases", "time", "times", "happened", "happen",
     "happens", "occurred", "occur", "message", "messages", "request", "requests", "question", "questions", "answer", "answers",
     "response", "responses", "reply", "replies", "ask", "asks", "asked", "asking", "called", "call", "calls", "calling", "used", "use",
     "uses", "using", "run", "runs", "ran", "running", "said", "say", "says", "saying", "about", "regarding", "concerning", "related",
     "mention", "mentions", "mentioned", "mentioning", "talk", "talks", "talking", "talked", "tell", "tells", "told", "contain",
     "contains", "containing", "word", "words", "text", "went", "go", "going", "done", "make", "makes", "made", "turn", "turns",
     "where's", "it's", "i'm", "traffic", "data", "results", "result", "everything", "recent", "latest", "new", "also", "both",
     "either", "end", "ended", "during", "over", "within", "last", "past", "after", "before", "since", "until", "phrase", "phrases",
     "term", "terms", "exact", "exactly", "without", "not", "no", "never", "itself", "themselves", "themself", "himself", "herself"]
)  # fmt: skip
# Of the words of EMPTY those that say who does what in a conversation: beside a word that means something they belong to it ("agent promised a
# call"), across words that only join them. Elsewhere they are left out, and a note says so.
TELLING = frozenset(
    ["agent", "agents", "assistant", "bot", "bots", "user", "users", "customer", "customers", "people", "person", "someone", "somebody",
     "anything", "something", "everything", "message", "messages", "request", "requests", "question", "questions", "answer", "answers",
     "response", "responses", "reply", "replies", "ask", "asks", "asked", "asking", "call", "calls", "called", "calling", "said", "say",
     "says", "saying", "talk", "talks", "talking", "talked", "tell", "tells", "told", "use", "uses", "used", "using", "run", "runs", "ran",
     "running", "make", "makes", "made", "give", "need", "get", "gets", "got", "go", "going", "went", "word", "words", "text", "time",
     "times", "data", "result", "results", "turn", "turns", "end", "ended", "new", "done", "itself", "themselves"]
)  # fmt: skip
JOINING = frozenset(
    ["a", "an", "the", "is", "are", "was", "were", "be", "been", "has", "have", "had", "did", "do", "does", "can", "could", "will", "not",
     "to", "for", "of", "me", "my", "their", "them", "he", "she", "his", "her", "they", "you", "your", "our", "its", "it", "this", "that",
     "just", "only", "any", "up", "out"]
)  # fmt: skip
# Of those, what every search is for, and verbs that carry another word: that they say nothing more needs no note.
LIGHT = frozenset(
    ["user", "users", "customer", "customers", "people", "person", "someone", "somebody", "everything", "anything", "something", "new", "get",
     "gets", "got", "give", "need", "go", "going", "went", "use", "uses", "used", "using", "run", "runs", "ran", "running", "make", "makes",
     "made", "done", "end", "ended", "time", "times", "data", "result", "results", "word", "words", "text", "called", "itself", "themselves"]
)  # fmt: skip
WHOM = frozenset(
    ["user", "users", "customer", "customers", "people", "person", "someone", "somebody"]
)  # every search is for them
PARTICLES = frozenset(
    ["in", "on", "off", "out", "up", "over", "down"]
)  # of a verb, at the end of a sentence: "log in"
# Alone beside a condition that was understood they say nothing more of which events are meant. In a longer phrase they do: "wrong invoice".
GENERIC = frozenset(
    ["tool", "tools", "model", "models", "release", "releases", "version", "versions", "signal", "signals", "check", "checks", "step",
     "steps", "output", "outputs", "input", "inputs", "query", "queries", "task", "tasks", "action", "actions", "thing", "things", "stuff",
     "kind", "kinds", "sort", "somehow", "somewhere", "wrong", "wrongly", "badly", "really", "actually", "very", "certain", "specific",
     "involved", "involving", "because", "still", "always", "ever", "often", "more", "most", "many", "much", "few", "lot", "lots"]
)  # fmt: skip
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """A condition that a rule has read at a place of the sentence: `field:operator value`, or another text of the language."""

    field: str
    operator: str
    values: tuple[str, ...]
    place: Place
    negated: bool = False


class Sentence:
    """`text` is the sentence in lower case, as long as the original, with what was taken as spaces."""

    def __init__(self, original: str) -> None:
        self.original = original
        lower = original.lower().replace("’", "'")
        self.whole = lower if len(lower) == len(original) else original.replace("’", "'")
        self.text = self.whole
        self.notes: list[str] = []  # for people, on what was read loosely

    def take(self, pattern: str | re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Each place where the pattern stands in what is left; it is taken out."""
        compiled = re.compile(pattern) if isinstance(pattern, str) else pattern
        at = 0
        while found := compiled.search(self.text, at):
            at = max(found.end(), at + 1)
            self.blank(found.span())
            yield found

    def restore(self, place: Place) -> None:
        """Gives back what was taken and not understood."""
        start, end = place
        self.text = self.text[:start] + self.whole[start:end] + self.text[end:]

    def written(self, found: re.Match[str], group: int) -> str:
        """A group of a match, as it was written."""
        return self.original[found.start(group) : found.end(group)]

    def left(self, place: Place) -> str:
        """What is left there, on one line."""
        return " ".join(self.text[place[0] : place[1]].split())

    def blank(self, place: Place) -> None:
        start, end = place
        self.text = self.text[:start] + " " * (end - start) + self.text[end:]

    def is_negated(self, start: int) -> bool:
        """Whether a negation stands right before; it is taken out."""
        found = _NEGATION.search(self.whole[:start])
        if found:
            self.blank(found.span())
        return found is not None

    def says_or(self, first: Place, second: Place) -> bool:
        """Whether nothing but "or" stands between two places."""
        return _OR.match(self.whole[first[1] : second[0]]) is not None


def stem(word: str) -> str:
    """What words of one family share, roughly: bookings, booked, book."""
    word = word.lower()
    for ending in ("ations", "ation", "ings", "ing", "ions", "ion", "ers", "ed", "es", "al", "er", "ly", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    return word[:-1] if word.endswith(("e", "y")) and len(word) > 3 else word


def words_of(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())
