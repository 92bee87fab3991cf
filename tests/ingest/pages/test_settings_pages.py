"""Settings: the project's name, its keys, its members."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ingest.models import ApiKey, Membership, User
from ingest.models.projects import KeyKind
from ingest.projects.keys import create_key, find_key

PAGE = "/p/acme/settings/"


@pytest.fixture
def signed_in(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


def join(project: Any, name: str, role: str) -> Membership:
    return Membership.objects.create(project=project, user=User.objects.create_user(name), role=role)


def test_a_stranger_finds_nothing(client: Client, project: Any, stranger: Any) -> None:
    client.force_login(stranger)
    assert client.get(PAGE).status_code == 404
    assert client.post(reverse("key-create", args=["acme"]), {"kind": "write"}).status_code == 404
    assert not ApiKey.objects.exists()


def test_a_viewer_looks_and_changes_nothing(client: Client, project: Any, viewer: Any, member: Any) -> None:
    key, _ = create_key(project=project, kind=KeyKind.QUERY)
    client.force_login(viewer)
    body = client.get(PAGE).content.decode()
    assert key.prefix in body and "alice" in body
    assert reverse("key-create", args=["acme"]) not in body
    alice = Membership.objects.get(user=member)
    for url, data in (
        (reverse("key-create", args=["acme"]), {"kind": "write"}),
        (reverse("key-revoke", args=["acme", key.id]), {}),
        (reverse("project-rename", args=["acme"]), {"name": "Mine"}),
        (reverse("member-add", args=["acme"]), {"username": "bob", "role": "admin"}),
        (reverse("member-role", args=["acme", alice.id]), {"role": "viewer"}),
        (reverse("member-remove", args=["acme", alice.id]), {}),
    ):
        assert client.post(url, data).status_code == 403, url
    project.refresh_from_db()
    key.refresh_from_db()
    alice.refresh_from_db()
    assert (project.name, key.revoked_at, alice.role, ApiKey.objects.count()) == ("Acme", None, "admin", 1)


def test_a_new_key_is_shown_once_and_works(signed_in: Client, project: Any) -> None:
    answer = signed_in.post(reverse("key-create", args=["acme"]), {"kind": "write", "name": "production"})
    body = answer.content.decode()
    [secret] = set(re.findall(r"rd_write_\w{32}", body))
    found = find_key(secret)
    assert found is not None and found.project == project and found.name == "production"
    assert f"Authorization: Bearer {secret}" in body  # the snippets are ready to use
    assert "no-store" in answer["Cache-Control"]
    assert f'data-replace-url="{PAGE}"' in body
    for _ in range(2):
        later = signed_in.get(PAGE).content.decode()
        assert secret not in later and found.prefix in later
    assert not any(secret in str(value) for value in signed_in.session.values())


def test_a_query_key_does_not_fill_the_write_snippets(signed_in: Client) -> None:
    body = signed_in.post(reverse("key-create", args=["acme"]), {"kind": "query"}).content.decode()
    assert "Bearer YOUR_WRITE_KEY" in body and re.search(r"rd_query_\w{32}", body)


def test_a_bad_kind_makes_no_key(signed_in: Client) -> None:
    answer = signed_in.post(reverse("key-create", args=["acme"]), {"kind": "master"}, follow=True)
    assert "Kind:" in answer.content.decode() and not ApiKey.objects.exists()


def test_revoking_a_key(signed_in: Client, project: Any, other_project: Any) -> None:
    key, secret = create_key(project=project, kind=KeyKind.WRITE)
    foreign, _ = create_key(project=other_project, kind=KeyKind.WRITE)
    assert signed_in.post(reverse("key-revoke", args=["acme", foreign.id])).status_code == 404
    assert signed_in.post(reverse("key-revoke", args=["acme", key.id]))["Location"] == PAGE
    assert find_key(secret) is None
    assert "1 revoked" in signed_in.get(PAGE).content.decode()


def test_renaming_leaves_the_slug(signed_in: Client, project: Any) -> None:
    signed_in.post(reverse("project-rename", args=["acme"]), {"name": "<b>Acme</b>", "slug": "other"})
    project.refresh_from_db()
    assert (project.name, project.slug) == ("<b>Acme</b>", "acme")
    body = signed_in.get(PAGE).content.decode()
    assert "<b>Acme</b>" not in body and "&lt;b&gt;Acme&lt;/b&gt;" in body
    answer = signed_in.post(reverse("project-rename", args=["acme"]), {"name": ""}, follow=True)
    assert "Name:" in answer.content.decode()


def test_adding_a_member(signed_in: Client, project: Any) -> None:
    User.objects.create_user("dora")
    add = reverse("member-add", args=["acme"])
    signed_in.post(add, {"username": "dora", "role": "viewer"})
    assert Membership.objects.get(project=project, user__username="dora").role == "viewer"
    for username, text in (
        ("nobody", "There is no user"),
        ("dora", "is a member already"),
        ("a\x00b", "Username:"),
    ):
        assert (
            text in signed_in.post(add, {"username": username, "role": "admin"}, follow=True).content.decode()
        )
    assert Membership.objects.filter(project=project).count() == 2


def test_roles_change_but_the_last_admin_stays(signed_in: Client, project: Any, member: Any) -> None:
    alice, bob = Membership.objects.get(user=member), join(project, "bob", "member")
    role, remove = (
        reverse("member-role", args=["acme", alice.id]),
        reverse("member-remove", args=["acme", alice.id]),
    )
    for url, data in ((role, {"role": "viewer"}), (remove, {})):
        assert "is the only admin" in signed_in.post(url, data, follow=True).content.decode()
    alice.refresh_from_db()
    assert alice.role == "admin"
    signed_in.post(reverse("member-role", args=["acme", bob.id]), {"role": "admin"})
    signed_in.post(role, {"role": "member"})
    alice.refresh_from_db()
    bob.refresh_from_db()
    assert (alice.role, bob.role) == ("member", "admin")


def test_an_admin_who_cannot_log_in_does_not_count(signed_in: Client, project: Any, member: Any) -> None:
    gone = join(project, "gone", "admin")
    gone.user.is_active = False
    gone.user.save()
    alice = Membership.objects.get(user=member)
    answer = signed_in.post(reverse("member-remove", args=["acme", alice.id]), follow=True)
    assert "is the only admin" in answer.content.decode() and Membership.objects.filter(id=alice.id).exists()


def test_leaving_goes_home(signed_in: Client, project: Any, member: Any) -> None:
    join(project, "bob", "admin")
    alice = Membership.objects.get(user=member)
    answer = signed_in.post(reverse("member-remove", args=["acme", alice.id]))
    assert answer["Location"] == reverse("home") and signed_in.get(PAGE).status_code == 404


def test_a_member_of_another_project_cannot_be_named(signed_in: Client, stranger: Any) -> None:
    foreign = Membership.objects.get(user=stranger)
    assert signed_in.post(reverse("member-remove", args=["acme", foreign.id])).status_code == 404
    assert Membership.objects.filter(id=foreign.id).exists()
