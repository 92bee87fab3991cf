"""What each field means, and what a query that names none says."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from ingest.incoming.values import IncomingSpan, IncomingUser
from ingest.models import Event, Span
from ingest.store.people import store_users
from signals.models import SignalDefinition, SignalMatch
from signals.search.faceting import count_facets
from signals.search.fields.registry import Field, all_fields, find_field, register
from signals.search.finding import find_events, looks_into_texts, split_meaning
from signals.search.holding import holds
from signals.search.language.errors import QueryError
from signals.search.language.parsing import parse
from signals.search.scope import Facts, Scope
from signals.vectors.embedding import embed

MakeEvent = Callable[..., Event]


def found(project: Any, query: str) -> str:
    """The ids that both evaluators find, in order."""
    scope = Scope(project)
    node = parse(query)
    ids = sorted(find_events(node, scope).values_list("event_id", flat=True))
    rows = list(Event.objects.filter(project=project))
    assert (
        sorted(row.event_id for row, one in zip(rows, holds(node, Facts(rows, scope)), strict=True) if one)
        == ids
    )
    return " ".join(ids)


def refused(project: Any, query: str) -> QueryError:
    scope = Scope(project)
    with pytest.raises(QueryError) as raised:
        find_events(parse(query), scope)
    with pytest.raises(QueryError):
        holds(parse(query), Facts([], scope))
    return raised.value


@pytest.fixture
def world(project: Any, other_project: Any, make_event: MakeEvent) -> Any:
    """Three events: `flight` called a tool that failed, `refund` has a signal and a plan, `quiet` has nothing."""
    failed = [
        IncomingSpan(name="book_flight", kind="tool", status="error", error="connection refused")
        for _ in range(3)
    ]
    made = [
        make_event(
            event_id="flight", input="Book me a flight to Lisbon", output="I cannot do that.", model="gpt-4o", user_id="u_17",
            convo_id="c1", properties={"release": "r3", "channel": "web", "agent": "router"},
            spans=[*failed, IncomingSpan(name="search", kind="tool", status="ok")],
        ),
        make_event(
            event_id="refund", input="I want my money back", output="Of course: error E_42.", model="claude-4", user_id="u_18",
            properties={"release": "r2", "plan": "pro", "tags": ["beta", "eu"]}, latency_ms=2500, cost_usd=0.5,
        ),
        make_event(event_id="quiet", input="Hello", output="", model="", user_id=None, properties={"plan": "free", "n": 3}),
    ]  # fmt: skip
    now = timezone.now()
    Span.objects.bulk_create(
        Span(
            project=project, event=made[0], trace_id="a" * 32, span_id=f"{n:016x}", kind="agent", name=f"invoke_agent {name}",
            attributes={"gen_ai.agent.name": name}, started_at=now, ended_at=now,
        )
        for n, name in enumerate(("router", "refunds"))
    )  # fmt: skip
    make_event(
        of=other_project, event_id="theirs", input="Book me a flight to Lisbon", properties={"secret": "x"}
    )
    store_users(
        project=project, users=[IncomingUser(user_id="u_17", traits={"plan": "pro", "country": "PT"})]
    )
    signal = SignalDefinition.objects.create(project=project, key="anger", name="Anger")
    SignalMatch.objects.create(
        project=project, signal=signal, event=made[1], timestamp=made[1].timestamp, score=0.9, source="test"
    )
    embed(list(Event.objects.all()))
    return project


@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("", "flight quiet refund"),
        ("signal:anger", "refund"),
        ("signal:Anger", "refund"),
        ("-signal:anger", "flight quiet"),
        ("signal:ang*", "refund"),
        ("has:signal", "refund"),
        ("score.anger:>0.8", "refund"),
        ("score:>0.95", ""),
        ("tool:book_flight", "flight"),
        ("tool.called:search", "flight"),
        ("tool.failed:book_flight", "flight"),
        ("tool.failed:search", ""),
        ("tool.errors:>2", "flight"),
        ("tool_errors:>=4", ""),
        ("tool.error:/refused$/", "flight"),
        ("-has:tool", "quiet refund"),
        ("release:r3", "flight"),
        ("release:r*", "flight refund"),
        ("user:u_17", "flight"),
        ("user:u_17,u_18", "flight refund"),
        ("user:u_*", "flight refund"),
        ("-user:u_17", "quiet refund"),
        ("conversation:c1", "flight"),
        ("-has:conversation", "quiet refund"),
        ("model:GPT-4o", ""),
        ("model:gpt-4o", "flight"),
        ("MODEL:gpt-4o", "flight"),
        ("-model:gpt-4o", "quiet refund"),
        ("-has:model", "quiet"),
        ("event:chat", "flight quiet refund"),
        ("id:quiet", "quiet"),
        ("prop.plan:pro", "refund"),
        ("trait.plan:pro", "flight"),
        ("plan:pro", "flight refund"),  # a property of one, a trait of the user of the other
        ("-plan:pro", "quiet"),
        ("channel:web", "flight"),
        ("prop.tags:beta", "refund"),
        ("prop.n:>2", "quiet"),
        ("prop.n:3", "quiet"),
        ("trait.country:PT", "flight"),
        ("agent:refunds", "flight"),
        ("agent:router", "flight"),
        ("prop.agent:refunds", ""),
        ("-agent:ref*", "quiet refund"),
        ("has:agent", "flight"),
        ("money", "refund"),
        ('"money back"', "refund"),
        ('"back money"', ""),
        ("e_42", "refund"),
        ("?", ""),
        ("input:flight", "flight"),
        ("output:flight", ""),
        ("/[Ll]isbon/", "flight"),
        ("/lisbon/", ""),
        ("/lisbon/i", "flight"),
        ("output:/E_\\d+/", "refund"),
        ("duration:>2s", "refund"),
        ("duration:<=2500", "refund"),
        ("cost:>=$0.5", "refund"),
        ("input.length:<6", "quiet"),
        ("turns:1", "flight quiet refund"),
        ("-24h", "flight quiet refund"),
        ("-(-24h)", ""),
        ("until:2020-01-01", ""),
        ("since:2020-01-01", "flight quiet refund"),
        ("signal:anger OR tool:search", "flight refund"),
        ("money (model:gpt-4o OR plan:pro)", "refund"),
        ("state:queued", "flight quiet refund"),
        ("prop.secret:x", ""),
    ],
)  # fmt: skip
def test_a_query_finds_its_events(world: Any, query: str, finds: str) -> None:
    assert found(world, query) == finds


@pytest.mark.parametrize(
    ("query", "place", "says"),
    [
        ("money modle:gpt", "modle", "There is no field 'modle'. Did you mean model?"),
        ("secret:x", "secret", "There is no field 'secret'."),  # another project's property
        ("error:timeout", "error", "words with a colon in them stand in quotes"),
        ("tool.broken:x", "tool.broken", "there is tool, such as tool:book_flight"),
        ("prop:x", "prop", "prop needs a name behind its dot"),
        ("has:nothing", "has:nothing", "There is no field 'nothing'"),
        ("has:>2", "has:>2", "has: takes the name of a field"),
        ("signal:angre", "signal:angre", "there is no angre in this project: do you mean anger?"),
        ("has:score.angre", "has:score.angre", "there is no angre in this project"),
        ("has:user OR -has:score.angre", "has:score.angre", "there is no angre in this project"),
        ('signal.group:"x y"', 'signal.group:"x y"', "names a group of signals"),
        ("tokens:many", "tokens:many", "tokens takes a number, not 'many'"),
        ("tokens:2s", "tokens:2s", "takes a number, not '2s'"),
        ("tokens:1e99", "tokens:1e99", "up to 1e15"),
        ("tokens:1*", "tokens:1*", "not a pattern"),
        ("duration:fast", "duration:fast", "such as 500 or 2s"),
        ("since:yesterday", "since:yesterday", "takes a day (2026-01-31)"),
        ("since:99999-01-01", "since:99999-01-01", "takes a day"),
        ("since:>2026-01-01", "since:>2026-01-01", "since knows no >"),
        ("model:>a", "model:>a", "model knows no >"),
        ("tokens:>1,2", "tokens:>1,2", "takes one value"),
        ("state:lost", "state:lost", "pending, queued, failed"),
        ('model:""', 'model:""', "-has:"),
        ("input:refund*", "input:refund*", "whole words"),
        ('input:"?"', 'input:"?"', "no letter and no digit"),
        ("signal: anger", "signal:", "needs a value right behind the colon"),
        ("a /(b/", "/(b/", "bracket is not closed"),
        ("model:/[/", "model:/[/", "[ is not closed"),
        (f"/{'a' * 501}/", f"/{'a' * 501}/", "1 to 500 characters"),
        ("/((a{1,200}){1,200}){1,200}/", "/((a{1,200}){1,200}){1,200}/", "too large"),
        (r"/(a)\1/", r"/(a)\1/", r"\1 is not known"),
        ("/(?=a)/", "/(?=a)/", "no look-around"),
        ('a ~"!?"', '~"!?"', "no letter and no digit"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_at_its_place(world: Any, query: str, place: str, says: str) -> None:
    error = refused(world, query)
    assert says in error.message
    assert query[error.start : error.end] == place


def test_meaning_is_taken_out_of_what_it_ranks(project: Any) -> None:
    meaning, rest = split_meaning(parse('signal:x ~"wants money" a OR b'))
    assert meaning is None
    meaning, rest = split_meaning(parse('a ~"wants money" b'))
    assert meaning is not None and meaning.text == "wants money" and str(rest) == "a b"
    meaning, rest = split_meaning(parse('~"a" ~"b"'))
    assert meaning is not None and meaning.text == "a" and str(rest) == '~"b"'


def test_known_values_come_with_their_counts(world: Any) -> None:
    def known(name: str, **options: Any) -> list[tuple[str, int]]:
        match = find_field(name)
        assert match is not None
        return match[0].known(Scope(world), key=match[1], **options)

    assert known("model") == [("claude-4", 1), ("gpt-4o", 1)]
    assert known("model", starts="GPT") == [("gpt-4o", 1)]
    assert known("tool") == [("book_flight", 1), ("search", 1)]
    assert known("signal") == [("anger", 1)]
    assert known("prop.plan") == [("free", 1), ("pro", 1)]
    assert known("prop.tags", limit=1) == [("beta", 1)]
    assert known("release") == [("r2", 1), ("r3", 1)]
    assert known("text") == []


def test_agents_that_were_handed_to_are_counted(world: Any) -> None:
    facets = count_facets(Event.objects.filter(project=world), by="agent", scope=Scope(world), limit=9)
    assert {one.value: one.events for one in facets} == {"router": 1, "refunds": 1}


def test_every_field_has_an_example_that_works(world: Any) -> None:
    """With values that the project has in place of the example's."""
    for field in all_fields():
        if field.name in (
            "signal",
            "signal.group",
            "score",
            "issue",
            "label",
            "cluster",
            "problem",
            "intent",
        ):
            continue
        assert find_field(parse_name(field)) is not None
        find_events(parse(field.example), Scope(world)).exists()


def parse_name(field: Field) -> str:
    leaf = parse(field.example)
    return getattr(leaf, "name", "")


def test_two_fields_of_one_name_are_refused() -> None:
    match = find_field("model")
    assert match is not None
    register(match[0])  # again, the same
    other = type(match[0])(name="other", title="", example="other:x", aliases=("model",), column="name")  # type: ignore[call-arg]  # its class is a Column
    with pytest.raises(ValueError, match="Two fields are called 'model'"):
        register(other)


def test_what_reads_texts_is_known_beforehand() -> None:
    slow = ["refund", "/x/", "prop.a:b", "release:r3", "user:a*", "-24h refund"]
    assert [looks_into_texts(parse(query)) for query in slow] == [True] * len(slow)
    assert not any(looks_into_texts(parse(query)) for query in ("", "user:a", "-24h", "signal:x tool:y"))


def test_relative_times_count_from_the_scope(project: Any, make_event: MakeEvent) -> None:
    event = make_event(event_id="e", timestamp=timezone.now() - timezone.timedelta(hours=3))
    for query, held in (
        ("-2h", False),
        ("-4h", True),
        ("since:4h", True),
        ("until:4h", False),
        ("time:<2h", True),
    ):
        assert holds(parse(query), Facts([event], Scope(project))) == [held], query
