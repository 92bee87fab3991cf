"""`/api/alerts/`: rules, what they send to a webhook and to a mail server on this machine, and what is refused."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from issues.actions import create_issue, delete_issue
from issues.alerts.sending import send_due
from issues.models import AlertDelivery, AlertRule, AlertThread
from issues.states.doors import apply_action, regress_issue
from issues.states.transitions import Action
from tests.issues.alerts.sinks import Mailbox, Webhook, smtp_sink, webhook_sink
from tests.issues.people import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client: Client, admin_key: str) -> Api:
    return Api(client, admin_key)


@pytest.fixture
def hook(settings: Any) -> Iterator[Webhook]:
    settings.ALERT_PRIVATE_ADDRESSES = True
    with webhook_sink() as sink:
        yield sink


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    settings.ALERT_PRIVATE_ADDRESSES = True
    with smtp_sink() as sink:
        yield sink


def make(api: Api, channel: str, **fields: Any) -> dict[str, Any]:
    body = {"name": "New ones", "trigger": "issue_new", "channels": [channel], **fields}
    answer = api.post("/api/alerts/", body)
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def deliveries(api: Api, rule: dict[str, Any]) -> list[dict[str, Any]]:
    return api.pages(f"/api/alerts/{rule['id']}/deliveries/")


def test_a_rule_is_made_read_changed_and_deleted(api: Api) -> None:
    made = make(api, "json://127.0.0.1:9/hook", query="priority:high", throttle="1h")
    assert {k: made[k] for k in ("name", "trigger", "query", "threshold", "window", "channels", "throttle", "enabled")} == {
        "name": "New ones", "trigger": "issue_new", "query": "priority:high", "threshold": None, "window": None,
        "channels": ["json://127.0.0.1:9/hook"], "throttle": 3600, "enabled": True,
    }  # fmt: skip
    assert len(made["signing_secret"]) > 30
    path = f"/api/alerts/{made['id']}/"
    assert api.get(path).json() == {**made, "signing_secret": None}
    assert api.get("/api/alerts/").json() == {"results": [api.get(path).json()], "next": None}
    changed = api.patch(
        path, {"name": "Other", "enabled": False, "trigger": "event_count", "threshold": 3}
    ).json()
    assert (changed["name"], changed["enabled"], changed["threshold"]) == ("Other", False, 3)
    assert (changed["window"], changed["query"]) == (3600, "")
    renewed = api.patch(path, {"new_secret": True}).json()["signing_secret"]
    assert renewed not in {None, made["signing_secret"]}
    assert api.client.delete(path, headers=api.headers).status_code == 204
    assert api.get(path).status_code == 404
    assert not AlertRule.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"trigger": "explodes"}, "trigger"),
        ({"channels": []}, "channels"),
        ({"channels": ["nonsense"]}, "channels"),
        ({"channels": ["syslog://"]}, "channels"),
        ({"channels": ["json://"]}, "channels"),
        ({"channels": ["json://a.example/x", "json://a.example/x"]}, "channels"),
        ({"channels": ["workflows://h/a/b/c?template=/etc/passwd"]}, "channels"),
        ({"channels": ["json://user:****@a.example/"]}, "channels"),
        ({"query": "colour:red"}, "query"),
        ({"threshold": 3}, "threshold"),
        ({"window": 60}, "window"),
        ({"trigger": "event_count"}, "threshold"),
        ({"trigger": "event_count", "threshold": 1.5}, "threshold"),
        ({"trigger": "rate", "threshold": 5}, "threshold"),
        ({"trigger": "event_count", "threshold": 2, "window": 5}, "window"),
        ({"trigger": "event_count", "threshold": 2, "query": "((("}, "query"),
        ({"trigger": "signal_rate", "threshold": 0.5}, "query"),
        ({"trigger": "signal_rate", "threshold": 0.5, "query": "no_such"}, "query"),
        ({"trigger": "budget_spent", "query": "x"}, "query"),
        ({"throttle": "soon"}, None),
        ({"throttle": 10**8}, "throttle"),
        ({"name": "  "}, None),
        ({"colour": "red"}, None),
    ],
)  # fmt: skip
def test_bad_rules_are_refused(api: Api, wrong: dict[str, Any], field: str | None) -> None:
    body = {"name": "x", "trigger": "issue_new", "channels": ["json://a.example/x"], **wrong}
    answer = api.post("/api/alerts/", body)
    assert answer.status_code == 400, answer.content
    error = answer.json()["error"]
    if field and error["details"].get("field"):
        assert error["details"]["field"] == field
    assert not AlertRule.objects.exists()


def test_keys_of_other_kinds_and_projects(
    api: Api, client: Client, query_key: str, other_project: Any
) -> None:
    from tests.conftest import _key

    made = make(api, "mailto://me:hunter22@mail.example?to=a@b.example")
    path = f"/api/alerts/{made['id']}/"
    reader = Api(client, query_key)
    assert reader.get(path).json()["channels"] == ["mailto://me:****@mail.example?to=a@b.example"]
    assert reader.post("/api/alerts/", {}).status_code == 403
    assert reader.post(f"{path}test/", {}).status_code == 403
    other = Api(client, _key(other_project, "admin"))
    for answer in (
        other.get(path),
        other.patch(path, {"name": "x"}),
        other.get(f"{path}deliveries/"),
        other.post(f"{path}test/", {}),
    ):
        assert answer.status_code == 404
    assert other.get("/api/alerts/").json()["results"] == []


def test_a_masked_channel_stays_what_it_is(api: Api) -> None:
    made = make(api, "mailto://me:hunter22@mail.example?to=a@b.example")
    rule = AlertRule.objects.get()
    kept = rule.channels.get()
    answer = api.patch(f"/api/alerts/{made['id']}/", {"channels": [*made["channels"], "json://a.example/x"]})
    assert answer.status_code == 200
    assert list(rule.channels.values_list("pk", flat=True))[0] == kept.pk
    assert rule.channels.first().url == "mailto://me:hunter22@mail.example?to=a@b.example"  # type: ignore[union-attr]  # just made


def test_the_test_reaches_the_webhook_signed(api: Api, hook: Webhook) -> None:
    made = make(api, hook.url(path="a/b?+X-Team=blue&-t=1"))
    answer = api.post(f"/api/alerts/{made['id']}/test/", {})
    assert answer.status_code == 200
    [row] = answer.json()["results"]
    assert (row["state"], row["attempts"], row["error"], row["test"]) == ("sent", 1, None, True)
    [(headers, body)] = hook.got
    payload = json.loads(body)
    assert payload["type"] == "test"
    assert payload["rule"] == {"id": made["id"], "name": "New ones"}
    assert (headers["x-team"], headers["idempotency-key"]) == ("blue", row["id"])
    at, _, signature = headers["x-raindrop-signature"].partition(",v1=")
    signed = hmac.new(
        made["signing_secret"].encode(), at[2:].encode() + b"." + body, hashlib.sha256
    ).hexdigest()
    assert signature == signed
    assert deliveries(api, made) == [row]


def test_a_new_issue_is_told_once_to_each_channel(
    api: Api, hook: Webhook, mailbox: Mailbox, project: Any
) -> None:
    made = make(api, hook.url())
    mail = f"mailto://127.0.0.1:{mailbox.port}?from=raindrop@acme.example&to=ops@acme.example"
    api.patch(f"/api/alerts/{made['id']}/", {"channels": [*made["channels"], mail]})
    issue = create_issue(project=project, title="Forgets the seat", description="")
    assert [row["state"] for row in deliveries(api, made)] == ["pending", "pending"]
    assert send_due() == 2
    assert send_due() == 0
    [(_, body)] = hook.got
    payload = json.loads(body)
    assert payload["subject"] == str(issue.pk)
    assert payload["data"]["issue"]["number"] == issue.number
    assert payload["title"] == f"[Acme] ACME-{issue.number}: Forgets the seat"
    assert payload["url"] == f"/p/acme/issues/{issue.number}/"
    [letter] = mailbox.got
    assert payload["title"] in str(letter["Subject"])
    assert letter["To"] == "ops@acme.example"
    assert {row["state"] for row in deliveries(api, made)} == {"sent"}


def test_mails_about_one_issue_are_one_conversation(
    api: Api, mailbox: Mailbox, project: Any, member: Any
) -> None:
    mail = f"mailto://127.0.0.1:{mailbox.port}?from=raindrop@acme.example&to=ops@acme.example"
    make(api, mail, trigger="issue_regresses")
    issue = create_issue(project=project, title="Forgets the seat", description="")
    other = create_issue(project=project, title="Forgets the name", description="")
    for one in (issue, other, issue):
        apply_action(action=Action.RESOLVE, issue=one, user=member)
        assert regress_issue(issue=one, reason={"why": "<b>3 events</b> since."})
        send_due()
    first, second, third = mailbox.got
    assert first["References"] == third["References"] != second["References"]
    assert first["Subject"] == third["Subject"]
    letter = first.get_body(("plain",))
    assert letter is not None
    assert "<b>3 events</b> since." in letter.get_content()
    assert first.get_body(("html",)) is None  # in which a title could be markup


def test_the_query_chooses_issues(api: Api, project: Any) -> None:
    made = make(api, "json://a.example/x", query="seat")
    create_issue(project=project, title="Forgets the seat", description="")
    create_issue(project=project, title="Loops", description="")
    assert len(deliveries(api, made)) == 1


def test_the_throttle_and_the_switch(api: Api, project: Any, member: Any) -> None:
    made = make(api, "json://a.example/x", trigger="issue_regresses", throttle="1h")
    issue = create_issue(project=project, title="Forgets the seat", description="")
    for _ in range(2):
        apply_action(action=Action.RESOLVE, issue=issue, user=member)
        regress_issue(issue=issue, reason={"events": 1})
    assert len(deliveries(api, made)) == 1
    api.patch(f"/api/alerts/{made['id']}/", {"enabled": False})
    assert [row["state"] for row in deliveries(api, made)] == ["failed"]
    other = create_issue(project=project, title="Loops", description="")
    apply_action(action=Action.RESOLVE, issue=other, user=member)
    regress_issue(issue=other, reason={"events": 1})
    assert len(deliveries(api, made)) == 1
    delete_issue(issue=issue)
    assert not AlertThread.objects.exists()


def test_what_is_not_stored_is_not_told(api: Api, project: Any) -> None:
    from django.db import transaction

    made = make(api, "json://a.example/x")
    with pytest.raises(RuntimeError), transaction.atomic():
        create_issue(project=project, title="Forgets the seat", description="")
        raise RuntimeError
    assert deliveries(api, made) == []


def test_a_failure_is_shown_and_tried_again(api: Api, hook: Webhook, project: Any) -> None:
    made = make(api, hook.url(path="services/abc123def456ghi"))
    assert made["channels"] == [f"json://127.0.0.1:{hook.port}/services/****"]
    hook.statuses = [503, 302, 200]
    create_issue(project=project, title="Forgets the seat", description="")
    for attempts, word in ((1, "503"), (2, "302")):
        assert send_due() == 1
        [row] = deliveries(api, made)
        assert (row["state"], row["attempts"]) == ("pending", attempts)
        assert word in row["error"]
        assert send_due() == 0  # not before its time
        AlertDelivery.objects.update(next_attempt_at=row["created_at"])
    assert send_due() == 1
    [row] = deliveries(api, made)
    assert (row["state"], row["error"]) == ("sent", None)
    assert len({headers["idempotency-key"] for headers, _ in hook.got}) == 1


def test_it_gives_up_in_the_end(api: Api, hook: Webhook, project: Any) -> None:
    made = make(api, hook.url())
    hook.statuses = [500] * 20
    create_issue(project=project, title="Forgets the seat", description="")
    AlertDelivery.objects.update(attempts=8)
    send_due()
    [row] = deliveries(api, made)
    assert (row["state"], row["next_attempt_at"]) == ("failed", None)


def test_a_crash_before_the_sending_delivers_once(
    api: Api, hook: Webhook, project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that claimed the message dies: the next one sends it once the claim has run out, and nobody before."""
    from issues.alerts import sending

    make(api, hook.url())
    create_issue(project=project, title="Forgets the seat", description="")
    with monkeypatch.context() as patch:
        patch.setattr(sending, "ThreadPoolExecutor", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            send_due()
    assert hook.got == []
    assert send_due() == 0
    AlertDelivery.objects.update(next_attempt_at=AlertDelivery.objects.get().created_at)
    assert send_due() == 1
    assert send_due() == 0
    assert len(hook.got) == 1


def test_private_addresses_are_refused_when_it_connects(api: Api, settings: Any, project: Any) -> None:
    settings.ALERT_PRIVATE_ADDRESSES = False
    with webhook_sink() as sink, smtp_sink() as box:
        for channel in (
            sink.url(), f"json://localhost:{sink.port}/x", f"http://127.0.0.1:{sink.port}/x", f"form://127.0.0.1:{sink.port}/x",
            f"mailto://127.0.0.1:{box.port}?from=a@b.example&to=c@d.example",
        ):  # fmt: skip
            made = make(api, channel)
            [row] = api.post(f"/api/alerts/{made['id']}/test/", {}).json()["results"]
            assert row["state"] == "failed", channel
            assert row["error"]
        assert (sink.got, box.got) == ([], [])
        assert "RAINDROP_ALERT_PRIVATE_ADDRESSES" in AlertDelivery.objects.earliest("id").error


def test_an_unknown_rule(api: Api) -> None:
    for key in (uuid.uuid4(), "nonsense", "%00"):
        assert api.get(f"/api/alerts/{key}/").status_code == 404
