"""The server's defaults, which every project's signals follow until the project sets them itself."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from ingest.projects.access import current_user
from signals.admin.base import BulkForm, HistoryAdmin
from signals.catalogue.builtins import SHIPPED
from signals.models import SignalDefault
from signals.models.definitions import Kind, Sentiment
from signals.taxonomy.defaults import as_shipped, change_defaults, ensure_defaults
from signals.taxonomy.definitions import DEFAULTED


class SignalDefaultForm(forms.ModelForm[SignalDefault]):
    class Meta:
        model = SignalDefault
        fields = (
            "key",
            "kind",
            "name",
            "description",
            "sentiment",
            "group",
            "enabled",
            "muted",
            "threshold",
            "action",
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kind = cleaned.get("kind") or self.instance.kind
        if kind == Kind.EXPLICIT and cleaned.get("threshold") is not None:
            self.add_error("threshold", "What the app sends has no threshold.")
        if kind == Kind.IMPLICIT and cleaned.get("action"):
            self.add_error("action", "Only a signal that the app sends has an action.")
        if not self.instance.created_at and kind == Kind.IMPLICIT:
            self.add_error("kind", "The built-in signals are all here already; add one that apps send.")
        return cleaned


@admin.register(SignalDefault)
class SignalDefaultAdmin(HistoryAdmin):
    form = SignalDefaultForm
    action_form = BulkForm
    list_display = [
        "key",
        "name",
        "kind",
        "sentiment",
        "group",
        "action",
        "enabled",
        "muted",
        "threshold",
        "as_shipped",
    ]
    list_filter = ["kind", "sentiment", "enabled", "muted", "group", "action"]
    search_fields = ["key", "name", "description", "group"]
    list_per_page = 100
    actions = ["enable", "disable", "mute", "unmute", "set_group", "set_sentiment", "back_to_shipped"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        ensure_defaults()
        return super().changelist_view(request, extra_context)

    def get_readonly_fields(self, request: HttpRequest, obj: SignalDefault | None = None) -> list[str]:
        return ["key", "kind"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: SignalDefault | None = None) -> bool:
        """One that ships with the server would come back."""
        return obj is not None and obj.key not in SHIPPED and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: SignalDefault, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        changes = {field: getattr(obj, field) for field in form.changed_data}
        _, followed = change_defaults(
            defaults=SignalDefault.objects.filter(pk=obj.pk), user=current_user(request), **changes
        )
        self._say(request, 1, followed)

    @admin.display(boolean=True, description="As shipped")
    def as_shipped(self, row: SignalDefault) -> bool | None:
        shipped = as_shipped(row)
        return all(getattr(row, field) == value for field, value in shipped.items()) if shipped else None

    @admin.action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[SignalDefault]) -> None:
        self._change(request, queryset, enabled=True)

    @admin.action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[SignalDefault]) -> None:
        self._change(request, queryset, enabled=False)

    @admin.action(description="Mute (counted, but not on the overview)", permissions=["change"])
    def mute(self, request: HttpRequest, queryset: QuerySet[SignalDefault]) -> None:
        self._change(request, queryset, muted=True)

    @admin.action(description="Unmute", permissions=["change"])
    def unmute(self, request: HttpRequest, queryset: QuerySet[SignalDefault]) -> None:
        self._change(request, queryset, muted=False)

    @admin.action(description="Set the group (as given beside)", permissions=["change"])
    def set_group(self, request: HttpRequest, queryset: QuerySet[SignalDefault]) -> None:
        self._change(request, queryset, group=request.POST.get("group", "").replace("\x00", "").strip()[:80])

    @admin.action(description="Set the sentiment (as given beside)", permissions=["change"])
    def set_sentiment(self, request: HttpRequest, queryset: QuerySet[SignalDefault]) -> None:
        sentiment = request.POST.get("sentiment", "")
        if sentiment not in Sentiment.values:
            self.message_user(request, "Choose a sentiment beside the action.", messages.WARNING)
            return
        self._change(request, queryset, sentiment=sentiment)

    @admin.action(description="Back to what ships with the server", permissions=["change"])
    def back_to_shipped(self, request: HttpRequest, queryset: QuerySet[SignalDefault]) -> None:
        changed = followed = 0
        for row in queryset:
            if shipped := as_shipped(row):
                one = SignalDefault.objects.filter(pk=row.pk)
                counts = change_defaults(defaults=one, user=current_user(request), **shipped)
                changed, followed = changed + counts[0], followed + counts[1]
        self._say(request, changed, followed)

    def _change(self, request: HttpRequest, queryset: QuerySet[SignalDefault], **changes: Any) -> None:
        try:
            changed, followed = change_defaults(
                defaults=queryset.order_by(), user=current_user(request), **changes
            )
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
            return
        self._say(request, changed, followed)

    def _say(self, request: HttpRequest, changed: int, followed: int) -> None:
        text = f"{changed} default{'' if changed == 1 else 's'} changed; {followed} signal{'' if followed == 1 else 's'} in projects follow."
        self.message_user(request, text, messages.SUCCESS)


assert set(SignalDefaultForm.Meta.fields) >= set(DEFAULTED)
