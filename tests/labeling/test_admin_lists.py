"""What the admin's lists show, and what they do with labels."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from ingest.models import Event, Job
from issues.models import Issue
from labeling.labels.labels import Why, record_label, standing_labels
from labeling.models import Label
from labeling.queue.of_issues import next_cards
from signals.catalogue.installing import ensure_signals
from signals.models import QuestionVerdict, SignalDefinition, SignalMatch
from tests.issues.classifier.test_scoring import make_issue
from tests.issues.people import run, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client, member: Any) -> Client:
    member.is_staff = member.is_superuser = True
    member.save()
    client.force_login(member)
    return client


def act_on_labels(admin: Client, action: str, labels: list[Label]) -> str:
    answer = admin.post(
        reverse("admin:labeling_label_changelist"),
        {"action": action, "_selected_action": [str(label.pk) for label in labels]},
        follow=True,
    )
    return str(answer.content.decode())


def test_overruling_a_label_keeps_its_history(
    admin: Client, project: Any, member: Any, viewer: Any, make_event: Any
) -> None:
    issue, event, other = make_issue(project), make_event(input="x"), make_event(input="y")
    first_label = record_label(
        subject=issue, event=event, answer="match", user=viewer, note="why", why=Why("random", 0.7)
    )
    own = record_label(subject=issue, event=other, answer="match", user=member)
    assert "2 labels overruled: not match." in act_on_labels(admin, "answer_not_match", [first_label, own])
    for label in (first_label, own):
        label.refresh_from_db()
        assert label.answer == "match" and label not in standing_labels(issue)
    rows = (
        standing_labels(issue)
        .order_by("event__input")
        .values_list("answer", "user", "note", "source", "reason", "score")
    )
    assert list(rows) == [
        ("not_match", member.pk, "why", "admin", "random", 0.7),
        ("not_match", member.pk, "", "admin", "", None),
    ]
    assert "2 labels left: replaced or taken back already." in act_on_labels(
        admin, "answer_unsure", [first_label, own]
    )
    assert not standing_labels(issue).filter(answer="unsure").exists()
    assert Job.objects.filter(kind="train", subject=issue.pk, state="queued").exists()


def test_overruling_two_labels_of_one_event_leaves_one_answer(
    admin: Client, project: Any, member: Any, viewer: Any, make_event: Any
) -> None:
    issue, event = make_issue(project), make_event(input="x")
    both = [record_label(subject=issue, event=event, answer="match", user=user) for user in (viewer, member)]
    act_on_labels(admin, "answer_unsure", both)
    assert [(row.answer, row.user) for row in standing_labels(issue)] == [("unsure", member)]


def test_what_is_taken_back_is_asked_again(admin: Client, project: Any, member: Any, make_event: Any) -> None:
    run(send(project, "flight", 0, 3))
    issue = make_issue(project)
    events = list(Event.objects.filter(project=project).select_related("project"))
    labels = [record_label(subject=issue, event=event, answer="match", user=member) for event in events]
    assert next_cards(issue=issue, user=member, limit=5) == []
    assert "1 label taken back" in act_on_labels(admin, "ask_again", labels[:1])
    assert [card.event for card in next_cards(issue=issue, user=member, limit=5)] == [events[0]]


def test_labels_are_not_acted_on_without_the_permission(
    client: Client, project: Any, viewer: Any, member: Any, make_event: Any
) -> None:
    label = record_label(subject=make_issue(project), event=make_event(), answer="match", user=member)
    viewer.is_staff = True
    viewer.save()
    viewer.user_permissions.add(Permission.objects.get(codename="view_label"))
    client.force_login(viewer)
    page = client.get(reverse("admin:labeling_label_changelist")).content.decode()
    assert "Match" in page and "ask_again" not in page
    act_on_labels(client, "ask_again", [label])
    assert standing_labels(Issue.objects.get()).get() == label


COLUMNS = {
    "labeling_label": ["answer", "about", "event_link", "reason", "shown_score", "user", "created_at", "standing", "queue"],
    "signals_signaldefinition": ["name", "sentiment", "enabled", "muted", "kind", "group", "page"],
    "issues_issue": ["title", "state", "assignee", "events", "users", "links"],
    "ingest_enduser": ["user_id", "events_count", "last_seen", "shown_traits", "events"],
    "ingest_conversation": ["convo_id", "end_user", "events_count", "last_message_at", "page"],
    "ingest_user": ["username", "email", "projects_in", "is_active", "is_staff", "is_superuser", "last_login"],
    "ingest_project": ["slug", "members_count", "monthly_quota", "pages"],
    "signals_signalmatch": ["timestamp", "signal", "event_link", "shown_score", "source"],
    "signals_questionverdict": ["event_link", "signal", "state", "verdict", "quote", "why", "shown_score", "cost_dollars"],
}  # fmt: skip


@pytest.mark.parametrize("model", COLUMNS)
def test_the_columns_that_matter_are_shown(
    admin: Client, project: Any, member: Any, make_event: Any, model: str
) -> None:
    run(send(project, "flight", 0, 2))
    event = Event.objects.filter(project=project).latest("timestamp")
    ensure_signals(project)
    signal = SignalDefinition.objects.get(project=project, key="refusal")
    record_label(
        subject=make_issue(project), event=event, answer="match", user=member, why=Why("likely", 0.75)
    )
    SignalMatch.objects.create(
        project=project, signal=signal, event=event, timestamp=event.timestamp, source="rule 1"
    )
    QuestionVerdict.objects.create(
        project=project, event=event, version="0" * 32, text_hash=b"0" * 16, state="answered", match=True, reason="It says so."
    )  # fmt: skip
    page = admin.get(reverse(f"admin:{model}_changelist")).content.decode()
    for column in COLUMNS[model]:
        assert f'class="field-{column}' in page or f" field-{column}" in page, column


def test_end_users_are_found_by_their_whole_id_and_lead_to_their_events(
    admin: Client, project: Any, make_event: Any
) -> None:
    for name in ("anna k", "annabel"):
        event = make_event(user_id=name, convo_id=f"about {name}")
    page = admin.get(reverse("admin:ingest_enduser_changelist"), {"q": "anna k"}).content.decode()
    assert f"{reverse('events', args=['acme'])}?user=anna+k&amp;range=all" in page and "annabel" not in page
    conversations = reverse("admin:ingest_conversation_changelist")
    page = admin.get(conversations, {"q": "about annabel"}).content.decode()
    assert reverse("conversation", args=["acme", "about annabel"]) in page and "anna k" not in page
    assert admin.get(conversations, {"q": "\x00"}).status_code == 200
    for row in (event.end_user, event.conversation):
        name = f"admin:ingest_{row._meta.model_name}"
        assert admin.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
        assert admin.post(reverse(f"{name}_change", args=[row.pk]), {}).status_code == 403
        assert admin.get(reverse(f"{name}_add")).status_code == 403
