"""The turns of a conversation that a call repeats: each call sends the whole history again. Pure."""

import hashlib

from ingest.otlp.mapped import Message

MAX_TURNS = 50
MAX_COMPARED = 4_000  # characters of a text that are looked at
MAX_CHARS = 256 * 1024  # of all turns together


def earlier_turns(messages: list[Message]) -> list[tuple[str, str]]:
    """(the user's text, the answer) of each turn before the last user message: the latest MAX_TURNS that fit into MAX_CHARS. A message
    that is only a dump of JSON is skipped."""
    turns: list[tuple[str, str]] = []
    before = ""
    for message in messages:
        text = "" if message.dump else message.says.strip()
        if message.role == "user" and text:
            if before == "user":  # as in an event, the last of several is what was asked
                turns.pop()
            turns.append((text, ""))
            before = "user"
        elif message.role == "assistant" and turns:
            turns[-1] = (turns[-1][0], text or turns[-1][1])
            before = "assistant"
    kept: list[tuple[str, str]] = []
    chars = 0
    for turn in reversed(turns[:-1][-MAX_TURNS:]):
        chars += len(turn[0]) + len(turn[1])
        if chars > MAX_CHARS:
            break
        kept.append(turn)
    return kept[::-1]


def missing_turns(turns: list[tuple[str, str]], received: list[str]) -> list[int]:
    """The places of the turns that were never received. `received`: the inputs of the conversation's earlier events.

    A turn and an event are the same when the user's words are. An app may give other words to the model than it sends here (a prompt
    made of them). So each event that is like no turn is assumed to be one of the unknown turns.
    """
    known = {_words(text) for text in received}
    in_turns = {_words(user) for user, _ in turns}
    unknown = [place for place, (user, _) in enumerate(turns) if _words(user) not in known]
    others = sum(_words(text) not in in_turns for text in received)
    return unknown if len(unknown) > others else []


def words_digest(text: str) -> str:
    """The same for the same words, however they are spaced; empty for none."""
    return hashlib.sha256(plain_words(text).encode(errors="replace")).hexdigest()[:16] if text.strip() else ""


def plain_words(text: str) -> str:
    return " ".join(text[:MAX_COMPARED].split()).casefold()


def follows(turns: list[tuple[str, str]]) -> str:
    """The digest of what the user said in the last of the turns."""
    return words_digest(turns[-1][0]) if turns else ""


def _words(text: str) -> str:
    return " ".join(text.split())
