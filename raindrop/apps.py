from django.apps import AppConfig


class RaindropConfig(AppConfig):
    name = "raindrop"
