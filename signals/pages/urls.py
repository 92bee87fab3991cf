"""The signals' pages under /p/<slug>/. (Events and conversations: signals/pages/events/urls.py.)"""

from django.urls import path

from signals.pages import (
    clusters as cluster_pages,
)
from signals.pages import (
    custom as custom_pages,
)
from signals.pages import discover as discover_pages
from signals.pages import (
    exchange as exchange_pages,
)
from signals.pages import (
    insights as insight_pages,
)
from signals.pages import (
    patterns as pattern_pages,
)
from signals.pages import questions as question_pages
from signals.pages import (
    signals as pages,
)
from signals.pages import (
    taxonomy as taxonomy_pages,
)
from signals.pages import tools as tool_pages

urlpatterns = [
    path("discover/", discover_pages.discover, name="discover"),
    path("discover/refresh/", discover_pages.refresh, name="discover-refresh"),
    path("discover/change/", discover_pages.change, name="discover-change"),
    path("discover/together/", discover_pages.together, name="discover-together"),
    path("discover/matrix/", cluster_pages.matrix, name="matrix"),
    path("discover/map/", cluster_pages.cluster_map, name="cluster-map"),
    path("discover/map/points/", cluster_pages.cluster_map_points, name="cluster-map-points"),
    path("discover/<uuid:cluster_id>/", cluster_pages.cluster, name="cluster"),
    path("tools/", tool_pages.tools, name="tools"),
    path("tools/<app_id:name>/", tool_pages.tool, name="tool"),
    path("signals/", pages.signal_list, name="signals"),
    path("signals/new/", custom_pages.new_signal, name="signal-new"),
    path("signals/names/", taxonomy_pages.names, name="signal-names"),
    path("signals/patterns/", pattern_pages.patterns, name="signal-patterns"),
    path("signals/bulk/", taxonomy_pages.bulk, name="signals-bulk"),
    path("signals/yaml/", exchange_pages.taxonomy_file, name="signals-yaml"),
    path("signals/<slug:key>/", pages.signal_page, name="signal"),
    path("signals/<slug:key>/name/", taxonomy_pages.name_one, name="signal-name"),
    path("signals/<slug:key>/join/", taxonomy_pages.join, name="signal-join"),
    path("signals/<slug:key>/reset/", taxonomy_pages.reset, name="signal-reset"),
    path("signals/<slug:key>/enabled/", pages.toggle, name="signal-enabled"),
    path("signals/<slug:key>/reviewed/", pages.review, name="signal-reviewed"),
    path("signals/<slug:key>/rule/", custom_pages.change_rule, name="signal-rule"),
    path("signals/<slug:key>/history/", custom_pages.run_over_history, name="signal-history"),
    path("signals/<slug:key>/history/stop/", custom_pages.stop_history, name="signal-history-stop"),
    path("signals/<slug:key>/ask/", question_pages.ask_history, name="signal-ask"),
    path("signals/<slug:key>/ask/stop/", question_pages.stop_asking, name="signal-ask-stop"),
    path("settings/llm/", question_pages.llm_settings, name="llm-settings"),
    path("settings/llm/read/", question_pages.read_past, name="llm-read-past"),
    path("settings/llm/read/stop/", question_pages.stop_reading, name="llm-read-stop"),
    path("signals/<slug:key>/clusters/", insight_pages.clusters, name="signal-clusters"),
    path("signals/<slug:key>/clusters/<slug:cluster_id>/", cluster_pages.of_signal, name="signal-cluster"),
    path("signals/<slug:key>/breakdown/", insight_pages.breakdown, name="signal-breakdown"),
    path("signals/<slug:key>/tuning/", insight_pages.tuning, name="signal-tuning"),
    path("signals/<slug:key>/tuning/new/", insight_pages.tune, name="signal-tune"),
    path("signals/<slug:key>/tuning/<uuid:tuning_id>/", insight_pages.decide, name="signal-tuning-decide"),
]
