"""Under /api/: these lie under an issue's."""

from django.urls import path

from labeling.api import definitions, teaching
from labeling.api import labels as api

urlpatterns = [
    path("issues/<str:key>/candidates/", api.candidates, name="api-issue-candidates"),
    path("issues/<str:key>/labels/", api.labels, name="api-issue-labels"),
    path("issues/<str:key>/definitions/", definitions.definitions, name="api-issue-definitions"),
    path("issues/<str:key>/teach/", teaching.teach, name="api-issue-teach"),
]
