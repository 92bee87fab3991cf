"""Live pages: a message is only the hint "something of this project changed"; the page then reads again.

With Redis the hint goes through channels-redis. Without, it goes through PostgreSQL's NOTIFY, because the
in-memory channel layer reaches only its own process: each web process listens, and passes hints to its browsers.
"""

import asyncio
import functools
import logging
import uuid
from collections.abc import Iterable

import psycopg
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection, transaction

logger = logging.getLogger(__name__)

CHANNEL = "raindrop_changed"
RETRY_SECONDS = 2.0


def changed(projects: Iterable[uuid.UUID]) -> None:
    """Tells the browsers that look at these projects. Inside a transaction it is sent at its commit."""
    for project in set(projects):
        if settings.REDIS_URL:
            send = functools.partial(async_to_sync(get_channel_layer().group_send), group(str(project)))
            transaction.on_commit(functools.partial(send, {"type": "project.changed"}), robust=True)
        else:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(project)])


async def relay() -> None:
    """Passes NOTIFY messages to this process's channel layer; reconnects when the database goes away, and whatever else happens."""
    parameters = {**connection.get_connection_params()}
    for django_only in ("cursor_factory", "context", "pool"):
        parameters.pop(django_only, None)
    layer = get_channel_layer()
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(**parameters, autocommit=True) as listener:
                await listener.execute(f"LISTEN {CHANNEL}")
                async for notification in listener.notifies():
                    await layer.group_send(group(notification.payload), {"type": "project.changed"})
        except psycopg.OperationalError as error:
            logger.warning("Live updates lost the database, trying again: %s", error)
        except Exception:
            logger.exception("Live updates failed, trying again")
        await asyncio.sleep(RETRY_SECONDS)


def group(project: str) -> str:
    return f"project.{project}"
