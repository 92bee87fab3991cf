from importlib import import_module

from django.apps import AppConfig


class SignalsConfig(AppConfig):
    name = "signals"

    def ready(self) -> None:
        from ingest.jobs.kinds import import_kinds  # it reads models
        from ingest.store.merged_events import on_merge
        from signals.clusters.members import move_members
        from signals.matching.merged_events import move_observations

        import_kinds(self.name)
        on_merge(move_observations)
        on_merge(move_members)
        import_module("signals.learning.query_fields")
        import_module("signals.reader.query_fields")
        import_module("signals.clusters.query_fields")
