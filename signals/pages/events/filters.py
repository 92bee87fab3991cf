"""The events list's filters: what may stand in its URL, and the query that it makes.

`q` is a query (docs/guide/search.md); each other parameter is a condition of it that a form can hold: by=meaning (then q is what the texts
say, in other words), user, conversation, model, event (its name), release, tool, tool_failed, property (name=value), signal (key),
sentiment=negative|positive|neutral (of a signal that is on, not muted and not tentative: signals/learning/standing.py), tool_errors=on,
state=pending|queued|failed, range=24h|7d|14d|30d|90d|all, since and until (days, UTC, both included; they take the place of range), `cursor`.
Any other parameter, or one that is given twice, is an error: a filter that is misspelt would show all events as if it held.
"""

import datetime as dt
import re
import uuid
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse

from ingest.counts.period import DAYS, DEFAULT, Period
from ingest.models import Conversation, Event, EventKey, Project
from signals.models import SignalDefinition
from signals.models.definitions import Sentiment
from signals.search.fields.related import STATES
from signals.search.finding import find_events, looks_into_texts, split_meaning
from signals.search.language.errors import QueryError
from signals.search.language.nodes import (
    And,
    Comparison,
    Meaning,
    Node,
    Phrase,
    Text,
    all_of,
    conjuncts,
    leaves,
)
from signals.search.language.parsing import MAX_LENGTH, parse
from signals.search.scope import Scope

RANGES = {
    "24h": "24 hours",
    "7d": "7 days",
    "14d": "14 days",
    "30d": "30 days",
    "90d": "90 days",
    "all": "All time",
}
PAGING = {"cursor", "limit", "newer"}
# Parameter of the form -> field of the language, for those that hold one text.
TEXTS = {
    "user": "user",
    "conversation": "conversation",
    "model": "model",
    "event": "event",
    "release": "release",
    "tool": "tool",
    "tool_failed": "tool.failed",
    "sentiment": "sentiment",
    "state": "state",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force: the parameter that holds it, what it says, and what is left of the parameter when it is taken away."""

    name: str
    label: str
    value: str
    rest: str = ""


class EventFilters(forms.Form):
    """Read it from request.GET; `matching()` is the query when it is valid, `errors` say what to mend when not."""

    q = forms.CharField(required=False, max_length=MAX_LENGTH, label="Search", strip=False)
    by = forms.ChoiceField(required=False, choices=[("words", "Words"), ("meaning", "Meaning")])
    user = forms.CharField(required=False, max_length=2000, strip=False)
    conversation = forms.CharField(required=False, max_length=2000, strip=False)
    model = forms.CharField(required=False, max_length=500, strip=False)
    event = forms.CharField(required=False, max_length=500, strip=False)
    release = forms.CharField(required=False, max_length=500, strip=False)
    tool = forms.CharField(required=False, max_length=500, strip=False)
    tool_failed = forms.CharField(required=False, max_length=500, strip=False)
    property = forms.CharField(required=False, max_length=500, strip=False)
    signal = forms.CharField(required=False, max_length=120)
    sentiment = forms.ChoiceField(required=False, choices=Sentiment.choices)
    tool_errors = forms.BooleanField(required=False)
    state = forms.ChoiceField(required=False, choices=list(STATES.items()))
    range = forms.ChoiceField(required=False, choices=list(RANGES.items()))
    since = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    until = forms.DateField(required=False, input_formats=["%Y-%m-%d"])

    def __init__(self, data: Any, *, project: Project, signals: list[SignalDefinition]) -> None:
        """`signals`: the project's, which the page lists anyway."""
        super().__init__(data)
        self.project, self.signals = project, signals
        self.query: Node = And()  # what q says
        self.query_error: QueryError | None = None
        self._found: QuerySet[Event] = Event.objects.none()
        self._among: QuerySet[Event] = Event.objects.none()

    def clean(self) -> dict[str, Any]:
        unknown = sorted(set(self.data) - set(self.fields) - PAGING)
        if unknown:
            named = ", ".join(repr(name[:80]) for name in unknown[:5])
            raise forms.ValidationError(
                f"There is no filter {named}, so that nothing is shown. The filters are: {', '.join(self.fields)}."
            )
        values = getattr(self.data, "getlist", lambda name: [self.data[name]])
        for name in self.data:
            if len(values(name)) > 1:
                raise forms.ValidationError(f"{name!r} is given {len(values(name))} times. Give it once.")
        if not self.errors:
            self._find()
        return self.cleaned_data

    def _find(self) -> None:
        """Makes the query. What is wrong with it is an error of `q`."""
        scope = Scope(self.project)
        try:
            found = find_events(self._form_query(), scope)
        except QueryError as error:
            raise forms.ValidationError(error.message) from error
        try:
            self.query = self._read_q()
            self._found = find_events(self.query, scope, among=found)
            self._among = find_events(split_meaning(self.query)[1], scope, among=found)
        except QueryError as error:
            self.query_error = error
            self.add_error("q", error.message)

    def _read_q(self) -> Node:
        text: str = self.cleaned_data["q"]
        if self.cleaned_data["by"] == "meaning":
            text = text.replace("\x00", " ").strip()
            return Meaning(text) if text else And()
        return parse(text)

    def clean_q(self) -> str:
        text: str = self.cleaned_data["q"]
        return text if text.strip() else ""

    def clean_property(self) -> str:
        pair: str = self.cleaned_data["property"]
        if pair and "=" not in pair:
            raise forms.ValidationError("Give a property as name=value.")
        return pair

    def clean_signal(self) -> SignalDefinition | None:
        key: str = self.cleaned_data["signal"]
        found = next((signal for signal in self.signals if signal.key == key), None)
        if key and found is None:
            raise forms.ValidationError(f"There is no signal {key!r} in this project.")
        return found

    def _form_query(self, *, with_period: bool = True) -> Node:
        """The other parameters, as a query. The period is one of whole hours or days: see Period."""
        values = self.cleaned_data
        parts: list[Node] = [_equals(field, values[name]) for name, field in TEXTS.items() if values[name]]
        if values["property"]:
            name, _, value = values["property"].partition("=")
            parts.append(_equals(f"prop.{name}", value))
        if values["signal"]:
            parts.append(_equals("signal", values["signal"].key))
        if values["tool_errors"]:
            parts.append(Comparison("tool.errors", ">", (Text("0"),)))
        if not with_period:
            return all_of(parts)
        for name in ("since", "until"):
            day: dt.date | None = values[name]
            if day and dt.date.min.year < day.year < dt.date.max.year:  # beyond, it is no bound
                parts.append(_equals(name, day.isoformat()))
        period = None if values["since"] or values["until"] else self.period()
        if period:
            parts.append(Comparison("time", ">=", (Text(period.start.isoformat()),)))
            parts.append(Comparison("time", "<", (Text(period.until.isoformat()),)))
        return all_of(parts)

    def lasting_query(self) -> str:
        """What an issue may follow: all filters but the period. Empty where there is none, or where the text ranks. Only when valid."""
        if self.meaning():
            return ""
        node = all_of([self._form_query(with_period=False), self.query])
        return "" if node == And() else str(node)

    def matching(self) -> QuerySet[Event]:
        """The project's events that pass every filter, unordered. Only when valid."""
        return self._found

    def ranked(self) -> QuerySet[Event]:
        """As `matching`, but for the meaning by which they are ranked: who ranks reckons it anyway."""
        return self._among

    def is_search(self) -> bool:
        """Whether a filter looks into texts or JSON. Only when valid."""
        return looks_into_texts(all_of([self._form_query(), self.query]))

    def subject(self) -> uuid.UUID | None:
        """Whose roll-up counts exactly what passes: the project's, or the signal's, when no other filter than a range is in force.
        Their number is then the one that every other page shows. Only when valid."""
        others = {name for name, value in self.cleaned_data.items() if value} - {"by", "range", "signal"}
        if others:
            return None
        signal: SignalDefinition | None = self.cleaned_data["signal"]
        return signal.id if signal else self.project.id

    def period(self) -> Period | None:
        """The period that the range names; None for all time. Only without `since` and `until`."""
        chosen = self.chosen_range()
        return Period.named(chosen) if chosen in DAYS else None

    def narrow(self) -> None:
        """The search took too long: says so, and what helps."""
        self.add_error(
            "range", "this search takes too long. Look at less time, or choose a user or a signal as well."
        )

    def meaning(self) -> str:
        """The text that the events are to be near to; empty when nothing ranks them. Only when valid."""
        meaning = split_meaning(self.query)[0]
        return meaning.text if meaning else ""

    def words(self) -> str:
        """The words that q looks for, as a search is written. Only when valid."""
        found = [
            leaf.text for leaf, negated in leaves(self.query) if isinstance(leaf, Phrase) and not negated
        ]
        return " ".join(f'"{text.replace(chr(34), " ")}"' for text in found)

    def meant_ago(self) -> str:
        """A time that q has without its minus, such as 7d: a word to be looked for, as it stands. Only when valid."""
        words = (
            leaf.text for leaf, negated in leaves(self.query) if isinstance(leaf, Phrase) and not negated
        )
        return next((text for text in words if re.fullmatch(r"[0-9]{1,5}[mhdw]", text)), "")

    def chosen_sentiment(self) -> str:
        """The one that the events' signals are to have: the form's, or one that q names. "" where none is asked for. Only when valid."""
        chosen: str = self.cleaned_data["sentiment"]
        named = [
            value.text
            for leaf, negated in leaves(self.query)
            if isinstance(leaf, Comparison) and leaf.name.lower() == "sentiment" and not negated
            for value in leaf.values
            if isinstance(value, Text)
        ]
        return chosen or next(iter(named), "")

    def shown_signal(self) -> SignalDefinition | None:
        """The signal of whose passages the rows show: the form's, or one that q names. Only when valid."""
        chosen: SignalDefinition | None = self.cleaned_data["signal"]
        named = [
            value.text
            for leaf, negated in leaves(self.query)
            if isinstance(leaf, Comparison) and leaf.name.lower() == "signal" and not negated
            for value in leaf.values
            if isinstance(value, Text)
        ]
        return chosen or next((signal for signal in self.signals if signal.key in named), None)

    def marked_query(self) -> dict[str, str] | None:
        """The query around the characters that are wrong, for the page."""
        error = self.query_error
        if error is None:
            return None
        text = self.data.get("q", "")
        around = max(0, error.start - 60), error.end + 60
        wrong = text[error.start : min(error.end, error.start + 200)]
        return {
            "before": ("…" if around[0] else "") + text[around[0] : error.start],
            "wrong": wrong or "\u00a0",
            "after": text[error.end : around[1]] + ("…" if len(text) > around[1] else ""),
        }

    def jump(self) -> str | None:
        """The URL of the event or the conversation whose exact id was typed into the search, if there is one."""
        text: str = self.data.get("q", "").strip()
        others = set(self.errors) - {"q"}  # an id need not be a query
        if others or not text or len(text) > 500 or "\x00" in text:
            return None
        if EventKey.objects.filter(project=self.project, event_id=text).exists():
            return reverse("event", args=[self.project.slug, text])
        if Conversation.objects.filter(project=self.project, convo_id=text).exists():
            return reverse("conversation", args=[self.project.slug, text])
        return None

    def chosen_range(self) -> str:
        """The range in force, "custom" when days are given."""
        if self.data.get("since") or self.data.get("until"):
            return "custom"
        chosen: str = self.data.get("range", "")
        return chosen if chosen in RANGES else DEFAULT

    def chips(self) -> list[Chip]:
        """The filters in force, apart from the range, which the page always shows."""
        if not self.is_valid():
            return []
        values = self.cleaned_data
        shown = {
            "q": f"“{values['q']}”" if values["by"] == "meaning" else values["q"],
            "user": values["user"],
            "conversation": values["conversation"],
            "model": values["model"],
            "event": values["event"],
            "release": values["release"],
            "tool": values["tool"],
            "tool_failed": values["tool_failed"],
            "property": values["property"],
            "signal": values["signal"] and values["signal"].name,
            "sentiment": values["sentiment"],
            "tool_errors": "yes",
            "state": STATES.get(values["state"], ""),
            "since": values["since"],
            "until": values["until"],
        }
        parts = [] if values["by"] == "meaning" else self._parts()
        return parts + [
            Chip(name, "meaning" if name == "q" else name.replace("_", " "), str(text))
            for name, text in shown.items()
            if values[name] and not (name == "q" and parts)
        ]

    def _parts(self) -> list[Chip]:
        """A chip for each condition of q, with the query that is left without it."""
        parts = conjuncts(self.query) if self.query != And() else ()
        return [
            Chip("q", "", str(part), str(all_of(other for other in parts if other is not part)))
            for part in parts
        ]


def _equals(field: str, text: str) -> Comparison:
    return Comparison(field, "", (Text(text),))
