"""`manage.py demo`: two projects with conversations in them, then `up`. What `make demo` runs.

`demo` holds real conversations of airline and retail agents, `ledgerly` those of an invented bookkeeping assistant whose problems are known:
four weeks, a problem that is new in the last ones, one that came with a release, and what a careful reader said of each conversation.
"""

import argparse
import datetime as dt
import json
import random
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
from issues.following.history import create_following
from issues.following.sources import read_source
from issues.models import Issue
from raindrop.data_dir import BASE_DIR
from raindrop.management.commands.up import Command as Up
from raindrop.management.commands.up import check_port
from signals.clusters.refresh import last_refresh, request_refresh
from signals.reader.shipped import import_facets

SLUG, SECOND = "demo", "ledgerly"
USERNAME = "demo"
FILES = ["taubench_airline_gpt4o.jsonl.gz", "taubench_retail_community.jsonl.gz"]
DAYS = 14
PLANTED = BASE_DIR / "fixtures" / "corpus" / "ledgerly"
PLANTED_DAYS = 28
# What the team of each project follows already: title, description, what decides its matches.
FOLLOWED: dict[str, list[tuple[str, str, dict[str, str]]]] = {
    SLUG: [
        (
            "Tools fail",
            "A call to a tool of the shop or the airline ends with an error.",
            {"signal": "tool_failure"},
        ),
    ],
    SECOND: [
        (
            "Plain questions are sent to an accountant",
            "The assistant answers a plain bookkeeping question with \u201cplease ask your accountant\u201d.",
            {"query": "went_wrong:accountant"},
        ),
        (
            "Works with the wrong tax year",
            "Rates, limits or deadlines of another year than the one that the user is in.",
            {"query": 'went_wrong:"tax year"'},
        ),
        (
            "Customers ask for a person",
            "The user would rather talk to somebody.",
            {"signal": "human_request"},
        ),
    ],
}
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
        second = Project.objects.filter(slug=SECOND).first() or create_project(
            slug=SECOND, name="Demo: Ledgerly, a bookkeeping assistant"
        )
        password = self._login(project, second)
        self._conversations(project)
        self._planted(second)
        if prepare_only:
            return
        address = f"http://{host}:{port}"
        self.stdout.write("[3/3] Web and workers")
        self._say_how(address=address, password=password, key=key, project=project)
        progress = _Progress(started, [project, second])
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

    def _login(self, *projects: Project) -> str:
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
        for project in projects:
            Membership.objects.get_or_create(project=project, user=user, defaults={"role": Role.ADMIN})
        return path.read_text()

    def _conversations(self, project: Project) -> None:
        if _is_filled(project):
            self.stdout.write("[2/3] The conversations are there already")
            return
        self.stdout.write(
            f"[2/3] Importing real conversations (tau-bench, MIT), spread over the last {DAYS} days; how long tools take is invented"
        )
        for name in FILES:
            import_file(
                BASE_DIR / "fixtures" / name,
                project=project,
                redate=dt.timedelta(days=DAYS),
                transform=as_the_app_would_send_it,
                progress=True,
            )
        _follow(project)
        _note_filled(project)

    def _planted(self, project: Project) -> None:
        if _is_filled(project):
            return
        self.stdout.write(
            f"      and {project.slug}: a bookkeeping assistant with known problems, {PLANTED_DAYS} days"
        )
        import_file(
            PLANTED / "conversations.jsonl",
            project=project,
            redate=dt.timedelta(days=PLANTED_DAYS),
            progress=True,
        )
        with (PLANTED / "facets.jsonl").open(encoding="utf-8") as lines:
            import_facets(project=project, lines=lines)
        _follow(project)
        _note_filled(project)

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


def _is_filled(project: Project) -> bool:
    done = settings.DATA_DIR / "demo_imported.json"
    return done.exists() and project.slug in json.loads(done.read_text())


def _note_filled(project: Project) -> None:
    done = settings.DATA_DIR / "demo_imported.json"
    known = json.loads(done.read_text()) if done.exists() else []
    done.write_text(json.dumps([*known, project.slug]))


def _follow(project: Project) -> None:
    """The issues that the project begins with. Safe to repeat."""
    for title, description, followed in FOLLOWED[project.slug]:
        if not Issue.objects.filter(project=project, title=title).exists():
            source = read_source(project, followed)
            create_following(project=project, title=title, description=description, source=source, user=None)


def as_the_app_would_send_it(event: IncomingEvent, conversation: dict[str, Any]) -> IncomingEvent | None:
    """What an app that runs these agents would add: the release, and signals that the data really holds.

    - `release` is the agent variant that the run names; `domain` its shop.
    - `handed_to_human`: the agent called its transfer tool in this turn.
    - The times of tool calls are invented (`invented_seconds`): the data has none. Ledgerly's are its own.
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
    _take_time(event)
    if any(span.name.startswith("transfer_to_human") for span in event.spans):
        event.signals = [*event.signals, _signal(event, "handed_to_human", "NEGATIVE")]
    if event.event_id.rpartition(":")[2] == str(_last_turn(conversation)):
        passed = bool(conversation["labels"]["success"])
        name, sentiment = ("goal_check_passed", "POSITIVE") if passed else ("goal_check_failed", "NEGATIVE")
        event.signals = [*event.signals, _signal(event, name, sentiment)]
    return event


def _take_time(event: IncomingEvent) -> None:
    """The tool calls of a turn one after the other."""
    at = event.timestamp
    for place, span in enumerate(event.spans):
        if at is not None and span.started_at == span.ended_at:
            span.started_at = at + dt.timedelta(seconds=0.4)  # in which the model chose the tool
            seconds = invented_seconds(span.name, f"{event.event_id} {place}")
            at = span.ended_at = span.started_at + dt.timedelta(seconds=seconds)


def invented_seconds(tool: str, call: str) -> float:
    """How long a call takes: the same at each import. Most of a tool's calls lie within a factor of two of its own usual time, which is
    between 0.1 and 0.9 s; none takes 10 s, so that no signal is read from what is invented."""
    usual = 0.1 * 9 ** random.Random(tool).random()  # noqa: S311
    return min(9.0, usual * random.Random(call).lognormvariate(0.0, 0.5))  # noqa: S311


def _last_turn(conversation: dict[str, Any]) -> int:
    """The place of the last turn that is more than the simulator's last word."""
    turns = turns_of(conversation)
    return max(
        i for i, t in enumerate(turns) if t.texts or t.calls or t.user["content"].replace(STOP, "").strip()
    )


def _signal(event: IncomingEvent, name: str, sentiment: str) -> IncomingSignal:
    return IncomingSignal(event_id=event.event_id, name=name, sentiment=sentiment, timestamp=event.timestamp)


class _Progress:
    """Prints how far the pipeline is with the demo's events, every five seconds until it is through; then has the projects' clusters found."""

    def __init__(self, started: float, projects: list[Project]) -> None:
        self.started, self.projects, self.next, self.finished = started, projects, 0.0, False

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
            for project in self.projects:
                if last_refresh(project) is None:
                    request_refresh(project)
