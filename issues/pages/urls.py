"""Pages under /p/<slug>/ that this room answers."""

from django.urls import path

from issues.pages import alerts as alert_pages
from issues.pages import causes as cause_pages
from issues.pages import inbox as inbox_pages
from issues.pages import issue as issue_pages
from issues.pages import issue_list as list_pages
from issues.pages import merging
from issues.pages import tools as tool_pages
from issues.pages.comparing import comparison
from issues.pages.mail import my_mail
from issues.pages.overview import overview
from issues.pages.promoting import promote
from issues.pages.releases import releases

urlpatterns = [
    path("", overview, name="overview"),
    path("discover/<uuid:cluster_id>/promote/", promote, name="cluster-promote"),
    path("issues/", list_pages.issue_list, name="issues"),
    path("issues/inbox/", inbox_pages.inbox, name="inbox"),
    path("issues/inbox/review/", inbox_pages.review_ticked, name="inbox-review"),
    path("issues/new/", list_pages.new_issue, name="issue-new"),
    path("issues/bulk/", list_pages.bulk, name="issues-bulk"),
    path("issues/undo/", list_pages.undo, name="issues-undo"),
    path("issues/<int:number>/", issue_pages.issue_page, name="issue"),
    path("issues/<int:number>/state/", issue_pages.change_state, name="issue-state"),
    path("issues/<int:number>/assignee/", issue_pages.assign, name="issue-assignee"),
    path("issues/<int:number>/priority/", issue_pages.prioritise, name="issue-priority"),
    path("issues/<int:number>/definition/", issue_pages.define, name="issue-definition"),
    path("issues/<int:number>/causes/", issue_pages.find_causes, name="issue-causes"),
    path("issues/<int:number>/breakdown/", issue_pages.breakdown, name="issue-breakdown"),
    path("issues/<int:number>/merge/", merging.merge, name="issue-merge"),
    path("issues/<int:number>/unmerge/", merging.unmerge, name="issue-unmerge"),
    path("issues/<int:number>/tools/", tool_pages.failing_tools, name="issue-tools"),
    path("issues/<int:number>/note/", issue_pages.note, name="issue-note"),
    path("signals/<slug:key>/causes/", cause_pages.of_signal, name="signal-causes"),
    path("discover/<uuid:cluster_id>/causes/", cause_pages.of_cluster, name="cluster-causes"),
    path("compare/", comparison, name="compare"),
    path("releases/", releases, name="releases"),
    path("settings/mail/", my_mail, name="my-mail"),
    path("settings/alerts/", alert_pages.alerts, name="alerts"),
    path("settings/alerts/opening/", alert_pages.opening_switch, name="opening-switch"),
    path("settings/alerts/quiet/", alert_pages.quiet_hours, name="quiet-hours"),
    path("settings/alerts/new/", alert_pages.alert_new, name="alert-new"),
    path("settings/alerts/<uuid:alert_id>/", alert_pages.alert, name="alert"),
    path("settings/alerts/<uuid:alert_id>/secret/", alert_pages.alert_secret, name="alert-secret"),
    path("settings/alerts/<uuid:alert_id>/test/", alert_pages.alert_test, name="alert-test"),
    path("settings/alerts/<uuid:alert_id>/send/", alert_pages.alert_send, name="alert-send"),
    path("settings/alerts/<uuid:alert_id>/switch/", alert_pages.alert_switch, name="alert-switch"),
    path("settings/alerts/<uuid:alert_id>/delete/", alert_pages.alert_delete, name="alert-delete"),
    path("tool-issues/<app_id:name>/", tool_pages.tool_issues, name="tool-issues"),
    path("events/<uuid:event_pk>/issues/", issue_pages.event_issues, name="event-issues"),
]
