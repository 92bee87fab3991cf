"""The admin's view of labels: found, overruled, taken back, opened in the review queue. Rows are added, and none is changed."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ingest.projects.access import current_user
from labeling.labels.labels import correct_label, take_back_label
from labeling.models import Answer, Label, LabelQuerySet
from labeling.queue.subject import Subject, all_subject_kinds, subject_kind, urls_of
from raindrop.web.plurals import counted
from signals.admin.quality import EventsAdmin


class StandingFilter(admin.SimpleListFilter):
    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("yes", "Standing"), ("no", "Replaced or taken back")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in {"yes", "no"}:
            return queryset.filter(stands=self.value() == "yes")
        return queryset


class KindFilter(admin.SimpleListFilter):
    title = "kind of subject"
    parameter_name = "subject_kind"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(kind.kind, kind.kind.title()) for kind in all_subject_kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(subject_kind=self.value()) if self.value() else queryset


def _answers(answer: Answer, label: str) -> Callable[..., None]:
    @admin.action(description=label, permissions=["overrule"])
    def act(modeladmin: "LabelAdmin", request: HttpRequest, queryset: QuerySet[Label]) -> None:
        standing, subjects = _standing(queryset)
        user = current_user(request)
        done = [
            row
            for row in standing
            if correct_label(label=row, subject=subjects[row.subject_id].row, answer=answer, user=user)
        ]
        modeladmin.after(request, queryset, done, f"overruled: {answer.label.lower()}")

    act.__name__ = f"answer_{answer.value}"
    return act


@admin.register(Label)
class LabelAdmin(EventsAdmin):
    """Labels are added by people who look at the event. What is done here adds rows too: history is kept."""

    list_display = (
        "answer", "about", "event_link", "reason", "shown_score", "user", "source", "created_at", "standing", "queue",
    )  # fmt: skip
    list_display_links = ("answer",)
    list_filter = (StandingFilter, "answer", KindFilter, "rationale", "source", "reason", "project", "user")
    search_fields = ("note", "=event__event_id", "user__username")
    list_select_related = ["project", "user"]
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    exclude = ("event", "retracts")
    readonly_fields = ("about", "event_link")
    actions = (
        _answers(Answer.MATCH, "Set the answer: match"),
        _answers(Answer.NOT_MATCH, "Set the answer: not a match"),
        _answers(Answer.UNSURE, "Set the answer: unsure"),
        "ask_again",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: LabelQuerySet = super().get_queryset(request)  # type: ignore[assignment]  # the manager's own queryset
        return rows.with_standing()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Also by what the labels are about: an issue's or a signal's title."""
        found, doubled = super().get_search_results(request, queryset, search_term)
        if term := search_term.strip().replace("\x00", ""):
            for kind in all_subject_kinds():
                named = kind.titled(term)
                found = found | queryset.filter(subject_kind=kind.kind, subject_id__in=named)
        return found, doubled

    def has_overrule_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("labeling.change_label")

    @admin.action(description="Take back: the review queue asks again", permissions=["overrule"])
    def ask_again(self, request: HttpRequest, queryset: QuerySet[Label]) -> None:
        standing, subjects = _standing(queryset)
        done = [
            row
            for row in standing
            if take_back_label(
                subject=subjects[row.subject_id].row,
                event_id=row.event_id,
                author=row.author,
                source="admin",
            )
        ]
        self.after(request, queryset, done, "taken back: the queue may ask about them again")

    def after(self, request: HttpRequest, chosen: QuerySet[Label], changed: list[Label], done: str) -> None:
        """Teaches anew what the labels are about, and says what was done."""
        for subject in _subjects(changed).values():
            subject.learn()
        unchanged = len(chosen) - len(changed)
        text = f"{counted(len(changed), 'label')} {done}." + (
            f" {counted(unchanged, 'label')} left: replaced or taken back already." if unchanged else ""
        )
        self.message_user(request, text, messages.WARNING if unchanged else messages.SUCCESS)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        shown = super().get_changelist_instance(request)
        subjects = _subjects(shown.result_list)
        for row in shown.result_list:
            row.subject = subjects.get(row.subject_id)
        return shown

    @admin.display(description="About")
    def about(self, label: Label) -> SafeString | str:
        subject = _subject_of(label)
        return (
            format_html('<a href="{}">{}</a>', urls_of(subject)["page"], subject.title) if subject else "gone"
        )

    @admin.display(description="Score", ordering="score")
    def shown_score(self, label: Label) -> str:
        return "–" if label.score is None else f"{label.score:.2f}"

    @admin.display(boolean=True, description="Stands")
    def standing(self, label: Any) -> bool:
        return bool(label.stands)

    @admin.display(description="Review")
    def queue(self, label: Label) -> SafeString | str:
        subject = _subject_of(label)
        if subject is None:
            return "–"
        page = urls_of(subject)["review"]
        return format_html('<a href="{}?{}">queue</a>', page, urlencode({"event": str(label.event_id)}))


def _subject_of(label: Any) -> Subject | None:
    """As the list has looked it up for all its rows, else on its own."""
    if not hasattr(label, "subject"):
        label.subject = _subjects([label]).get(label.subject_id)
    found: Subject | None = label.subject
    return found


def _subjects(labels: Iterable[Label]) -> dict[Any, Subject]:
    """By id, one query for each kind."""
    ids: dict[str, set[Any]] = {}
    for label in labels:
        ids.setdefault(label.subject_kind, set()).add(label.subject_id)
    return {
        key: subject for kind, of in ids.items() for key, subject in subject_kind(kind).of_ids(of).items()
    }


def _standing(labels: QuerySet[Any]) -> tuple[list[Label], dict[Any, Subject]]:
    """Those of the chosen labels that stand and whose subject is there, with what acting on them needs."""
    rows = labels.filter(stands=True).select_related("event").order_by("created_at")
    found = list(rows.defer("event__input", "event__output", "event__properties", "event__feature_flags"))
    subjects = _subjects(found)
    return [row for row in found if row.subject_id in subjects], subjects
