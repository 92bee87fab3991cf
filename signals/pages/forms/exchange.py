"""The file that a person hands in, uploaded or pasted."""

from typing import Any

from django import forms

from ingest.models import Project
from signals.taxonomy.exchange_file import MAX_BYTES


class ExchangeForm(forms.Form):
    file = forms.FileField(
        required=False, widget=forms.FileInput(attrs={"class": "form-control", "accept": ".yaml,.yml"})
    )
    text = forms.CharField(
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={"class": "form-control font-monospace", "rows": 14, "spellcheck": "false"}
        ),
        label="or paste it",
    )

    def clean(self) -> dict[str, Any]:
        """`text` becomes the file's, when one was uploaded."""
        cleaned = super().clean() or self.cleaned_data
        if upload := cleaned.get("file"):
            if upload.size > MAX_BYTES:
                raise forms.ValidationError(f"The file is larger than {MAX_BYTES:,} bytes.")
            try:
                cleaned["text"] = upload.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                raise forms.ValidationError("The file is not text in UTF-8.") from None
        if not (cleaned.get("text") or "").strip() and not self.errors:
            raise forms.ValidationError("Choose a file, or paste its text.")
        return cleaned


class AdminExchangeForm(ExchangeForm):
    field_order = ["project", "file", "text"]
    project = forms.ModelChoiceField(Project.objects.all())
