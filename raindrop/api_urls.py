"""The management API's URLs, from the rooms that answer them."""

from django.urls import include, path

urlpatterns = [
    path("", include("labeling.api_urls")),
    path("", include("issues.api_urls")),
    path("", include("signals.api_urls")),
    path("", include("ingest.api_urls")),
]
