"""Nobody gets a shell through the admin: no form there names a function that a worker would call."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django_q.models import Failure, OrmQ, Schedule, Success, Task

from ingest.models import User
from raindrop.workers import install_schedules

NAMES = re.compile(
    r"^(func|function|hook|callable|callback|dotted_path|import_path|module|payload|pickle|kwargs|args)$"
)
pytestmark = pytest.mark.django_db


@pytest.fixture
def root(rf: Any) -> Any:
    request = rf.get("/admin/")
    request.user = User.objects.create_superuser("root", password="correct horse battery")
    return request


def test_no_form_of_the_admin_names_a_callable(root: Any) -> None:
    for model, model_admin in admin.site._registry.items():
        if not (model_admin.has_add_permission(root) or model_admin.has_change_permission(root)):
            continue
        assert model._meta.app_label != "django_q", model
        fields = model_admin.get_form(root).base_fields
        for inline in model_admin.get_inline_instances(root):
            fields = fields | inline.get_formset(root).form.base_fields
        assert not [name for name in fields if NAMES.match(name)], model


@pytest.mark.parametrize("model", [Schedule, Success, Failure, OrmQ])
def test_schedules_and_tasks_are_for_reading(client: Client, root: Any, model: Any) -> None:
    client.force_login(root.user)
    install_schedules()
    for success in (True, False):
        Task.objects.create(
            id=f"t{success}", name="t", func="raindrop.workers.beat", success=success,
            started="2026-11-01T00:00Z", stopped="2026-11-01T00:01Z",
        )  # fmt: skip
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    page = client.get(reverse(f"{name}_changelist"))
    assert page.status_code == 200
    assert b"resubmit" not in page.content.lower()
    assert client.get(reverse(f"{name}_add")).status_code == 403
    row = model.objects.first()
    assert row is not None
    url = reverse(f"{name}_change", args=[row.pk])
    assert client.get(url).status_code == 200
    before = list(model.objects.values())
    evil = {
        "name": "x",
        "func": "os.system",
        "args": "'id'",
        "schedule_type": "O",
        "repeats": "1",
        "_save": "1",
    }
    assert client.post(url, evil).status_code == 403
    assert client.post(reverse(f"{name}_add"), evil).status_code == 403
    assert client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert client.post(
        reverse(f"{name}_changelist"), {"action": "resubmit_task", "_selected_action": [row.pk]}
    ).status_code in {200, 302, 403}
    assert list(model.objects.values()) == before
