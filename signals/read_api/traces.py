"""`GET /v1/traces`: the spans of one event. The same path takes OTLP by POST, which is the room ingest's."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Span
from ingest.projects.authentication import project_of
from signals.read_api.bytes import SPAN_TEXTS, items_within, light
from signals.read_api.events import find_event
from signals.read_api.filters import Parameters, bad, read_query
from signals.read_api.items import span_item
from signals.read_api.page import listed
from signals.read_api.schema import WireTraceSpan, list_of, parameters_of, responses

PARAMETERS = Parameters(plain=("event_id", "limit", "cursor", "trunc_len"))
DEFAULT_SPANS = 200
MAX_SPANS = 1000
MAX_CUT = 10_000_000


@extend_schema(
    operation_id="v1_traces_list",
    tags=["Read path"],
    summary="An event's spans, in order",
    parameters=parameters_of(PARAMETERS, limit=(DEFAULT_SPANS, MAX_SPANS), required=("event_id",)),
    responses=responses(list_of(WireTraceSpan), missing=True),
)
@api_view(["GET"])
def traces(request: Request) -> Response:
    """`trunc_len` cuts input, output and attributes to that many characters."""
    project, query = project_of(request), read_query(request, PARAMETERS)
    event_id = query.plain.get("event_id")
    if not event_id:
        raise bad("event_id", "event_id is required: whose spans?")
    cut = query.number("trunc_len", default=MAX_CUT, maximum=MAX_CUT)
    event = find_event(project, event_id)
    return listed(
        light(Span.objects.filter(project=project, event_id=event.id), SPAN_TEXTS),
        request=request,
        query=query,
        order=("started_at", "id"),
        items=lambda rows: items_within(
            rows, heavy=SPAN_TEXTS, items=lambda some: [span_item(row, cut=cut) for row in some]
        ),
        default=DEFAULT_SPANS,
        maximum=MAX_SPANS,
    )
