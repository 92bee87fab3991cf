"""What the LLM judged, and what was learnt from labels. All of it is made elsewhere, and read here."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, OuterRef, QuerySet, Subquery, TextField, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from ingest.admin import ReadOnlyAdmin
from ingest.models import Event
from signals.models import QuestionVerdict, SignalDefinition, SignalTuning
from signals.questions.config import check, question_of
from signals.templatetags.money import dollars

MOST_QUESTIONS = 500
QUOTED = 300


class EventsAdmin(ReadOnlyAdmin):
    """Rows about events, each with the event's id alone: a join would read its text, and leave out what hangs on an event that was
    deleted."""

    list_select_related = ["project"]
    sortable_by = ()
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        events = Event.objects.filter(id=OuterRef("event_id")).values("event_id")
        rows: QuerySet[Any] = super().get_queryset(request).annotate(app_id=Subquery(events))
        return rows

    @admin.display(description="Event")
    def event_link(self, row: Any) -> str:
        if row.app_id is None:
            return str(row.event_id)
        return format_html(
            '<a href="{}">{}</a>', reverse("event", args=[row.project.slug, row.app_id]), row.app_id
        )


def _questions() -> list[SignalDefinition]:
    rows = SignalDefinition.objects.filter(detector="llm", builtin=False).select_related("project")
    return [row for row in rows[:MOST_QUESTIONS] if check(row.config) is None]


class QuestionFilter(admin.SimpleListFilter):
    """A verdict names its question by the wording's version."""

    title, parameter_name = "signal", "signal"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(str(signal.pk), f"{signal.name} ({signal.project.slug})") for signal in _questions()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[QuestionVerdict]
    ) -> QuerySet[QuestionVerdict]:
        if not (wanted := self.value()):
            return queryset
        for signal in _questions():
            if str(signal.pk) == wanted:
                return queryset.filter(project=signal.project_id, version=question_of(signal).version)
        return queryset.none()


@admin.register(QuestionVerdict)
class QuestionVerdictAdmin(EventsAdmin):
    list_display = (
        "event_link", "signal", "project", "state", "verdict", "quote", "why", "shown_score", "cost_dollars", "answered_at",
    )  # fmt: skip
    list_filter = ("state", "match", QuestionFilter, "project")
    fields = (
        "event_link", "signal", "project", "version", "state", "problem", "verdict", "quote", "reason", "local_score", "model", "attempts",
        "available_at", "answered_at", "input_tokens", "cache_write_tokens", "cache_read_tokens", "output_tokens", "cost_dollars", "held",
        "day", "batch", "evidence",
    )  # fmt: skip
    list_display_links = ("state",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With `signal_name`; empty for a wording that no signal has any more."""
        named = [
            When(project=row.project_id, version=question_of(row).version, then=Value(row.name))
            for row in _questions()
        ]
        name = Case(*named, default=Value(""), output_field=TextField())
        rows: QuerySet[Any] = super().get_queryset(request).annotate(signal_name=name)
        return rows

    @admin.display(description="Signal")
    def signal(self, row: Any) -> str:
        return row.signal_name or f"an earlier wording ({row.version[:8]})"

    @admin.display(boolean=True, description="Verdict")
    def verdict(self, row: QuestionVerdict) -> bool | None:
        return row.match

    @admin.display(description="Quote")
    def quote(self, row: QuestionVerdict) -> str:
        return " … ".join(str(piece.get("text", "")) for piece in row.evidence)[:QUOTED]

    @admin.display(description="Why")
    def why(self, row: QuestionVerdict) -> str:
        """The model's reason, or what was wrong with its answer."""
        return (row.reason or row.problem)[:QUOTED]

    @admin.display(description="Local score")
    def shown_score(self, row: QuestionVerdict) -> str:
        return f"{row.local_score:.2f}"

    @admin.display(description="Cost")
    def cost_dollars(self, row: QuestionVerdict) -> str:
        return dollars(row.cost)


@admin.register(SignalTuning)
class SignalTuningAdmin(ReadOnlyAdmin):
    """It is applied and reverted on the signal's page, which looks whether the signal is still what it was made for."""

    list_display = (
        "signal", "project", "kind", "state", "labels", "precision", "thresholds", "created_at", "decided_by", "decided_at",
    )  # fmt: skip
    list_filter = ("state", "kind", "project", ("signal", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("signal", "project", "decided_by")
    search_fields = ("signal__name", "signal__key")
    exclude = ("old_trained", "new_trained")
    sortable_by = ()

    def view_on_site(self, tuning: SignalTuning) -> str:
        return reverse("signal", args=[tuning.project.slug, tuning.signal.key])

    @admin.display(description="Precision")
    def precision(self, tuning: SignalTuning) -> str:
        shares = [figures["precision"] for figures in tuning.figures]
        return " → ".join("–" if share is None else f"{share:.0%}" for share in shares)

    @admin.display(description="Threshold")
    def thresholds(self, tuning: SignalTuning) -> str:
        return " → ".join(
            "–" if t is None else f"{t:.2f}" for t in (tuning.old_threshold, tuning.new_threshold)
        )
