"""What people type on the issue pages, checked. Django's CharField refuses NUL characters."""

from typing import Any, cast

from django import forms

from ingest.counts.period import DAYS, DEFAULT
from ingest.models import Project, User
from issues.models.issues import Priority
from issues.pages.acting import BUTTONS
from signals.search.language.parsing import MAX_LENGTH

TABS = ["open", "muted", "resolved", "all", "merged"]  # the last one where there are any
SORTS = {
    "last_seen": "Last seen",
    "events": "Events",
    "users": "Users",
    "created": "Created",
    "priority": "Priority",
}


class IssueForm(forms.Form):
    """An issue's definition."""

    title = forms.CharField(
        max_length=200,
        widget=forms.TextInput(
            attrs={
                "class": "form-control",
                "autofocus": True,
                "placeholder": "The assistant forgets what the user said earlier",
            }
        ),
        help_text="One sentence that is true of every event that counts.",
    )
    description = forms.CharField(
        required=False,
        max_length=10_000,
        widget=forms.Textarea(
            attrs={
                "class": "form-control",
                "rows": 6,
                "placeholder": "Counts: the user repeats a detail that the assistant asks for again.\n"
                "Doesn't count: the assistant asks for something that was never said.",
            }
        ),
        help_text="What counts and what doesn't. The first candidates are the events closest to this text; "
        "your labels do the rest.",
    )


class NoteForm(forms.Form):
    text = forms.CharField(
        max_length=10_000,
        widget=forms.Textarea(
            attrs={
                "class": "form-control",
                "rows": 2,
                "placeholder": "What did you find out? @name tells a member.",
            }
        ),
    )


class AssigneeForm(forms.Form):
    """A member of the project, or nobody."""

    assignee = forms.ModelChoiceField(
        queryset=User.objects.none(),
        required=False,
        empty_label="Nobody",
        widget=forms.Select(attrs={"class": "form-select form-select-sm"}),
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assignee = cast("forms.ModelChoiceField[User]", self.fields["assignee"])
        assignee.queryset = project.members.order_by("username")


class PriorityForm(forms.Form):
    priority = forms.ChoiceField(
        choices=Priority.choices, widget=forms.Select(attrs={"class": "form-select form-select-sm"})
    )


class ListForm(forms.Form):
    """The list's address. A value that is not understood counts as not given: see `ListForm.read`."""

    state = forms.ChoiceField(choices=[(tab, tab) for tab in TABS], required=False)
    sort = forms.ChoiceField(choices=list(SORTS.items()), required=False)
    q = forms.CharField(required=False, max_length=MAX_LENGTH, strip=False)
    period = forms.ChoiceField(choices=[(key, key) for key in DAYS], required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=1_000_000)

    @classmethod
    def unknown(cls, data: Any) -> str:
        """What to say of parameters that the list does not know; empty when it knows all."""
        names = sorted(set(data) - set(cls.base_fields) - {"ticked"})
        if not names:
            return ""
        named = ", ".join(repr(name[:80]) for name in names[:5])
        return f"There is no filter {named}, so that nothing is shown. The filters are: {', '.join(cls.base_fields)}."

    @classmethod
    def read(cls, data: Any) -> dict[str, Any]:
        """{"state", "sort", "q", "period", "page"} with defaults in place of what is missing or wrong."""
        form = cls(data)
        form.is_valid()
        found = form.cleaned_data
        return {
            "state": found.get("state") or "open",
            "sort": found.get("sort") or "last_seen",
            "q": found.get("q") or "",
            "period": found.get("period") or DEFAULT,
            "page": found.get("page") or 1,
        }


class BulkForm(forms.Form):
    """The numbers that were ticked when the button was pressed: never "all that match"."""

    action = forms.ChoiceField(choices=[(a, a) for a in sorted({*BUTTONS, "assign"})])
    issue = forms.TypedMultipleChoiceField(coerce=int, choices=[])

    def __init__(self, data: Any, *, project: Project) -> None:
        super().__init__(data)
        numbers = [number for number in data.getlist("issue")[:500] if number.isascii() and number.isdigit()]
        known = project.issues.filter(number__in=[int(n) for n in numbers if len(n) < 10]).values_list(
            "number", flat=True
        )
        cast(forms.MultipleChoiceField, self.fields["issue"]).choices = [(number, number) for number in known]
