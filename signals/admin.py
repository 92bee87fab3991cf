"""Where the taxonomy is managed by the server's owners."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property

from signals import custom
from signals.backfill import request_backfill
from signals.definitions import RULE, mark_reviewed, set_enabled, set_muted, train_signal, wrong_with
from signals.models import SignalDefinition, SignalGroup, SignalMatch
from signals.trial import RECENT, SAMPLES, try_on_recent

PAGES = 100


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than the pages that anybody turns."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return len(rows.values_list("pk")[: PAGES * self.per_page])


class SignalDefinitionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new signal here is one of words or of a pattern: the others come from the app or are built in."""

    class Meta:
        model = SignalDefinition
        fields = (
            "project", "key", "name", "description", "sentiment", "group", "kind", "detector", "reads", "threshold",
            "config", "enabled", "muted", "reviewed",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name, value in cleaned.items():
            setattr(self.instance, name, value)
        if self.instance.project_id and not self.errors:
            for field, message in wrong_with(self.instance).items():
                self.add_error(field if field in self.fields else None, message)
        return cleaned


@admin.register(SignalGroup)
class SignalGroupAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "project", "description"]
    list_filter = ["project"]
    search_fields = ["name", "description"]
    autocomplete_fields = ["project"]


@admin.register(SignalDefinition)
class SignalDefinitionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = SignalDefinitionForm
    list_display = [
        "name",
        "key",
        "project",
        "kind",
        "detector",
        "reads",
        "sentiment",
        "group",
        "enabled",
        "muted",
        "reviewed",
        "builtin",
    ]
    list_filter = [
        "project",
        "kind",
        "sentiment",
        "enabled",
        "muted",
        "reviewed",
        "builtin",
        "detector",
        "reads",
        "group",
    ]
    list_select_related = ["project", "group"]
    search_fields = ["name", "key", "description"]
    list_per_page = 100
    readonly_fields = ["id", "builtin", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["project", "key", "name", "description", "sentiment", "group"]}),
        ("Detection", {"fields": ["kind", "detector", "reads", "threshold", "config", "builtin"]}),
        ("State", {"fields": ["enabled", "muted", "reviewed", "created_at", "updated_at", "id"]}),
    ]
    actions = ["enable", "disable", "mute", "unmute", "reviewed_now", "test_on_recent"]

    def get_readonly_fields(self, request: HttpRequest, obj: SignalDefinition | None = None) -> Iterable[str]:  # type: ignore[override]
        """What a signal is stays as it is: its matches and counts hang on it."""
        return [*self.readonly_fields, "project", "key", "kind", "detector"] if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: SignalDefinition, form: Any, change: bool) -> None:
        """As signals.definitions does it: a sentence learns, and a change of what matches goes over the history."""
        if custom.is_custom(obj):
            obj.detector = custom.detector_kind(obj.config)
            train_signal(obj)
        super().save_model(request, obj, form, change)
        if obj.enabled and custom.is_custom(obj) and set(form.changed_data) & set(RULE):
            request_backfill(obj)

    def has_delete_permission(self, request: HttpRequest, obj: SignalDefinition | None = None) -> bool:
        """Matches and counts would be left behind: a signal is disabled instead."""
        return False

    @admin.action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[SignalDefinition]) -> None:
        self._say(request, set_enabled(signals=queryset, enabled=True), "enabled")

    @admin.action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[SignalDefinition]) -> None:
        self._say(request, set_enabled(signals=queryset, enabled=False), "disabled")

    @admin.action(description="Mute (counted, but not on the overview)", permissions=["change"])
    def mute(self, request: HttpRequest, queryset: QuerySet[SignalDefinition]) -> None:
        self._say(request, set_muted(signals=queryset, muted=True), "muted")

    @admin.action(description="Unmute", permissions=["change"])
    def unmute(self, request: HttpRequest, queryset: QuerySet[SignalDefinition]) -> None:
        self._say(request, set_muted(signals=queryset, muted=False), "unmuted")

    @admin.action(description="Mark as reviewed", permissions=["change"])
    def reviewed_now(self, request: HttpRequest, queryset: QuerySet[SignalDefinition]) -> None:
        self._say(request, mark_reviewed(signals=queryset), "marked as reviewed")

    @admin.action(description=f"Test on the newest {RECENT} events (saves nothing)", permissions=["view"])
    def test_on_recent(
        self, request: HttpRequest, queryset: QuerySet[SignalDefinition]
    ) -> HttpResponse | None:
        signals = list(queryset.select_related("project")[:6])
        if len(signals) > 5:
            self.message_user(request, "Test at most five signals at a time.", messages.WARNING)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Test on recent events",
            "opts": self.model._meta,
            "trials": [try_on_recent(signal) for signal in signals],
            "recent": RECENT,
            "samples": SAMPLES,
        }
        return TemplateResponse(request, "signals/admin_trial.html", context)

    def _say(self, request: HttpRequest, count: int, done: str) -> None:
        self.message_user(request, f"{count} signal{'' if count == 1 else 's'} {done}.", messages.SUCCESS)


@admin.register(SignalMatch)
class SignalMatchAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read only. No count, and no filter that has to look at all of it."""

    list_display = ["timestamp", "signal", "project", "event", "score", "source"]
    list_select_related = ["signal", "project", "event"]
    list_filter = [("signal", admin.RelatedOnlyFieldListFilter)]
    ordering = ["-id"]
    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[SignalMatch]:
        return super().get_queryset(request).defer("event__input", "event__output")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
