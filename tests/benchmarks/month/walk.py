"""Walking through the month: events by the write path, people by the API, workers and senders that die on the way, and two receivers."""

import datetime as dt
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.test import Client
from django_q.models import OrmQ

import raindrop.pipeline
from issues.models import AlertDelivery
from issues.models.alerts import DeliveryState
from tests.benchmarks.month.clock import Clock
from tests.benchmarks.month.plan import COUNTED, COUNTED_WORD, DAY, DAYS, TOLD, Happening, Plan
from tests.benchmarks.month.workers import Workers
from tests.issues.alerts.sinks import Mailbox, Webhook

BATCH = 200  # events of a request
AGAIN = 6  # minutes after a step: the claims of who died have run out
PENDING_SHARE = 6.0  # where something waits to be sent, a sender dies so many times as often
REFUSES = 0.1  # of the messages a receiver refuses so many
QUIET = ("22:00", "06:00")
URGENT = frozenset({"issue_escalates", "issue_regresses"})


@dataclass(frozen=True, slots=True)
class Received:
    """What a receiver got. `key`: the message's id, the same when it comes again."""

    key: str
    trigger: str
    subject: str
    occurrence: str
    at: dt.datetime


@dataclass
class Walk:
    plan: Plan
    clock: Clock
    workers: Workers
    hook: Webhook
    box: Mailbox
    key: str  # an admin key of the project
    write_key: str
    client: Client = field(default_factory=Client)
    by_hook: list[Received] = field(default_factory=list)
    by_mail: list[Received] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    seen: int = 0  # requests of the webhook that were looked at
    numbers: dict[str, int] = field(default_factory=dict)  # a story's title -> its issue's number

    def run(self, *, step_hours: float) -> None:
        start = self.clock.at
        self.write_rules()
        self.send([Happening(-1.0, "", "u0", "r1", disliked=True)], start)  # then there is such a signal
        self.work(refuses=0)
        for story in self.plan.stories:
            made = self.post("/api/issues/", {"title": story.title, "follows": story.follows})
            self.numbers[story.title] = made["number"]
        events = iter(self.plan.events)
        following = next(events, None)
        acts = sorted(
            ((at, self.numbers[story.title], act) for story in self.plan.stories for at, act in story.acts),
            key=lambda one: one[0],
        )
        for hour in self._hours(step_hours):
            self.clock.move_to(start + dt.timedelta(hours=hour))
            arrived = []
            while following is not None and following.at <= hour:
                arrived.append(following)
                following = next(events, None)
            self.send(arrived, start)
            self.work()
            while acts and acts[0][0] <= hour:
                _, number, act = acts.pop(0)
                self.post(f"/api/issues/{number}/actions/", act)
            self.clock.move(minutes=AGAIN)
            self.work(in_a_minute=False)
        # What is left: no process dies any more, and the receivers take all.
        self.workers.share = 0
        for _ in range(14):  # until the quiet hours are over
            self.clock.move(minutes=30)
            self.hook.statuses.clear()
            self.work(refuses=0)

    def _hours(self, step: float) -> list[float]:
        """Where the clock stops: each `step`, at each thing that a person does, and often while there is a burst."""
        steps = {i * step for i in range(1, round(DAYS * DAY / step) + 1)}
        acts = {at for story in self.plan.stories for at, _ in story.acts}
        bursts = {at + part for at in self.plan.bursts for part in (0.4, 0.75, 1.0)}
        return sorted(steps | acts | bursts)

    def write_rules(self) -> None:
        mail = f"mailto://127.0.0.1:{self.box.port}?from=raindrop@example.org&to=team@example.org"
        both = [self.hook.url(), mail]
        for trigger in ("issue_new", *TOLD.values(), "digest_daily"):
            self.post(
                "/api/alerts/",
                {"name": trigger, "trigger": trigger, "channels": both, "urgent": trigger in URGENT},
            )
        for trigger, more in (
            ("event_count", {"query": COUNTED_WORD, "threshold": COUNTED, "window": "1h"}),
            ("ingest_stopped", {"window": "8h"}),
        ):
            self.post("/api/alerts/", {"name": trigger, "trigger": trigger, "channels": both, **more})
        self.post("/api/alerts/settings/", {"quiet_from": QUIET[0], "quiet_until": QUIET[1]}, method="PATCH")

    def send(self, arrived: list[Happening], start: dt.datetime) -> None:
        for place in range(0, len(arrived), BATCH):
            some = arrived[place : place + BATCH]
            self.post("/v1/events/track", [_event(one, start) for one in some], key=self.write_key)
            if thumbs := [_thumb(one, start) for one in some if one.disliked]:
                self.post("/v1/signals/track", thumbs, key=self.write_key)

    def work(self, *, refuses: float = REFUSES, in_a_minute: bool = True) -> None:
        """What the server's processes do, each of which may die; `in_a_minute`: with what they do each minute."""
        self.clock.move(seconds=2)  # a batch gathers so long
        raindrop.pipeline.dispatch()
        for task in OrmQ.objects.order_by("id"):
            # It is off the queue when a worker begins it, and comes back by no other way than the claims of its rows.
            function, arguments = task.func(), task.args()
            task.delete()
            name = "pipeline" if function == raindrop.pipeline.RUN_BATCH else "jobs"
            self.workers.run(name, function, *arguments)
        if in_a_minute:
            self.workers.run("each minute", "raindrop.pipeline.every_minute")
        if self.workers.places.random() < refuses:
            self.hook.statuses.append(500)
            self.refused["webhook"] += 1
        if self.workers.places.random() < refuses:
            self.box.busy += 1
            self.refused["mail"] += 1
        waits = AlertDelivery.objects.filter(
            state=DeliveryState.PENDING, next_attempt_at__lte=self.clock.at
        ).exists()
        self.workers.run("checking", "issues.alerts.checking.check_due")
        if waits:
            self.workers.run("sending", "issues.alerts.sending.send_due", times=PENDING_SHARE)
        self._note_received()

    def _note_received(self) -> None:
        new = slice(self.seen, len(self.hook.got))
        self.seen = new.stop
        for (headers, body), status in zip(self.hook.got[new], self.hook.answered[new], strict=True):
            told = json.loads(body)
            assert headers["idempotency-key"] == told["id"]
            if status == 200:
                self.by_hook.append(
                    Received(told["id"], told["trigger"], told["subject"], told["occurrence"], self.clock.at)
                )
        for mail in self.box.got[len(self.by_mail) :]:
            row = AlertDelivery.objects.select_related("rule").get(pk=mail["X-Raindrop-Delivery"])
            assert row.title == mail["Subject"]
            self.by_mail.append(
                Received(str(row.pk), row.rule.trigger, row.subject, row.occurrence, self.clock.at)
            )

    def post(self, path: str, body: Any, *, key: str = "", method: str = "POST") -> Any:
        answer = self.client.generic(
            method, path, json.dumps(body), content_type="application/json",
            headers={"authorization": f"Bearer {key or self.key}"},
        )  # fmt: skip
        if answer.status_code >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.content.decode()[:500]}")
        return answer.json() if answer.content else None


def _event(one: Happening, start: dt.datetime) -> dict[str, Any]:
    name = _name(one)
    return {
        "event_id": name, "event": "chat", "user_id": one.user, "timestamp": _moment(one.at, start),
        "properties": {"release": one.release},
        "ai_data": {
            "input": f"Please look at the {one.word or 'plain'} one.", "output": "Here it is.", "model": "gpt-4.1",
            "convo_id": f"{one.user}-{int(one.at // DAY)}",
        },
    }  # fmt: skip


def _thumb(one: Happening, start: dt.datetime) -> dict[str, Any]:
    return {
        "event_id": _name(one), "signal_name": "thumbs_down", "signal_type": "default",
        "timestamp": _moment(one.at + 0.001, start),
    }  # fmt: skip


def _name(one: Happening) -> str:
    return f"{one.word or 'plain'}-{one.user}-{one.at!r}"


def _moment(hour: float, start: dt.datetime) -> str:
    return (start + dt.timedelta(hours=hour)).isoformat()
