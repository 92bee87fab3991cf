"""The admin's view of labels: found, overruled, taken back, opened in the review queue. No row is changed but for being superseded."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ingest.projects.access import current_user
from issues.models import Issue
from labeling.labels.labels import correct_label, take_back_labels
from labeling.models import Answer, Label
from labeling.teaching import retrain_soon
from raindrop.web.plurals import counted
from signals.admin.quality import EventsAdmin


class StandingFilter(admin.SimpleListFilter):
    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("yes", "Standing"), ("no", "Superseded")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Label]) -> QuerySet[Label]:
        if self.value() in {"yes", "no"}:
            return queryset.filter(superseded_at__isnull=self.value() == "yes")
        return queryset


def _answers(answer: Answer, label: str) -> Callable[..., None]:
    @admin.action(description=label, permissions=["overrule"])
    def act(modeladmin: "LabelAdmin", request: HttpRequest, queryset: QuerySet[Label]) -> None:
        standing = _standing(queryset)
        user = current_user(request)
        done = [row for row in standing if correct_label(label=row, answer=answer, user=user)]
        modeladmin.after(request, queryset, done, f"overruled: {answer.label.lower()}")

    act.__name__ = f"answer_{answer.value}"
    return act


@admin.register(Label)
class LabelAdmin(EventsAdmin):
    """Labels are added by people who look at the event. What is done here adds rows too, and supersedes: history is kept."""

    list_display = (
        "answer", "issue", "event_link", "reason", "shown_score", "user", "source", "created_at", "standing", "queue",
    )  # fmt: skip
    list_display_links = ("answer",)
    list_filter = (StandingFilter, "answer", "source", "reason", "project", "user", "issue")
    search_fields = ("note", "issue__title", "=event__event_id", "user__username")
    list_select_related = ["issue__project", "project", "user"]
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    exclude = ("event",)
    readonly_fields = ("event_link",)
    actions = (
        _answers(Answer.MATCH, "Set the answer: match"),
        _answers(Answer.NOT_MATCH, "Set the answer: not a match"),
        _answers(Answer.UNSURE, "Set the answer: unsure"),
        "ask_again",
    )

    def has_overrule_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("labeling.change_label")

    @admin.action(description="Take back: the review queue asks again", permissions=["overrule"])
    def ask_again(self, request: HttpRequest, queryset: QuerySet[Label]) -> None:
        standing = _standing(queryset)
        take_back_labels(standing)
        self.after(request, queryset, standing, "taken back: the queue may ask about them again")

    def after(self, request: HttpRequest, chosen: QuerySet[Label], changed: list[Label], done: str) -> None:
        """Trains the issues anew, and says what was done."""
        for issue in Issue.objects.filter(pk__in={row.issue_id for row in changed}).select_related("project"):
            retrain_soon(issue)
        left = len(chosen) - len(changed)
        text = f"{counted(len(changed), 'label')} {done}." + (
            f" {counted(left, 'label')} left: superseded already." if left else ""
        )
        self.message_user(request, text, messages.WARNING if left else messages.SUCCESS)

    @admin.display(description="Score", ordering="score")
    def shown_score(self, label: Label) -> str:
        return "–" if label.score is None else f"{label.score:.2f}"

    @admin.display(boolean=True, description="Stands")
    def standing(self, label: Label) -> bool:
        return label.superseded_at is None

    @admin.display(description="Review")
    def queue(self, label: Label) -> SafeString:
        page = reverse("issue-review", args=[label.issue.project.slug, label.issue.number])
        return format_html('<a href="{}?{}">queue</a>', page, urlencode({"event": str(label.event_id)}))


def _standing(labels: QuerySet[Any]) -> list[Label]:
    """Those of the chosen labels that stand, with what acting on them needs."""
    rows = labels.filter(superseded_at=None).select_related("issue__project", "event").order_by("created_at")
    return list(rows.defer("event__input", "event__output", "event__properties", "event__feature_flags"))
