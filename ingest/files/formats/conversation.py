"""The conversation shape (ingest/files/conversations.py): `{"conversation_id", "user_id"?, "messages": [...], "labels"?, "meta"?}`."""

import datetime as dt
from typing import Any

from ingest.files.conversations import (
    BadConversation,
    events_of_conversation,
    offsets_of,
    own_times,
    turns_of,
)
from ingest.files.formats.parsed import BadLine, Line, ParsedLine, StartOf


def recognises(line: dict[str, Any]) -> bool:
    return isinstance(line.get("messages"), list) and "conversation_id" in line


def parse(line: Line) -> ParsedLine:
    return parse_conversation(line.value, start_of=line.start_of, keep_labels=line.keep_labels)


def parse_conversation(
    conversation: dict[str, Any],
    *,
    start_of: StartOf,
    keep_labels: bool,
    ended_at: dt.datetime | None = None,
) -> ParsedLine:
    """`ended_at` is the moment of the last turn, when the line knows it. A time of a message itself is believed first."""
    if not isinstance(conversation.get("messages"), list):
        raise BadLine("messages: expected a list")
    try:
        turns = turns_of(conversation)
        key = str(conversation.get("conversation_id"))
        offsets = offsets_of(key, turns)
        known = own_times(turns)
        if known:
            place, moment = next(iter(known.items()))
            start = moment - dt.timedelta(seconds=offsets[place])
        elif ended_at:
            start = ended_at - dt.timedelta(seconds=offsets[-1])
        else:
            start = start_of(key, offsets[-1])
        events = events_of_conversation(conversation, start=start, keep_labels=keep_labels)
    except BadConversation as error:
        raise BadLine(str(error)) from None
    return ParsedLine(events=events, dated=bool(known or ended_at))
