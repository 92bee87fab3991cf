"""The database and memory give the same answer, on any events and any query."""

import datetime as dt
from collections import Counter, defaultdict
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.models import Conversation, EndUser, Event, ProcessingFailure, Project, QueuedEvent, Span
from ingest.store.people import conversation_id, end_user_id
from issues.classifier.merged_issues import join_merged
from issues.models import Issue, IssueMatch
from issues.models.issues import State
from raindrop.ids import new_id
from signals.models import EventEmbedding, SignalDefinition, SignalGroup, SignalMatch
from signals.search.counting import count_found
from signals.search.faceting import count_facets, newest_found
from signals.search.finding import find_events
from signals.search.holding import holds
from signals.search.language.errors import QueryError
from signals.search.language.nodes import (
    Ago,
    Comparison,
    Glob,
    Meaning,
    Node,
    Pattern,
    Phrase,
    Regex,
    Text,
)  # fmt: skip
from signals.search.language.nodes import leaves as tree_leaves
from signals.search.meaning import meaning_vector
from signals.search.regexes import compile_regex
from signals.search.scope import Facts, Scope
from signals.vectors.embedding import index_texts
from tests.examples import examples
from tests.signals.search import queries

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
FEW = ["a", "b", "ab", "A", "3"]
names = st.sampled_from(FEW)
# What the two sides of an event mean, and what is asked for; "" is a side without a text.
MEANT = ["", "I want my money back", "a refund for my order", "the weather in the north"]
# Signs that the index breaks words at, letters of other scripts and cases, marks, and digits.
PIECES = [
    "a",
    "A",
    "b",
    "É",
    "é",
    "e\u0301",
    "Ø",
    "й",
    "и",
    "ß",
    "返",
    "品",
    "1",
    "-",
    "_",
    "'",
    "’",
    " ",
    " ",
    "\n",
    ", ",
    "/",
    '"',
    "x" * 2100,
]
side_texts = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
scalars = st.one_of(st.none(), st.booleans(), st.sampled_from([0, 3, -1, 2.5]), names, st.just(""))
json_values = st.one_of(
    scalars, st.lists(st.one_of(scalars, st.just([3]), st.just({})), max_size=3), st.just({"a": 3})
)
objects = st.one_of(
    st.dictionaries(st.sampled_from(["a", "b", "release", "agent", "x y"]), json_values, max_size=3),
    st.just([]),
    st.just(3),
)
numbers = st.one_of(st.none(), st.integers(0, 4))
events = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["", *FEW]),
        "model": st.sampled_from(["", *FEW]),
        "input": side_texts,
        "output": side_texts,
        "properties": objects,
        "feature_flags": objects,
        "is_pending": st.booleans(),
        "tool_calls": st.integers(0, 3),
        "tool_errors": st.integers(0, 3),
        "input_tokens": numbers,
        "output_tokens": numbers,
        "cost_usd": st.one_of(st.none(), st.sampled_from([0.0, 0.5, 2.0])),
        "latency_ms": st.one_of(st.none(), st.sampled_from([0.0, 500.0, 2000.0])),
        "timestamp": st.integers(0, 4).map(lambda days: NOW - dt.timedelta(days=days)),
        "user": st.one_of(st.none(), st.sampled_from(["u1", "u2"])),
        "convo": st.one_of(st.none(), st.sampled_from(["c1", "c2"])),
        "tools": st.lists(
            st.tuples(st.sampled_from(["tool", "llm", "agent"]), names, st.booleans()), max_size=3
        ),
        "signals": st.dictionaries(
            st.sampled_from(["win", "loss"]), st.sampled_from([0.25, 1.0]), max_size=2
        ),
        "state": st.sampled_from(["", "queued", "failed"]),
        "issues": st.sets(st.sampled_from([1, 2])),  # 2 is merged into 1
        "language": st.sampled_from(["", "de", "en"]),
        "means": st.one_of(st.none(), st.tuples(st.sampled_from(MEANT), st.sampled_from(MEANT))),
    }
)
people = st.fixed_dictionaries({"u1": objects, "u2": objects})

values = st.one_of(
    names.map(Text),
    st.sampled_from([Glob(("a", "")), Glob(("", "b")), Glob(("", "")), Pattern("^a|b$"), Pattern("a", True)]),
)
words = (
    st.lists(st.sampled_from(PIECES[:-1]), min_size=1, max_size=3)
    .map("".join)
    .filter(lambda text: any(character.isalnum() for character in text))
)


def compared(name: str, value: st.SearchStrategy[Any], *operators: str) -> st.SearchStrategy[Node]:
    """`name` held against a value by one of the operators; against several by none."""
    one = st.builds(lambda o, v: Comparison(name, o, (v,)), st.sampled_from(["", *operators]), value)
    return (
        one
        if operators
        else st.builds(lambda vs: Comparison(name, "", tuple(vs)), st.lists(value, min_size=1, max_size=2))
    )


def limits(name: str, *texts: str) -> st.SearchStrategy[Node]:
    return compared(name, st.sampled_from([Text(text) for text in texts]), ">", ">=", "<", "<=")


JSON = ["prop.a", "prop.x y", "trait.a", "trait.b", "flag.a", "release"]
leaves: st.SearchStrategy[Node] = st.one_of(
    st.builds(Phrase, words),
    st.builds(Regex, st.sampled_from([Pattern("a.b"), Pattern("É", True), Pattern("^$"), Pattern(r"\bab?\b"), Pattern("x*")])),
    st.builds(Ago, st.integers(0, 4), st.just("d")),
    st.builds(Meaning, st.sampled_from(MEANT[1:])),
    *(compared(name, values) for name in ("event", "model", "agent", "tool", "tool.failed", "tool.error")),
    *(compared(name, words.map(Text)) for name in ("text", "input", "output")),
    compared("output", st.sampled_from([Pattern("[^a]"), Pattern("b|$")])),
    compared("user", st.sampled_from([Text("u1"), Text("u3"), Glob(("u", "")), Pattern("2")])),
    compared("conversation", st.sampled_from([Text("c1"), Glob(("", "2"))])),
    *(compared(name, st.one_of(values, st.sampled_from(list(map(Text, ("true", "null", "2.5", "")))))) for name in JSON),
    *(limits(name, "3", "2.5", "a", "true") for name in JSON),
    *(limits(name, "0", "1", "2.5") for name in ("tool.calls", "tool.errors", "tokens", "tokens.input", "tokens.output", "turns", "input.length", "output.length", "score", "score.win")),
    limits("cost", "0", "0.5", "$1"),
    limits("duration", "500", "2s"),
    limits("time", "2026-11-18", "2026-11-18T12:00", "2d"),
    *(compared(name, st.sampled_from(list(map(Text, ("2026-11-18", "2026-11-19T12:00Z", "2d"))))) for name in ("since", "until")),
    compared("signal", st.sampled_from([Text("win"), Text("loss"), Glob(("", ""))])),
    compared("language", st.sampled_from([Text("de"), Text("English"), Text("fr")])),
    limits("hour", "12", "6.5"),
    compared("signal.group", st.just(Text("Good"))),
    compared("issue", st.sampled_from([Text("1"), Text("#2")])),
    compared("state", st.sampled_from([Text("pending"), Text("queued"), Text("failed")])),
    *(
        st.just(Comparison("has", "", (Text(name),)))
        for name in ("user", "conversation", "model", "event", "agent", "signal", "signal.group", "tool", "tool.failed", "tool.error", "tokens",
                     "cost", "turns", "text", "input", "score", "issue", "language", "hour", "score.loss", "state", "time", *JSON)
    ),
)  # fmt: skip


def store(project: Project, made: list[dict[str, Any]], traits: dict[str, Any]) -> list[Event]:
    """The rows, as they may stand in the database, all texts indexed."""
    signals = {one.key: one for one in SignalDefinition.objects.filter(project=project)}
    first = Issue.objects.create(project=project, number=1, title="One")
    part = Issue.objects.create(project=project, number=2, title="Two", state=State.MERGED, merged_into=first)
    for user, of in traits.items():
        EndUser.objects.create(id=end_user_id(project, user), project=project, user_id=user, traits=of)
    for convo in ("c1", "c2"):
        Conversation.objects.create(id=conversation_id(project, convo), project=project, convo_id=convo)
    rows: dict[type[Any], list[Any]] = defaultdict(list)
    languages = {}
    for number, fields in enumerate(made):
        fields = dict(fields)
        user, convo, tools, held, state, means, language, issues = (
            fields.pop(name)
            for name in ("user", "convo", "tools", "signals", "state", "means", "language", "issues")
        )
        event = Event(
            id=new_id(), project=project, event_id=f"e{number}", end_user_id=user and end_user_id(project, user),
            conversation_id=convo and conversation_id(project, convo), **fields,
        )  # fmt: skip
        rows[Event].append(event)
        languages[event.id] = language
        rows[Span] += [
            Span(
                project=project, event=event, trace_id=f"{number:032x}", span_id=f"{at:016x}", kind=kind, name=name,
                status="error" if failed else "ok", error=name if failed else "", started_at=NOW, ended_at=NOW,
                attributes={"gen_ai.agent.name": "ab"} if kind == "agent" and failed else {},
            )
            for at, (kind, name, failed) in enumerate(tools)
        ]  # fmt: skip
        rows[SignalMatch] += [
            SignalMatch(
                project=project, signal=signals[key], event=event, timestamp=event.timestamp, score=score, source="test"
            )
            for key, score in held.items()
        ]  # fmt: skip
        rows[IssueMatch] += [
            IssueMatch(
                project=project, issue=issue, event=event, timestamp=event.timestamp, classifier_version=0, score=1.0
            )
            for issue in (first, part)
            if issue.number in issues
        ]  # fmt: skip
        if state == "queued":
            rows[QueuedEvent].append(QueuedEvent(project=project, event=event))
        if state == "failed":
            rows[ProcessingFailure].append(
                ProcessingFailure(project=project, event=event, attempts=1, reason="x")
            )
        if means is not None:
            user_vector, agent_vector = (meaning_vector(text) if text else None for text in means)
            rows[EventEmbedding].append(
                EventEmbedding(
                    project=project,
                    event=event,
                    user_vector=user_vector,
                    agent_vector=agent_vector,
                    text_hash=b"",
                )
            )
    for model, of_model in rows.items():
        model._default_manager.bulk_create(of_model)
    index_texts(languages)
    join_merged([first.pk, part.pk], rows[Event])
    return list(
        Event.objects.filter(project=project).select_related("end_user", "conversation").order_by("event_id")
    )


@pytest.fixture
def signals(project: Any, other_project: Any) -> None:
    for owner in (project, other_project):
        SignalDefinition.objects.filter(project=owner).delete()
        group = SignalGroup.objects.create(project=owner, name="Good")
        SignalDefinition.objects.create(project=owner, key="win", name="Win", group=group)
        SignalDefinition.objects.create(project=owner, key="loss", name="Loss")


@settings(
    max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    made=st.lists(events, min_size=2, max_size=8),
    traits=people,
    nodes=st.lists(queries.trees(leaves), min_size=10, max_size=20),
)
def test_the_database_and_memory_give_the_same_answer(
    made: list[dict[str, Any]],
    traits: Any,
    nodes: list[Node],
    project: Any,
    other_project: Any,
    signals: None,
) -> None:
    scope = Scope(project, NOW)
    with transaction.atomic():
        rows, theirs = store(project, made, traits), store(other_project, made, traits)
        for node in nodes:
            try:
                found = set(find_events(node, scope).values_list("id", flat=True))
                among = set(
                    find_events(node, scope, among=Event.objects.filter(model="a")).values_list(
                        "id", flat=True
                    )
                )
            except QueryError as refused:
                with pytest.raises(QueryError, match=".") as again:
                    holds(node, Facts(rows, scope))
                assert again.value.message == refused.message
                continue
            held = holds(node, Facts(rows, scope))
            if node == Comparison("issue", "", (Text("1"),)):
                assert held == [bool(made[int(row.event_id[1:])]["issues"]) for row in rows], (
                    "with what is merged"
                )
            assert found == {row.id for row, one in zip(rows, held, strict=True) if one}, (
                str(node),
                rows,
                held,
            )
            assert among == {row.id for row, one in zip(rows, held, strict=True) if one and row.model == "a"}
            assert not any(holds(node, Facts(theirs, scope)))
            if any(isinstance(leaf, Meaning) for leaf, _ in tree_leaves(node)):  # wherever it stands
                _check_counts(node, scope, [row for row in rows if row.id in found])
        transaction.set_rollback(True)


def _check_counts(node: Node, scope: Scope, held: list[Event]) -> None:
    """Counts and facets are of the events on which the query holds."""
    counts = count_found(node, scope)
    assert (counts.count, counts.users) == (len(held), len({one.end_user_id for one in held} - {None})), str(
        node
    )
    facets = count_facets(newest_found(node, scope)[0], by="model", scope=scope, limit=9)
    assert {one.value: one.events for one in facets} == Counter(one.model for one in held if one.model)


pieces = st.sampled_from(["a", "B", "é", ".", "[a-c]", "[^a]", "[é-í\\d]", r"\w", r"\W", r"\s", r"\b", r"\B", "^", "$", "|", "(?:ab)", "(b|)", "\\.", "-", "返", "]", "}", "{", "[]a]", "[a\\-é]"])  # fmt: skip
counts = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{0,1}", "{1,}", "*?", "{,2}"])


@settings(
    max_examples=examples(400), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pattern=st.builds(
        Pattern,
        st.lists(st.tuples(pieces, counts).map("".join), min_size=1, max_size=4).map("".join),
        st.booleans(),
    ),
    texts=st.lists(st.text(st.sampled_from("abAB\n é Éí1_-.返]}{,2"), max_size=6), min_size=1, max_size=8),
)
def test_postgresql_and_re2_read_a_pattern_alike(pattern: Pattern, texts: list[str], db: None) -> None:
    try:
        compiled = compile_regex(pattern)
    except QueryError as error:
        assert 0 <= error.start < error.end <= len(pattern.pattern) + 1
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t ~ %s FROM unnest(%s::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n",
            [compiled.for_postgres, texts],
        )
        assert [row[0] for row in cursor.fetchall()] == [compiled.search(text) for text in texts], (
            pattern,
            texts,
        )
