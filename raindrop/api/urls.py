"""The management API's URLs, from the rooms that answer them."""

from django.urls import include, path

urlpatterns = [
    path("", include("labeling.api.urls")),
    path("", include("issues.api.urls")),
    path("", include("signals.api.urls")),
    path("", include("ingest.api.urls")),
]
