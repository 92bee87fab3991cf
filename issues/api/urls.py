"""Under /api/."""

from django.urls import path

from issues.api import alerts as alert_api
from issues.api import causes as cause_api
from issues.api import events as event_api
from issues.api import following, merging, states
from issues.api import issues as api
from issues.api import messages as message_api
from issues.api import releases as release_api
from issues.api.comparing import comparison
from signals.api import events as event_search

urlpatterns = [
    path("issues/", api.issues, name="api-issues"),
    path("issues/actions/", states.act_on_many, name="api-issues-actions"),
    path("issues/actions/undo/", states.undo, name="api-issues-undo"),
    path("issues/<str:key>/", api.issue, name="api-issue"),
    path("issues/<str:key>/actions/", states.act, name="api-issue-actions"),
    path("issues/<str:key>/merge/", merging.merge, name="api-issue-merge"),
    path("issues/<str:key>/unmerge/", merging.unmerge, name="api-issue-unmerge"),
    path("issues/<str:key>/matches/", api.matches, name="api-issue-matches"),
    path("issues/<str:key>/series", api.series, name="api-issue-series"),
    path("issues/<str:key>/series/", api.series),
    path("issues/<str:key>/causes/", cause_api.causes, name="api-issue-causes"),
    path("issues/<str:key>/breakdown", cause_api.breakdown, name="api-issue-breakdown"),
    path("issues/<str:key>/breakdown/", cause_api.breakdown),
    path("signals/<str:key>/breakdown", cause_api.signal_breakdown, name="api-signal-breakdown"),
    path("signals/<str:key>/breakdown/", cause_api.signal_breakdown),
    path("compare/", comparison, name="api-compare"),
    path("releases/", release_api.releases, name="api-releases"),
    path("releases/moved/", release_api.moved, name="api-releases-moved"),
    path("alerts/", alert_api.alerts, name="api-alerts"),
    path("alerts/settings/", message_api.settings, name="api-alert-settings"),
    path("alerts/<str:alert_id>/", alert_api.alert, name="api-alert"),
    path("alerts/<str:alert_id>/deliveries/", alert_api.deliveries, name="api-alert-deliveries"),
    path("alerts/<str:alert_id>/test/", alert_api.test, name="api-alert-test"),
    path("alerts/<str:alert_id>/preview/", message_api.preview, name="api-alert-preview"),
    path("alerts/<str:alert_id>/send/", message_api.send, name="api-alert-send"),
    path("clusters/<uuid:cluster_id>/promote/", following.promote, name="api-cluster-promote"),
    # An event's id may be any text, and these too.
    path("events/count/", event_api.event_or(event_search.count, event_id="count")),
    path("events/facets/", event_api.event_or(event_search.facets, event_id="facets")),
    path("events/<text:event_id>/", event_api.event, name="api-event"),
]
