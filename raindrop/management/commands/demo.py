"""`manage.py demo`: a project with real conversations in it, then `up`. What `make demo` runs."""

import argparse
import datetime as dt
import json
import secrets
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.urls import reverse

from ingest.files.conversations import turns_of
from ingest.files.importing import import_file
from ingest.incoming.values import IncomingEvent, IncomingSignal
from ingest.models import Membership, Project, QueuedEvent, User
from ingest.models.projects import KeyKind, Role
from ingest.projects.keys import create_key
from ingest.projects.projects import create_project
from raindrop.data_dir import BASE_DIR
from raindrop.management.commands.up import Command as Up
from raindrop.management.commands.up import check_port

SLUG = "demo"
USERNAME = "demo"
FILES = ["taubench_airline_gpt4o.jsonl.gz", "taubench_retail_community.jsonl.gz"]
DAYS = 14
# tau-bench's simulated users end a conversation with this word; no person ever types it.
STOP = "###STOP###"


# The first event that a newcomer sends, and the names of the signals that must be found on it (tests/raindrop/test_demo.py).
FIRST_EVENT: dict[str, Any] = {
    "event": "chat",
    "user_id": "me",
    "ai_data": {
        "input": "Write a letter to my landlord",
        "output": "I cannot help with that.",
        "convo_id": "first",
    },
}
FIRST_FOUND = ("Refusal",)


class Command(BaseCommand):
    help = "Fills a demo project with real agent conversations, then runs everything (as `up`)."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=settings.Q_CLUSTER["workers"])
        parser.add_argument("--prepare-only", action="store_true", help="fill the project and stop")

    def handle(self, *, host: str, port: int, workers: int, prepare_only: bool, **options: Any) -> None:
        started = time.monotonic()
        if not prepare_only:
            check_port(host, port)  # before the banner, which would name an address of somebody else
        self.stdout.write(f"[1/3] Database in {settings.DATA_DIR}: migrations")
        call_command("migrate", interactive=False, verbosity=0)
        project, key = self._project()
        password = self._login(project)
        self._conversations(project)
        if prepare_only:
            return
        address = f"http://{host}:{port}"
        self.stdout.write("[3/3] Web and workers")
        self._say_how(address=address, password=password, key=key, project=project)
        progress = _Progress(started)
        server = Up()
        server.stdout, server.stderr = self.stdout, self.stderr
        server.serve(host=host, port=port, workers=workers, on_tick=progress)

    def _project(self) -> tuple[Project, str | None]:
        """The demo project, and its write key if it was made just now (a key is shown once)."""
        project = Project.objects.filter(slug=SLUG).first()
        if project:
            return project, None
        project = create_project(slug=SLUG, name="Demo: airline and retail agents")
        return project, create_key(project=project, kind=KeyKind.WRITE, name="make demo")[1]

    def _login(self, project: Project) -> str:
        """Makes the demo user. Its password is kept in the data directory, beside the secret key, for the next start."""
        path = settings.DATA_DIR / "demo_password"
        user = User.objects.filter(username=USERNAME).first()
        if user is None or not path.exists():
            password = secrets.token_urlsafe(9)
            user = user or User(username=USERNAME)
            user.is_staff = user.is_superuser = True
            user.set_password(password)
            user.save()
            path.touch(mode=0o600)
            path.write_text(password)
        Membership.objects.get_or_create(project=project, user=user, defaults={"role": Role.ADMIN})
        return path.read_text()

    def _conversations(self, project: Project) -> None:
        done = settings.DATA_DIR / "demo_imported.json"
        if done.exists() and project.slug in json.loads(done.read_text()):
            self.stdout.write("[2/3] The conversations are there already")
            return
        self.stdout.write(
            f"[2/3] Importing real conversations (tau-bench, MIT), spread over the last {DAYS} days"
        )
        for name in FILES:
            import_file(
                BASE_DIR / "fixtures" / name,
                project=project,
                redate=dt.timedelta(days=DAYS),
                transform=as_the_app_would_send_it,
                progress=True,
            )
        done.write_text(json.dumps([project.slug]))

    def _say_how(self, *, address: str, password: str, key: str | None, project: Project) -> None:
        shown = key or "<a write key>"
        lines = [
            "",
            f"  Open      {address}/",
            f"  Log in    {USERNAME}  /  {password}",
            f"  Write key {key}"
            if key
            else f"  Write key shown at the first start; make another under {address}{reverse('settings', args=[project.slug])}",
            "",
            "  Send a first event of your own:",
            f"""  curl {address}/v1/events/track -H "Authorization: Bearer {shown}" -H "Content-Type: application/json" \\""",
            f"    -d '{json.dumps([FIRST_EVENT])}'",
            f"  It is found as {' and '.join(FIRST_FOUND)}.",
            "",
        ]
        self.stdout.write("\n".join(lines))


def as_the_app_would_send_it(event: IncomingEvent, conversation: dict[str, Any]) -> IncomingEvent | None:
    """What an app that runs these agents would add: the release, and signals that the data really holds.

    - `release` is the agent variant that the run names; `domain` its shop.
    - `handed_to_human`: the agent called its transfer tool in this turn.
    - `goal_check_failed` / `goal_check_passed`, on the last turn: the benchmark compared the database with the goal's, as
      a back office would.
    """
    meta = conversation["meta"]
    variant = str(meta.get("scaffold") or "baseline").removeprefix("variant:").split("-none-")[0]
    event.input = (event.input or "").replace(STOP, "").strip()
    if not (event.input or event.output or event.spans):
        return None  # the simulator's last word alone
    event.model = None if event.model == "unknown" else event.model
    event.properties = {"release": f"{meta['domain']}-{variant}", "domain": meta["domain"]}
    if any(span.name.startswith("transfer_to_human") for span in event.spans):
        event.signals = [*event.signals, _signal(event, "handed_to_human", "NEGATIVE")]
    if event.event_id.rpartition(":")[2] == str(_last_turn(conversation)):
        passed = bool(conversation["labels"]["success"])
        name, sentiment = ("goal_check_passed", "POSITIVE") if passed else ("goal_check_failed", "NEGATIVE")
        event.signals = [*event.signals, _signal(event, name, sentiment)]
    return event


def _last_turn(conversation: dict[str, Any]) -> int:
    """The place of the last turn that is more than the simulator's last word."""
    turns = turns_of(conversation)
    return max(
        i for i, t in enumerate(turns) if t.texts or t.calls or t.user["content"].replace(STOP, "").strip()
    )


def _signal(event: IncomingEvent, name: str, sentiment: str) -> IncomingSignal:
    return IncomingSignal(event_id=event.event_id, name=name, sentiment=sentiment, timestamp=event.timestamp)


class _Progress:
    """Prints how far the pipeline is with the demo's events, every five seconds until it is through."""

    def __init__(self, started: float) -> None:
        self.started, self.next, self.finished = started, 0.0, False

    def __call__(self) -> None:
        now = time.monotonic()
        if self.finished or now < self.next:
            return
        self.next = now + 5
        unfinished = QueuedEvent.objects.count()
        if unfinished:
            print(f"  pipeline: {unfinished:,} events to go", flush=True)
        else:
            self.finished = True
            print(
                f"  pipeline: all events are through ({now - self.started:.0f} s after the start)", flush=True
            )
