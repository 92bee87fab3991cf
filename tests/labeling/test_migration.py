"""Labels of issues and feedback on signals, as they lay in two tables, in the one table of today: nothing is lost, and the same counts."""

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from issues.models import Issue
from labeling.labels.labels import standing_answers, standing_labels, undo_last_label
from labeling.models import Label
from raindrop.ids import new_id
from signals.learning.precision import precision_of
from signals.models import SignalDefinition

BEFORE = [("labeling", "0005_label_source_admin"), ("signals", "0012_agent_tones")]
START = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)


def at(minutes: int) -> dt.datetime:
    return START + dt.timedelta(minutes=minutes)


class Old:
    """The tables of before. Rows are written as that version wrote them."""

    def __init__(self, apps: Any, project: Any, people: dict[str, Any]) -> None:
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


def migrate(*target: tuple[str, str]) -> Any:
    MigrationExecutor(connection).migrate(list(target))
    return MigrationExecutor(connection).loader.project_state(list(target)).apps


@pytest.fixture
def old(transactional_db: None, project: Any, member: Any, viewer: Any) -> Iterator[Old]:
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        yield Old(migrate(*BEFORE), project, {"alice": member, "bob": viewer})
    finally:
        migrate(*newest)


def migrated() -> None:
    migrate(*MigrationExecutor(connection).loader.graph.leaf_nodes())


def test_labels_of_issues(old: Old) -> None:
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
    standing = set(old.label.objects.filter(superseded_at=None).values_list("pk", flat=True))
    before = {row["id"]: row for row in old.label.objects.values()}
    migrated()

    issue = Issue.objects.get()
    assert {row.pk for row in standing_labels(issue)} == standing
    assert standing == {changed, kept, *voted, *departed, by_key, *by_departed_program}
    rows = {row.pk: row for row in Label.objects.exclude(answer="")}
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


def test_undo_goes_on_where_it_was(old: Old, member: Any, make_event: Any) -> None:
    event, other = make_event().id, make_event().id
    old.say(event, "alice", "match", 10, 12)
    old.say(other, "alice", "match", 11)
    old.say(event, "alice", "unsure", 12)
    migrated()
    issue, taken_back = Issue.objects.get(), []
    while label := undo_last_label(subject=issue, user=member):
        taken_back.append((label.event_id, label.answer))
    assert taken_back == [(event, "unsure"), (other, "match"), (event, "match")]


def test_feedback_on_signals(old: Old, make_event: Any) -> None:
    events = [make_event() for _ in range(8)]
    said = [
        ("alice", True, "", 0.9), ("alice", False, "random", 0.8), ("alice", None, "uncertain", 0.5), ("bob", True, "near", 0.4),
        ("gone", True, "random", None),
    ]  # fmt: skip
    made = [
        old.judge(event.id, who, right, 10 + place, reason=reason, score=score)
        for place, (event, (who, right, reason, score)) in enumerate(zip(events, said, strict=False))
    ]
    overruled = old.judge(events[5].id, "alice", True, 20)
    last = old.judge(events[5].id, "bob", False, 21)
    departed = [old.judge(events[6].id, "gone", right, minute) for right, minute in ((True, 31), (False, 30))]
    for event in [*events[:3], *events[4:7]]:
        old.match.objects.create(
            id=new_id(), project_id=old.project, signal=old.signal, event_id=event.id, timestamp=event.timestamp, source="t"
        )  # fmt: skip
    before = {row["id"]: row for row in old.feedback.objects.values()}
    assert before.keys() == {*made, overruled, last, *departed}
    migrated()

    rows = {row.pk: row for row in Label.objects.all()}
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
    signal = SignalDefinition.objects.get(key="lost")
    words = {row.event_id: row.answer for row in Label.objects.filter(subject_id=signal.pk).last_words()}
    assert (words[events[5].id], words[events[6].id], len(words)) == ("not_match", "match", 7)
    # As the version before counts these rows.
    found = precision_of(signal)
    assert (found.labels, found.judged, found.right) == (6, 5, 3)
    assert (found.near_judged, found.missed) == (1, 1)


def test_nobody_goes_back_over_labels(old: Old) -> None:
    old.say(new_id(), "alice", "match", 10)
    migrated()
    with pytest.raises(RuntimeError, match="cannot hold"):
        migrate(*BEFORE)
    Label.objects.all().delete()
