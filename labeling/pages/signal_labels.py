"""A signal's labels as a page and as a file."""

from django.core.exceptions import BadRequest
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render

from ingest.models import Project
from ingest.projects.access import ProjectRequest, project_page
from labeling.labels.of_signals import ANSWERS, answer_of, label_lines, labels_of
from raindrop.api.pagination import paginate
from raindrop.errors import ApiError
from signals.catalogue.access import find_signal
from signals.learning.feedback import precision_of
from signals.models import SignalFeedback

NAMES = {"match": "Right", "not_match": "Wrong", "unsure": "Unsure"}


@project_page()
def labels(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    signal = find_signal(project, key)
    counted = SignalFeedback.objects.standing().filter(signal=signal).values("right").annotate(n=Count("id"))
    counts = {row["right"]: row["n"] for row in counted.order_by()}
    answer = request.GET.get("answer", "")
    found = labels_of(signal)
    if answer in ANSWERS:
        found = (
            found.filter(right=ANSWERS[answer]) if ANSWERS[answer] is not None else found.filter(right=None)
        )
    try:
        rows, cursor = paginate(found, request=request, order=("-updated_at", "-id"))
    except ApiError as error:
        raise BadRequest(error.message) from error
    tabs = [("", "All", sum(counts.values()))]
    tabs += [(value, NAMES[value], counts.get(right, 0)) for value, right in ANSWERS.items()]
    context = {
        "signal": signal, "rows": [(row, answer_of(row)) for row in rows], "cursor": cursor, "tabs": tabs,
        "answer": answer, "precision": precision_of(signal),
    }  # fmt: skip
    return render(request, "labeling/signal_labels.html", context)


@project_page()
def export(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    signal = find_signal(project, key)
    return HttpResponse(
        b"".join(label_lines(signal)),
        content_type="application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{signal.key}-labels.jsonl"'},
    )
