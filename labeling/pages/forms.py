"""What the label forms send, checked."""

from typing import Any, cast

from django import forms

from ingest.models import Project, User
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
        return problem_of(self)


class PlanForm(forms.Form):
    """How a queue is shared among people."""

    overlap = forms.IntegerField(
        min_value=0,
        max_value=100,
        error_messages={"required": "Say how many of a hundred cards two people answer: 0 to 100."},
        widget=forms.NumberInput(attrs={"class": "form-control form-control-sm w-auto"}),
    )
    assigned = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(), required=False, widget=forms.CheckboxSelectMultiple()
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assigned = cast("forms.ModelMultipleChoiceField[User]", self.fields["assigned"])
        assigned.queryset = project.members.order_by("username")

    def problem(self) -> str:
        """What is wrong, in a sentence; empty when nothing is."""
        return problem_of(self)


def problem_of(form: forms.Form) -> str:
    return " ".join(str(error) for errors in form.errors.values() for error in errors)
