"""Fills the project "shop" of a running server with something on each page, and prints the pages' paths. Run by `manage.py shell` there."""

import datetime as dt
import json

from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from ingest.models import Event, Job, ProcessingFailure, Project, QueuedEvent, Span, User
from issues.actions import create_issue
from labeling.labels.labels import Why, record_label
from signals.clusters.members import NewMember, replace_members
from signals.models import Cluster, QuestionVerdict, SignalDefinition, SignalTuning

PASSWORD = "correct horse battery"  # as in conftest.py
BEFORE = {
    "labels": 30, "matches": 40, "right": 28, "precision": 0.7, "low": 0.5, "high": 0.84, "recall": 0.6, "events": 300, "matching": 12,
    "share": 0.04,
}  # fmt: skip
SAID = (
    "The agent says that the reservation is cancelled and that the fare comes back within seven business days. "
    * 4
)


def fill(project: Project) -> dict[str, str]:
    """The ids that the paths below need."""
    root = User.objects.create_superuser("root", "root@example.com", PASSWORD)
    ada = User.objects.get(username="ada")
    events = list(
        Event.objects.filter(project=project, conversation__isnull=False).order_by("timestamp")[:12]
    )
    issue = create_issue(
        project=project,
        title="The agent forgets the seat that was asked for",
        description=SAID[:200],
        user=root,
    )
    for place, event in enumerate(events[:9]):
        answer = ["match", "not_match", "unsure"][place % 3]
        reason = ["uncertain", "likely", "random"][place % 3]
        note = SAID if place % 4 == 0 else ""
        record_label(
            subject=issue,
            event=event,
            answer=answer,
            user=[root, ada][place % 2],
            note=note,
            why=Why(reason, 0.5),
        )
    signal = SignalDefinition.objects.get(project=project, key="refusal")
    problem, intent = (
        Cluster.objects.create(
            project=project, kind=kind, label=label, description=SAID, keywords=["refund"], is_emerging=kind == "problem",
            emerging_reason="5 of 12 users in the last 7 days, none of 9 before", conversations=3, signal=signal,
            examples=[event.id for event in events[:3]],
        )
        for kind, label in (("problem", f"Refusal: “{SAID[:150]}”"), ("intent", "Get a refund"))
    )  # fmt: skip
    members = [
        NewMember(
            cluster.pk, event.id, project.id, event.conversation_id, event.end_user_id, event.timestamp, 1.0, "evidence", "I cannot refund this."
        )
        for cluster in (problem, intent)
        for event in events
    ]  # fmt: skip
    replace_members(project.id, members, clusters=[problem.pk, intent.pk])
    for place, event in enumerate(events[:6]):
        record_label(
            subject=signal,
            event=event,
            answer=["match", "not_match", "unsure"][place % 3],
            user=ada,
            why=Why("", 0.61),
        )
        QuestionVerdict.objects.create(
            project=project, event=event, version="0" * 32, text_hash=b"0" * 16, state="answered", match=True, reason=SAID,
            evidence=[{"text": SAID}], local_score=0.4321, cost=1234, problem="", answered_at=timezone.now(),
        )  # fmt: skip
    for state in ("proposed", "applied"):
        SignalTuning.objects.create(
            project=project, signal=signal, kind="threshold", state=state, labels=30, before=BEFORE,
            after=BEFORE | {"precision": 0.9}, old_threshold=0.5, new_threshold=0.66, decided_by=ada, decided_at=timezone.now(),
        )  # fmt: skip
    ProcessingFailure.objects.create(
        project=project, event=events[0], attempts=3, reason=f"ValueError: {SAID}"
    )
    QueuedEvent.objects.create(
        project=project, event=events[1], waiting=True, available_at=timezone.now() + dt.timedelta(days=30),
        last_error=f"OperationalError: {SAID}",
    )  # fmt: skip
    Job.objects.create(
        project=project, kind="backfill", state="failed", total=3, message=SAID, created_by=root
    )
    event = (
        Event.objects.filter(project=project, tool_calls__gt=2)
        .select_related("conversation", "end_user")
        .first()
        or events[0]
    )
    assert event.conversation
    return {
        "number": str(issue.number),
        "event": event.event_id,
        "convo": event.conversation.convo_id,
        "problem": str(problem.pk),
        "user": event.end_user.user_id if event.end_user else "",
        "tool": Span.objects.filter(project=project, event=event, kind="tool")
        .exclude(name="")
        .latest("id")
        .name,
    }


def paths(project: Project, ids: dict[str, str]) -> list[str]:
    base = f"/p/{project.slug}/"
    issue = f"{base}issues/{ids['number']}/"
    signal = f"{base}signals/refusal/"
    return [
        base, f"{base}events/", f"{base}events/?signal=refusal", f"{base}conversations/{ids['convo']}/",
        f"{base}signals/", f"{base}signals/new/", f"{base}signals/names/", f"{base}signals/patterns/", f"{base}signals/yaml/",
        signal, f"{signal}labels/", f"{signal}review/",
        *(f"{base}signals/tool_failure/{page}" for page in ("", "labels/", "review/")),
        f"{base}discover/", f"{base}discover/?kind=intent", f"{base}discover/{ids['problem']}/",
        f"{base}discover/matrix/", f"{base}discover/map/", f"{base}tools/?period=90d", f"{base}tools/{ids['tool']}/?period=90d",
        f"{base}users/{ids['user']}/",
        f"{base}issues/", f"{base}issues/new/", issue, f"{issue}review/", f"{issue}matches/?range=all", f"{issue}labels/",
        f"{base}settings/", f"{base}settings/ingest/", f"{base}settings/redaction/", f"{base}settings/llm/", f"{base}settings/alerts/", f"{base}settings/alerts/new/",
        "/accounts/password/", "/accounts/projects/new/",
    ]  # fmt: skip


def admin_paths() -> list[str]:
    """The index, and each model's list, its first row and, where one may be added, the form for it."""
    request = RequestFactory().get("/")
    request.user = User.objects.get(username="root")
    found = [reverse("admin:index"), reverse("admin:password_change")]
    for model, model_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found.append(reverse(f"{name}_changelist"))
        if (row := model_admin.model._default_manager.first()) is not None:
            found.append(reverse(f"{name}_change", args=[row.pk]))
            if hasattr(model_admin, "history_form_view"):
                found.append(reverse(f"{name}_history", args=[row.pk]))
        if model_admin.has_add_permission(request):
            found.append(reverse(f"{name}_add"))
    return [*found, reverse("admin:signals_import")]


shop = Project.objects.get(slug="shop")
print(json.dumps({"pages": paths(shop, fill(shop)), "admin": admin_paths()}))
