"""The read path, as the published query client asks for it. An app's own ids may hold slashes, hence `text:`, last of its prefix."""

from django.urls import path

from signals.read_api import (
    counts as read_counts,
)
from signals.read_api import (
    events as read_events,
)
from signals.read_api import (
    people as read_people,
)
from signals.read_api import (
    search as read_search,
)
from signals.read_api import (
    signals as read_signals,
)
from signals.read_api import (
    traces as read_traces,
)

urlpatterns = [
    path("v1/events", read_events.events, name="v1-events"),
    path("v1/events/search", read_search.search, name="v1-events-search"),
    path("v1/events/count", read_counts.count, name="v1-events-count"),
    path("v1/events/timeseries", read_counts.timeseries, name="v1-events-timeseries"),
    path("v1/events/facets", read_counts.facets, name="v1-events-facets"),
    path("v1/events/<text:event_id>", read_events.event, name="v1-event"),
    path("v1/signals", read_signals.signals, name="v1-signals"),
    path("v1/signals/<str:signal_id>", read_signals.signal, name="v1-signal"),
    path("v1/signal-groups", read_signals.signal_groups, name="v1-signal-groups"),
    path("v1/signal-groups/<str:group_id>", read_signals.signal_group, name="v1-signal-group"),
    path(
        "v1/signal-groups/<str:group_id>/signals",
        read_signals.signals_of_group,
        name="v1-signal-group-signals",
    ),
    path("v1/users", read_people.users, name="v1-users"),
    path("v1/users/<text:user_id>", read_people.user, name="v1-user"),
    path("v1/conversations", read_people.conversations, name="v1-conversations"),
    path("v1/conversations/<text:convo_id>", read_people.conversation, name="v1-conversation"),
    path("v1/traces", read_traces.traces, name="v1-traces"),
]
