"""Pages under /p/<slug>/ that this room answers. The pages about events are in signals/pages/events/urls.py: they show signals."""

from django.urls import path

from ingest.pages import health as health_pages
from ingest.pages import redaction as redaction_pages
from ingest.pages import retention as retention_pages
from ingest.pages import settings as settings_pages

urlpatterns = [
    path("settings/", settings_pages.settings, name="settings"),
    path("settings/name/", settings_pages.rename, name="project-rename"),
    path("settings/keys/", settings_pages.key_create, name="key-create"),
    path("settings/keys/<uuid:key_id>/revoke/", settings_pages.key_revoke, name="key-revoke"),
    path("settings/members/", settings_pages.member_add, name="member-add"),
    path("settings/members/<int:member_id>/", settings_pages.member_role, name="member-role"),
    path("settings/members/<int:member_id>/remove/", settings_pages.member_remove, name="member-remove"),
    path("settings/invitations/", settings_pages.member_invite, name="member-invite"),
    path(
        "settings/invitations/<uuid:invitation_id>/withdraw/",
        settings_pages.invitation_withdraw,
        name="invitation-withdraw",
    ),
    path("settings/limits/", settings_pages.limits, name="limits"),
    path("settings/ingest/", health_pages.ingest_health, name="ingest-health"),
    path("settings/retention/", retention_pages.retention, name="retention"),
    path("settings/retention/save/", retention_pages.save_retention, name="retention-save"),
    path("settings/retention/erase/", retention_pages.erase, name="erase"),
    path("settings/redaction/", redaction_pages.redaction, name="redaction"),
    path("settings/redaction/try/", redaction_pages.try_redaction, name="redaction-try"),
]
