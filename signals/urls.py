"""The signals' pages under /p/<slug>/. (Events and conversations: signals/event_urls.py.)"""

from django.urls import path

from signals import pages

urlpatterns = [
    path("signals/", pages.signal_list, name="signals"),
    path("signals/<slug:key>/", pages.signal_page, name="signal"),
    path("signals/<slug:key>/enabled/", pages.toggle, name="signal-enabled"),
    path("signals/<slug:key>/reviewed/", pages.review, name="signal-reviewed"),
]
