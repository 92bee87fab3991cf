"""`POST /api/query/translate/`: words to a query."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.projects.authentication import ReadByPost, project_of
from raindrop.api.shapes import answers
from raindrop.errors import ApiError
from signals.api.event_schema import Translation, Words
from signals.read_api.page import SEARCHES
from signals.translating.service import translate as translate_words


@extend_schema(
    operation_id="query_translate", tags=["Events"], summary="Words to a query",
    request=Words, responses=answers(Translation, missing=False),
)  # fmt: skip
@api_view(["POST"])
@permission_classes([ReadByPost])
def translate(request: Request) -> Response:
    """What `/api/events/` finds for a sentence such as "failed bookings last week on gpt-4o". With an LLM key a model translates, within
    the project's budget, else rules do. A query key may ask: nothing is changed."""
    body = Words(data=request.data)
    body.is_valid(raise_exception=True)
    text = body.validated_data["text"]
    if "\x00" in text:
        raise ApiError(400, "text cannot hold a NUL character.", details={"field": "text"})
    project = project_of(request)
    with SEARCHES.enter(project.id):
        return Response(asdict(translate_words(text, project=project)))
