"""Under /api/."""

from django.urls import path

from issues.api import events as event_api
from issues.api import issues as api

urlpatterns = [
    path("issues/", api.issues, name="api-issues"),
    path("issues/<str:key>/", api.issue, name="api-issue"),
    path("issues/<str:key>/matches/", api.matches, name="api-issue-matches"),
    path("issues/<str:key>/series", api.series, name="api-issue-series"),
    path("issues/<str:key>/series/", api.series),
    path("events/<path:event_id>/", event_api.event, name="api-event"),
]
