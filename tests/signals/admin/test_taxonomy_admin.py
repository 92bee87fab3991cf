"""The admin of the taxonomy: bulk group and sentiment, history, defaults, YAML."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ingest.models import Job, Project, User
from signals.catalogue.builtins import SHIPPED
from signals.catalogue.installing import install_builtin_signals
from signals.models import SignalDefault, SignalDefinition, SignalGroup

SIGNALS = "/admin/signals/signaldefinition/"
DEFAULTS = "/admin/signals/signaldefault/"


@pytest.fixture
def owner(project: Project, other_project: Project) -> Client:
    for one in (project, other_project):
        install_builtin_signals(one)
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="correct horse battery"))
    return client


def signal(project: Project, key: str = "win") -> SignalDefinition:
    return SignalDefinition.objects.select_related("group").get(project=project, key=key)


def act(owner: Client, path: str, action: str, rows: list[Any], **fields: str) -> str:
    form = {"action": action, "_selected_action": [str(row.pk) for row in rows], **fields}
    return owner.post(path, form, follow=True).content.decode()


def test_groups_and_sentiments_in_bulk_over_projects(
    owner: Client, project: Project, other_project: Project
) -> None:
    rows = [signal(project), signal(other_project)]
    assert "2 signals put into" in act(owner, SIGNALS, "set_group", rows, group="Mood")
    assert "2 signals now neutral" in act(owner, SIGNALS, "set_sentiment", rows, sentiment="neutral")
    for one in (project, other_project):
        row = signal(one)
        assert row.group and (row.group.name, row.group.project, row.sentiment) == ("Mood", one, "neutral")
        assert row.history.latest().history_user.username == "root"
    assert "Choose a sentiment" in act(owner, SIGNALS, "set_sentiment", rows)
    act(owner, SIGNALS, "set_group", rows)
    assert signal(project).group is None
    assert "2 signals reset" in act(owner, SIGNALS, "reset", rows)
    assert (signal(project).sentiment, signal(project).own_fields) == ("positive", [])


def test_a_save_goes_the_apps_way(owner: Client, project: Project) -> None:
    row = signal(project)
    form = {"name": "Praise", "description": "d", "sentiment": "positive", "group": str(row.group_id), "threshold": "0.8",
            "enabled": "on", "reviewed": "on"}  # fmt: skip
    assert owner.post(f"{SIGNALS}{row.pk}/change/", form).status_code == 302
    row = signal(project)
    assert (row.name, row.threshold, row.own_fields) == ("Praise", 0.8, ["description", "name", "threshold"])
    assert Job.objects.filter(kind="backfill", subject=row.pk).exists()
    assert (
        b"Only a signal that the app sends"
        in owner.post(f"{SIGNALS}{row.pk}/change/", {**form, "action": "copy"}).content
    )


def test_the_history_pages_open_and_escape(owner: Client, project: Project) -> None:
    row = signal(project)
    form = {"name": "<script>x", "description": "d", "sentiment": "positive", "group": "", "enabled": "on"}
    owner.post(f"{SIGNALS}{row.pk}/change/", form)
    html = owner.get(f"{SIGNALS}{row.pk}/history/").content.decode()
    assert "root" in html and "&lt;script&gt;x" in html and "<script>x" not in html
    version = row.history.latest().history_id
    html = owner.get(f"{SIGNALS}{row.pk}/history/{version}/").content.decode()
    assert "&lt;script&gt;x" in html and "<script>x" not in html
    # A version is for reading: nothing is reverted past signals.taxonomy.definitions.
    owner.post(f"{SIGNALS}{row.pk}/history/{version}/", {**form, "name": "reverted"})
    assert signal(project).name == "<script>x"


def test_a_groups_change_has_a_history(owner: Client, project: Project) -> None:
    group = SignalGroup.objects.get(project=project, name="Tools")
    url = f"/admin/signals/signalgroup/{group.pk}/"
    owner.post(f"{url}change/", {"project": str(project.pk), "name": "Spans", "description": "d"})
    assert [record.name for record in group.history.all()] == ["Spans", "Tools"]
    assert owner.get(f"{url}history/").status_code == 200


def test_the_defaults_are_listed_changed_and_spread(
    owner: Client, project: Project, other_project: Project
) -> None:
    html = owner.get(DEFAULTS).content.decode()
    assert SignalDefault.objects.count() == len(SHIPPED) and "thumbs_down" in html
    act(owner, SIGNALS, "disable", [signal(project)])
    act(owner, SIGNALS, "enable", [signal(project)])
    default = SignalDefault.objects.get(key="win")
    assert "1 default changed; 1 signal in projects follow" in act(owner, DEFAULTS, "disable", [default])
    assert signal(project).enabled and not signal(other_project).enabled
    form = {
        "name": "Joy",
        "description": "d",
        "sentiment": "positive",
        "group": "Mood",
        "enabled": "on",
        "threshold": "0.9",
    }
    assert owner.post(f"{DEFAULTS}{default.pk}/change/", form).status_code == 302
    assert signal(other_project).name == "Joy" and signal(other_project).group.name == "Mood"
    html = owner.get(f"{DEFAULTS}{default.pk}/history/").content.decode()
    assert "root" in html and "Joy" in html
    act(owner, DEFAULTS, "back_to_shipped", [default])
    assert (signal(other_project).name, signal(other_project).threshold) == ("Win", None)


def test_a_default_for_a_name_of_ones_own(owner: Client) -> None:
    form = {
        "key": "csat_low",
        "kind": "explicit",
        "name": "Low rating",
        "sentiment": "negative",
        "enabled": "on",
    }
    assert owner.post(f"{DEFAULTS}add/", form).status_code == 302
    assert SignalDefault.objects.get(key="csat_low").history.count() == 1
    for wrong in ({"threshold": "0.5"}, {"kind": "implicit"}, {"key": "a b"}):
        assert b"errorlist" in owner.post(f"{DEFAULTS}add/", {**form, "key": "other", **wrong}).content
    win = SignalDefault.objects.get(key="win")
    assert owner.post(f"{DEFAULTS}{win.pk}/delete/", {"post": "yes"}).status_code == 403


def test_filters_and_search_of_both_lists(owner: Client) -> None:
    for path in (
        SIGNALS + "?action__exact=copy", SIGNALS + "?q=refus&muted__exact=0", SIGNALS,
        DEFAULTS + "?kind__exact=explicit&q=thumb", DEFAULTS + "?muted__exact=1",
    ):  # fmt: skip
        assert owner.get(path).status_code == 200, path


def test_yaml_goes_out_and_in(owner: Client, project: Project, other_project: Project) -> None:
    act(owner, SIGNALS, "mute", [signal(project)])
    text = owner.get(reverse("admin:signals_export"), {"project": project.slug}).content.decode()
    url = reverse("admin:signals_import")
    assert owner.get(url).status_code == 200
    form = {"project": str(other_project.pk), "text": text}
    html = owner.post(url, {**form, "action": "check"}).content.decode()
    assert "1 changed" in html and "muted: <del>no</del>" in html and not signal(other_project).muted
    assert owner.post(url, {**form, "action": "apply"}).status_code == 302
    assert signal(other_project).muted
    bad = owner.post(url, {**form, "text": "version: 1\nsignals: [{key: <b>}]", "action": "apply"})
    assert bad.status_code == 400 and b"line 2" in bad.content and b"key: <b>" not in bad.content
    assert owner.get(reverse("admin:signals_export"), {"project": "none"}).status_code == 404


def test_who_has_no_permission_stays_out(project: Project, member: User) -> None:
    staff = User.objects.create_user("staff", password="correct horse battery", is_staff=True)
    for user, status in ((member, 302), (staff, 403)):
        client = Client()
        client.force_login(user)
        assert client.get(reverse("admin:signals_import")).status_code == status
        assert client.get(reverse("admin:signals_export"), {"project": project.slug}).status_code == status
