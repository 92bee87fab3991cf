"""ASGI: pages and the API over HTTP, hints over WebSocket."""

import gc
import os
import warnings
from typing import Any

from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raindrop.settings")
# whitenoise gives Django open files to send, which Django reads in one go under ASGI: our files are small.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
django_application = get_asgi_application()

from ingest.http.gateway import WriteGateway  # noqa: E402
from ingest.limits import flushing  # noqa: E402  (needs the apps to be loaded)
from ingest.pages.consumers import ProjectConsumer  # noqa: E402


async def lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """At its end a web process writes what it has counted. (uvicorn ends by a signal, at which `atexit` does not run.)"""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await sync_to_async(flushing.flush, thread_sensitive=False)()
    await send({"type": "lifespan.shutdown.complete"})


application = ProtocolTypeRouter(
    {
        "lifespan": lifespan,
        "http": WriteGateway(django_application),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(
                URLRouter([path("ws/projects/<uuid:project_id>/", ProjectConsumer.as_asgi())])
            )
        ),
    }
)

# What is loaded now lives as long as the process, and a batch of events is thousands of objects that die by themselves: with
# the defaults a seventh of the write path's time went into looking for circles among them.
gc.freeze()
gc.set_threshold(20_000, 20, 50)
