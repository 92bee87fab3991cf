"""Labels of issues and feedback on signals, as they lay in two tables, in the one table of today: nothing is lost, and the same counts.

The migration runs once. Each story has a project of its own: it writes rows in the tables of before, yields, and judges after the migration
what has become of them.
"""

import datetime as dt
import random
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ingest.models import Event, Membership, User
from ingest.projects.projects import create_project
from ingest.store.events import IncomingEvent, store_events
from issues.models import Issue
from labeling.labels.labels import standing_answers, standing_labels, undo_last_label
from labeling.labels.progress import progress
from labeling.models import Label
from raindrop.ids import new_id
from signals.learning.precision import precision_of
from signals.models import SignalDefinition
from tests.migrating import database_of_a_module, migrate, migrate_to_newest

pytestmark = pytest.mark.django_db

BEFORE = [("labeling", "0005_label_source_admin"), ("signals", "0012_agent_tones")]
UNFILLED, FILLED = ("labeling", "0006_one_label_table"), ("labeling", "0007_fill_one_label_table")
START = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
DEPARTED = "carol"


def at(minutes: int) -> dt.datetime:
    return START + dt.timedelta(minutes=minutes)


class Old:
    """A project in the tables of before, with an issue, a signal and 8 events. Rows are written as that version wrote them."""

    def __init__(self, apps: Any, project: Any, people: dict[str, Any], events: list[Event]) -> None:
        self.events = events
        self.label = apps.get_model("labeling", "Label")
        self.feedback = apps.get_model("signals", "SignalFeedback")
        self.project = project.pk
        self.people = {name: user.pk for name, user in people.items()} | {"gone": None, "key": None}
        definition = apps.get_model("issues", "Definition")
        issue = apps.get_model("issues", "Issue")
        signal = apps.get_model("signals", "SignalDefinition")
        self.issue = issue.objects.create(
            id=new_id(), project_id=self.project, number=1, title="Forgets", description="", created_at=at(0)
        )
        for version, minute in ((1, 0), (2, 50)):
            row = definition.objects.create(
                issue=self.issue, version=version, title="Forgets", description=""
            )
            definition.objects.filter(pk=row.pk).update(created_at=at(minute))
        self.signal = signal.objects.create(
            id=new_id(), project_id=self.project, key="lost", name="Lost", kind="implicit", detector="rule", reads="user"
        )  # fmt: skip
        self.match = apps.get_model("signals", "SignalMatch")

    def rows(self, table: Any) -> Any:
        return table.objects.filter(project_id=self.project)

    def say(
        self, event: uuid.UUID, who: str, answer: str, minute: int, until: int | None = None, **more: Any
    ) -> Any:
        row = self.label.objects.create(
            id=new_id(), project_id=self.project, issue=self.issue, event_id=event, user_id=self.people[who], answer=answer,
            superseded_at=None if until is None else at(until), source="api" if who == "key" else "queue", **more,
        )  # fmt: skip
        self.label.objects.filter(pk=row.pk).update(created_at=at(minute))
        return row.pk

    def judge(self, event: uuid.UUID, who: str, right: bool | None, minute: int, **more: Any) -> Any:
        row = self.feedback.objects.create(
            id=new_id(), project_id=self.project, signal=self.signal, event_id=event, user_id=self.people[who], right=right, **more
        )  # fmt: skip
        self.feedback.objects.filter(pk=row.pk).update(created_at=at(minute - 1), updated_at=at(minute))
        return row.pk


Story = Callable[[Old], Iterator[None]]


@dataclass
class Told:
    """The stories, told as far as the migration, which is done; and what a way back said when the tables of today were filled."""

    stories: dict[Story, Iterator[None]]
    refusal: str

    def to_the_end(self, story: Story) -> None:
        assert next(self.stories[story], "the end") == "the end"


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: Any) -> Iterator[Told]:
    with database_of_a_module(django_db_blocker):
        people = {
            name: User.objects.create_user(username=user)
            for name, user in (("alice", "alice"), ("bob", "bob"), (DEPARTED, DEPARTED))
        }
        places = {}
        for story in (labels_of_issues, undo, feedback, figures):
            project = create_project(slug=story.__name__.replace("_", "-"))
            for name, role in (("alice", "admin"), ("bob", "viewer")):
                Membership.objects.create(project=project, user=people[name], role=role)
            incoming = [IncomingEvent(event_id=f"evt-{n}", name="chat", user_id="user-1") for n in range(8)]
            store_events(project=project, events=incoming)
            places[story] = project, list(Event.objects.filter(project=project).order_by("event_id"))
        apps = migrate(*BEFORE)
        stories = {
            story: story(Old(apps, project, people, events)) for story, (project, events) in places.items()
        }
        for story in stories.values():
            next(story)
        migrate(FILLED)
        with pytest.raises(RuntimeError) as refusal:
            migrate(UNFILLED)
        migrate_to_newest()
        yield Told(stories, str(refusal.value))


def labels_of_issues(old: Old) -> Iterator[None]:
    events = [new_id() for _ in range(9)]
    first = old.say(events[0], "alice", "match", 10, 20, reason="random", score=0.4)
    changed = old.say(events[0], "alice", "not_match", 20, note="no")
    undone = old.say(events[1], "alice", "match", 11, 12)
    kept = old.say(events[2], "alice", "match", 13)
    old.say(events[2], "alice", "unsure", 14, 15)  # undone: the first stands again
    old.say(events[3], "alice", "match", 16, 17)
    old.say(events[3], "alice", "unsure", 17, 18)  # an admin took it back: neither stands
    voted = [old.say(events[4], who, "match", 60) for who in ("alice", "bob")]
    departed = [old.say(events[5], "gone", "match", minute) for minute in (30, 31)]
    old.say(events[5], "gone", "unsure", 28, 30)  # of the one who said "match" at 30
    by_key = old.say(events[5], "key", "not_match", 40)
    old.say(events[5], "key", "match", 39, 40)
    old.say(events[6], "gone", "match", 41, 42)  # undone before the account went
    by_departed_program = [
        old.say(events[7], "key", answer, minute) for answer, minute in (("match", 43), ("unsure", 44))
    ]
    standing = set(old.rows(old.label).filter(superseded_at=None).values_list("pk", flat=True))
    before = {row["id"]: row for row in old.rows(old.label).values()}
    yield

    issue = Issue.objects.get(project=old.project)
    assert {row.pk for row in standing_labels(issue)} == standing
    assert standing == {changed, kept, *voted, *departed, by_key, *by_departed_program}
    rows = {row.pk: row for row in old.rows(Label).exclude(answer="")}
    assert rows.keys() == before.keys(), "no row is lost, none is made up"
    for pk, row in rows.items():
        same = (
            "event_id",
            "user_id",
            "project_id",
            "answer",
            "note",
            "source",
            "reason",
            "score",
            "created_at",
        )
        assert {name: getattr(row, name) for name in same} == {name: before[pk][name] for name in same}
        assert (row.subject_kind, row.subject_id, row.probability) == ("issue", issue.pk, None)
        assert row.definition_version == (1 if row.created_at < at(50) else 2)
    assert Label.objects.get(retracts=undone).created_at == at(12)
    assert not Label.objects.filter(retracts=first).exists(), "it was replaced, not taken back"
    assert rows[first].author == rows[changed].author == f"user:{old.people['alice']}"
    assert rows[by_key].author == "key"
    assert len({rows[pk].author for pk in [*departed, by_key]}) == 3
    assert standing_answers(issue) == {
        events[0]: False, events[2]: True, events[4]: True, events[5]: True
    }  # fmt: skip


def test_labels_of_issues(told: Told) -> None:
    told.to_the_end(labels_of_issues)


def undo(old: Old) -> Iterator[None]:
    event, other = (event.id for event in old.events[:2])
    old.say(event, "alice", "match", 10, 12)
    old.say(other, "alice", "match", 11)
    old.say(event, "alice", "unsure", 12)
    yield
    issue, member = Issue.objects.get(project=old.project), User.objects.get(pk=old.people["alice"])
    taken_back = []
    while label := undo_last_label(subject=issue, user=member):
        taken_back.append((label.event_id, label.answer))
    assert taken_back == [(event, "unsure"), (other, "match"), (event, "match")]


def test_undo_goes_on_where_it_was(told: Told) -> None:
    told.to_the_end(undo)


def feedback(old: Old) -> Iterator[None]:
    events = old.events
    judgements = [
        ("alice", True, "", 0.9), ("alice", False, "random", 0.8), ("alice", None, "uncertain", 0.5), ("bob", True, "near", 0.4),
        ("gone", True, "random", None),
    ]  # fmt: skip
    made = [
        old.judge(event.id, who, right, 10 + place, reason=reason, score=score)
        for place, (event, (who, right, reason, score)) in enumerate(zip(events, judgements, strict=False))
    ]
    overruled = old.judge(events[5].id, "alice", True, 20)
    last = old.judge(events[5].id, "bob", False, 21)
    departed = [old.judge(events[6].id, "gone", right, minute) for right, minute in ((True, 31), (False, 30))]
    for event in [*events[:3], *events[4:7]]:
        old.match.objects.create(
            id=new_id(), project_id=old.project, signal=old.signal, event_id=event.id, timestamp=event.timestamp, source="t"
        )  # fmt: skip
    before = {row["id"]: row for row in old.rows(old.feedback).values()}
    assert before.keys() == {*made, overruled, last, *departed}
    yield

    rows = {row.pk: row for row in old.rows(Label)}
    assert rows.keys() == before.keys()
    answers = {True: "match", False: "not_match", None: "unsure"}
    for pk, row in rows.items():
        was = before[pk]
        assert (row.answer, row.reason, row.score) == (answers[was["right"]], was["reason"], was["score"])
        assert (row.user_id, row.event_id, row.created_at) == (
            was["user_id"],
            was["event_id"],
            was["updated_at"],
        )
        assert (row.subject_kind, row.subject_id, row.project_id) == ("signal", old.signal.pk, old.project)
    assert len({rows[pk].author for pk in departed}) == 2
    signal = SignalDefinition.objects.get(project=old.project, key="lost")
    words = {row.event_id: row.answer for row in Label.objects.filter(subject_id=signal.pk).last_words()}
    assert (words[events[5].id], words[events[6].id], len(words)) == ("not_match", "match", 7)
    # As the version before counts these rows.
    found = precision_of(signal)
    assert (found.labels, found.judged, found.right) == (6, 5, 3)
    assert (found.near_judged, found.missed) == (1, 1)


def test_feedback_on_signals(told: Told) -> None:
    told.to_the_end(feedback)


def test_nobody_goes_back_over_labels(told: Told) -> None:
    assert "cannot hold" in told.refusal


Row = dict[str, Any]
REASONS = ("", "chosen", "random", "uncertain", "likely", "similar")


def answers_of_issue(draw: random.Random) -> list[Row]:
    """What four authors did over 40 events, as the version before would have kept it: answers, changed minds, undos, and answers that
    an admin took back. The times are minutes after START."""
    events, rows = [new_id() for _ in range(40)], list[Row]()
    for minute in range(1, 500):
        who = draw.choice(("alice", "bob", DEPARTED, "key"))
        standing = [row for row in rows if row["until"] is None]
        mine = [row for row in standing if row["who"] == who]
        action = draw.choices(("answer", "undo", "take back"), (8, 1, 1))[0]
        if action == "answer":
            event, answer = draw.choice(events), draw.choice(("match", "not_match", "unsure"))
            before = next((row for row in mine if row["event"] == event), None)
            if before and before["answer"] == answer:
                continue  # a double click was no second row
            if before:
                before["until"] = minute
            rows.append(
                {"event": event, "who": who, "answer": answer, "minute": minute, "until": None, "reason": draw.choice(REASONS)}
            )  # fmt: skip
        elif action == "undo" and mine:
            last = mine[-1]
            last["until"] = minute
            for row in rows:
                if (row["event"], row["who"], row["until"]) == (last["event"], who, last["minute"]):
                    row["until"] = None
        elif action == "take back" and standing:
            draw.choice(standing)["until"] = minute
    return rows


def judgements_of_signal(draw: random.Random) -> list[Row]:
    """The same of a signal's events: one row for each person and event, overwritten by a changed mind and deleted by an undo."""
    events, rows = [new_id() for _ in range(60)], dict[tuple[Any, str], Row]()
    for minute in range(1, 300):
        event, who = draw.choice(events), draw.choice(("alice", "bob", DEPARTED))
        if draw.random() < 0.1:
            rows.pop((event, who), None)
            continue
        right, reason = draw.choice((True, False, None)), draw.choice(("", "random", "uncertain", "near"))
        rows[event, who] = {"event": event, "who": who, "right": right, "minute": minute, "reason": reason}
    return list(rows.values())


def majority_before(rows: list[Row]) -> Counter[str]:
    """Events by what most of their standing answers say; "" where that is no single answer."""
    votes: dict[Any, Counter[str]] = defaultdict(Counter)
    for row in rows:
        votes[row["event_id"]][row["answer"]] += 1
    won = Counter[str]()
    for count in votes.values():
        (best, most), *others = count.most_common()
        won[best if not others or others[0][1] < most else ""] += 1
    return won


def figures(old: Old) -> Iterator[None]:
    """The figures that pages showed, counted here by the rules of the version before from its tables, and by today's code afterwards."""
    draw, member = random.Random(7), User.objects.get(pk=old.people["alice"])
    for row in answers_of_issue(draw):
        old.say(row["event"], row["who"], row["answer"], row["minute"], row["until"], reason=row["reason"])
    judgements = judgements_of_signal(draw)
    for row in judgements:
        old.judge(row["event"], row["who"], row["right"], row["minute"], reason=row["reason"], score=0.5)
    for event in {row["event"] for row in judgements if draw.random() < 0.8}:
        old.match.objects.create(
            id=new_id(),
            project_id=old.project,
            signal=old.signal,
            event_id=event,
            timestamp=START,
            source="t",
        )
    departed = old.people[DEPARTED]
    for table in (old.label, old.feedback):
        assert old.rows(table).filter(user_id=departed).update(user_id=None)  # as when an account is deleted

    standing = list(old.rows(old.label).filter(superseded_at=None).values())
    won = majority_before(standing)
    issue_before = {
        "labels": len(standing),
        "mine": sum(row["user_id"] == member.pk for row in standing),
        "matches": won["match"],
        "not_matches": won["not_match"],
        "unsure": sum(row["answer"] == "unsure" for row in standing),
        "random_labels": sum(row["reason"] == "random" and row["answer"] != "unsure" for row in standing),
    }
    matched = set(old.rows(old.match).values_list("event_id", flat=True))
    newest = {row["event_id"]: row for row in old.rows(old.feedback).order_by("updated_at", "id").values()}
    last = [row for row in newest.values() if row["right"] is not None]
    seen = [row for row in last if row["event_id"] in matched and row["reason"] in ("", "random")]
    near = [row for row in last if row["reason"] == "near"]
    signal_before = {
        "labels": len(last),
        "judged": len(seen),
        "right": sum(row["right"] for row in seen),
        "near_judged": len(near),
        "missed": sum(row["right"] for row in near),
    }
    assert min(*issue_before.values(), *signal_before.values()) > 0, "else it would say nothing"
    yield

    of_issue = progress(Issue.objects.get(project=old.project), user=member)
    of_signal = precision_of(SignalDefinition.objects.get(project=old.project, key="lost"))
    assert {name: getattr(of_issue, name) for name in issue_before} == issue_before
    assert {name: getattr(of_signal, name) for name in signal_before} == signal_before


def test_no_figure_changes(told: Told) -> None:
    told.to_the_end(figures)
