"""Invitations: an address makes one person a member, once."""

import datetime as dt
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ingest.models import Invitation, Membership, User
from ingest.models.projects import Role
from ingest.projects.invitations import accept, invite
from ingest.projects.members import MemberError, change_role, remove_member

PASSWORD = "correct horse battery"
NEW = {"username": "dora", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture(autouse=True)
def _fast_passwords(settings: Any) -> None:
    """PBKDF2 takes half a second each time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def address(client: Client, project: Any, member: Any) -> str:
    """Of an invitation as viewer, made on the page."""
    client.force_login(member)
    answer = client.post(reverse("member-invite", args=["acme"]), {"role": "viewer"})
    assert "no-store" in answer["Cache-Control"]
    body = answer.content.decode()
    [found] = set(re.findall(r"http://testserver(/accounts/invited/[\w-]{43}/)", body))
    return found


def test_somebody_without_an_account_joins(client: Client, project: Any, address: str) -> None:
    settings = client.get(reverse("settings", args=["acme"])).content.decode()
    assert address not in settings and "Open invitation" in settings, "shown once, and listed"
    person = Client()
    page = person.get(address)
    assert page["Referrer-Policy"] == "no-referrer" and "no-store" in page["Cache-Control"]
    assert "alice invites you" in page.content.decode()
    refused = person.post(address, NEW | {"password2": "another one"})
    assert refused.status_code == 400 and not User.objects.filter(username="dora").exists()
    taken = person.post(address, NEW | {"username": "alice"})
    assert taken.status_code == 400 and b"already exists" in taken.content
    joined = person.post(address, NEW)
    assert joined["Location"] == "/p/acme/" and person.get(joined["Location"]).status_code == 200
    user = User.objects.get(username="dora")
    assert Membership.objects.get(user=user).role == "viewer" and not user.is_staff and not user.is_superuser
    for again in (Client().get(address), Client().post(address, NEW | {"username": "eve"})):
        assert again.status_code == 404
    assert "Open invitation" not in client.get(reverse("settings", args=["acme"])).content.decode()


def test_somebody_with_an_account_joins(project: Any, address: str, stranger: Any) -> None:
    person = Client()
    login = f"{reverse('login')}?next={address}"
    assert f'href="{login}"' in person.get(address).content.decode()
    person.force_login(stranger)
    assert f"<strong>{stranger.username}</strong>" in person.get(address).content.decode()
    assert person.post(address)["Location"] == "/p/acme/"
    assert Membership.objects.get(project=project, user=stranger).role == "viewer"


def test_a_member_does_not_use_it_up(client: Client, project: Any, member: Any, address: str) -> None:
    answer = client.post(address, follow=True)
    assert "You are a member of Acme already" in answer.content.decode()
    assert Membership.objects.get(project=project, user=member).role == "admin"
    assert Client().get(address).status_code == 200


def _withdraw(client: Client, project: Any, member: Any) -> None:
    url = reverse("invitation-withdraw", args=["acme", Invitation.objects.get().id])
    assert client.post(url)["Location"].endswith("#members")


def _wait(client: Client, project: Any, member: Any) -> None:
    Invitation.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))


def _demote(client: Client, project: Any, member: Any) -> None:
    Membership.objects.create(project=project, user=User.objects.create_user("second"), role=Role.ADMIN)
    change_role(membership=Membership.objects.get(user=member), role=Role.MEMBER)


def _remove(client: Client, project: Any, member: Any) -> None:
    Membership.objects.create(project=project, user=User.objects.create_user("second"), role=Role.ADMIN)
    remove_member(membership=Membership.objects.get(user=member))


@pytest.mark.parametrize("end", [_withdraw, _wait, _demote, _remove])
def test_what_ends_an_invitation(
    client: Client, project: Any, member: Any, address: str, end: Callable[..., None]
) -> None:
    end(client, project, member)
    assert Client().get(address).status_code == 404 and Client().post(address, NEW).status_code == 404
    assert not User.objects.filter(username="dora").exists()


def test_only_an_admin_invites(client: Client, project: Any, viewer: Any, address: str) -> None:
    client.force_login(viewer)
    assert "Open invitation" not in client.get(reverse("settings", args=["acme"])).content.decode()
    assert client.post(reverse("member-invite", args=["acme"]), {"role": "admin"}).status_code == 403
    url = reverse("invitation-withdraw", args=["acme", Invitation.objects.get().id])
    assert client.post(url).status_code == 403 and Invitation.objects.count() == 1


def test_a_role_that_there_is_not(client: Client, project: Any, member: Any) -> None:
    client.force_login(member)
    answer = client.post(reverse("member-invite", args=["acme"]), {"role": "owner"}, follow=True)
    assert "Role:" in answer.content.decode() and not Invitation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_open_it_at_once(project: Any, member: Any) -> None:
    _, token = invite(project=project, role=Role.MEMBER, by=member)

    def join(name: str) -> bool:
        try:
            accept(token, username=name, password=PASSWORD)
            return True
        except MemberError:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(join, ["dora", "eve"])) == [False, True]
    assert User.objects.filter(username__in=["dora", "eve"]).count() == 1
