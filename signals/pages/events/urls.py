"""The pages of events and conversations, under /p/<slug>/.

They are included after every other room's URLs: an event's id may be any text, so that `event` takes what is left.
"""

import base64
import binascii

from django.urls import path, register_converter

from signals.pages.events import export as event_export
from signals.pages.events import fragments as event_fragments
from signals.pages.events import pages as event_pages
from signals.pages.events import people as event_people
from signals.pages.events import views as event_views


class AppIdConverter:
    """An id that the app chose: any text, slashes and line ends included.

    One that a browser would change on its way ("." and ".." between slashes), and one that begins with "~", travels
    as "~" and base64.
    """

    regex = r"[\s\S]+"

    def to_python(self, value: str) -> str:
        if value.startswith("~"):
            try:
                value = base64.b64decode(value[1:], altchars=b"-_", validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise ValueError("not an id of ours") from error
        if "\x00" in value:
            raise ValueError("PostgreSQL has no such text")
        return value

    def to_url(self, value: str) -> str:
        value = str(value)
        if value.startswith("~") or {".", ".."} & set(value.replace("\\", "/").split("/")):
            return "~" + base64.urlsafe_b64encode(value.encode()).decode()
        return value


register_converter(AppIdConverter, "app_id")

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
