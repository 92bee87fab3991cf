"""`/api/issues/{id}/candidates/` and `/api/issues/{id}/labels/`: teaching an issue from a program."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Event, Job, User
from issues.api.lookup import actor, find_events, find_issue, read_choice
from issues.api.schema import QualityItem
from issues.classifier.audit import published
from issues.classifier.rescoring import RESCORE
from issues.models import Classifier, Issue
from labeling.labels.labels import EventAnswer, all_standing_labels, record_labels
from labeling.labels.rationales import fits
from labeling.models import Answer, Rationale
from labeling.queue.asked_again import cards_of_issue
from labeling.queue.leads import CLUSTER, QUERY, SIGNAL
from labeling.queue.lookahead import held_by_others, offer
from labeling.queue.subject import AUDIT, PURPOSES, TEACHING
from labeling.teaching import may_wait, retrain, retrain_soon, tell_taught
from raindrop.api.fields import hiding
from raindrop.api.pagination import page_of, read_limit
from raindrop.api.shapes import PAGE, Strict, answers, listed, results
from raindrop.errors import ApiError

TAGS = ["Teaching"]
MAX_LABELS = 1000  # a request
MAX_CANDIDATES = 100


class LeadItem(serializers.Serializer[Any]):
    kind = serializers.ChoiceField([SIGNAL, CLUSTER, QUERY])
    name = serializers.CharField(help_text="Of the signal or the cluster; of a query its text.")
    query = serializers.CharField(help_text="What it finds, for `/api/events/?q=`.")


class CandidateItem(serializers.Serializer[Any]):
    event_id = serializers.CharField(help_text="The app's own id.")
    score = serializers.FloatField(
        allow_null=True, help_text="The classifier's; before the first one the cosine to the definition."
    )
    reason = serializers.CharField(
        help_text="similar, uncertain, likely, disputed, far, drift or random; redefined: asked again, because the definition has changed."
    )
    probability = serializers.FloatField(
        allow_null=True,
        help_text="Of a random one the chance that this event was the one drawn; null for what was picked.",
    )
    found_by = LeadItem(
        many=True,
        help_text="What else than the issue's text finds it: what the search started from, signals and a query that the text names. Empty for a random one.",
    )


class LabelItem(serializers.Serializer[Any]):
    event_id = serializers.CharField()
    label = hiding(serializers.CharField(help_text="match, not_match or unsure."))
    rationale = serializers.CharField(help_text="Why the answer is what it is; empty when nobody gave one.")
    note = serializers.CharField()
    user = serializers.CharField(allow_null=True, help_text="Null when a key or the teacher labelled.")
    source = hiding(
        serializers.CharField(
            help_text="queue, api, page, admin, bulk (together with similar ones); llm: the teacher's."
        )
    )
    reason = serializers.CharField(help_text="Why it was asked; empty when it was not.")
    score = serializers.FloatField(allow_null=True, help_text="When it was asked.")
    probability = serializers.FloatField(
        allow_null=True, help_text="Of a random one the chance that this event was the one drawn."
    )
    definition_version = serializers.IntegerField(
        allow_null=True, help_text="The definition that the answer is about."
    )
    created_at = serializers.DateTimeField()


class NewLabel(Strict):
    event_id = serializers.CharField(trim_whitespace=False, max_length=1024, help_text="The app's own id.")
    label = hiding(serializers.ChoiceField(Answer.choices))
    rationale = serializers.ChoiceField(
        Rationale.choices,
        allow_blank=True,
        default="",
        help_text="Of not_match: other, close, mentioned or justified. Of unsure: context, language, scope, unclear or expert.",
    )
    note = serializers.CharField(max_length=2000, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not fits(attrs["rationale"], attrs["label"]):
            text = f'"{attrs["rationale"]}" is no reason for the answer {attrs["label"]}.'
            raise serializers.ValidationError({"rationale": text})
        return attrs


class ClassifierItem(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    threshold = serializers.FloatField()
    labels = serializers.IntegerField(help_text="Labelled events that it was trained on.")
    matches = serializers.IntegerField(help_text="Of these, matches.")
    trained_at = serializers.DateTimeField()
    quality = QualityItem()


STORED = inline_serializer(
    "LabelsStored",
    {
        "stored": serializers.IntegerField(),
        "classifier": ClassifierItem(allow_null=True, help_text="Null while no match is labelled."),
        "job": serializers.UUIDField(
            allow_null=True, help_text="When it is done (`/api/jobs/{id}/`), the matches are up to date."
        ),
    },
)


@extend_schema(
    operation_id="issues_candidates",
    tags=TAGS,
    summary="What to label next, best first",
    parameters=[
        OpenApiParameter(
            "limit", {"type": "integer", "minimum": 1, "maximum": MAX_CANDIDATES, "default": 20}
        ),
        OpenApiParameter("for", {"type": "string", "enum": list(PURPOSES), "default": TEACHING}),
    ],
    responses=answers(results(CandidateItem)),
)
@api_view(["GET"])
def candidates(request: Request, key: str) -> Response:
    """Events that the system learns most from, none that is labelled already or on a person's screen. With `for=audit` only events
    drawn at random. What is said of them here is kept with their labels, when they come within 30 days."""
    issue, user = find_issue(request, key), actor(request)
    limit = read_limit(request, default=20, maximum=MAX_CANDIDATES)
    audit = read_choice(request, "for", PURPOSES, TEACHING) == AUDIT
    held = held_by_others(issue, user)
    cards = cards_of_issue(issue=issue, limit=limit, user=user, exclude=held, audit=audit)
    offer(subject=issue, user=user, cards=cards, audit=audit)
    return Response(
        {
            "results": [
                {
                    "event_id": card.event.event_id,
                    "score": card.score,
                    "reason": card.reason,
                    "probability": card.probability,
                    "found_by": [
                        {"kind": lead.kind, "name": lead.name, "query": lead.query} for lead in card.leads
                    ],
                }
                for card in cards
            ]
        }
    )


@extend_schema(
    methods=["GET"],
    operation_id="issues_labels_list",
    tags=TAGS,
    summary="The labels that stand, newest first, the teacher's among them",
    parameters=PAGE,
    responses=answers(listed(LabelItem)),
)
@extend_schema(
    methods=["POST"],
    operation_id="issues_labels_create",
    tags=TAGS,
    summary="Label events",
    parameters=[OpenApiParameter("key", OpenApiTypes.STR, OpenApiParameter.PATH)],
    request=NewLabel(many=True),
    responses=answers(STORED),
)
@api_view(["GET", "POST"])
def labels(request: Request, key: str) -> Response:
    """Labelling trains the classifier before the answer when fewer than 200 labels stand, else soon after it."""
    issue = find_issue(request, key)
    if request.method == "POST":
        stored = _store(issue, request.data, actor(request))
        return Response({"stored": stored, **_train(issue)})
    found = all_standing_labels(issue).select_related("event", "user")
    page = page_of(found, request=request, order=("-created_at", "-id"))
    return Response(
        page.body(
            [
                {
                    "event_id": label.event.event_id,
                    "label": label.answer,
                    "rationale": label.rationale,
                    "note": label.note,
                    "user": label.user.username if label.user else None,
                    "source": label.source,
                    "reason": label.reason,
                    "score": label.score,
                    "probability": label.probability,
                    "definition_version": label.definition_version,
                    "created_at": label.created_at,
                }
                for label in page.rows
            ]
        )
    )


def _store(issue: Issue, data: object, user: User | None) -> int:
    """All of the labels or none."""
    form = NewLabel(data=data, many=True, allow_empty=False, max_length=MAX_LABELS)  # type: ignore[call-arg]  # with many=True it is for the list
    form.is_valid(raise_exception=True)
    rows: list[dict[str, Any]] = form.validated_data
    events: dict[str, Event] = find_events(issue.project, [row["event_id"] for row in rows])
    unknown = [row["event_id"] for row in rows if row["event_id"] not in events]
    if unknown:
        raise ApiError(
            400,
            f"There are no such events in this project: {', '.join(unknown[:10])}. Nothing was stored.",
            details={"unknown_event_ids": unknown},
        )
    answers = [
        EventAnswer(events[row["event_id"]], row["label"], row["note"], rationale=row["rationale"])
        for row in rows
    ]
    record_labels(subject=issue, answers=answers, user=user, source="api")
    return len(rows)


def _train(issue: Issue) -> dict[str, Any]:
    """The classifier as the answer shows it, and the job after which the matches are up to date."""
    job: Job | None
    if may_wait(issue):
        trained = retrain(issue)
        tell_taught(issue)
        rescores = Job.objects.filter(project_id=issue.project_id, kind=RESCORE, subject=issue.pk)
        job = rescores.order_by("-created_at").first() if trained else None
    else:
        job = retrain_soon(issue)
    classifier = issue.classifiers.current().first()
    return {
        "classifier": _classifier_item(classifier) if classifier else None,
        "job": str(job.pk) if job else None,
    }


def _classifier_item(classifier: Classifier) -> dict[str, Any]:
    return {
        "version": classifier.version,
        "threshold": classifier.threshold,
        "labels": classifier.labels_count,
        "matches": classifier.positives_count,
        "trained_at": classifier.trained_at,
        "quality": published(classifier.quality),
    }
