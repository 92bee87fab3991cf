"""What the label forms send, checked."""

import uuid
from dataclasses import asdict, dataclass
from typing import Any

from django import forms
from django.core import signing

from issues.models import Issue
from labeling.models import Answer
from signals.models import SignalDefinition

SALT = "labeling.card"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Which card was asked, and why. Signed, because precision and recall are measured on the cards that were drawn at
    random: what a label says about how it came about must not be the browser's to choose."""

    subject: str  # the issue or the signal
    event: str
    reason: str
    score: float | None

    def sign(self) -> str:
        return signing.dumps(asdict(self), salt=SALT)


class AnswerForm(forms.Form):
    """An answer to a card of the queue."""

    answer = forms.ChoiceField(choices=Answer.choices)
    card = forms.CharField(max_length=2000)
    note = forms.CharField(required=False, max_length=2000)

    def __init__(self, data: Any, *, subject: Issue | SignalDefinition) -> None:
        super().__init__(data)
        self.subject = subject

    def clean_card(self) -> Ticket:
        try:
            ticket = Ticket(**signing.loads(self.cleaned_data["card"], salt=SALT))
        except (signing.BadSignature, TypeError) as error:
            raise forms.ValidationError("This card is not one of ours. Reload the page.") from error
        if ticket.subject != str(self.subject.id):
            raise forms.ValidationError("This card belongs to another issue or signal.")
        return ticket


class QuickAnswerForm(forms.Form):
    """Right or wrong, said of a match on the issue's page."""

    answer = forms.ChoiceField(choices=Answer.choices)
    event = forms.UUIDField()


def ticket_for(
    *, subject: Issue | SignalDefinition, event_id: uuid.UUID, reason: str, score: float | None
) -> str:
    """The signed ticket that goes into a card's form."""
    return Ticket(str(subject.id), str(event_id), reason, score).sign()
