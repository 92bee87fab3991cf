"""The signals' pages and admin: members see them, strangers do not, and what users sent stays text."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ingest.counts.rollups import count_events
from ingest.jobs.runner import run_job
from ingest.models import Event, ExplicitSignal, Project, User
from signals.catalogue.installing import install_builtin_signals
from signals.detection.backfill import request_backfill
from signals.detection.stage import detect
from signals.models import SignalDefinition, SignalMatch
from signals.taxonomy.definitions import create_signal
from tests.html import html_of

MakeEvent = Callable[..., Event]
EVIL = "<script>alert(1)</script> this is ridiculous & <b>useless</b>"


@pytest.fixture
def page(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


@pytest.fixture
def matched(project: Project, make_event: MakeEvent) -> Event:
    event = make_event(input=EVIL, output="<img src=x>", convo_id="c/1", event_id="e 1?#&")
    rows = list(Event.objects.select_related("project"))
    detect(rows)
    count_events(rows)
    return event


def test_the_list_shows_each_signal_with_its_numbers(page: Client, matched: Event, project: Project) -> None:
    html = html_of(page.get(f"/p/{project.slug}/signals/"))
    assert "User frustration" in html and "Tool failure" in html
    row = html[html.index("User frustration") :]
    assert "100%" in row[: row.index("</tr>")]


def test_an_empty_project_lists_the_built_in_signals(page: Client, project: Project) -> None:
    answer = page.get(f"/p/{project.slug}/signals/")
    assert answer.status_code == 200 and b"Refusal" in answer.content


@pytest.mark.parametrize(
    "query", ["kind=explicit", "sentiment=positive", "group=Tools", "q=fail", "group=none", "reviewed=no"]
)
def test_filters_narrow_the_list(page: Client, project: Project, query: str) -> None:
    answer = page.get(f"/p/{project.slug}/signals/?{query}")
    assert answer.status_code == 200
    assert b">User frustration</a>" not in answer.content


def test_a_search_for_nothing_readable_is_no_search(page: Client, project: Project) -> None:
    assert b">User frustration</a>" in page.get(f"/p/{project.slug}/signals/?q=%00&kind=%00&group=").content


def test_the_list_costs_few_queries(
    page: Client, project: Project, django_assert_max_num_queries: Any
) -> None:
    install_builtin_signals(project)
    with django_assert_max_num_queries(20):
        page.get(f"/p/{project.slug}/signals/")


def test_the_page_shows_evidence_and_escapes_everything(
    page: Client, matched: Event, project: Project
) -> None:
    html = html_of(page.get(f"/p/{project.slug}/signals/user_frustration/"))
    assert "<script>alert(1)" not in html and "<b>useless" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert re.search(r'<mark class="evidence">this is ridiculous</mark>', html)
    assert "/events/e%201%3F%23" in html and "/conversations/c/1" in html


def test_an_unknown_signal_is_not_found(page: Client, project: Project) -> None:
    assert page.get(f"/p/{project.slug}/signals/nothing/").status_code == 404


def test_strangers_find_nothing(project: Project, stranger: User, matched: Event) -> None:
    client = Client()
    assert client.get(f"/p/{project.slug}/signals/").status_code == 302
    client.force_login(stranger)
    for path in ("signals/", "signals/win/"):
        assert client.get(f"/p/{project.slug}/{path}").status_code == 404
    assert client.post(f"/p/{project.slug}/signals/win/enabled/").status_code == 404
    assert SignalDefinition.objects.get(project=project, key="win").enabled


def test_a_viewer_reads_only(project: Project, viewer: User, matched: Event) -> None:
    client = Client()
    client.force_login(viewer)
    html = html_of(client.get(f"/p/{project.slug}/signals/win/"))
    assert "Threshold" in html and 'name="description"' not in html
    assert client.post(f"/p/{project.slug}/signals/win/", {"name": "x"}).status_code == 403
    assert client.post(f"/p/{project.slug}/signals/win/enabled/").status_code == 403
    assert SignalDefinition.objects.get(project=project, key="win").name == "Win"


def test_the_switch(page: Client, project: Project) -> None:
    install_builtin_signals(project)
    url = f"/p/{project.slug}/signals/win/enabled/"
    answer = page.post(url, {}, headers={"HX-Request": "true"})
    assert answer.status_code == 200 and b"checked" not in answer.content
    assert not SignalDefinition.objects.get(key="win").enabled
    assert page.post(url, {"enabled": "on"}).status_code == 302
    assert SignalDefinition.objects.get(key="win").enabled
    assert page.get(url).status_code == 405


def test_editing(page: Client, project: Project) -> None:
    install_builtin_signals(project)
    url = f"/p/{project.slug}/signals/win/"
    form = {
        "name": "Praise",
        "description": "d",
        "sentiment": "positive",
        "group": "",
        "enabled": "on",
        "threshold": "0.8",
    }
    assert page.post(url, form).status_code == 302
    signal = SignalDefinition.objects.get(key="win")
    assert (signal.name, signal.threshold, signal.group) == ("Praise", 0.8, None)
    for field, value in (
        ("threshold", "7"),
        ("threshold", "nan"),
        ("name", ""),
        ("sentiment", "sad"),
        ("group", "1"),
        ("name", "\x00"),
    ):
        answer = page.post(url, {**form, field: value})
        assert answer.status_code == 400 and b"invalid-feedback" in answer.content
    assert SignalDefinition.objects.get(key="win").name == "Praise"


def test_editing_a_words_signal(page: Client, project: Project) -> None:
    SignalDefinition.objects.create(
        project=project, key="refunds", name="Refunds", config={"words": ["refund"]}
    )
    url = f"/p/{project.slug}/signals/refunds/"
    form = {
        "name": "Refunds",
        "description": "",
        "sentiment": "neutral",
        "group": "",
        "threshold": "",
        "enabled": "on",
    }
    assert b"refund</textarea>" in page.get(url).content
    assert page.post(url, {**form, "expressions": "refund\nmoney back"}).status_code == 302
    assert SignalDefinition.objects.get(key="refunds").config == {"words": ["refund", "money back"]}
    assert page.post(url, {**form, "expressions": "/refund(s|ed)?/"}).status_code == 302
    assert SignalDefinition.objects.get(key="refunds").config == {"pattern": "refund(s|ed)?"}
    assert b"not valid" in page.post(url, {**form, "expressions": "/refund(/"}).content


def test_names_that_the_app_sent_are_marked_until_reviewed(
    page: Client, project: Project, make_event: MakeEvent
) -> None:
    event = make_event(input="hi", output="ho")
    ExplicitSignal.objects.create(
        project=project, app_event_id=event.event_id, event=event, name="Thumbs <i>Down", timestamp=event.timestamp,
        fingerprint="1", properties={"comment": "<u>bad</u>"},
    )  # fmt: skip
    detect(list(Event.objects.select_related("project")))
    html = html_of(page.get(f"/p/{project.slug}/signals/"))
    assert "nobody has looked at" in html and "Thumbs &lt;i&gt;Down" in html
    [signal] = SignalDefinition.objects.filter(kind="explicit")
    html = html_of(page.get(f"/p/{project.slug}/signals/{signal.key}/"))
    assert "&lt;u&gt;bad&lt;/u&gt;" in html and "<u>bad" not in html
    assert page.post(f"/p/{project.slug}/signals/{signal.key}/reviewed/").status_code == 302
    assert "nobody has looked at" not in html_of(page.get(f"/p/{project.slug}/signals/"))


# -- admin


@pytest.fixture
def owner(project: Project) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="correct horse battery"))
    return client


DEFINITIONS = "/admin/signals/signaldefinition/"


def test_the_admin_lists_searches_and_opens(owner: Client, matched: Event) -> None:
    for path in (
        "",
        "?q=refusal",
        "?enabled__exact=1&sentiment__exact=negative",
        f"{SignalDefinition.objects.get(key='win').pk}/change/",
        "add/",
    ):
        assert owner.get(DEFINITIONS + path).status_code == 200, path
    assert owner.get("/admin/signals/signalgroup/").status_code == 200
    assert owner.get("/admin/signals/signalmatch/").status_code == 200
    match = SignalMatch.objects.first()
    assert match is not None
    assert owner.get(f"/admin/signals/signalmatch/{match.pk}/change/").status_code == 200
    assert owner.get("/admin/signals/signalmatch/add/").status_code == 403


@pytest.mark.parametrize(
    ("action", "field", "value"),
    [
        ("disable", "enabled", False),
        ("enable", "enabled", True),
        ("mute", "muted", True),
        ("unmute", "muted", False),
        ("reviewed_now", "reviewed", True),
    ],
)
def test_admin_actions(owner: Client, project: Project, action: str, field: str, value: bool) -> None:
    install_builtin_signals(project)
    signal = SignalDefinition.objects.get(key="win")
    owner.post(DEFINITIONS, {"action": action, "_selected_action": [str(signal.pk)]})
    signal.refresh_from_db()
    assert getattr(signal, field) is value


def test_a_trial_on_recent_events_saves_nothing(owner: Client, matched: Event, make_event: MakeEvent) -> None:
    make_event(input="You are useless!")
    signal = SignalDefinition.objects.get(key="user_frustration")
    before = SignalMatch.objects.count()
    answer = owner.post(DEFINITIONS, {"action": "test_on_recent", "_selected_action": [str(signal.pk)]})
    html = html_of(answer)
    assert "<strong>2</strong> of the newest 2 events match" in html
    assert "<script>alert(1)" not in html and '<mark class="evidence">You are useless</mark>' in html
    assert SignalMatch.objects.count() == before


def test_the_admin_refuses_a_bad_config(owner: Client, project: Project) -> None:
    form = {"project": str(project.pk), "key": "mine", "name": "Mine", "kind": "implicit", "detector": "rule", "reads": "user",
            "sentiment": "neutral", "config": '{"pattern": "("}', "enabled": "on"}  # fmt: skip
    assert b"not valid" in owner.post(DEFINITIONS + "add/", form).content
    assert owner.post(DEFINITIONS + "add/", {**form, "config": '{"words": ["a"]}'}).status_code == 302


def test_what_is_still_looked_for_in_the_history_says_that_its_numbers_grow(
    page: Client, project: Project
) -> None:
    signal = create_signal(project=project, name="Refund", config={"words": ["refund"]})
    here = f"/p/{project.slug}/signals/"
    job = request_backfill(signal)
    assert "counting…" in html_of(page.get(f"{here}refund/"))
    assert html_of(page.get(here)).count("counting…") == 1
    run_job(job.id)
    assert "counting" not in html_of(page.get(here)) + html_of(page.get(f"{here}refund/"))


def test_a_threshold_is_offered_where_it_means_something(page: Client, project: Project) -> None:
    create_signal(project=project, name="Refund", config={"words": ["refund"]})
    for key, offered in (("refund", False), ("win", True)):
        html = html_of(page.get(f"/p/{project.slug}/signals/{key}/"))
        assert ("Threshold" in html) is offered, key
