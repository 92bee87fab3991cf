"""The events list's filters: what may stand in its URL, and the query it makes.

Parameters: q, by=meaning (else q is looked for word by word), user, conversation, model, event (its name), property (name=value), signal (key),
sentiment=negative|positive|neutral (of a signal that is on, not muted and not tentative: signals/learning/standing.py), tool_errors=on, state=pending|queued|failed,
range=24h|7d|14d|30d|90d|all, since and until (days, UTC, both included; they take the place of range), and `cursor`.
Any other parameter, or one that is given twice, is an error: a filter that is misspelt would show all events as if it held.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.urls import reverse

from ingest.counts.period import DAYS, DEFAULT, Period
from ingest.models import Conversation, Event, EventKey, ProcessingFailure, Project, QueuedEvent
from ingest.store.people import conversation_id, end_user_id
from signals.learning.standing import headline
from signals.models import SignalDefinition, SignalMatch
from signals.models.definitions import Sentiment
from signals.vectors.text_search import search_events

RANGES = {
    "24h": "24 hours",
    "7d": "7 days",
    "14d": "14 days",
    "30d": "30 days",
    "90d": "90 days",
    "all": "All time",
}
PAGING = {"cursor", "limit", "newer"}
STATES = {
    "pending": "Partial, more is to come",
    "queued": "Waiting for the pipeline",
    "failed": "Failed in the pipeline",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force: the parameters that taking it away removes, and what it says."""

    name: str
    label: str
    value: str


class EventFilters(forms.Form):
    """Read it from request.GET; `matching()` is the query when it is valid, `errors` say what to mend when not."""

    q = forms.CharField(required=False, max_length=2000, label="Search")
    by = forms.ChoiceField(required=False, choices=[("words", "Words"), ("meaning", "Meaning")])
    user = forms.CharField(required=False, max_length=2000, strip=False)
    conversation = forms.CharField(required=False, max_length=2000, strip=False)
    model = forms.CharField(required=False, max_length=500, strip=False)
    event = forms.CharField(required=False, max_length=500, strip=False)
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
        return self.cleaned_data

    def clean_property(self) -> str:
        asked: str = self.cleaned_data["property"]
        if asked and "=" not in asked:
            raise forms.ValidationError("Give a property as name=value.")
        return asked

    def clean_signal(self) -> SignalDefinition | None:
        key: str = self.cleaned_data["signal"]
        found = next((signal for signal in self.signals if signal.key == key), None)
        if key and found is None:
            raise forms.ValidationError(f"There is no signal {key!r} in this project.")
        return found

    def matching(self) -> QuerySet[Event]:
        """The project's events that pass every filter, unordered. Only when valid. A search by meaning is no filter: it ranks."""
        wanted = self.cleaned_data
        events = Event.objects.filter(project=self.project, **self._period())
        if wanted["user"]:
            events = events.filter(end_user=end_user_id(self.project, wanted["user"]))
        if wanted["conversation"]:
            events = events.filter(conversation=conversation_id(self.project, wanted["conversation"]))
        if wanted["model"]:
            events = events.filter(model=wanted["model"])
        if wanted["event"]:
            events = events.filter(name=wanted["event"])
        if wanted["property"]:
            name, _, value = wanted["property"].partition("=")
            events = events.annotate(asked_property=KeyTextTransform(name, "properties"))
            events = events.filter(asked_property=value)
        if wanted["signal"]:
            # A join, not EXISTS: there is one match per event and signal, and signal_match_recent finds a rare one.
            events = events.filter(signal_matches__signal=wanted["signal"])
        if wanted["sentiment"]:
            # Those that the overview's totals stand on.
            shown = headline(
                one for one in self.signals if one.sentiment == wanted["sentiment"] and not one.muted
            )
            events = events.filter(Exists(SignalMatch.objects.filter(event=OuterRef("pk"), signal__in=shown)))
        if wanted["tool_errors"]:
            events = events.filter(tool_errors__gt=0)
        if wanted["q"] and not self.meaning():
            events = search_events(events, wanted["q"])
        return self._in_state(events, wanted["state"])

    def is_search(self) -> bool:
        """Whether a filter looks into texts or JSON. Only when valid."""
        return bool(self.cleaned_data["q"] or self.cleaned_data["property"])

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
        """The text that the events are to be near to; empty when the search is by words, or there is none."""
        return (
            self.cleaned_data["q"].replace("\x00", " ").strip()
            if self.cleaned_data["by"] == "meaning"
            else ""
        )

    def jump(self) -> str | None:
        """The URL of the event or the conversation whose exact id was typed into the search, if there is one."""
        text: str = self.cleaned_data["q"]
        if not text or len(text) > 500:
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
        wanted = self.cleaned_data
        said = {
            "q": f"“{wanted['q']}”",
            "user": wanted["user"],
            "conversation": wanted["conversation"],
            "model": wanted["model"],
            "event": wanted["event"],
            "property": wanted["property"],
            "signal": wanted["signal"] and wanted["signal"].name,
            "sentiment": wanted["sentiment"],
            "tool_errors": "yes",
            "state": STATES.get(wanted["state"], ""),
            "since": wanted["since"],
            "until": wanted["until"],
        }
        labels = {"q": "meaning" if self.meaning() else "text"}
        return [
            Chip(name, labels.get(name) or name.replace("_", " "), str(text))
            for name, text in said.items()
            if wanted[name]
        ]

    def _period(self) -> dict[str, dt.datetime]:
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        if since or until:
            period = {}
            if since:
                period["timestamp__gte"] = dt.datetime.combine(since, dt.time.min, dt.UTC)
            if until:
                period["timestamp__lte"] = dt.datetime.combine(until, dt.time.max, dt.UTC)
            return period
        named = self.period()
        return {"timestamp__gte": named.start, "timestamp__lt": named.until} if named else {}

    def _in_state(self, events: QuerySet[Event], state: str) -> QuerySet[Event]:
        if state == "pending":
            return events.filter(is_pending=True)
        if state == "queued":
            return events.filter(Exists(QueuedEvent.objects.filter(event=OuterRef("pk"))))
        if state == "failed":
            failed = ProcessingFailure.objects.filter(project=self.project)
            return events.filter(id__in=failed.values("event"))
        return events
