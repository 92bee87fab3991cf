from importlib import import_module

from django.apps import AppConfig


class SignalsConfig(AppConfig):
    name = "signals"

    def ready(self) -> None:
        from ingest.jobs.kinds import import_kinds  # it reads models

        import_kinds(self.name)
        import_module("signals.learning.query_fields")
