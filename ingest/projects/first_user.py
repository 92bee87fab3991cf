"""Making the first user of a new server."""

from django.db import transaction

from ingest.models import User
from raindrop.locks import hold_lock


class NotTheFirst(Exception):
    """There is a user already."""


@transaction.atomic
def create_first_user(*, username: str, password: str) -> User:
    """A superuser. Raises NotTheFirst, also for the second of two who try at once."""
    hold_lock("the first user")
    if User.objects.exists():
        raise NotTheFirst
    return User.objects.create_superuser(username, password=password)
