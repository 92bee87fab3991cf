"""Logging in and out, the password, and where a person lands."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ingest.models import User
from ingest.projects.first_user import NotTheFirst, create_first_user
from raindrop.management.commands import up

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _fast_passwords(settings: Any) -> None:
    """PBKDF2 takes half a second each time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def test_a_page_asks_to_log_in_and_comes_back(client: Client, project: Any, member: Any) -> None:
    page = reverse("settings", args=["acme"])
    form = client.get(page)
    assert form.status_code == 302 and form["Location"] == f"{reverse('login')}?next={page}"
    answer = client.post(form["Location"], {"username": "alice", "password": PASSWORD, "next": page})
    assert answer.status_code == 302 and answer["Location"] == page
    assert client.get(page).status_code == 200


def test_a_server_without_users_says_how_to_make_the_first(client: Client, db: None) -> None:
    def hint() -> bool:
        return "createsuperuser" in client.get(reverse("login")).content.decode()

    assert hint()
    User.objects.create_superuser("root", password=PASSWORD)
    assert not hint()


def test_the_first_user_is_made_at_the_printed_address_and_nobody_after_it(
    client: Client, db: None, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("RAINDROP_DATA_DIR", str(tmp_path))
    wrong = reverse("first-user", args=["guess"])
    assert client.get(wrong).status_code == 404  # none was made
    text = up._first_user("0.0.0.0", 8000)
    [address] = re.findall(r"http://127\.0\.0\.1:8000(/accounts/first/\S+/)", text)
    assert address in up._first_user("0.0.0.0", 8000)  # the same at the next start
    assert (tmp_path / "setup_token").stat().st_mode & 0o777 == 0o600
    assert client.get(wrong).status_code == 404 and client.post(wrong).status_code == 404
    page = client.get(address)
    assert page["Referrer-Policy"] == "no-referrer" and "The first user" in page.content.decode()
    for password, again in (
        ("short", "short"),
        ("a long password", "another one"),
        ("password12", "password12"),
    ):
        form = {"username": "ada", "password1": password, "password2": again}
        refused = client.post(address, form)
        assert refused.status_code == 400 and b"is-invalid" in refused.content
    assert not User.objects.exists()
    form = {"username": "ada", "password1": PASSWORD, "password2": PASSWORD}
    made = client.post(address, form)
    assert made["Location"] == reverse("project-new")
    assert client.get(made["Location"]).status_code == 200  # she is logged in, and may make projects
    assert User.objects.get().check_password(PASSWORD) and not (tmp_path / "setup_token").exists()
    other = Client()
    for answer in (other.get(address), other.post(address, {**form, "username": "eve"})):
        assert answer["Location"] == reverse("login")
    with pytest.raises(NotTheFirst):
        create_first_user(username="eve", password=PASSWORD)
    assert User.objects.count() == 1


def test_a_wrong_password_says_so_and_keeps_the_name(client: Client, member: Any) -> None:
    body = client.post(reverse("login"), {"username": "alice", "password": "guess"}).content.decode()
    assert "do not match" in body and 'value="alice"' in body


def test_login_sends_nobody_to_another_host(client: Client, member: Any) -> None:
    answer = client.post(
        reverse("login"), {"username": "alice", "password": PASSWORD, "next": "https://evil.example/"}
    )
    assert answer["Location"] == reverse("home")


def test_logging_out_takes_a_post(client: Client, member: Any) -> None:
    client.force_login(member)
    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout"))["Location"] == reverse("login")
    assert client.get(reverse("home"))["Location"] == reverse("login")


def test_changing_the_password(client: Client, member: Any) -> None:
    client.force_login(member)
    url = reverse("password_change")
    wrong = client.post(
        url, {"old_password": "x", "new_password1": "a new long one", "new_password2": "a new long one"}
    )
    assert wrong.status_code == 200 and "is-invalid" in wrong.content.decode()
    right = {"old_password": PASSWORD, "new_password1": "a new long one", "new_password2": "a new long one"}
    assert client.post(url, right).status_code == 302
    member.refresh_from_db()
    assert member.check_password("a new long one")


def test_somebody_without_a_project_is_told_what_to_do(client: Client, db: None) -> None:
    from ingest.models import User

    client.force_login(User.objects.create_user("newcomer", password=PASSWORD))
    body = client.get(reverse("home")).content.decode()
    assert "not a member of any project" in body and reverse("project-new") not in body
    client.force_login(User.objects.create_superuser("root", password=PASSWORD))
    assert reverse("project-new") in client.get(reverse("home")).content.decode()


def test_only_a_superuser_makes_projects(client: Client, member: Any) -> None:
    from ingest.models import Project, User

    client.force_login(member)
    refused = client.post(reverse("project-new"), {"name": "Mine", "slug": "mine"})
    assert refused.status_code == 403 and "superuser" in refused.content.decode()
    root = User.objects.create_superuser("root", password=PASSWORD)
    client.force_login(root)
    assert client.post(reverse("project-new"), {"name": "Bad", "slug": "No Good"}).status_code == 400
    assert client.post(reverse("project-new"), {"name": "Twice", "slug": "acme"}).status_code == 400
    made = client.post(reverse("project-new"), {"name": "Mine", "slug": "mine"})
    assert made["Location"] == reverse("settings", args=["mine"])
    assert Project.objects.get(slug="mine").memberships.get().user == root


def test_error_pages(client: Client, member: Any, project: Any) -> None:
    client.force_login(member)
    lost = client.get("/p/acme/no-such-page")
    assert lost.status_code == 404 and "There is nothing here" in lost.content.decode()
    other = client.get("/nowhere/")
    assert other.status_code == 404 and "There is nothing here" in other.content.decode()


def test_the_page_of_a_broken_server_reads_no_database(
    django_assert_num_queries: Any, rf: Any, db: None
) -> None:
    from raindrop.errors import server_error

    with django_assert_num_queries(0):
        answer = server_error(rf.get("/p/acme/"))
    assert answer.status_code == 500 and "The server failed" in answer.content.decode()


@pytest.mark.parametrize("page", ["login", "admin:login"])
def test_after_ten_wrong_passwords_an_account_waits_at_both_login_pages(
    client: Client, member: Any, page: str
) -> None:
    wrong = {"username": "alice", "password": "guess"}
    for _ in range(9):
        assert client.post(reverse(page), wrong).status_code == 200
    refused = client.post(reverse(page), wrong)
    assert refused.status_code == 429 and int(refused["Retry-After"]) > 0
    assert "Too many wrong passwords" in refused.content.decode()
    right = {"username": "alice", "password": PASSWORD}
    for other in ("login", "admin:login"):
        assert client.post(reverse(other), right).status_code == 429
    # From another address the owner still gets in, and another account from this one.
    assert client.post(reverse("login"), right, REMOTE_ADDR="10.0.0.7").status_code == 302
    client.logout()
    bob = {"username": "bob", "password": "guess"}
    assert client.post(reverse("login"), bob).status_code == 200


def test_a_login_that_goes_well_forgets_the_wrong_ones(client: Client, member: Any) -> None:
    for _ in range(2):
        for _ in range(8):
            client.post(reverse("login"), {"username": "alice", "password": "guess"})
        assert client.post(reverse("login"), {"username": "alice", "password": PASSWORD}).status_code == 302
        client.logout()


def test_a_password_may_not_be_the_name(client: Client, member: Any) -> None:
    client.force_login(member)
    member.username = "alice-from-accounting"
    member.save()
    same = {
        "old_password": PASSWORD,
        "new_password1": "alice-from-accounting1",
        "new_password2": "alice-from-accounting1",
    }
    answer = client.post(reverse("password_change"), same)
    assert answer.status_code == 200 and "too similar" in answer.content.decode()
