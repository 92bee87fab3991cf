"""Under /api/: these lie under an issue's."""

from django.urls import path

from labeling.api import definitions, questions, splitting, teaching
from labeling.api import labels as api

urlpatterns = [
    path("issues/<str:key>/candidates/", api.candidates, name="api-issue-candidates"),
    path("issues/<str:key>/labels/", api.labels, name="api-issue-labels"),
    path("issues/<str:key>/definitions/", definitions.definitions, name="api-issue-definitions"),
    path("issues/<str:key>/split/", splitting.split, name="api-issue-split"),
    path("issues/<str:key>/teach/", teaching.teach, name="api-issue-teach"),
    path("issues/<str:key>/questions/", questions.questions, name="api-issue-questions"),
    path("issues/<str:key>/questions/<uuid:question_id>/", questions.question, name="api-issue-question"),
    path(
        "issues/<str:key>/questions/<uuid:question_id>/accept/",
        questions.accept,
        name="api-issue-question-accept",
    ),
]
