"""Where the taxonomy is managed by the server's owners."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ingest.admin import ReadOnlyAdmin
from ingest.projects.access import current_user
from signals.admin import defaults as admin_defaults
from signals.admin import quality as admin_quality
from signals.admin.base import BulkForm, HistoryAdmin
from signals.admin.exchange import export_view, import_view
from signals.catalogue.history import remember
from signals.catalogue.parameters import parameters_of
from signals.detection.backfill import request_backfill
from signals.detection.trial import RECENT, SAMPLES, try_on_recent
from signals.kinds.registry import detector_type, is_custom
from signals.models import SignalDefinition, SignalGroup, SignalMatch
from signals.models.definitions import Sentiment
from signals.taxonomy.bulk import change_signals
from signals.taxonomy.defaults import reset_signals
from signals.taxonomy.definitions import EDITABLE, change_signal, train_signal, wrong_with

__all__ = ["admin_defaults", "admin_quality"]  # they register themselves


class SignalDefinitionForm(forms.ModelForm[SignalDefinition]):
    """A new signal here is one of words or of a pattern: the others come from the app or are built in."""

    class Meta:
        model = SignalDefinition
        fields = (
            "project", "key", "name", "description", "sentiment", "group", "kind", "detector", "reads", "threshold",
            "config", "action", "enabled", "muted", "reviewed",
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
class SignalGroupAdmin(HistoryAdmin):
    list_display = ["name", "project", "description"]
    list_filter = ["project"]
    search_fields = ["name", "description"]
    autocomplete_fields = ["project"]

    def save_model(self, request: HttpRequest, obj: SignalGroup, form: Any, change: bool) -> None:
        if change:
            remember([SignalGroup.objects.get(pk=obj.pk)])
        super().save_model(request, obj, form, change)


@admin.register(SignalDefinition)
class SignalDefinitionAdmin(HistoryAdmin):
    form = SignalDefinitionForm
    list_display = [
        "name",
        "project",
        "sentiment",
        "enabled",
        "muted",
        "kind",
        "group",
        "detector",
        "reviewed",
        "builtin",
        "page",
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
        "action",
        ("group", admin.RelatedOnlyFieldListFilter),
    ]
    action_form = BulkForm
    change_list_template = "signals/admin_signals.html"
    list_select_related = ["project", "group"]
    search_fields = ["name", "key", "description"]
    list_per_page = 100
    readonly_fields = ["id", "builtin", "own_fields", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["project", "key", "name", "description", "sentiment", "group"]}),
        ("Detection", {"fields": ["kind", "detector", "reads", "threshold", "config", "action", "builtin"]}),
        (
            "State",
            {"fields": ["enabled", "muted", "reviewed", "own_fields", "created_at", "updated_at", "id"]},
        ),
    ]
    actions = [
        "enable", "disable", "mute", "unmute", "reviewed_now", "set_group", "set_sentiment", "reset", "test_on_recent",
    ]  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("import/", wrap(import_view), {"model_admin": self}, name="signals_import"),
            path("export/", wrap(export_view), {"model_admin": self}, name="signals_export"),
            *super().get_urls(),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: SignalDefinition | None = None) -> Iterable[str]:
        """What a signal is stays as it is: its matches and counts hang on it."""
        if obj is None:
            return self.readonly_fields
        fixed = ["project", "key", "kind", "detector"]
        if not is_custom(obj):
            fixed += ["reads"] if parameters_of(obj) else ["reads", "config"]
        return [*self.readonly_fields, *fixed]

    def save_model(self, request: HttpRequest, obj: SignalDefinition, form: Any, change: bool) -> None:
        """As the app does it: with history, and a run over the history of events when what matches changes."""
        if change:
            changes = {field: getattr(obj, field) for field in form.changed_data if field in EDITABLE}
            change_signal(signal=obj, user=current_user(request), via="admin", **changes)
            return
        if is_custom(obj):
            obj.detector = detector_type(obj.config)
            train_signal(obj)
        super().save_model(request, obj, form, change)
        if obj.enabled and is_custom(obj):
            request_backfill(obj, user=current_user(request))

    def has_delete_permission(self, request: HttpRequest, obj: SignalDefinition | None = None) -> bool:
        """Matches and counts would be left behind: a signal is disabled instead."""
        return False

    @admin.display(description="Page")
    def page(self, signal: SignalDefinition) -> SafeString:
        url = reverse("signal", args=[signal.project.slug, signal.key])
        return format_html('<a href="{}">{}</a>', url, signal.key)

    @admin.action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[SignalDefinition]) -> None:
        self._change(request, queryset, "enabled", enabled=True)

    @admin.action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[SignalDefinition]) -> None:
        self._change(request, queryset, "disabled", enabled=False)

    @admin.action(description="Mute (counted, but not on the overview)", permissions=["change"])
    def mute(self, request: HttpRequest, queryset: QuerySet[SignalDefinition]) -> None:
        self._change(request, queryset, "muted", muted=True)

    @admin.action(description="Unmute", permissions=["change"])
    def unmute(self, request: HttpRequest, queryset: QuerySet[SignalDefinition]) -> None:
        self._change(request, queryset, "unmuted", muted=False)

    @admin.action(description="Mark as reviewed", permissions=["change"])
    def reviewed_now(self, request: HttpRequest, queryset: QuerySet[SignalDefinition]) -> None:
        self._change(request, queryset, "marked as reviewed", reviewed=True)

    @admin.action(description="Set the group (as given beside)", permissions=["change"])
    def set_group(self, request: HttpRequest, queryset: QuerySet[SignalDefinition]) -> None:
        name = request.POST.get("group", "").replace("\x00", "").strip()[:80]
        self._change(
            request, queryset, f"put into {name!r}" if name else "taken out of their group", group=name
        )

    @admin.action(description="Set the sentiment (as given beside)", permissions=["change"])
    def set_sentiment(self, request: HttpRequest, queryset: QuerySet[SignalDefinition]) -> None:
        sentiment = request.POST.get("sentiment", "")
        if sentiment not in Sentiment.values:
            self.message_user(request, "Choose a sentiment beside the action.", messages.WARNING)
            return
        self._change(request, queryset, f"now {sentiment}", sentiment=sentiment)

    @admin.action(description="Reset to the server's defaults", permissions=["change"])
    def reset(self, request: HttpRequest, queryset: QuerySet[SignalDefinition]) -> None:
        count = reset_signals(signals=queryset.order_by(), user=current_user(request))
        self._say(request, count, "reset to the server's defaults")

    def _change(
        self, request: HttpRequest, queryset: QuerySet[SignalDefinition], done: str, **changes: Any
    ) -> None:
        try:
            count = change_signals(
                signals=queryset.order_by(), user=current_user(request), via="admin", **changes
            )
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
            return
        self._say(request, count, done)

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
class SignalMatchAdmin(ReadOnlyAdmin):
    """No filter that has to look at all of it."""

    list_display = ["timestamp", "signal", "project", "event_link", "shown_score", "source"]
    list_select_related = ["signal", "project", "event"]
    list_filter = [("signal", admin.RelatedOnlyFieldListFilter)]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SignalMatch]:
        texts = ("event__input", "event__output", "event__properties", "event__feature_flags")
        return super().get_queryset(request).defer(*texts)

    @admin.display(description="Event")
    def event_link(self, match: SignalMatch) -> str:
        url = reverse("event", args=[match.project.slug, match.event.event_id])
        return format_html('<a href="{}">{}</a>', url, match.event.event_id)

    @admin.display(description="Score")
    def shown_score(self, match: SignalMatch) -> str:
        return f"{match.score:.2f}"
