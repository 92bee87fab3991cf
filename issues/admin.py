"""The admin's view of issues. Every change goes through the same functions as the pages', so that history is kept."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ingest.projects.access import current_user
from issues.actions import create_issue, delete_issue, edit_definition
from issues.models import Activity, Classifier, Definition, Issue
from issues.models.issues import IssueQuerySet
from issues.states.doors import apply_to_many
from issues.states.transitions import Action


def _acts(action: Action, label: str) -> Callable[..., None]:
    @admin.action(description=label, permissions=["change"])
    def act(modeladmin: "IssueAdmin", request: HttpRequest, queryset: IssueQuerySet) -> None:
        batch = apply_to_many(queryset, action, current_user(request))
        done, illegal = len(batch.changed), len(batch.refused)
        text = f"{done} changed" + (
            f", {illegal} left as they are: the action does not apply." if illegal else "."
        )
        modeladmin.message_user(request, text, messages.WARNING if illegal else messages.SUCCESS)

    act.__name__ = f"{action.value}_issues"
    return act


@admin.register(Issue)
class IssueAdmin(ModelAdmin[Issue]):
    list_display = (
        "title",
        "project",
        "number",
        "state",
        "substate",
        "priority",
        "assignee",
        "events",
        "users",
        "links",
    )
    list_filter = ("project", "state", "substate", "priority", "assignee")
    search_fields = ("title", "description", "=number")
    list_select_related = ("project", "assignee")
    ordering = ("-created_at",)
    actions = [
        _acts(Action.RESOLVE, "Resolve"),
        _acts(Action.MUTE, "Mute"),
        _acts(Action.REOPEN, "Reopen"),
    ]
    fields = (
        "project",
        "number",
        "title",
        "description",
        "state",
        "substate",
        "priority",
        "assignee",
        "links",
    )
    readonly_fields = ("number", "state", "substate", "priority", "assignee", "links")

    def get_queryset(self, request: HttpRequest) -> IssueQuerySet:
        return Issue.objects.with_counts().order_by("-created_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Issue | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "project") if obj else self.readonly_fields

    @admin.display(ordering="events")
    def events(self, issue: Issue) -> int:
        return issue.events  # type: ignore[attr-defined, no-any-return]  # annotated by get_queryset()

    @admin.display(ordering="users")
    def users(self, issue: Issue) -> int:
        return issue.users  # type: ignore[attr-defined, no-any-return]  # annotated by get_queryset()

    @admin.display(description="Pages")
    def links(self, issue: Issue) -> SafeString | str:
        if issue._state.adding:
            return ""
        return format_html(
            '<a href="{}">issue</a> · <a href="{}">review queue</a> · <a href="{}?subject_id={}">labels</a>',
            reverse("issue", args=[issue.project.slug, issue.number]),
            reverse("issue-review", args=[issue.project.slug, issue.number]),
            reverse("admin:labeling_label_changelist"),
            issue.pk,
        )

    def save_model(self, request: HttpRequest, obj: Issue, form: object, change: bool) -> None:
        if change:
            edit_definition(
                issue=obj, title=obj.title, description=obj.description, user=current_user(request)
            )
        else:
            made = create_issue(
                project=obj.project, title=obj.title, description=obj.description, user=current_user(request)
            )
            obj.__dict__.update(made.__dict__)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Rows that are read-only on their own go with their issue."""
        shown, counts, _, protected = super().get_deleted_objects(objs, request)
        return shown, counts, set(), protected

    def delete_model(self, request: HttpRequest, obj: Issue) -> None:
        delete_issue(issue=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Issue]) -> None:
        for issue in queryset:
            delete_issue(issue=issue)


class ReadOnly:
    """Rows that only the system writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Definition)
class DefinitionAdmin(ReadOnly, ModelAdmin[Definition]):
    list_display = ("title", "issue", "version", "author", "created_at")
    list_filter = ("issue__project",)
    search_fields = ("title", "description")
    list_select_related = ("issue", "author")


@admin.register(Classifier)
class ClassifierAdmin(ReadOnly, ModelAdmin[Classifier]):
    list_display = (
        "issue", "version", "kind", "labels_count", "positives_count", "precision", "recall", "threshold", "trained_at",
    )  # fmt: skip
    list_filter = ("issue__project", "kind")
    search_fields = ("issue__title",)
    list_select_related = ("issue",)
    exclude = ("weights",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Classifier]:
        return super().get_queryset(request).defer("weights")

    @admin.display
    def precision(self, classifier: Classifier) -> str:
        return _share(classifier, "precision")

    @admin.display
    def recall(self, classifier: Classifier) -> str:
        return _share(classifier, "recall")


@admin.register(Activity)
class ActivityAdmin(ReadOnly, ModelAdmin[Activity]):
    list_display = ("created_at", "issue", "kind", "actor", "data")
    list_filter = ("kind", "issue__project", "actor")
    search_fields = ("issue__title",)
    list_select_related = ("issue", "actor")
    date_hierarchy = "created_at"


def _share(classifier: Classifier, name: str) -> str:
    value = classifier.quality.get(name)
    return "-" if value is None else f"{value:.0%}"
