"""The admin of what comes in: people, projects, keys, events (read only), and what the pipeline gave up on."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ingest.jobs.kinds import title_of
from ingest.models import (
    ApiKey,
    Conversation,
    EndUser,
    Event,
    EventKey,
    Job,
    Membership,
    ProcessingFailure,
    Project,
    QueuedEvent,
    User,
)
from ingest.models.projects import KeyKind
from ingest.projects.access import current_user
from ingest.projects.keys import create_key, revoke_key
from ingest.store.people import conversation_id, end_user_id
from ingest.store.queueing import retry_failures
from raindrop.api.pagination import BoundedPaginator
from raindrop.web.plurals import counted


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """What the pipeline writes is looked at here, not changed. Big tables: no COUNT(*) over all rows."""

    show_full_result_count = False
    paginator = BoundedPaginator
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class TeamAdmin(UserAdmin[User]):
    list_display = (
        "username",
        "name",
        "email",
        "projects_in",
        "is_active",
        "is_staff",
        "is_superuser",
        "last_login",
    )
    list_filter = ("is_active", "is_staff", "is_superuser", "projects")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("projects")

    @admin.display(description="Name", ordering="first_name")
    def name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description="Projects")
    def projects_in(self, user: User) -> str:
        return ", ".join(project.slug for project in user.projects.all())


class MembershipInline(admin.TabularInline[Membership, Project]):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin[Project]):
    list_display = ("slug", "name", "members_count", "monthly_quota", "created_at", "pages")
    search_fields = ("slug", "name")
    inlines = (MembershipInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # its events would stay behind: they hang on it without a constraint

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        projects: QuerySet[Project] = super().get_queryset(request).annotate(team=Count("memberships"))
        return projects

    @admin.display(description="Members", ordering="team")
    def members_count(self, project: Any) -> int:
        return int(project.team)

    @admin.display(description="Pages")
    def pages(self, project: Project) -> SafeString:
        return format_html(
            '<a href="{}">overview</a> · <a href="{}">settings</a>',
            reverse("overview", args=[project.slug]),
            reverse("settings", args=[project.slug]),
        )


class NewKeyForm(forms.ModelForm[ApiKey]):
    class Meta:
        model = ApiKey
        fields = ("project", "kind", "name")


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin[ApiKey]):
    list_display = ("prefix", "name", "kind", "project", "created_at", "last_used_at", "revoked_at")
    list_filter = ("kind", ("revoked_at", admin.EmptyFieldListFilter), "project")
    search_fields = ("prefix", "name")
    list_select_related = ("project",)
    readonly_fields = ("project", "kind", "prefix", "created_by", "created_at", "last_used_at", "revoked_at")
    fields = (
        "project",
        "kind",
        "name",
        "prefix",
        "rate",
        "burst",
        "created_by",
        "created_at",
        "last_used_at",
        "revoked_at",
    )
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return super().get_fields(request, obj) if obj else NewKeyForm.Meta.fields

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return super().get_readonly_fields(request, obj) if obj else ()

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """A new key is made by `create_key`, and shown once."""
        if change:
            super().save_model(request, obj, form, change)
            return
        row, secret = create_key(
            project=obj.project, kind=KeyKind(obj.kind), name=obj.name, created_by=current_user(request)
        )
        obj.__dict__.update(row.__dict__, secret=secret)

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> Any:
        """The page with the key itself: a redirect would have to keep it somewhere in between, such as a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "title": "A new key",
            "key": obj,
            "secret": obj.__dict__["secret"],
        }
        response = TemplateResponse(request, "admin/new_key.html", context)
        add_never_cache_headers(response)
        return response

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a key is revoked, so that it stays known who had it

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        keys = list(queryset.filter(revoked_at=None))
        for key in keys:
            revoke_key(key)
        self.message_user(request, f"Revoked: {counted(len(keys), 'key')}.", messages.SUCCESS)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = (
        "event_id",
        "project",
        "name",
        "timestamp",
        "model",
        "tool_calls",
        "tool_errors",
        "is_pending",
        "counted",
    )
    list_filter = ("project", "is_pending", "counted", "timestamp")
    list_select_related = ("project",)
    search_fields = ("event_id",)
    search_help_text = "The app's own event id, whole."
    ordering = ("-timestamp", "-id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """By the narrow table of keys: a search over the events would read all their text."""
        if not search_term.strip():
            return queryset, False
        keys = EventKey.objects.filter(event_id=search_term.strip().replace("\x00", ""))
        found = list(
            keys.filter(project__in=Project.objects.values("id")).values_list("event_uuid", flat=True)
        )
        return queryset.filter(id__in=found), False


TRAITS = 160  # characters of the traits that a row shows


@admin.register(EndUser)
class EndUserAdmin(ReadOnlyAdmin):
    """The people who talk to the agents: read here, sent by the apps."""

    list_display = ("user_id", "project", "events_count", "first_seen", "last_seen", "shown_traits", "events")
    list_filter = ("project",)
    list_select_related = ("project",)
    search_fields = ("user_id",)
    search_help_text = "The app's own id of the user, whole."
    ordering = ("project_id", "-last_seen")  # as its index: no sort of the whole table
    sortable_by = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[EndUser], search_term: str
    ) -> tuple[QuerySet[EndUser], bool]:
        """By the primary key, which is derived from the project and the id."""
        if not (wanted := search_term.strip().replace("\x00", "")):
            return queryset, False
        ids = [end_user_id(project, wanted) for project in Project.objects.all()]
        return queryset.filter(id__in=ids), False

    @admin.display(description="Traits")
    def shown_traits(self, user: EndUser) -> str:
        text = ", ".join(f"{name}: {value}" for name, value in user.traits.items())
        return text if len(text) <= TRAITS else f"{text[:TRAITS]}…"

    @admin.display(description="Pages")
    def events(self, user: EndUser) -> SafeString:
        query = urlencode({"user": user.user_id, "range": "all"})
        return format_html('<a href="{}?{}">events</a>', reverse("events", args=[user.project.slug]), query)


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    list_display = (
        "convo_id",
        "project",
        "end_user",
        "events_count",
        "started_at",
        "last_message_at",
        "page",
    )
    list_filter = ("project",)
    list_select_related = ("project", "end_user")
    search_fields = ("convo_id",)
    search_help_text = "The app's own id of the conversation, whole."
    ordering = ("project_id", "-last_message_at")
    sortable_by = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Conversation], search_term: str
    ) -> tuple[QuerySet[Conversation], bool]:
        if not (wanted := search_term.strip().replace("\x00", "")):
            return queryset, False
        ids = [conversation_id(project, wanted) for project in Project.objects.all()]
        return queryset.filter(id__in=ids), False

    @admin.display(description="Pages")
    def page(self, conversation: Conversation) -> SafeString:
        url = reverse("conversation", args=[conversation.project.slug, conversation.convo_id])
        return format_html('<a href="{}">conversation</a>', url)


@admin.register(ProcessingFailure)
class ProcessingFailureAdmin(ReadOnlyAdmin):
    list_display = ("event_id_of_app", "project", "reason", "attempts", "failed_at")
    list_display_links = ("reason",)  # the event leads to the event
    list_filter = ("project", "failed_at")
    list_select_related = ("project",)
    search_fields = ("reason",)
    actions = ("retry",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProcessingFailure]:
        """With the event's id alone: a join would read its text, and leave out what hangs on an event that was deleted."""
        events = Event.objects.filter(id=OuterRef("event_id")).values("event_id")
        failures: QuerySet[ProcessingFailure] = super().get_queryset(request)
        return failures.annotate(app_id=Subquery(events))

    @admin.display(description="Event")
    def event_id_of_app(self, failure: Any) -> str:
        if failure.app_id is None:
            return str(failure.event_id)
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:ingest_event_change", args=[failure.event_id]),
            failure.app_id,
        )

    @admin.action(description="Retry: put the events into the queue again", permissions=["view"])
    def retry(self, request: HttpRequest, queryset: QuerySet[ProcessingFailure]) -> None:
        failures = list(queryset)
        retry_failures(failures)
        self.message_user(
            request, f"In the queue again: {counted(len(failures), 'event')}.", messages.SUCCESS
        )


@admin.register(QueuedEvent)
class QueuedEventAdmin(ReadOnlyAdmin):
    list_display = (
        "event_id",
        "project",
        "lane",
        "queued_at",
        "available_at",
        "claims",
        "attempts",
        "last_error",
    )
    list_filter = ("project", "lane", "waiting")
    list_select_related = ("project",)
    ordering = ("available_at", "id")


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("what", "project", "state", "done", "total", "message", "created_by", "updated_at")
    list_filter = ("state", "kind", "project")
    list_select_related = ("project", "created_by")

    @admin.display(description="Job", ordering="kind")
    def what(self, job: Job) -> str:
        return title_of(job)
