"""Under /api/."""

from django.urls import path

from signals.api import clusters as cluster_api
from signals.api import events, translate
from signals.api import matrix as matrix_api
from signals.api import past as past_api
from signals.api import reader as reader_api
from signals.api import signals as api
from signals.api import taxonomy as taxonomy_api
from signals.api import tools as tool_api

urlpatterns = [
    path("signals/", api.signals, name="api-signals"),
    path("clusters/", cluster_api.clusters, name="api-clusters"),
    path("clusters/refresh/", cluster_api.refresh, name="api-clusters-refresh"),
    path("clusters/<uuid:cluster_id>/", cluster_api.cluster, name="api-cluster"),
    path("clusters/<uuid:cluster_id>/events/", cluster_api.events, name="api-cluster-events"),
    path("matrix/", matrix_api.matrix, name="api-matrix"),
    path("tools/", tool_api.tools, name="api-tools"),
    path("tools/<text:name>/errors/", tool_api.errors, name="api-tool-errors"),
    path("taxonomy/", taxonomy_api.taxonomy, name="api-taxonomy"),
    path("facets/", reader_api.facets, name="api-facets"),
    path("llm/", reader_api.llm, name="api-llm"),
    path("reader/", reader_api.reader, name="api-reader"),
    path("reader/past/", past_api.past, name="api-reader-past"),
    path("signals/<str:key>/", api.signal, name="api-signal"),
    path("signals/<str:key>/series", api.series, name="api-signal-series"),
    path("signals/<str:key>/series/", api.series),
    path("events/", events.events, name="api-events"),
    path("events/count/", events.count, name="api-events-count"),
    path("events/facets/", events.facets, name="api-events-facets"),
    path("query/translate/", translate.translate, name="api-query-translate"),
]
