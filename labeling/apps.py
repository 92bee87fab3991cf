from django.apps import AppConfig


class LabelingConfig(AppConfig):
    name = "labeling"

    def ready(self) -> None:
        from ingest.jobs.kinds import import_kinds  # it reads models
        from ingest.store.merged_events import on_merge
        from labeling.labels.merged_events import move_labels

        import_kinds(self.name)
        on_merge(move_labels)
