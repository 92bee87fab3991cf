"""Under /api/."""

from django.urls import path

from signals.api import signals as api
from signals.api import taxonomy as taxonomy_api

urlpatterns = [
    path("signals/", api.signals, name="api-signals"),
    path("taxonomy/", taxonomy_api.taxonomy, name="api-taxonomy"),
    path("signals/<str:key>/", api.signal, name="api-signal"),
    path("signals/<str:key>/series", api.series, name="api-signal-series"),
    path("signals/<str:key>/series/", api.series),
]
