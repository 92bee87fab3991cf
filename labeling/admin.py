"""The admin's view of labels, with the way back into the review queue."""

from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from labeling.models import Label


class StandingFilter(admin.SimpleListFilter):
    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("yes", "Standing"), ("no", "Superseded")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Label]) -> QuerySet[Label]:
        if self.value() in {"yes", "no"}:
            return queryset.filter(superseded_at__isnull=self.value() == "yes")
        return queryset


@admin.register(Label)
class LabelAdmin(ModelAdmin[Label]):
    """Labels are only added, by people who look at the event: here they are found, and opened in the queue."""

    list_display = (
        "issue",
        "event",
        "answer",
        "user",
        "source",
        "reason",
        "score",
        "created_at",
        "standing",
        "queue",
    )
    list_filter = (StandingFilter, "answer", "source", "reason", "project", "user", "issue")
    search_fields = ("note", "issue__title", "=event__event_id", "user__username")
    list_select_related = ("issue__project", "event", "user")
    date_hierarchy = "created_at"

    @admin.display(boolean=True)
    def standing(self, label: Label) -> bool:
        return label.superseded_at is None

    @admin.display(description="Review")
    def queue(self, label: Label) -> SafeString:
        page = reverse("issue-review", args=[label.issue.project.slug, label.issue.number])
        return format_html(
            '<a href="{}?{}">review queue</a>', page, urlencode({"event": str(label.event_id)})
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
