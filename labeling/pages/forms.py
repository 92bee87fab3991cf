"""What the label forms send, checked."""

from django import forms

from labeling.models import Answer


class AnswerForm(forms.Form):
    """An answer to a card of a queue. Why it was asked is not sent: the queue remembers what it offered to whom."""

    event = forms.UUIDField(
        error_messages={"required": "Say of which event.", "invalid": "That is not an event's id."}
    )
    answer = forms.ChoiceField(
        choices=Answer.choices,
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "The answer is match, not_match or unsure."
        ),
    )
    note = forms.CharField(required=False, max_length=2000)

    def problem(self) -> str:
        """What is wrong, in a sentence; empty when nothing is."""
        return " ".join(str(error) for errors in self.errors.values() for error in errors)
