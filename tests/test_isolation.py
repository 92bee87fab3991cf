"""Nobody sees or changes what is another project's: every URL there is, called by everyone who must not.

It grows by itself: the patterns are walked as Django knows them, and a pattern with a parameter that FILL does not know fails.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.admin.utils import quote as admin_quote
from django.db import connections
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize

from ingest.counts.rollups import count_events
from ingest.models import (
    ApiKey,
    Attachment,
    Conversation,
    EndUser,
    Event,
    ExplicitSignal,
    Job,
    Membership,
    ProcessingFailure,
    Project,
    Span,
    User,
)  # fmt: skip
from ingest.models.projects import KeyKind, Role
from ingest.pages.consumers import ProjectConsumer
from ingest.projects.invitations import invite
from ingest.projects.keys import create_key
from ingest.store.events import IncomingAttachment, IncomingEvent, IncomingSpan, store_events
from issues.actions import add_note, create_issue
from issues.alerts.rules import create_rule
from issues.models import Activity, AlertDelivery, AlertRule, Definition, Issue, IssueMatch
from labeling.labels.labels import record_label
from labeling.labels.people import plan_queue
from labeling.models import Answer, Assignment, ClarifyingQuestion, Label, Offer, QueuePlan
from signals.models import (
    Cluster,
    ClusterMember,
    Facet,
    LlmSettings,
    QuestionVerdict,
    Reading,
    SavedView,
    SignalDefinition,
    SignalGroup,
    SignalMatch,
    SignalTuning,
)
from signals.vectors.embedding import embed

SECRET = "zanzibar7f3e"  # in everything of project A that its members may read, and nowhere else


@dataclass
class World:
    """Project A, of which each thing is there once and carries SECRET, and those who are not in it."""

    project: Project
    event: Event
    issue: Issue
    signal: SignalDefinition
    group: SignalGroup
    key: ApiKey
    job: Job
    alert: AlertRule
    label: Label
    tuning: SignalTuning
    cluster: Cluster
    question: ClarifyingQuestion
    member: User
    stranger: User
    others_keys: dict[str, str]


@pytest.fixture
def world(project: Project, other_project: Project, member: User, stranger: User) -> World:
    plain = IncomingEvent(
        # Ids that a URL names are plain: an answer may repeat what was asked.
        event_id="a-event", user_id="a-user", convo_id="a-convo", name=f"chat {SECRET}", model=f"gpt {SECRET}",
        input=f"question {SECRET}", output=f"answer {SECRET}", properties={"note": SECRET}, feature_flags={"flag": SECRET},
        attachments=[IncomingAttachment(value=SECRET, name=SECRET)],
        spans=[
            IncomingSpan(name=f"tool {SECRET}", kind="tool", status="error", error=SECRET, output=SECRET),
            IncomingSpan(name="a-tool", kind="tool", status="error", error=SECRET),
        ],
    )  # fmt: skip
    hidden = IncomingEvent(event_id=f"e-{SECRET}", user_id=f"u-{SECRET}", convo_id=f"c-{SECRET}", name="chat")
    store_events(project=project, events=[plain, hidden])
    event = Event.objects.get(project=project, event_id="a-event")
    EndUser.objects.filter(project=project).update(traits={"name": SECRET})
    events = list(Event.objects.filter(project=project))
    embed(events)
    count_events(events)
    group = SignalGroup.objects.create(project=project, name=f"Group {SECRET}")
    signal = SignalDefinition.objects.create(
        project=project, key="a-signal", name=f"Signal {SECRET}", description=SECRET, group=group
    )
    common = {"project": project, "event": event, "end_user": event.end_user, "timestamp": event.timestamp}
    QuestionVerdict.objects.create(
        project=project, event=event, version="v", text_hash=b"h", state="answered", match=True, reason=SECRET
    )
    Facet.objects.create(
        project=project, event=event, conversation=event.conversation, timestamp=event.timestamp, text_hash=b"h", sampled="random",
        intent=SECRET, went_wrong=SECRET, quote=SECRET,
    )  # fmt: skip
    Reading.objects.create(
        project=project, event=event, conversation=event.conversation, why=SECRET, problem=SECRET
    )
    LlmSettings.objects.create(project=project, daily_calls=1, trouble=SECRET)
    evidence = [{"side": "user", "start": 0, "end": 8, "text": SECRET}]
    SignalMatch.objects.create(signal=signal, source="test", evidence=evidence, **common)
    record_label(subject=signal, event=event, answer=Answer.MATCH, user=member)
    tuning = SignalTuning.objects.create(
        project=project, signal=signal, kind="threshold", state="proposed", labels=1, note=SECRET, new_threshold=0.7
    )  # fmt: skip
    cluster = Cluster.objects.create(
        project=project, kind="problem", label=f"Cluster {SECRET}", description=SECRET, keywords=[SECRET]
    )
    ClusterMember.objects.create(cluster=cluster, source="evidence", phrase=SECRET, **common)
    ExplicitSignal.objects.create(
        project=project, event=event, app_event_id="a-event", name=f"thumbs {SECRET}", timestamp=event.timestamp, fingerprint="x"
    )  # fmt: skip
    SavedView.objects.create(
        project=project, owner=member, name=f"view {SECRET}", parameters=f"q={SECRET}", is_shared=True
    )
    alert = create_rule(
        project=project, user=member, name=f"Alert {SECRET}", trigger="issue_new", query=SECRET, channels=[f"json://{SECRET}.example/"]
    )  # fmt: skip
    issue = create_issue(
        project=project, title=f"Issue {SECRET}", description=f"What counts: {SECRET}", user=member
    )
    add_note(issue=issue, text=f"note {SECRET}", user=member)
    IssueMatch.objects.create(issue=issue, classifier_version=1, score=0.9, **common)
    label = record_label(subject=issue, event=event, answer=Answer.MATCH, user=member, note=SECRET)
    plan_queue(subject=issue, overlap=20, users=[member])
    question = ClarifyingQuestion.objects.create(
        project=project, issue=issue, kind="flip", first=event, second=events[1], first_quote=SECRET, second_quote=SECRET, text=SECRET,
        settles=1, asked_version=1,
    )  # fmt: skip
    key, _ = create_key(project=project, kind=KeyKind.QUERY, name=f"key {SECRET}")
    job = Job.objects.create(project=project, kind="rescore", subject=issue.id, message=SECRET)
    ProcessingFailure.objects.create(project=project, event=event, attempts=1, reason=SECRET)
    User.objects.filter(pk=member.pk).update(email=f"{SECRET}@example.org", first_name=SECRET)
    keys = {kind.value: create_key(project=other_project, kind=kind)[1] for kind in KeyKind}
    return World(
        project,
        event,
        issue,
        signal,
        group,
        key,
        job,
        alert,
        label,
        tuning,
        cluster,
        question,
        member,
        stranger,
        keys,
    )


# How each parameter of a pattern is filled: with what is project A's.
FILL: dict[str, Callable[[World, "Route"], object]] = {
    "slug": lambda w, r: w.project.slug,
    "event_id": lambda w, r: w.event.event_id,
    "event_pk": lambda w, r: w.event.id,
    "convo_id": lambda w, r: "a-convo",
    "user_id": lambda w, r: "a-user",
    "number": lambda w, r: w.issue.number,
    "key": lambda w, r: (
        w.signal.key
        if "issues/" not in r.template
        else w.issue.number
        if r.template.startswith("p/")
        else w.issue.id
    ),
    "signal_id": lambda w, r: w.signal.id,
    "group_id": lambda w, r: w.group.id,
    "key_id": lambda w, r: w.key.id,
    "member_id": lambda w, r: Membership.objects.get(user=w.member).pk,
    "job_id": lambda w, r: w.job.id,
    "invitation_id": lambda w, r: invite(project=w.project, role=Role.MEMBER, by=w.member)[0].id,
    "alert_id": lambda w, r: w.alert.id,
    "label_id": lambda w, r: w.label.id,
    "question_id": lambda w, r: w.question.id,
    "tuning_id": lambda w, r: w.tuning.id,
    "name": lambda w, r: "a-tool",
    "token": lambda w, r: "guess",
    "view_id": lambda w, r: SavedView.objects.get(project=w.project).pk,
    "cluster_id": lambda w, r: "c1" if "signals/" in r.template else w.cluster.id,
    # Django's admin
    "object_id": lambda w, r: r.admin_object(w),
    "app_label": lambda w, r: "ingest",
    "content_type_id": lambda w, r: 1,
    "id": lambda w, r: r.admin_object(w),
    "url": lambda w, r: "ingest/event",
    # django-simple-history's page of one version: an object, and the version's number
    "_0": lambda w, r: w.signal.id,
    "_1": lambda w, r: 1,
}
# What an endpoint needs to be asked, to say anything.
QUERIES = {"v1/traces": "event_id=a-event", "v1/events/search": f"query={SECRET}"}


@dataclass(frozen=True)
class Route:
    """A URL pattern, all its prefixes included, as a template such as "p/%(slug)s/issues/"."""

    template: str
    parameters: tuple[str, ...]
    pattern: URLPattern

    def path(self, world: World) -> str:
        unknown = set(self.parameters) - set(FILL)
        if unknown:
            pytest.fail(
                f"{self.template}: tell tests/test_isolation.py (FILL) how to fill {sorted(unknown)}."
            )
        values = {name: quote(str(FILL[name](world, self)), safe="/") for name in self.parameters}
        return "/" + self.template % values

    def admin_object(self, world: World) -> str:
        """The primary key of an object that this admin page is about, of project A if there is one."""
        admin = getattr(self.pattern.callback, "model_admin", None)
        if admin is None:
            return "1"
        rows = admin.model._default_manager.all()
        if any(field.name == "project" for field in admin.model._meta.get_fields()):
            rows = rows.filter(project=world.project)
        row = rows.first()
        return admin_quote(row.pk if row else 1)


def routes(
    resolver: URLResolver | None = None, prefix: str = "", above: tuple[str, ...] = ()
) -> Iterator[Route]:
    for pattern in (resolver or get_resolver()).url_patterns:
        for template, parameters in normalize(pattern.pattern.regex.pattern):
            here, names = prefix + template, above + tuple(parameters)
            if isinstance(pattern, URLResolver):
                yield from routes(pattern, here, names)
            else:
                yield Route(here, names, pattern)


def content(response: Any) -> str:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return body.decode(errors="replace") + str(dict(response.headers))


def snapshot(world: World) -> dict[str, Any]:
    """What of project A a stranger might change."""
    project = world.project
    tables: list[Any] = [
        AlertRule, ApiKey, Attachment, Conversation, EndUser, Event, ExplicitSignal, Issue, IssueMatch, Job, Label, Membership,
         Cluster, ClusterMember, ClarifyingQuestion, ProcessingFailure, Facet, LlmSettings, QuestionVerdict, Reading, SignalDefinition, Offer, SignalGroup, SignalMatch,
         SignalTuning, SavedView, Span, QueuePlan, Assignment,
    ]  # fmt: skip
    of_issue: list[Any] = [Activity, Definition]
    found = {
        table.__name__: list(table.objects.filter(project=project).order_by("pk").values())
        for table in tables
    }
    found |= {
        t.__name__: list(t.objects.filter(issue__project=project).order_by("pk").values()) for t in of_issue
    }
    found["AlertDelivery"] = list(AlertDelivery.objects.filter(rule__project=project).order_by("pk").values())
    found["Project"] = list(Project.objects.filter(pk=project.pk).values())
    found["User"] = list(User.objects.filter(pk=world.member.pk).values("password", "email", "is_active"))
    for rows in found.values():
        for row in rows:
            row.pop("last_used_at", None)
    return found


def calls(world: World, route: Route) -> Iterator[tuple[str, str]]:
    """(method, URL) to try."""
    path = route.path(world)
    parameters = QUERIES.get(route.template)
    for query in filter(
        None,
        (
            "",
            parameters,
            f"project={world.project.slug}",
            parameters and f"{parameters}&project={world.project.slug}",
        ),
    ):
        yield "GET", f"{path}?{query}"
    if not parameters:
        yield "GET", path
    yield "POST", path
    yield "POST", f"{path}?project={world.project.slug}"
    if path.startswith(("/api/", "/v1/")):
        yield "PATCH", f"{path}?project={world.project.slug}"
        yield "PUT", f"{path}?project={world.project.slug}"
        yield "DELETE", f"{path}?project={world.project.slug}"


def send(client: Client, method: str, url: str, headers: dict[str, str]) -> Any:
    if method == "GET":
        return client.get(url, headers=headers)
    if url.startswith(("/api/", "/v1/")):
        body = json.dumps(
            [{"event_id": "a-event", "label": "match"}] if "labels" in url else {"title": "taken over"}
        )
        return client.generic(method, url, body, content_type="application/json", headers=headers)
    return client.post(url, {"action": "resolve", "state": "resolved", "answer": "match", "event_id": "a-event",
                             "title": "taken over", "name": "taken over", "role": "viewer", "kind": "admin"}, headers=headers)  # fmt: skip


CALLERS = ["anonymous", "stranger", "query", "write", "admin"]


@pytest.mark.parametrize("caller", CALLERS)
def test_no_stranger_sees_or_changes_anything(world: World, caller: str) -> None:
    before = snapshot(world)
    headers = {"authorization": f"Bearer {world.others_keys[caller]}"} if caller in world.others_keys else {}
    client = Client(raise_request_exception=False)
    tried = 0
    for route in routes():
        for method, url in calls(world, route):
            if caller == "stranger" and ("accounts/" in url or not tried):
                client.force_login(world.stranger)  # again after a log-out
            response = send(client, method, url, headers)
            tried += 1
            assert response.status_code != 500, f"{method} {url}: {response.status_code}"
            assert SECRET not in content(response).replace(f"query={SECRET}", ""), f"{method} {url} leaks"
            if "p/%(slug)s/" in route.template:
                assert response.status_code in (302, 403, 404, 405), f"{method} {url}: {response.status_code}"
                assert response.status_code != 302 or "/accounts/login/" in response["Location"]
    assert tried > 200
    after = snapshot(world)
    for table, rows in before.items():
        assert after[table] == rows, f"{caller} changed {table}"


def test_a_member_does_see_it(world: World) -> None:
    """The other way round: so that the test above cannot pass by asking nothing."""
    client = Client()
    client.force_login(world.member)
    shown = set()
    for route in routes():
        if route.template.startswith("admin/") or "logout" in route.template:
            continue
        for method, url in calls(world, route):
            if method != "GET":
                continue
            response = client.get(url, follow=True)  # an event of a conversation is shown in it
            assert response.status_code != 500, url
            if SECRET in content(response).replace(f"query={SECRET}", ""):
                shown.add(route.pattern.name)
    assert {
        "overview", "events", "event", "conversation", "signals", "signal", "signal-clusters", "discover", "cluster", "signal-tuning",
        "signal-review", "signal-labels", "signal-labels-export", "signal-people", "issue-people", "labeling", "issues", "issue", "issue-review", "settings",
        "v1-events", "v1-events-search", "v1-event", "v1-events-facets", "v1-signals", "v1-signal", "v1-signal-groups",
        "v1-signal-group", "v1-signal-group-signals", "v1-users", "v1-user", "v1-conversations", "v1-conversation",
        "v1-traces", "api-clusters", "api-cluster", "api-cluster-events", "api-taxonomy", "api-event", "api-facets", "api-issues", "api-issue", "api-issue-definitions", "api-issue-questions", "api-alerts", "api-alert", "api-alert-deliveries",
    } <= shown  # fmt: skip


def test_an_event_of_the_same_id_is_another_event(world: World, client: Client) -> None:
    """Project B sends what project A has, by the same ids: A's stays as it is, and B sees its own."""
    before = snapshot(world)
    write = {"authorization": f"Bearer {world.others_keys['write']}"}
    sent: list[tuple[str, Any]] = [
        ("/v1/events/track", [{"event_id": "a-event", "event": "mine", "user_id": "a-user",
                               "ai_data": {"input": "mine", "convo_id": "a-convo"}}]),
        ("/v1/events/track_partial", {"event_id": "a-event", "ai_data": {"output": "mine too"}, "is_pending": False}),
        ("/v1/signals/track", [{"event_id": "a-event", "signal_name": "mine"}]),
        ("/v1/users/identify", [{"user_id": "a-user", "traits": {"name": "mine"}}]),
    ]  # fmt: skip
    for path, body in sent:
        response = client.post(path, json.dumps(body), content_type="application/json", headers=write)
        assert response.status_code == 200, response.content
    assert snapshot(world) == before
    read = {"authorization": f"Bearer {world.others_keys['query']}"}
    [item] = client.get("/v1/events", headers=read).json()["data"]
    assert (item["id"], item["user_input"], item["assistant_output"]) == ("a-event", "mine", "mine too")
    assert client.get("/v1/users/a-user", headers=read).json()["data"]["traits"] == {"name": "mine"}


def test_a_key_does_not_open_another_project(world: World, client: Client) -> None:
    for kind in ("query", "admin", "write"):
        headers = {
            "authorization": f"Bearer {world.others_keys[kind]}",
            "X-Raindrop-Project-Id": world.project.slug,
        }
        assert client.get("/v1/events", headers=headers).status_code == 403
        assert client.get("/api/issues/", headers=headers).status_code == 403
        body = json.dumps([{"event_id": "x", "event": "x", "user_id": "x", "ai_data": {"input": "x"}}])
        response = client.post("/v1/events/track", body, content_type="application/json", headers=headers)
        assert response.status_code == 403


# -- live pages


def websocket(user: User | None, project: Project) -> ApplicationCommunicator:
    # Not channels.testing: importing it needs daphne.
    from raindrop.asgi import application

    headers = [(b"origin", b"http://testserver"), (b"host", b"testserver")]
    if user is not None:
        client = Client()
        client.force_login(user)
        headers.append((b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode()))
    path = f"/ws/projects/{project.id}/"
    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
    return ApplicationCommunicator(application, scope)


async def hang_up() -> None:
    """Ends what the consumer and the database threads of this event loop keep open."""
    if listener := ProjectConsumer._listener:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)
        ProjectConsumer._listener = None
    await sync_to_async(connections.close_all)()


@pytest.mark.parametrize("who", ["anonymous", "stranger"])
async def test_a_stranger_gets_no_live_updates(
    who: str, transactional_db: None, project: Project, stranger: User
) -> None:
    socket = await sync_to_async(websocket)(stranger if who == "stranger" else None, project)
    await socket.send_input({"type": "websocket.connect"})
    answer = await socket.receive_output(5)
    assert (answer["type"], answer["code"]) == ("websocket.close", 4403)
    await hang_up()


async def test_a_member_gets_live_updates(transactional_db: None, project: Project, member: User) -> None:
    socket = await sync_to_async(websocket)(member, project)
    await socket.send_input({"type": "websocket.connect"})
    assert (await socket.receive_output(5))["type"] == "websocket.accept"
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait(5)
    await hang_up()
