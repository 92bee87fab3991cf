"""Managing the taxonomy in the app: names, bulk changes, defaults, history; who may, and what strangers cannot."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ingest.models import Event, ExplicitSignal, Project, User
from ingest.models.queue import QueuedEvent
from signals.catalogue.installing import install_builtin_signals
from signals.detection.stage import detect
from signals.models import SignalDefault, SignalDefinition, SignalGroup
from signals.taxonomy.defaults import change_defaults

MakeEvent = Callable[..., Event]


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def page(member: User) -> Client:
    return browser(member)


def send(project: Project, event: Event, name: str, **fields: Any) -> None:
    fields = {"timestamp": event.timestamp, **fields}
    ExplicitSignal.objects.create(
        project=project, app_event_id=event.event_id, event=event, name=name, fingerprint=f"{name}{fields}{event.pk}", **fields
    )  # fmt: skip


def run(*events: Event) -> None:
    detect(list(Event.objects.filter(pk__in=[event.pk for event in events]).select_related("project")))


def signal(project: Project, key: str) -> SignalDefinition:
    return SignalDefinition.objects.get(project=project, key=key)


@pytest.fixture
def sent(project: Project, make_event: MakeEvent) -> Event:
    event = make_event(input="hi", output="Hello there, how are you?")
    send(project, event, "<b>Starred</b>", properties={"comment": "<i>nice</i>"})
    send(project, event, "dislike")
    run(event)
    return event


# -- names


def test_known_names_start_with_what_they_mean(project: Project, sent: Event) -> None:
    disliked, starred = signal(project, "dislike"), signal(project, "bstarredb")
    assert (disliked.action, disliked.sentiment, disliked.reviewed) == ("thumbs_down", "negative", False)
    assert disliked.group and disliked.group.name == "Sent by the app"
    assert (starred.action, starred.sentiment) == ("", "negative")  # the wire: no sentiment is negative


def test_the_sentiment_that_the_app_sends_stands(project: Project, make_event: MakeEvent) -> None:
    event = make_event()
    send(project, event, "copy", sentiment="NEGATIVE")
    send(project, event, "share")
    run(event)
    assert signal(project, "copy").sentiment == "negative"
    assert signal(project, "copy").own_fields == ["sentiment"]
    assert signal(project, "share").sentiment == "positive"


def test_new_names_wait_to_be_named(page: Client, project: Project, sent: Event) -> None:
    html = page.get(f"/p/{project.slug}/signals/names/").content.decode()
    assert "<b>Starred" not in html and "&lt;b&gt;Starred" in html and "<i>nice" not in html
    form = {"name": "Starred", "group": "Praise", "sentiment": "positive", "action": ""}
    assert page.post(f"/p/{project.slug}/signals/bstarredb/name/", form).status_code == 302
    named = signal(project, "bstarredb")
    assert (named.name, named.sentiment, named.reviewed, named.muted) == ("Starred", "positive", True, False)
    assert named.group and named.group.name == "Praise"
    html = page.get(f"/p/{project.slug}/signals/names/").content.decode()
    assert "bstarredb" not in html and "dislike" in html


def test_a_name_is_muted_by_its_button(page: Client, project: Project, sent: Event) -> None:
    form = {"name": "Dislike", "group": "", "sentiment": "negative", "action": "thumbs_down", "muted": "on"}
    page.post(f"/p/{project.slug}/signals/dislike/name/", form)
    assert signal(project, "dislike").muted and signal(project, "dislike").reviewed
    assert signal(project, "dislike").group is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "x" * 121), ("sentiment", "sad"), ("action", "dance"), ("group", "g\x00")],
)
def test_a_wrong_name_says_what_is_wrong(
    page: Client, project: Project, sent: Event, field: str, value: str
) -> None:
    form = {"name": "A", "group": "", "sentiment": "positive", "action": "", field: value}
    answer = page.post(f"/p/{project.slug}/signals/dislike/name/", form)
    assert answer.status_code == 400
    assert not signal(project, "dislike").reviewed and signal(project, "dislike").name == "dislike"


def test_no_names_says_so(page: Client, project: Project) -> None:
    assert b"has been looked at" in page.get(f"/p/{project.slug}/signals/names/").content


def test_a_name_like_one_of_our_pages_gets_another_key(project: Project, make_event: MakeEvent) -> None:
    event = make_event()
    send(project, event, "patterns")
    run(event)
    assert signal(project, "patterns_sent").name == "patterns"


# -- bulk


def bulk(page: Client, project: Project, action: str, keys: list[str], **fields: str) -> Any:
    return page.post(
        f"/p/{project.slug}/signals/bulk/", {"action": action, "signal": keys, **fields}, follow=True
    )


@pytest.mark.parametrize(
    ("action", "fields", "changed"),
    [
        ("disable", {}, {"enabled": False}),
        ("mute", {}, {"muted": True}),
        ("sentiment", {"sentiment": "neutral"}, {"sentiment": "neutral"}),
    ],
)
def test_bulk(
    page: Client, project: Project, member: User, action: str, fields: dict[str, str], changed: dict[str, Any]
) -> None:
    install_builtin_signals(project)
    bulk(page, project, action, ["win", "refusal"], **fields)
    for key in ("win", "refusal"):
        row = signal(project, key)
        assert {name: getattr(row, name) for name in changed} == changed
        record = row.history.order_by("-history_id").first()
        assert record.history_user == member
        assert row.own_fields == list(changed)
    assert signal(project, "abuse").own_fields == []


def test_bulk_makes_a_group_and_empties_it(page: Client, project: Project) -> None:
    install_builtin_signals(project)
    bulk(page, project, "group", ["win", "abuse"], group="Mood")
    assert SignalGroup.objects.get(name="Mood").signals.count() == 2
    bulk(page, project, "group", ["win"], group="")
    assert signal(project, "win").group is None


def test_bulk_refuses_what_is_not_there(page: Client, project: Project, other_project: Project) -> None:
    install_builtin_signals(other_project)
    install_builtin_signals(project)
    for fields in ({"signal": []}, {"signal": ["nothing"]}, {"action": "explode"}, {"action": "sentiment"}):
        answer = page.post(
            f"/p/{project.slug}/signals/bulk/",
            {"action": "disable", "signal": ["win"], **fields},
            follow=True,
        )
        assert b"Nothing was changed" in answer.content
    assert not SignalDefinition.objects.filter(enabled=False, key="win").exists()
    bulk(page, project, "disable", ["win"])
    assert signal(other_project, "win").enabled


def test_bulk_goes_back_to_the_filters_it_came_from(page: Client, project: Project) -> None:
    install_builtin_signals(project)
    answer = page.post(
        f"/p/{project.slug}/signals/bulk/",
        {"action": "mute", "signal": ["win"], "back": "q=win&next=https://evil.example&kind="},
    )
    assert answer["Location"] == f"/p/{project.slug}/signals/?q=win"


def test_viewers_and_strangers_change_nothing(
    project: Project, viewer: User, stranger: User, sent: Event
) -> None:
    paths = ["signals/bulk/", "signals/dislike/name/", "signals/dislike/reset/", "signals/yaml/"]
    for user, status in ((viewer, 403), (stranger, 404)):
        client = browser(user)
        for path in paths:
            form = {
                "action": "mute",
                "signal": ["dislike"],
                "name": "x",
                "sentiment": "neutral",
                "text": "version: 1",
            }
            assert client.post(f"/p/{project.slug}/{path}", form).status_code == status, path
    client = browser(viewer)
    for path in (
        "signals/",
        "signals/names/",
        "signals/patterns/",
        "signals/yaml/",
        "signals/yaml/?download",
    ):
        answer = client.get(f"/p/{project.slug}/{path}")
        assert answer.status_code == 200 and b"Set group" not in answer.content
    assert not signal(project, "dislike").muted


# -- defaults


def test_a_default_reaches_projects_that_follow_it(
    page: Client, project: Project, other_project: Project, member: User
) -> None:
    for one in (project, other_project):
        install_builtin_signals(one)
    bulk(page, project, "disable", ["win"])
    bulk(page, project, "enable", ["win"])  # on by the project's own word
    wins = SignalDefault.objects.filter(key="win")
    assert change_defaults(defaults=wins, user=member, enabled=False, group="Joy", threshold=0.9) == (1, 2)
    mine, theirs = signal(project, "win"), signal(other_project, "win")
    assert (mine.enabled, mine.threshold, mine.group.name) == (True, 0.9, "Joy")
    assert (theirs.enabled, theirs.threshold, theirs.group.name) == (False, 0.9, "Joy")
    assert theirs.group.project == other_project


def test_a_new_project_takes_the_defaults(project: Project, other_project: Project, member: User) -> None:
    install_builtin_signals(project)
    change_defaults(
        defaults=SignalDefault.objects.filter(key="abuse"), user=member, muted=True, name="Insults"
    )
    install_builtin_signals(other_project)
    assert (signal(other_project, "abuse").muted, signal(other_project, "abuse").name) == (True, "Insults")


def test_a_default_of_a_name_reaches_its_other_spellings(
    project: Project, sent: Event, member: User, make_event: MakeEvent
) -> None:
    change_defaults(defaults=SignalDefault.objects.filter(key="thumbs_down"), user=member, muted=True)
    assert signal(project, "dislike").muted
    event = make_event()
    send(project, event, "Downvote")
    run(event)
    assert signal(project, "downvote").muted


def test_reset_to_the_default(page: Client, project: Project) -> None:
    install_builtin_signals(project)
    form = {"name": "Praise", "description": "d", "sentiment": "neutral", "group": "", "threshold": "0.8"}
    page.post(f"/p/{project.slug}/signals/win/", form)
    html = page.get(f"/p/{project.slug}/signals/win/").content.decode()
    assert "Not as the server" in html and "Reset to default" in html
    assert page.post(f"/p/{project.slug}/signals/win/reset/").status_code == 302
    row = signal(project, "win")
    assert (row.name, row.sentiment, row.threshold, row.enabled, row.own_fields) == (
        "Win",
        "positive",
        None,
        True,
        [],
    )
    assert row.group and row.group.name == "User side"
    assert "Not as the server" not in page.get(f"/p/{project.slug}/signals/win/").content.decode()


# -- history


def test_the_page_says_who_changed_what(page: Client, project: Project, admin_key: str) -> None:
    install_builtin_signals(project)
    form = {"name": "<i>Praise", "description": "d", "sentiment": "positive", "group": "", "enabled": "on"}
    page.post(f"/p/{project.slug}/signals/win/", form)
    api = Client(headers={"Authorization": f"Bearer {admin_key}"})
    answer = api.patch("/api/signals/win/", {"threshold": 0.7}, content_type="application/json")
    assert answer.status_code == 200
    html = page.get(f"/p/{project.slug}/signals/win/").content.decode()
    history = html[html.index('id="history"') :]
    assert "alice" in history and "API key" in history
    assert "<del>Win</del>" in history and "<ins>&lt;i&gt;Praise</ins>" in history
    assert "<del>empty</del>" in history and "<ins>0.7</ins>" in history
    assert "<del>User side</del>" in history


def test_a_change_of_nothing_is_no_history(page: Client, project: Project) -> None:
    install_builtin_signals(project)
    bulk(page, project, "enable", ["win", "abuse"])
    assert not signal(project, "win").history.filter(history_type="~").exists()


def test_a_new_meaning_reads_the_events_again(page: Client, project: Project, sent: Event) -> None:
    QueuedEvent.objects.all().delete()
    form = {"name": "Starred", "group": "", "sentiment": "positive", "action": "copy"}
    page.post(f"/p/{project.slug}/signals/bstarredb/name/", form)
    assert QueuedEvent.objects.get().event_id == sent.id


def test_a_plain_save_is_history_too(page: Client, project: Project) -> None:
    """As code does it that knows nothing of signals.catalogue.history."""
    install_builtin_signals(project)
    for threshold in (0.6, 0.8):
        row = signal(project, "win")
        row.threshold = threshold
        row.save(update_fields=["threshold"])
    html = page.get(f"/p/{project.slug}/signals/win/").content.decode()
    history = html[html.index('id="history"') :]
    assert "changed it" in history and "<del>0.6</del>" in history and "made it" not in history
