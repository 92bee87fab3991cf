"""ASGI: pages and the API over HTTP, hints over WebSocket."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raindrop.settings")
django_application = get_asgi_application()

from ingest.consumers import ProjectConsumer  # noqa: E402  (needs the apps to be loaded)
from ingest.gateway import WriteGateway  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": WriteGateway(django_application),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(
                URLRouter([path("ws/projects/<uuid:project_id>/", ProjectConsumer.as_asgi())])
            )
        ),
    }
)
