"""The review workflow from the admin: find an issue or a label, act on it, open the queue."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from issues.actions import create_issue
from issues.models import Activity, Issue
from labeling.labels.labels import record_label, standing_labels, undo_last_label
from tests.html import html_of
from tests.issues.classifier.test_scoring import make_issue
from tests.issues.people import run, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client, member: Any) -> Client:
    member.is_staff = member.is_superuser = True
    member.save()
    client.force_login(member)
    return client


def test_issues_in_the_admin(admin: Client, project: Any, member: Any) -> None:
    issue = make_issue(project)
    create_issue(project=project, title="<script>alert(1)</script>", description="")
    run(send(project, "flight", 0, 3))
    page = admin.get(reverse("admin:issues_issue_changelist"), {"q": "Flights", "state__exact": "open"})
    text = html_of(page)
    assert reverse("issue-review", args=["acme", issue.number]) in text
    assert reverse("issue", args=["acme", issue.number]) in text
    assert "1 issue" in text
    assert "<script>alert(1)" not in html_of(admin.get(reverse("admin:issues_issue_changelist")))
    assert admin.get(reverse("admin:issues_issue_change", args=[issue.pk])).status_code == 200


def act(admin: Client, action: str, issues: list[Issue]) -> str:
    answer = admin.post(
        reverse("admin:issues_issue_changelist"),
        {"action": action, "_selected_action": [str(issue.pk) for issue in issues]},
        follow=True,
    )
    return str(html_of(answer))


def test_actions_keep_history(admin: Client, project: Any, member: Any) -> None:
    issues = [create_issue(project=project, title=f"Issue {i}", description="") for i in range(3)]
    assert "2 changed." in act(admin, "resolve_issues", issues[:2])
    assert "1 changed, 2 left as they are" in act(admin, "mute_issues", issues)
    assert "3 changed." in act(admin, "reopen_issues", issues)
    assert set(Issue.objects.values_list("state", "substate")) == {("open", "ongoing")}
    assert Activity.objects.filter(kind="state", actor=member).count() == 6


def test_editing_makes_a_version(admin: Client, project: Any) -> None:
    issue = create_issue(project=project, title="Old", description="old")
    admin.post(reverse("admin:issues_issue_change", args=[issue.pk]), {"title": "New", "description": "new"})
    issue.refresh_from_db()
    assert issue.title == "New"
    assert issue.definitions.order_by("-version")[0].version == 2


def test_making_and_deleting(admin: Client, project: Any) -> None:
    answer = admin.post(
        reverse("admin:issues_issue_add"), {"project": str(project.pk), "title": "Made", "description": ""}
    )
    assert answer.status_code == 302
    issue = Issue.objects.get()
    assert (issue.number, issue.definitions.count()) == (1, 1)
    admin.post(reverse("admin:issues_issue_delete", args=[issue.pk]), {"post": "yes"})
    assert not Issue.objects.exists()


def test_labels_in_the_admin(admin: Client, project: Any, member: Any, make_event: Any) -> None:
    issue = create_issue(project=project, title="Forgets", description="")
    kept, undone = make_event(), make_event()
    record_label(subject=issue, event=kept, answer="match", user=member, note="seat 12")
    record_label(subject=issue, event=undone, answer="match", user=member)
    undo_last_label(subject=issue, user=member)
    page = reverse("admin:labeling_label_changelist")
    text = html_of(admin.get(page, {"standing": "yes", "answer": "match", "q": "seat"}))
    assert f"{reverse('issue-review', args=['acme', 1])}?event={kept.id}" in text
    assert "1 label" in text
    assert "3 labels" in html_of(admin.get(page))
    assert admin.get(reverse("admin:labeling_label_add")).status_code == 403


@pytest.mark.parametrize("model", ["definition", "classifier", "activity"])
def test_what_the_system_writes_is_read_only(admin: Client, project: Any, model: str) -> None:
    make_issue(project)
    assert admin.get(reverse(f"admin:issues_{model}_changelist")).status_code == 200
    assert admin.get(reverse(f"admin:issues_{model}_add")).status_code == 403
    row = {"definition": "definitions", "classifier": "classifiers", "activity": "activity"}[model]
    first = getattr(Issue.objects.get(), row).first()
    page = reverse(f"admin:issues_{model}_change", args=[first.pk])
    assert admin.get(page).status_code == 200
    assert admin.post(page, {}).status_code == 403


def test_the_labels_of_deleted_users_stand(
    admin: Client, project: Any, make_event: Any, viewer: Any, django_user_model: Any
) -> None:
    issue, event = make_issue(project), make_event(input="x")
    third = django_user_model.objects.create_user(username="carol")
    for user in (viewer, third, None):
        record_label(subject=issue, event=event, answer="match", user=user)
    for user in (viewer, third):
        answer = admin.post(reverse("admin:ingest_user_delete", args=[user.pk]), {"post": "yes"})
        assert answer.status_code == 302
    assert not django_user_model.objects.filter(pk__in=[viewer.pk, third.pk]).exists()
    assert standing_labels(issue).filter(user=None, answer="match").count() == 3
