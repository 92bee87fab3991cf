"""Pages under /p/<slug>/ that this room answers: they lie under an issue's or a signal's."""

from django.urls import path

from labeling.pages import (
    labels as label_pages,
)
from labeling.pages import (
    review as review_pages,
)
from labeling.pages import (
    signal_labels as signal_label_pages,
)
from labeling.pages import (
    signal_review as signal_review_pages,
)

urlpatterns = [
    path("issues/<int:number>/review/", review_pages.review, name="issue-review"),
    path("issues/<int:number>/review/label/", review_pages.label, name="issue-review-label"),
    path("issues/<int:number>/review/undo/", review_pages.undo, name="issue-review-undo"),
    path("issues/<int:number>/review/progress/", review_pages.review_progress, name="issue-review-progress"),
    path("issues/<int:number>/matches/", label_pages.matches, name="issue-matches"),
    path("issues/<int:number>/labels/", label_pages.labels, name="issue-labels"),
    path("issues/<int:number>/labels/new/", label_pages.quick_label, name="issue-label"),
    path("issues/<int:number>/teaching/", label_pages.teaching_card, name="issue-teaching"),
    path("signals/<slug:key>/review/", signal_review_pages.review, name="signal-review"),
    path("signals/<slug:key>/review/label/", signal_review_pages.label, name="signal-review-label"),
    path("signals/<slug:key>/review/undo/", signal_review_pages.undo, name="signal-review-undo"),
    path("signals/<slug:key>/labels/", signal_label_pages.labels, name="signal-labels"),
    path("signals/<slug:key>/labels/export/", signal_label_pages.export, name="signal-labels-export"),
]
