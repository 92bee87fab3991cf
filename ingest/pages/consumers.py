"""The browser's end of live pages (raindrop/live.py sends the hints)."""

import asyncio
import uuid
from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings

from ingest.projects.access import is_member
from raindrop import live


class ProjectConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """`/ws/projects/<id>/`: sends {"type": "changed"} at most once per PAUSE_SECONDS. Members of the project only."""

    PAUSE_SECONDS = 1.0
    _listener: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        self.project = str(self.scope["url_route"]["kwargs"]["project_id"])
        self.waiting: asyncio.Task[None] | None = None
        if not await is_member(user=self.scope["user"], project_id=uuid.UUID(self.project)):
            await self.close(code=4403)
            return
        await self.channel_layer.group_add(live.group(self.project), self.channel_name)
        if not settings.REDIS_URL and (
            ProjectConsumer._listener is None
            or ProjectConsumer._listener.done()
            or ProjectConsumer._listener.get_loop() is not asyncio.get_running_loop()
        ):
            ProjectConsumer._listener = asyncio.create_task(live.relay())
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(live.group(self.project), self.channel_name)
        if self.waiting:
            self.waiting.cancel()

    async def project_changed(self, message: dict[str, Any]) -> None:
        if self.waiting is None or self.waiting.done():
            self.waiting = asyncio.create_task(self._send_later())

    async def _send_later(self) -> None:
        # Hints gather while the pause runs, and what changed in it is seen by the reading after it.
        await asyncio.sleep(self.PAUSE_SECONDS)
        await self.send_json({"type": "changed"})
