from importlib import import_module

from django.apps import AppConfig


class LabelingConfig(AppConfig):
    name = "labeling"

    def ready(self) -> None:
        # These read models.
        from ingest.jobs.kinds import import_kinds
        from ingest.store.erasing import keeps_longer, on_erase
        from ingest.store.merged_events import on_merge
        from issues.actions import when_deleted
        from issues.following.searching import when_search_starts
        from issues.models.answers import register_answers
        from labeling.drift import inbox as drift_kinds
        from labeling.drift.watching import look_again
        from labeling.labels import disagreements
        from labeling.labels.answered import LabelAnswers
        from labeling.labels.judgements import LabelJudgements
        from labeling.labels.labels import forget_labels
        from labeling.labels.merged_events import erase_labels, labelled, move_labels
        from labeling.queue.issue_subject import IssueSubject
        from labeling.queue.leads import keep_start
        from labeling.queue.signal_subject import SignalSubject
        from labeling.queue.subject import register_subject
        from labeling.refinement import inbox as inbox_kinds
        from labeling.refinement.raising import raise_question
        from labeling.teaching import when_taught
        from signals.models.judgements import register_judgements

        import_kinds(self.name)
        import_module("labeling.query_fields")
        register_answers(LabelAnswers())
        register_judgements(LabelJudgements())
        when_deleted(forget_labels)
        when_search_starts(keep_start)
        on_merge(move_labels)
        when_taught(raise_question)
        when_taught(look_again)
        disagreements.register()
        inbox_kinds.register()
        drift_kinds.register()
        on_erase(erase_labels)
        keeps_longer(labelled)
        register_subject(IssueSubject)
        register_subject(SignalSubject)
