"""The signals' pages under /p/<slug>/. (Events and conversations: signals/event_urls.py.)"""

from django.urls import path

from signals import custom_pages, feedback_pages, pages

urlpatterns = [
    path("signals/", pages.signal_list, name="signals"),
    path("signals/new/", custom_pages.new_signal, name="signal-new"),
    path("signals/<slug:key>/", pages.signal_page, name="signal"),
    path("signals/<slug:key>/enabled/", pages.toggle, name="signal-enabled"),
    path("signals/<slug:key>/reviewed/", pages.review, name="signal-reviewed"),
    path("signals/<slug:key>/rule/", custom_pages.change_rule, name="signal-rule"),
    path("signals/<slug:key>/history/", custom_pages.run_over_history, name="signal-history"),
    path("signals/<slug:key>/matches/<uuid:event_pk>/", feedback_pages.judge, name="signal-judge"),
]
