"""Evidence in groups, and the dimensions that stand out."""

import re
import uuid
from collections.abc import Callable
from html import unescape
from typing import Any

import numpy as np
import pytest
from django.test import Client

from ingest.counts.rollups import count_events
from ingest.jobs.runner import run_job
from ingest.models import Event, Job, Project, User
from ingest.models.jobs import JobState
from raindrop.embedder import embed_texts
from signals.detection.stage import detect
from signals.discovery import evidence_report
from signals.discovery.breakdown import Row, compare
from signals.discovery.evidence_groups import cluster, collect
from signals.discovery.evidence_report import clusters_of, make_clusters
from signals.discovery.evidence_values import group_values
from signals.discovery.keywords import telling_words, words_of
from signals.models import EvidenceClusters, SignalDefinition, SignalMatch
from signals.pages import clusters as cluster_pages
from signals.taxonomy.definitions import create_signal
from tests.html import html_of

MakeEvent = Callable[..., Event]
USELESS = ["this is useless", "you are useless", "completely useless bot", "This is  USELESS"]
REPEATED = ["I already told you that", "I told you this already", "as I already said"]


def snippets_of(texts: list[str]) -> list[Any]:
    return collect([(text, uuid.uuid4(), uuid.uuid4()) for text in texts], most=100)


def test_the_same_text_is_one_snippet_with_all_its_events() -> None:
    event, user = uuid.uuid4(), uuid.uuid4()
    found = collect([("A b", event, user), ("a  B", event, user), ("a b", uuid.uuid4(), None), ("\n", event, user),
                     ("c", event, user), ("d", event, user)], most=2)  # fmt: skip
    assert [snippet.text for snippet in found] == ["A b", "c"]
    assert len(found[0].events) == 2 and found[0].users == {user}


def test_what_says_the_same_is_one_group_named_by_its_words() -> None:
    snippets = snippets_of(USELESS + REPEATED + ["tool returned error 500"])
    groups = cluster(snippets, embed_texts([snippet.text for snippet in snippets]), most=10)
    assert [len(group.events) for group in groups] == [4, 3, 1]
    assert groups[0].words[0] == "useless" and groups[0].users == 4
    assert {"already", "told"} & set(groups[1].words)
    again = cluster(snippets, embed_texts([snippet.text for snippet in snippets]), most=10)
    assert again == groups
    assert len(cluster(snippets, embed_texts([s.text for s in snippets]), most=1)) == 1


def test_none_and_one() -> None:
    assert cluster([], np.zeros((0, 384), np.float32), most=5) == []
    [only] = cluster(snippets_of(["?!"]), embed_texts(["?!"]), most=5)
    assert (only.words, only.example) == ([], "?!")


def test_words() -> None:
    assert words_of("I can’t do THAT for you") == ["can't"]
    assert words_of("it is") == ["it", "is"]
    assert telling_words([["refund now", "refund please"], ["please wait"]])[0][0] == "refund"


def values_of(texts: list[str], most: int = 12) -> list[tuple[str, int]]:
    pieces = [(text, uuid.uuid4(), uuid.uuid4()) for text in texts]
    return [(one.example, len(one.events)) for one in group_values(pieces, most=most)]


def test_few_measured_values_are_a_group_each() -> None:
    assert values_of(["tool_errors 3", "tool_errors 4", "tool_errors 3"]) == [
        ("tool_errors 3", 2),
        ("tool_errors 4", 1),
    ]


def test_what_was_measured_of_several_things_is_grouped_by_the_thing() -> None:
    slow = [f"find_v2 took {n}.5 s." for n in range(9, 13)] + [f"book took {n:,}.0 s." for n in (999, 1000)]
    assert values_of([*slow, "book took 70.0 s."], most=4) == [
        ("find_v2 took 9.5 to 12.5 s.", 4),
        ("book took 70.0 to 1,000.0 s.", 3),
    ]


def test_one_measure_of_many_values_is_grouped_in_ranges() -> None:
    found = values_of([f"turns {n}" for n in range(20)])
    assert sorted(found) == sorted([(f"turns {n} to {n + 3}", 4) for n in range(0, 20, 4)])


@pytest.fixture
def told(project: Project, make_event: MakeEvent) -> None:
    for n, text in enumerate([*USELESS, *REPEATED, "<b>useless</b> & more"]):
        make_event(input=text, user_id=f"u{n}", model="small" if n < 4 else "big", properties={"plan": "pro"})
    for n in range(12):
        make_event(input=f"Hello {n}", model="big", properties={"plan": "free", "id": str(n)})
    create_signal(project=project, name="Cross", config={"pattern": ".*(useless|already).*"})
    events = list(Event.objects.select_related("project"))
    detect(events)
    count_events(events)


def evidence_jobs() -> list[Job]:
    return list(Job.objects.filter(kind__startswith="evidence", state=JobState.QUEUED))


def test_the_page_asks_for_groups_shows_them_and_leads_to_their_events(
    told: None, project: Project, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Client()
    page.force_login(member)
    here = f"/p/{project.slug}/signals/cross/clusters/"
    assert "takes a few seconds" in html_of(page.get(here))
    page.get(here)
    [job] = evidence_jobs()
    run_job(job.id)
    html = html_of(page.get(here))
    assert "useless" in html and "<b>useless" not in html and not evidence_jobs()
    known = EvidenceClusters.objects.get()
    assert sum(one["matches"] for one in known.clusters) == 8 == known.matches
    largest = known.clusters[0]
    html = html_of(page.get(f"{here}{largest['id']}/"))
    assert html.count("data-match") == largest["matches"] and 'data-judge="right"' in html
    assert (
        page.get(f"{here}{largest['id']}/").context["chart"]["series"][0]["values"][-1] == largest["matches"]
    )
    monkeypatch.setattr(cluster_pages, "PAGE", 1)
    seen, address = [], f"{here}{largest['id']}/"
    while address:
        shown = page.get(address)
        seen += [match.event_id for match in shown.context["matches"]]
        cursor = shown.context["next_cursor"]
        address = f"{here}{largest['id']}/?cursor={cursor}" if cursor else ""
    assert len(seen) == len(set(seen)) == largest["matches"] > 1, "all of them, a page at a time"
    assert page.get(f"{here}{largest['id']}/?cursor=x").status_code == 400
    [model] = [one for one in shown.context["dimensions"] if one.name == "Event"]
    assert sum(value.events for value in model.values) == largest["matches"]
    wanted = re.search(r'href="([^"]*issues/new/[^"]*)"', html_of(shown))
    assert wanted
    form = page.get(unescape(wanted[1]))
    title = form.context["form"].initial["title"]
    assert title.startswith("Cross: ") and largest["words"][0] in title
    assert largest["example"] in form.context["form"].initial["description"]
    made = page.post(unescape(wanted[1]), {"title": title, "description": "d"})
    assert f"?event={seen[0]}" in made.headers["Location"], "its newest event is asked about first"
    gone = page.get(f"{here}nothing/", follow=True)
    assert "grouped otherwise" in html_of(gone)
    assert page.get(f"{here}?period=7d").status_code == 200 and len(evidence_jobs()) == 1


def test_they_are_made_anew_when_matches_come(
    told: None, project: Project, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = SignalDefinition.objects.select_related("project").get(key="cross")
    clusters_of(signal, days=14)
    run_job(evidence_jobs()[0].id)
    clusters_of(signal, days=14)
    assert not evidence_jobs()
    event = make_event(input="useless thing")
    detect([event])
    count_events([event])
    clusters_of(signal, days=14)
    [job] = evidence_jobs()

    def fails(*args: object, **kwargs: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(evidence_report, "make_clusters", fails)
    with pytest.raises(RuntimeError):
        run_job(job.id)
    clusters_of(signal, days=14)  # a run that failed is not asked for again at once
    assert not evidence_jobs()


def test_a_measured_signal_shows_its_values_and_one_without_evidence_says_so(
    project: Project, make_event: MakeEvent, member: User
) -> None:
    signal = create_signal(project=project, name="Errors", config={"metric": "input_length >= 2"})
    events = [make_event(input="x" * (n % 2 + 2)) for n in range(3)]
    detect(events)
    page = Client()
    page.force_login(member)
    here = f"/p/{project.slug}/signals/errors/clusters/"
    make_clusters(signal, days=14)
    html = html_of(page.get(here))
    assert "input_length 2" in html and "input_length 3" in html and "<q" not in html
    largest = EvidenceClusters.objects.get().clusters[0]
    assert largest["matches"] == 2 and "input_length 2" in html_of(page.get(f"{here}{largest['id']}/"))
    SignalMatch.objects.update(evidence=[])
    make_clusters(signal, days=14)
    assert "None of its 3 matches in these days quotes anything" in html_of(page.get(here))


def test_a_signal_without_matches_asks_for_nothing(project: Project, member: User) -> None:
    create_signal(project=project, name="Never", config={"words": ["never"]})
    page = Client()
    page.force_login(member)
    clusters = f"/p/{project.slug}/signals/never/clusters/"
    assert "still looked for" in html_of(page.get(clusters))
    Job.objects.update(state=JobState.DONE)
    assert "Once events match" in html_of(page.get(clusters))
    assert not evidence_jobs()


def test_dimensions_that_stand_out(told: None, project: Project, member: User) -> None:
    page = Client()
    page.force_login(member)
    dimensions = page.get(f"/p/{project.slug}/signals/cross/breakdown/").context["dimensions"]
    assert [dimension.name for dimension in dimensions] == ["Model", "Event", "plan"]
    [big, small] = sorted(dimensions[0].values, key=lambda value: value.name)
    assert (small.events, small.rate, small.usual) == (4, 0.5, 0.2) and small.lift == 2.5 and small.stands_out
    assert big.lift == 0.625
    [pro] = dimensions[2].values
    assert (pro.name, pro.rate, pro.lift) == ("pro", 1.0, 2.5)
    assert pro.parameters == {"property": "plan=pro"}
    for value in [big, small, pro]:
        listed = page.get(
            f"/p/{project.slug}/events/", {**value.parameters, "signal": "cross", "range": "14d"}
        )
        assert len(listed.context["rows"]) == value.events, value.name


def test_odd_properties_are_left_out() -> None:
    rows = [
        Row(("", "", {"a": {"b": 1}, "c": None, "d": "", "e": "x" * 99, "f": True})),
        Row(("", "", ["no"])),
        Row(("", "", None)),
    ]
    [cut] = compare([Row(("", "", {"a=b": "c"}))], [])
    assert cut.values[0].parameters == {}, "property=a=b=c is the property a"
    [only] = compare(rows, [])
    assert (only.name, only.values[0].name, only.values[0].lift) == ("f", "true", None)
    assert compare([], rows) == []
    ids = [Row(("m", "n", {"id": str(n)})) for n in range(60)]
    assert [dimension.name for dimension in compare(ids, ids)] == ["Model", "Event"]


def test_a_value_counts_its_different_users_and_tools_are_a_dimension() -> None:
    ann, bob = uuid.uuid4(), uuid.uuid4()
    held = [Row(("m", "", {}), user, frozenset({"search"})) for user in (ann, ann, bob, None)]
    usual = held + [Row(("m", "", {})) for _ in range(12)]
    [model, tools] = compare(held, usual)
    assert (model.name, tools.name) == ("Model", "Tools called")
    [search] = tools.values
    assert (search.events, search.users, search.rate, search.usual, search.lift) == (4, 2, 1.0, 0.25, 4.0)
    assert search.parameters == {"tool": "search"}
    assert search.low < search.rate <= search.high and search.stands_out
    assert not model.values[0].stands_out and model.values[0].parameters == {"model": "m"}
