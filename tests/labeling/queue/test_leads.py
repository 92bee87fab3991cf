"""Signals, clusters and queries as sources of an issue's candidates: named by a person, or read off the issue's text."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

import raindrop.pipeline
from ingest.models import Event
from ingest.store.events import IncomingSpan
from issues.actions import create_issue
from issues.following.searching import begin_search
from issues.following.sources import read_source
from issues.models import Issue
from labeling.labels.labels import record_label
from labeling.models import SearchStart
from labeling.queue import leads
from labeling.queue.leads import Lead, found_by_lead, has_turn, is_gone, leads_in, leads_of
from labeling.queue.of_issues import next_cards
from labeling.teaching import retrain
from signals.models import SignalDefinition, SignalMatch
from signals.search.language.parsing import parse
from signals.taxonomy.definitions import create_signal
from tests.html import html_of
from tests.issues.following.test_follows import cluster_of
from tests.issues.people import Api

Make = Callable[..., Event]
TITLE = "Gives a price in the wrong currency"


@pytest.fixture
def events(make_event: Make) -> list[Event]:
    """Forty, most of them alike; the last two call the tool ship_parcel, which fails the last time."""
    others = {
        7: "Are you open on Sundays?",
        21: "My umbrella is torn",
        38: "Send it to Lisbon",
        39: "Where is my parcel?",
    }
    spans = [[]] * 38 + [
        [IncomingSpan(span_id=f"s{n}", name="ship_parcel", kind="tool", status=status)]
        for n, status in enumerate(("ok", "error"))
    ]
    made = [
        make_event(input=others.get(n, f"Do you sell the green hat in size {n}?"), output="We do.", convo_id=f"c{n}", spans=tuple(steps))
        for n, steps in enumerate(spans)
    ]  # fmt: skip
    raindrop.pipeline.process([event.id for event in made])
    return made


@pytest.fixture
def signal(project: Any, events: list[Event]) -> SignalDefinition:
    """A signal of the team's own, on the eighth event."""
    found = create_signal(
        project=project,
        name="Odd one",
        description="Something that nobody has a word for.",
        config={"words": ["zzz"]},
    )
    event = events[7]
    SignalMatch.objects.create(
        project=project, signal=found, event=event, timestamp=event.timestamp, score=1.0, evidence=[]
    )
    return found


@pytest.fixture
def api(client: Client, admin_key: str) -> Api:
    return Api(client, admin_key)


@pytest.fixture
def page(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


def start(project: Any, choice: dict[str, str], title: str = TITLE) -> Issue:
    source = read_source(project, choice)
    return begin_search(project=project, title=title, description="", source=source, user=None)


def new_issue(page: Client, project: Any, **where: str) -> Issue:
    address = reverse("issue-new", args=[project.slug])
    assert page.get(address, where).status_code == 200
    made = page.post(
        f"{address}?{'&'.join(f'{k}={v}' for k, v in where.items())}",
        {"title": TITLE, "description": "", "how": "labels"},
    )
    assert made.status_code == 302
    return Issue.objects.latest("number")


def test_a_search_from_a_signal_asks_about_its_matches_and_says_so(
    page: Client, project: Any, events: list[Event], signal: SignalDefinition, member: Any
) -> None:
    issue = new_issue(page, project, signal=signal.key)
    assert issue.follows == ""
    review = page.get(reverse("issue-review", args=[project.slug, issue.number]))
    assert review.context["shown"].card.event == events[7]
    text = html_of(review)
    assert "found by the signal Odd one" in text
    assert f"q=signal%3A{signal.key}" in text
    # A match keeps a search from falling back: with a classifier the start still counts.
    record_label(subject=issue, event=events[3], answer="match", user=member)
    assert retrain(issue) is not None
    assert events[7] in [card.event for card in next_cards(issue=issue, limit=3, user=member)]


def test_a_search_from_a_cluster(page: Client, project: Any, events: list[Event]) -> None:
    cluster = cluster_of(project, events[20:22], label="Sizes <b>run</b> small")
    assert (
        f"{reverse('issue-new', args=[project.slug])}?cluster={cluster.pk}&amp;how=labels"
        in page.get(reverse("cluster", args=[project.slug, cluster.pk])).content.decode()
    )
    issue = new_issue(page, project, cluster=str(cluster.pk))
    assert set(events[20:22]) <= {card.event for card in next_cards(issue=issue, limit=6)}
    review = page.get(reverse("issue-review", args=[project.slug, issue.number])).content.decode()
    assert escape("found by the cluster Sizes <b>run</b> small") in review
    cluster.delete()
    assert [is_gone(lead, project) for lead in leads_of(issue)][:1] == [True]
    assert len(next_cards(issue=issue, limit=5)) == 5, "the text still finds some"


def test_a_search_from_a_query_by_the_api(api: Api, project: Any, events: list[Event]) -> None:
    body = {"title": TITLE, "start": {"query": "tool:ship_parcel"}}
    made = api.post("/api/issues/", body).json()
    assert made["follows"] is None
    found = api.get(f"/api/issues/{made['number']}/candidates/?limit=6").json()["results"]
    named = {"kind": "query", "name": "tool:ship_parcel", "query": "tool:ship_parcel"}
    mine = {one["event_id"] for one in found if named in one["found_by"]}
    assert mine == {events[38].event_id, events[39].event_id}
    assert found[0]["event_id"] in mine
    for wrong, field in (
        ({"start": {"query": "tool:("}}, "start.query"),
        ({"start": {"signal": "nobody_has_it"}}, "start.signal"),
        ({"start": {"query": ""}}, "start.query"),
    ):
        answer = api.post("/api/issues/", {"title": TITLE, **wrong})
        assert answer.status_code == 400 and answer.json()["error"]["details"]["field"] == field
    both = {"start": {"query": "tool:ship_parcel"}, "follows": {"query": "tool:ship_parcel"}}
    assert api.post("/api/issues/", {"title": TITLE, **both}).status_code == 400
    assert Issue.objects.count() == 1


def test_a_random_card_says_nothing_of_what_finds_it(
    page: Client, project: Any, events: list[Event], signal: SignalDefinition
) -> None:
    issue = start(project, {"query": "hat"})
    audit = page.get(reverse("issue-review", args=[project.slug, issue.number]) + "?for=audit")
    assert audit.context["shown"].is_blind and "lead-chip" not in audit.content.decode()


def test_a_title_names_a_signal_by_meaning(project: Any, events: list[Event]) -> None:
    issue = create_issue(project=project, title="The agent repeats its answer word for word", description="")
    assert Lead("signal", "Agent repeats itself", "signal:agent_repetition") in leads_in(issue)
    SignalDefinition.objects.filter(project=project, key="agent_repetition").update(enabled=False)
    assert "signal:agent_repetition" not in [lead.query for lead in leads_in(issue)]


def test_a_title_names_a_tool_that_failed(project: Any, events: list[Event]) -> None:
    issue = create_issue(project=project, title="ship_parcel failed and the agent went on", description="")
    [lead] = [lead for lead in leads_in(issue) if lead.kind == "query"]
    assert lead == Lead("query", "tool.failed:ship_parcel", "tool.failed:ship_parcel")
    assert found_by_lead(lead, issue, 10) == [events[39].id]
    first, second = next_cards(issue=issue, limit=2)
    assert (first.event, first.leads, second.leads) == (events[39], (lead,), ())


def test_nothing_is_read_off_a_title_that_names_a_time_alone(project: Any, events: list[Event]) -> None:
    issue = create_issue(project=project, title="last week", description="")
    assert [lead for lead in leads_in(issue) if lead.kind == "query"] == []


def test_a_title_in_a_project_without_events(project: Any) -> None:
    issue = create_issue(project=project, title=TITLE, description="")
    assert [lead for lead in leads_in(issue) if lead.kind == "query"] == []
    assert next_cards(issue=issue, limit=3) == []


def test_a_lead_that_finds_much_counts_only_where_a_person_named_it(
    project: Any, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = create_issue(project=project, title=TITLE, description="")
    monkeypatch.setattr(leads, "FEW", 1)
    many = Lead("query", "hat", "hat")
    assert found_by_lead(many, issue, 50) == []
    assert len(found_by_lead(Lead("query", "hat", "hat", is_start=True), issue, 50)) == 36
    assert len(found_by_lead(Lead("query", "x", "tool:ship_parcel"), issue, 50)) == 2


def test_a_lead_that_takes_long_finds_nothing(
    project: Any, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = start(project, {"query": "hat"})
    lead = leads_of(issue)[0]
    assert found_by_lead(lead, issue, 1) != []

    def slow(*given: Any, **more: Any) -> Any:
        return Event.objects.filter(project=project).extra(where=["pg_sleep(30) IS NOT NULL"])

    monkeypatch.setattr(leads, "PATIENCE", leads.PATIENCE / 200)
    monkeypatch.setattr(leads, "find_events", slow)
    assert found_by_lead(lead, issue, 1) == []
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        assert cursor.fetchone() == ("0",), "what held before holds again"


def test_another_projects_events_signals_and_starts_are_not_seen(
    project: Any, other_project: Any, events: list[Event], signal: SignalDefinition, make_event: Make
) -> None:
    theirs = make_event(of=other_project, input="hat", output="hat", convo_id="x")
    raindrop.pipeline.process([theirs.id])
    issue = start(project, {"query": "hat"})
    assert theirs.id not in found_by_lead(leads_of(issue)[0], issue, 100)
    foreign = create_issue(project=other_project, title=TITLE, description="")
    assert found_by_lead(Lead("signal", "Odd one", f"signal:{signal.key}", True), foreign, 10) == []
    with pytest.raises(ValueError, match="There is no signal"):
        read_source(other_project, {"signal": signal.key})
    assert SearchStart.objects.get().project == project


def test_an_issue_that_follows_something_has_no_leads(api: Api, project: Any, events: list[Event]) -> None:
    made = api.post("/api/issues/", {"title": "ship_parcel failed", "follows": {"query": "tool:ship_parcel"}}).json()  # fmt: skip
    assert leads_of(Issue.objects.get(number=made["number"])) == []


def test_what_goes_by_meaning_is_no_condition() -> None:
    keys, others = leads.parts_of(parse('signal:refusal,win ~"something odd" tool:x -release:3'))
    assert (keys, [str(one) for one in others]) == (["refusal", "win"], ["tool:x", "-release:3"])


def test_a_lead_that_is_answered_no_loses_its_turn(
    page: Client, project: Any, events: list[Event], member: Any
) -> None:
    """What waits on a screen counts as a no, so that the cards chosen ahead do not go on; a yes brings the lead back. What a person named stays."""
    found = events[20:34]
    signal = create_signal(
        project=project, name="Wrong currency", description="A price in the wrong currency.", config={"words": ["zzz"]}
    )  # fmt: skip
    SignalMatch.objects.bulk_create(
        SignalMatch(project=project, signal=signal, event=event, timestamp=event.timestamp, score=1.0, evidence=[])
        for event in found
    )  # fmt: skip
    issue = create_issue(project=project, title=TITLE, description="")
    begun = new_issue(page, project, signal=signal.key)
    assert [lead.is_guessed for lead in (*leads_of(issue), *leads_of(begun))] == [True, False]

    def is_led(**more: Any) -> bool:
        return any(card.leads for card in next_cards(issue=issue, limit=3, user=member, **more))

    assert is_led()
    assert not is_led(exclude=[event.pk for event in found[:3]])
    for event in found[:2]:
        record_label(subject=issue, event=event, answer="not_match", user=member)
    assert is_led() and not is_led(exclude=[found[2].pk])
    record_label(subject=issue, event=found[2], answer="not_match", user=member)
    assert not is_led()
    record_label(subject=issue, event=found[3], answer="match", user=member)
    assert is_led()
    for event in found[:4]:
        record_label(subject=begun, event=event, answer="not_match", user=member)
    assert any(card.leads for card in next_cards(issue=begun, limit=3, user=member))


def test_a_lead_has_its_turn_until_three_noes_in_a_row() -> None:
    def turn(answers: str) -> bool:
        """`answers`: the newest first, of events that it finds; the fifth event, of which it knows nothing, is a match."""
        given = {number: letter == "y" for number, letter in enumerate(answers)}
        return has_turn(range(4), given)

    assert turn("") and turn("nn") and turn("nny") and turn("ynnn")
    assert not turn("nnn") and not turn("nnny") and not turn("nnnny")
    assert has_turn({1, 2}, {}, {1, 2}) and not has_turn({1, 2, 3}, {}, {1, 2, 3})
    assert not has_turn({1, 2, 3}, {1: False}, {2, 3}) and has_turn({1, 2, 3}, {1: True}, {2})
