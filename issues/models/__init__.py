"""The tables of issues, their definitions, classifiers, matches and activity.

Uses ingest.
"""

from issues.models.activity import Activity, Mention
from issues.models.alerts import AlertChannel, AlertDelivery, AlertRule, AlertThread, MessageSettings
from issues.models.causes import IssueCauses
from issues.models.classifiers import Classifier, IssueMatch
from issues.models.escalations import Escalation, TrackingSettings
from issues.models.issues import Definition, Issue

__all__ = [
    "Activity",
    "AlertChannel",
    "AlertDelivery",
    "AlertRule",
    "AlertThread",
    "Classifier",
    "Definition",
    "Escalation",
    "Issue",
    "IssueCauses",
    "IssueMatch",
    "Mention",
    "MessageSettings",
    "TrackingSettings",
]
