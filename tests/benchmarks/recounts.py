"""Random sequences of all that changes what is counted, with every count recounted from the raw rows after each step.

    .venv/bin/python -m tests.benchmarks.recounts [--seeds 0 1 2 3] [--steps 60]

Each seed works on a project of its own, in a database that is made for it and deleted. Ends with 1 where a count is not what its rows say, and prints
the steps that led there. Its short form is tests/issues/test_recounts.py.
"""

import argparse
import datetime as dt
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.database import scratch_app

DAYS = 40  # how far back events lie
TEXTS = (
    "where is my order", "this is wrong again, you are useless", "thank you, that helped", "please cancel my booking",
    "I want my money back", "the page shows an error", "that is the third time I ask",
)  # fmt: skip
ANSWERS = ("Here you are.", "I'm sorry, but I can't help with that.", "It is on its way.")


class World:
    """A project that things happen to, each through the door by which they happen to real ones."""

    def __init__(self, *, project: Any, seed: int, write_key: str, admin_key: str) -> None:
        from django.test import Client

        self.project, self.keys = project, {"write": write_key, "admin": admin_key}
        self.rng = random.Random(seed)  # noqa: S311
        self.client = Client()
        self.events: list[str] = []
        self.made = 0
        self.late_roots: list[Any] = []  # of traces whose agents are events of their own until these come
        self.steps: list[str] = []
        self.done: Counter[str] = Counter()

    def step(self) -> None:
        """One thing or a few happen, and then what they left to workers is done."""
        while True:
            name = self.rng.choices(list(STEPS), [weight for weight, _ in STEPS.values()])[0]
            self.steps.append(name)
            if STEPS[name][1](self) is not False:
                self.done[name] += 1
            if self.rng.random() > 0.3:
                break
        self.work()

    def work(self) -> None:
        import raindrop.pipeline
        from ingest.jobs.runner import run_job
        from ingest.models import Job, QueuedEvent
        from ingest.models.jobs import JobState

        for _ in range(5):
            queued = list(
                QueuedEvent.objects.filter(event__project=self.project).values_list("id", "event_id")
            )
            self.rng.shuffle(queued)
            for ids in (queued[::2], queued[1::2]):
                raindrop.pipeline.run_batch([str(pk) for pk, _ in ids])
            if queued and self.rng.random() < 0.3:  # a batch that is delivered twice
                raindrop.pipeline.process([event for _, event in queued])
            jobs = Job.objects.filter(project=self.project, state__in=[JobState.QUEUED, JobState.RUNNING])
            for job in jobs.order_by("created_at"):
                run_job(job.pk)
            if not queued and not jobs.exists():
                break

    # -- what happens

    def track(self) -> None:
        """New events, one in six of which was sent before, perhaps with another time and user."""
        self._write("/v1/events/track", [self._event() for _ in range(self.rng.randint(1, 8))])

    def partial(self) -> None:
        """A part of an event: it begins one, goes on with it, or changes one that is finished."""
        event = self._event(known=0.7)
        event["is_pending"] = self.rng.random() < 0.4
        for name in ("user_id", "timestamp"):
            if self.rng.random() < 0.3:
                del event[name]
        self._write("/v1/events/track_partial", event)

    def thumbs(self) -> None:
        """Feedback on events, some of which come only later."""
        sent = [
            {"event_id": self._known() if self.rng.random() < 0.8 else f"e{self.made + 1}", "signal_name": self.rng.choice(["thumbs_down", "copied"]),
             "signal_type": "default"}
            for _ in range(self.rng.randint(1, 4))
        ]  # fmt: skip
        self._write("/v1/signals/track", sent)

    def trace(self) -> None:
        """Agents' spans without their root, which may come later and make one event of theirs."""
        from ingest.tracing.traces import SILENCE
        from tests.ingest.otlp.test_arrival_order import agents, send
        from tests.ingest.otlp.test_traces import finish

        self.made += 1
        root = {"http.request.method": "POST", "user.id": f"u{self.rng.randrange(6)}", "session.id": "talk"}
        spans = agents(root, number=2, trace=self.rng.randbytes(16).hex())
        send(self.project, spans[1:])
        finish(after=SILENCE)
        self.late_roots.append(spans[0])

    def late_root(self) -> bool:
        from ingest.tracing.traces import SILENCE
        from tests.ingest.otlp.test_arrival_order import send
        from tests.ingest.otlp.test_traces import finish

        if not self.late_roots:
            return False
        send(self.project, [self.late_roots.pop(self.rng.randrange(len(self.late_roots)))])
        finish(after=SILENCE)
        return True

    def import_file(self) -> None:
        from django.core.management import call_command

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "events.jsonl"
            lines = [json.dumps(self._event(known=0.2)) for _ in range(self.rng.randint(3, 20))]
            path.write_text("\n".join(lines) + "\n")
            call_command("import_events", str(path), project=self.project.slug, verbosity=0)

    def new_issue(self) -> bool:
        if self._issues().count() > 8:
            return False
        self._api("POST", "/api/issues/", {"title": "Something", "follows": self._source()})
        return True

    def follow_something_else(self) -> bool:
        return self._of_issue(
            lambda number: self._api("PATCH", f"/api/issues/{number}/", {"follows": self._source()})
        )

    def label(self) -> bool:
        """The issue's classifier is trained, and goes over all events."""

        def answer(number: int) -> None:
            known = [self._known() for _ in range(6)]
            body = [{"event_id": one, "label": self.rng.choice(["match", "not_match"])} for one in known]
            self._api("POST", f"/api/issues/{number}/labels/", body, refused=(404,))

        return self._of_issue(answer)

    def close(self) -> bool:
        acts = ({"action": "resolve"}, {"action": "mute", "events": 3}, {"action": "reopen"})
        return self._of_issue(
            lambda number: self._api(
                "POST", f"/api/issues/{number}/actions/", self.rng.choice(acts), refused=(409,)
            )
        )

    def merge(self) -> bool:
        others = list(self._issues().order_by("?").values_list("number", flat=True)[:2])
        if len(others) < 2:
            return False
        self._api("POST", f"/api/issues/{others[0]}/merge/", {"into": str(others[1])}, refused=(409,))
        return True

    def unmerge(self) -> bool:
        issue = self._issues().filter(state="merged").order_by("?").first()
        if issue is None:
            return False
        self._api("POST", f"/api/issues/{issue.number}/unmerge/", {}, refused=())
        return True

    def delete_issue(self) -> bool:
        from issues.actions import delete_issue

        issue = self._issues().order_by("?").first()
        if issue is None or self._issues().count() < 4:
            return False
        delete_issue(issue=issue)
        return True

    def switch_signal(self) -> None:
        key = self.rng.choice(["user_frustration", "refusal", "thumbs_down"])
        self._api("PATCH", f"/api/signals/{key}/", {"enabled": self.rng.random() < 0.6}, refused=(404,))

    def refresh_clusters(self) -> None:
        self._api("POST", "/api/clusters/refresh/", {})

    def erase(self) -> None:
        from ingest.models import EndUser

        user = EndUser.objects.filter(project=self.project).order_by("?").first()
        body = {"user_id": user.user_id} if user and self.rng.random() < 0.3 else {"event_id": self._known()}
        self._api("POST", "/api/erase/", body, refused=(404,))

    def expire(self) -> None:
        from django.utils import timezone

        from ingest.retention.expiring import request_expiries

        days = self.rng.randint(10, DAYS)
        self._api("PATCH", "/api/retention/", {"days": days, "relevant_days": days + 10})
        self.project.refresh_from_db()
        request_expiries(now=timezone.now() + dt.timedelta(days=2 * self.done["expire"]))
        self._api("PATCH", "/api/retention/", {"days": None, "relevant_days": None})

    # -- with what

    def _event(self, *, known: float = 0.16) -> dict[str, Any]:
        if self.events and self.rng.random() < known:
            name = self._known()
        else:
            self.made += 1
            name = f"e{self.made}"
            self.events.append(name)
        at = dt.datetime.now(dt.UTC) - dt.timedelta(hours=self.rng.uniform(0, DAYS * 24))
        event: dict[str, Any] = {
            "event_id": name, "event": "chat", "timestamp": at.isoformat(),
            "properties": {"release": f"r{self.rng.randrange(4)}"},
            "ai_data": {"input": self.rng.choice(TEXTS), "output": self.rng.choice(ANSWERS)},
            "user_id": f"u{self.rng.randrange(6)}",
        }  # fmt: skip
        if self.rng.random() < 0.7:
            event["ai_data"]["convo_id"] = f"c{self.rng.randrange(9)}"
        return event

    def _known(self) -> str:
        return self.rng.choice(self.events) if self.events else "none"

    def _source(self) -> dict[str, str] | None:
        from signals.models import Cluster

        cluster = Cluster.objects.filter(project=self.project, is_gone=False).order_by("?").first()
        choices: list[dict[str, str] | None] = [
            {"query": "order"}, {"query": "release:r1"}, {"signal": "thumbs_down"}, {"signal": "user_frustration"}, None,
        ]  # fmt: skip
        if (first := self._issues().order_by("number").first()) is not None:
            choices.append({"query": f"issue:{first.number} OR money"})
        return self.rng.choice([*choices, {"cluster": str(cluster.pk)}] if cluster else choices)

    def _issues(self) -> Any:
        from issues.models import Issue

        return Issue.objects.filter(project=self.project)

    def _of_issue(self, act: Callable[[int], object]) -> bool:
        issue = self._issues().order_by("?").first()
        if issue is None:
            return False
        act(issue.number)
        return True

    def _write(self, path: str, body: Any) -> None:
        self._send("POST", path, body, key="write", refused=())

    def _api(self, method: str, path: str, body: Any, *, refused: tuple[int, ...] = (400,)) -> Any:
        """400: a query that asks for the issue itself."""
        return self._send(method, path, body, key="admin", refused=(400, *refused))

    def _send(self, method: str, path: str, body: Any, *, key: str, refused: tuple[int, ...]) -> Any:
        answer = self.client.generic(
            method, path, json.dumps(body), content_type="application/json",
            headers={"authorization": f"Bearer {self.keys[key]}"},
        )  # fmt: skip
        if answer.status_code >= 300 and answer.status_code not in refused:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.content.decode()[:500]}")
        return answer


# How often each is drawn, beside the others.
STEPS: dict[str, tuple[float, Callable[[World], object]]] = {
    "track": (8, World.track),
    "partial": (6, World.partial),
    "thumbs": (4, World.thumbs),
    "trace": (2, World.trace),
    "late root": (2, World.late_root),
    "import": (2, World.import_file),
    "new issue": (3, World.new_issue),
    "follow something else": (3, World.follow_something_else),
    "label": (3, World.label),
    "close": (2, World.close),
    "merge": (3, World.merge),
    "unmerge": (2, World.unmerge),
    "delete issue": (1, World.delete_issue),
    "switch signal": (2, World.switch_signal),
    "refresh clusters": (1, World.refresh_clusters),
    "erase": (3, World.erase),
    "expire": (1, World.expire),
}


def walk(*, project: Any, seed: int, steps: int, write_key: str, admin_key: str) -> World:
    """Raises AssertionError where a count is not what its rows say; its notes name the steps that led there."""
    from tests.issues.recounting import assert_recounts

    world = World(project=project, seed=seed, write_key=write_key, admin_key=admin_key)
    try:
        for _ in range(steps):
            world.step()
            assert_recounts(project)
    except BaseException as error:
        error.add_note(f"Seed {seed}, after {len(world.steps)} steps: {', '.join(world.steps)}")
        raise
    return world


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(4)))
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()
    wrong = 0
    with scratch_app():
        from ingest.models import Event, Total
        from ingest.models.projects import KeyKind
        from ingest.projects.keys import create_key
        from ingest.projects.projects import create_project

        for seed in options.seeds:
            began = time.monotonic()
            project = create_project(slug=f"recounts-{seed}", name=f"Recounts {seed}")
            write, admin = (
                create_key(project=project, kind=kind)[1] for kind in (KeyKind.WRITE, KeyKind.ADMIN)
            )
            try:
                world = walk(
                    project=project, seed=seed, steps=options.steps, write_key=write, admin_key=admin
                )
            except AssertionError as error:
                wrong += 1
                print(f"Seed {seed}: NOT EQUAL: {str(error)[:2000]}\n{' '.join(error.__notes__)}", flush=True)
                continue
            events, subjects = Event.objects.filter(project=project), Total.objects.filter(project=project)
            print(
                f"Seed {seed}: {options.steps} recounts equal; {events.count()} events, {subjects.count()} subjects, "
                f"{time.monotonic() - began:.0f} s; {dict(world.done)}",
                flush=True,
            )
    sys.exit(int(bool(wrong)))


if __name__ == "__main__":
    main()
