from importlib import import_module

from django.apps import AppConfig


class SignalsConfig(AppConfig):
    name = "signals"

    def ready(self) -> None:
        from ingest.jobs.kinds import import_kinds  # it reads models
        from ingest.store.erasing import on_erase
        from ingest.store.merged_events import on_merge
        from signals.clusters.members import erase_members, move_members
        from signals.matching.merged_events import erase_observations, move_observations

        import_kinds(self.name)
        on_merge(move_observations)
        on_merge(move_members)
        on_erase(erase_observations)
        on_erase(erase_members)
        import_module("signals.learning.query_fields")
        import_module("signals.reader.query_fields")
        import_module("signals.clusters.query_fields")
