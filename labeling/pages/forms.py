"""What the label forms send, checked."""

from typing import Any

from django import forms

from labeling.labels.rationales import ANSWER_OF, fits
from labeling.models import Answer, Rationale

NOTE_LENGTH = 2000
NO_ANSWER = "The answer is match, not_match or unsure."


class AnswerForm(forms.Form):
    """An answer to a card of a queue. Why it was asked is not sent: the queue remembers what it offered to whom. `rationale` alone will do: it
    says what the answer is."""

    event = forms.UUIDField(
        error_messages={"required": "Say of which event.", "invalid": "That is not an event's id."}
    )
    answer = forms.ChoiceField(
        choices=Answer.choices, required=False, error_messages={"invalid_choice": NO_ANSWER}
    )
    rationale = forms.ChoiceField(
        choices=Rationale.choices,
        required=False,
        error_messages={"invalid_choice": f"The rationale is one of {', '.join(Rationale.values)}."},
    )
    note = forms.CharField(required=False, max_length=NOTE_LENGTH)

    def clean(self) -> dict[str, Any]:
        """Gives `answer` where only the rationale was sent."""
        found: dict[str, Any] = self.cleaned_data
        answer, rationale = found.get("answer"), found.get("rationale")
        if rationale and not answer and "answer" in found:
            found["answer"] = ANSWER_OF[Rationale(rationale)].value
        elif rationale and answer and not fits(rationale, answer):
            self.add_error("rationale", f'"{rationale}" is no reason for the answer {answer}.')
        elif not answer and "answer" in found and "rationale" in found:
            self.add_error("answer", NO_ANSWER)
        return found

    def problem(self) -> str:
        """What is wrong, in a sentence; empty when nothing is."""
        return " ".join(str(error) for errors in self.errors.values() for error in errors)
