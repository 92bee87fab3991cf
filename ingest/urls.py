"""Pages under /p/<slug>/ that this room answers. The pages about events are in signals/event_urls.py: they show signals."""

from django.urls import path

from ingest import health_pages, redaction_pages, views_settings

urlpatterns = [
    path("settings/", views_settings.settings, name="settings"),
    path("settings/name/", views_settings.rename, name="project-rename"),
    path("settings/keys/", views_settings.key_create, name="key-create"),
    path("settings/keys/<uuid:key_id>/revoke/", views_settings.key_revoke, name="key-revoke"),
    path("settings/members/", views_settings.member_add, name="member-add"),
    path("settings/members/<int:member_id>/", views_settings.member_role, name="member-role"),
    path("settings/members/<int:member_id>/remove/", views_settings.member_remove, name="member-remove"),
    path("settings/limits/", views_settings.limits, name="limits"),
    path("settings/ingest/", health_pages.ingest_health, name="ingest-health"),
    path("settings/redaction/", redaction_pages.redaction, name="redaction"),
    path("settings/redaction/try/", redaction_pages.try_redaction, name="redaction-try"),
]
