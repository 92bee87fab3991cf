"""What the admin's pages of signals and of their defaults share."""

from typing import Any

from django import forms
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from signals.models.definitions import Sentiment


class BulkForm(ActionForm):
    """What the actions "set the group" and "set the sentiment" set; beside the list of actions."""

    group = forms.CharField(required=False, max_length=80, label="group", help_text="Empty: no group.")
    sentiment = forms.ChoiceField(
        required=False, choices=[("", "---------"), *Sentiment.choices], label="sentiment"
    )


class HistoryAdmin(SimpleHistoryAdmin):  # type: ignore[misc]  # simple_history has no types
    """With the history of changes. SIMPLE_HISTORY_REVERT_DISABLED only hides the button that writes an old version back."""

    object_history_list_template = "admin/_history_list.html"

    def history_form_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method != "GET":
            raise PermissionDenied("An old version is for reading.")
        return super().history_form_view(request, *args, **kwargs)
