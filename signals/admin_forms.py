"""What the admin's pages of signals and of their defaults share."""

from django import forms
from django.contrib.admin.helpers import ActionForm
from django.http import HttpRequest

from ingest.models import User
from signals.models.definitions import Sentiment


class BulkForm(ActionForm):
    """What the actions "set the group" and "set the sentiment" set; beside the list of actions."""

    group = forms.CharField(required=False, max_length=80, label="group", help_text="Empty: no group.")
    sentiment = forms.ChoiceField(
        required=False, choices=[("", "---------"), *Sentiment.choices], label="sentiment"
    )


def current_user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
