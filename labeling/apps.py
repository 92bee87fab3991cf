from django.apps import AppConfig


class LabelingConfig(AppConfig):
    name = "labeling"

    def ready(self) -> None:
        from ingest.jobs.kinds import import_kinds  # it reads models

        import_kinds(self.name)
