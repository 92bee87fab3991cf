from importlib import import_module

from django.apps import AppConfig


class IssuesConfig(AppConfig):
    name = "issues"

    def ready(self) -> None:
        from ingest.jobs.kinds import import_kinds  # it reads models
        from ingest.store.erasing import keeps_longer, on_erase
        from ingest.store.merged_events import on_merge
        from issues.actions import when_deleted
        from issues.alerts import event_triggers, issue_triggers, personal, watching
        from issues.alerts.rules import forget_subject
        from issues.classifier.merged_events import drop_matches, erase_matches, matched
        from issues.digest import due as digests
        from issues.escalation import rows as escalation_rows
        from issues.following.deciding import follow_changed
        from issues.following.history import refill_clusters
        from issues.inbox import kinds as inbox_kinds
        from issues.merging.doors import let_go
        from signals.matching.observers import on_change, on_replaced
        from signals.pages.panels import Page, register_panel

        import_kinds(self.name)
        import_module("issues.query_fields")
        import_module("issues.matrix_rows")
        escalation_rows.register()  # before the alerts: they may speak of the row
        for triggers in (issue_triggers, event_triggers, watching, digests, personal):
            triggers.register()
        register_panel(Page.SIGNAL, "signal-causes")
        register_panel(Page.CLUSTER, "cluster-causes")
        register_panel(Page.TOOL, "tool-issues")
        inbox_kinds.register()
        when_deleted(let_go)
        when_deleted(forget_subject)
        on_merge(drop_matches)
        on_erase(erase_matches)
        keeps_longer(matched)
        on_change(follow_changed)
        on_replaced(refill_clusters)
