"""What the label forms send, checked."""

from typing import Any

from django import forms

from labeling.models import Answer
from labeling.refinement.raising import UNCLEAR_NOTE, says_unclear

NOTE_LENGTH = 2000
UNCLEAR = "unclear"  # the button: unsure, because the definition does not say


class AnswerForm(forms.Form):
    """An answer to a card of a queue. Why it was asked is not sent: the queue remembers what it offered to whom."""

    event = forms.UUIDField(
        error_messages={"required": "Say of which event.", "invalid": "That is not an event's id."}
    )
    answer = forms.ChoiceField(
        choices=[*Answer.choices, (UNCLEAR, "Definition unclear")],
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "The answer is match, not_match or unsure."
        ),
    )
    note = forms.CharField(required=False, max_length=NOTE_LENGTH)

    def clean(self) -> dict[str, Any]:
        """`unclear` is kept as `unsure` with a note that says so: three on one issue make it ask (labeling/refinement/raising.py)."""
        found: dict[str, Any] = self.cleaned_data
        if found.get("answer") == UNCLEAR:
            note = found.get("note", "")
            if not says_unclear(note):
                note = f"{UNCLEAR_NOTE}: {note}" if note else UNCLEAR_NOTE
            found |= {"answer": Answer.UNSURE.value, "note": note[:NOTE_LENGTH]}
        return found

    def problem(self) -> str:
        """What is wrong, in a sentence; empty when nothing is."""
        return " ".join(str(error) for errors in self.errors.values() for error in errors)
