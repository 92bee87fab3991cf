from django.apps import AppConfig


class IssuesConfig(AppConfig):
    name = "issues"

    def ready(self) -> None:
        from ingest.jobs.kinds import import_kinds  # it reads models
        from ingest.store.merged_events import on_merge
        from issues.classifier.merged_events import drop_matches

        import_kinds(self.name)
        on_merge(drop_matches)
