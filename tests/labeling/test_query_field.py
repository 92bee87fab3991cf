"""The query language's field `label`: the database, memory and a plain reading of the history give the same answer."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.models import Event, Project
from ingest.store.events import IncomingEvent, store_events
from issues.actions import create_issue
from labeling.labels.labels import record_label, take_back_label
from labeling.models import Label
from signals.models import SignalDefinition
from signals.search.fields.registry import find_field
from signals.search.finding import find_events
from signals.search.holding import holds
from signals.search.language.errors import QueryError
from signals.search.language.parsing import parse
from signals.search.scope import Facts, Scope
from tests.examples import examples

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def found(project: Any, query: str) -> str:
    """The ids that both evaluators find, in order."""
    scope, node = Scope(project), parse(query)
    ids = sorted(find_events(node, scope).values_list("event_id", flat=True))
    rows = list(Event.objects.filter(project=project).order_by("event_id"))
    held = holds(node, Facts(rows, scope))
    assert [row.event_id for row, one in zip(rows, held, strict=True) if one] == ids
    return " ".join(ids)


@pytest.mark.django_db
def test_labels_are_a_field_of_events(
    project: Any, other_project: Any, member: Any, viewer: Any, make_event: Any
) -> None:
    a, b, c, _ = (make_event(event_id=name) for name in "abcd")
    signal = SignalDefinition.objects.create(project=project, key="anger-2", name="Anger")
    numbered = SignalDefinition.objects.create(project=project, key="77", name="Digits")
    issue = create_issue(project=project, title="Forgets", description="")
    theirs = create_issue(project=other_project, title="Theirs", description="")
    record_label(subject=signal, event=a, answer="match", user=member)
    record_label(subject=signal, event=a, answer="unsure", user=viewer)
    record_label(subject=issue, event=a, answer="not_match", user=member)
    record_label(subject=signal, event=b, answer="match", user=None)
    record_label(subject=signal, event=b, answer="not_match", user=None)
    record_label(subject=numbered, event=b, answer="unsure", user=member)
    record_label(subject=issue, event=c, answer="match", user=member)
    take_back_label(subject=issue, event_id=c.pk, author=f"user:{member.pk}")
    event = make_event(of=other_project, event_id="a")
    record_label(subject=theirs, event=event, answer="match", user=None)

    number = issue.number
    for query, ids in (
        ("label:match", "a"),
        ("label:not_match", "a b"),
        ("label:unsure,match", "a b"),
        ("-label:match", "b c d"),
        ("has:label", "a b"),
        ("label.anger-2:match", "a"),
        (f"label.{signal.id}:not_match", "b"),
        ("label.77:unsure", "b"),
        (f"label.{number}:not_match", "a"),
        (f"label.issue-{number}:match", ""),
        (f"label.{project.slug.upper()}-{number}:not_match", "a"),
        (f"has:label.{number}", "a"),
        (f"-has:label.{number} label:not_match", "b"),
        ("label.anger-2:match OR label.anger-2:not_match", "a b"),
    ):
        assert found(project, query) == ids, query
    assert found(other_project, "label:match") == "a"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "place", "says"),
    [
        ("a label:yes", "label:yes", "label is one of match, not_match, unsure"),
        ("label:m*", "label:m*", "is one of"),
        ("label:>match", "label:>match", "label knows no >"),
        ("label.nosuch:match", "label.nosuch:match", "names a signal by its key or an issue by its number"),
        ("label.9:match", "label.9:match", "there is none of that name"),
        ("label.x-1:match", "label.x-1:match", "there is none of that name"),
        ("has:label.nosuch", "has:label.nosuch", "there is none of that name"),
    ],
)
def test_what_names_nothing_is_refused(project: Any, query: str, place: str, says: str) -> None:
    create_issue(project=project, title="Number 1", description="")
    with pytest.raises(QueryError) as raised:
        find_events(parse(query), Scope(project))
    assert says in raised.value.message
    assert query[raised.value.start : raised.value.end] == place
    with pytest.raises(QueryError):
        holds(parse(query), Facts([], Scope(project)))


@pytest.mark.django_db
def test_known_values_are_counted(project: Any, member: Any, viewer: Any, make_event: Any) -> None:
    events = [make_event(), make_event(), make_event()]
    signal = SignalDefinition.objects.create(project=project, key="anger-2", name="Anger")
    issue = create_issue(project=project, title="Forgets", description="")
    for event in events[:2]:
        record_label(subject=issue, event=event, answer="match", user=member)
        record_label(subject=issue, event=event, answer="match", user=viewer)
    record_label(subject=signal, event=events[2], answer="not_match", user=member)
    for name, starts, known in (
        ("label", "", [("match", 2), ("not_match", 1)]),
        ("label", "n", [("not_match", 1)]),
        ("label.anger-2", "", [("not_match", 1)]),
    ):
        field, key = find_field(name) or pytest.fail(name)
        assert field.known(Scope(project), key=key, starts=starts) == known


# What happens to the label table: (subject, event, author, answer), or "" for taking back what stands; at one of few moments, so
# that some happen at the same.
histories = st.lists(
    st.tuples(
        st.sampled_from(["77", "issue-1"]), st.integers(0, 2), st.sampled_from(["user:1", "key"]),
        st.sampled_from(["match", "not_match", "unsure", ""]), st.integers(0, 2),
    ),
    max_size=10,
)  # fmt: skip
QUERIES = [
    f"{name}:{answer}"
    for name in ("label", "label.77", "label.issue-1")
    for answer in ("match", "not_match", "unsure")
]
QUERIES += [
    "has:label",
    "-has:label.77",
    "-label:match",
    "label.1:match,unsure",
    "label.77:match OR -label.1:match",
]


@settings(
    max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(all_histories=st.lists(histories, min_size=8, max_size=8))
def test_both_evaluators_read_a_history_as_it_reads(
    all_histories: list[list[tuple[str, int, str, str, int]]], project: Any
) -> None:
    """Each history has three events of its own, so that one query asks about all of them."""
    with transaction.atomic():
        event_ids = [f"{place}-{number}" for place in range(len(all_histories)) for number in range(3)]
        store_events(
            project=project, events=[IncomingEvent(event_id=event_id, name="chat", user_id="u") for event_id in event_ids]
        )  # fmt: skip
        events = {event.event_id: event for event in Event.objects.filter(project=project)}
        issue = create_issue(project=project, title="Forgets", description="")
        assert issue.number == 1 and sorted(events) == sorted(event_ids)
        signal = SignalDefinition.objects.create(project=project, key="77", name="Digits")
        subjects = {"77": signal.id, "issue-1": issue.id}
        standing: dict[str, set[tuple[str, str]]] = {"77": set(), "issue-1": set()}
        for place, history in enumerate(all_histories):
            for name, number, answer in store_history(project, history, subjects, events, place):
                standing[name].add((number, answer))
        for query in QUERIES:
            ids = found(project, query).split()
            name, _, answer = query.partition(":")
            pairs = (
                standing.get(name.removeprefix("label."))
                if "." in name
                else standing["77"] | standing["issue-1"]
            )
            if pairs is not None and answer in ("match", "not_match", "unsure") and not name.startswith("-"):
                assert ids == sorted({event_id for event_id, given in pairs if given == answer}), query
        transaction.set_rollback(True)


def store_history(
    project: Project,
    history: list[tuple[str, int, str, str, int]],
    subjects: dict[str, UUID],
    events: dict[str, Event],
    place: int,
) -> Iterator[tuple[str, str, str]]:
    """Stores the history's labels, of the events `place`-0 to -2. Yields what stands then: subject, event, answer."""
    live: dict[tuple[str, str, str], list[Label]] = defaultdict(list)
    for name, number, author, answer, at in history:
        event_id = f"{place}-{number}"
        mine = live[name, event_id, author]
        row = Label(
            project=project, subject_id=subjects[name], event=events[event_id], author=author, answer=answer,
            created_at=NOW + dt.timedelta(seconds=at),
        )  # fmt: skip
        mine.sort(key=lambda label: (label.created_at, label.id))
        if answer:
            mine.append(row)
        elif mine:
            row.retracts = mine.pop()
        else:
            continue
        row.save()
    for (name, event_id, _), mine in live.items():
        if mine:
            yield name, event_id, max(mine, key=lambda label: (label.created_at, label.id)).answer
