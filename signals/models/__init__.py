"""The tables of observations: definitions, matches, vectors, questions and their verdicts, readings, facets, clusters, the LLM's budget, feedback, tuning, saved views.

Uses ingest.
"""

from signals.models.clusters import Cluster, ClusterConversation, ClusterKind, ClusterMember, ClusterStatus
from signals.models.defaults import SignalDefault
from signals.models.definitions import SignalDefinition, SignalGroup
from signals.models.embeddings import EventEmbedding, EventText
from signals.models.endings import FailedEnding
from signals.models.facets import Facet, FacetSource, Sampled
from signals.models.llm import LlmSettings, LlmSpend
from signals.models.matches import SignalMatch
from signals.models.questions import QuestionBatch, QuestionVerdict
from signals.models.readings import Reading, ReadingBatch
from signals.models.tuning import SignalTuning
from signals.models.views import SavedView

__all__ = [
    "Cluster",
    "ClusterConversation",
    "ClusterKind",
    "ClusterMember",
    "ClusterStatus",
    "EventEmbedding",
    "EventText",
    "Facet",
    "FacetSource",
    "FailedEnding",
    "LlmSettings",
    "LlmSpend",
    "QuestionBatch",
    "QuestionVerdict",
    "Reading",
    "ReadingBatch",
    "Sampled",
    "SavedView",
    "SignalDefault",
    "SignalDefinition",
    "SignalGroup",
    "SignalMatch",
    "SignalTuning",
]
