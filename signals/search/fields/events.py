"""What an event says of itself."""

import datetime as dt

from django.db.models import F, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, ExtractHour

from ingest.models import Conversation, EndUser, Event
from ingest.store.people import conversation_id, end_user_id
from signals.search.fields.columns import Length, Number, RelatedText, TextColumn, Time, nullable, required
from signals.search.fields.json_values import JsonKey
from signals.search.fields.registry import register


def _tokens(event: Event) -> float | None:
    sent = [count for count in (event.input_tokens, event.output_tokens) if count is not None]
    return sum(sent) if sent else None


def _all_tokens() -> Combinable:
    return Coalesce(F("input_tokens"), Value(0)) + Coalesce(F("output_tokens"), Value(0))


register(
    TextColumn(name="event", title="the event's name", example="event:chat_message", aliases=("event_name",), column="name"),
    TextColumn(name="id", title="the app's own id of the event", example="id:evt-1", aliases=("event_id",), column="event_id"),
    TextColumn(name="model", title="the model", example="model:gpt-4o*", column="model"),
    RelatedText(
        name="user", title="the end user", example="user:u_17", aliases=("user_id",),
        reference="end_user", rows=EndUser, column="user_id", derive=end_user_id,
    ),
    RelatedText(
        name="conversation", title="the conversation", example="conversation:c-9", aliases=("convo", "convo_id"),
        reference="conversation", rows=Conversation, column="convo_id", derive=conversation_id,
    ),
    JsonKey(name="prop", title="a property, by its name", example="prop.plan:pro", aliases=("property", "properties"), column="properties"),
    JsonKey(name="trait", title="a trait of the end user, by its name", example="trait.country:PT", aliases=("traits",), column="traits", of_end_user=True),
    JsonKey(name="flag", title="a feature flag, by its name", example="flag.new_checkout:on", aliases=("flags",), column="feature_flags"),
    JsonKey(
        name="release", title="the release: the property of that name", example="release:2.4.*", column="properties",
        takes_key=False, needs_key=False, fixed_key="release",
    ),
    Time(name="time", title="when it happened", example="time:2026-11-20", aliases=("timestamp",)),
    Number(
        name="hour", title="the hour of the day, 0 to 23 (UTC)", example="hour:>=22",
        read=lambda event: event.timestamp.astimezone(dt.UTC).hour, number=lambda: ExtractHour("timestamp", tzinfo=dt.UTC),
    ),
    Time(name="since", title="not before; -24h is since:24h", example="since:2026-11-01", operator=">="),
    Time(name="until", title="not after; a day is meant to its end", example="until:2026-11-20", operator="<="),
    required("tool.calls", "how many tools it called", "tool.calls:>5", "tool_calls", "tool_calls"),
    required("tool.errors", "how many of them failed", "tool.errors:>2", "tool_errors", "tool_errors"),
    nullable("tokens.input", "tokens that went in", "tokens.input:>8000", "input_tokens", "input_tokens"),
    nullable("tokens.output", "tokens that came out", "tokens.output:>1000", "output_tokens", "output_tokens"),
    Number(
        name="tokens", title="tokens in and out", example="tokens:>10_000", aliases=("total_tokens",),
        read=_tokens, number=_all_tokens, sent=lambda: Q(input_tokens__isnull=False) | Q(output_tokens__isnull=False),
    ),
    nullable("cost", "what it cost, in dollars", "cost:>0.05", "cost_usd", "cost_usd"),
    nullable("duration", "how long it took: milliseconds, or with a unit", "duration:>2s", "latency_ms", "latency", "latency_ms", unit="ms"),
    Number(
        name="input.length", title="characters of the input", example="input.length:>2000", aliases=("input_length",),
        read=lambda event: len(event.input), number=lambda: Length(F("input")),
    ),
    Number(
        name="output.length", title="characters of the output", example="output.length:<20", aliases=("output_length",),
        read=lambda event: len(event.output), number=lambda: Length(F("output")),
    ),
)  # fmt: skip
