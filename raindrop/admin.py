"""django-q2's tables in the admin: for reading alone.

A schedule or a task names the function that a worker calls, so that whoever may write one has a shell on the server
(`os.system`). django-q2 registers editable forms; these take their place.
"""

from typing import Any

import django_q.admin  # registers its own, which are replaced below
from django.contrib import admin
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success


class ReadOnly(admin.ModelAdmin[Any]):
    """Nothing is added, changed, deleted or done."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class _Task(ReadOnly):
    list_display = ("name", "func", "cluster", "started", "stopped")
    fields = ("name", "func", "cluster", "started", "stopped", "attempt_count")
    search_fields = ("name", "func")
    list_filter = ("cluster",)


class _Schedule(ReadOnly):
    list_display = ("name", "func", "schedule_type", "minutes", "next_run", "cluster")
    fields = list_display


class _QueuedTaskAdmin(ReadOnly):
    list_display = ("id", "key", "lock")
    fields = list_display  # the payload is signed, and long


for _model, _admin in ((Schedule, _Schedule), (Success, _Task), (Failure, _Task), (OrmQ, _QueuedTaskAdmin)):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
    admin.site.register(_model, _admin)
assert django_q.admin
