"""The pages of events and conversations, under /p/<slug>/.

They are included after every other room's URLs: an event's id may be any text, so that `event` takes what is left.
"""

from django.urls import path

from signals.pages.events import export as event_export
from signals.pages.events import fragments as event_fragments
from signals.pages.events import pages as event_pages
from signals.pages.events import people as event_people
from signals.pages.events import views as event_views

urlpatterns = [
    path("events/", event_pages.events, name="events"),
    path("new-events/", event_fragments.new_events, name="new-events"),
    path("event-suggestions/", event_fragments.suggestions, name="event-suggestions"),
    path("event-completions/", event_fragments.completions, name="event-completions"),
    path("event-words/", event_fragments.translate, name="event-words"),
    path("event-export/", event_export.export, name="event-export"),
    path("event-views/", event_views.save, name="event-views"),
    path("event-views/<uuid:view_id>/", event_views.change, name="event-view"),
    path("event-steps/<uuid:event_pk>/", event_fragments.steps, name="event-steps"),
    path("events/<app_id:event_id>/", event_pages.event, name="event"),
    path("users/<app_id:user_id>/", event_people.end_user, name="end-user"),
    path("conversations/<app_id:convo_id>/", event_pages.conversation, name="conversation"),
]
