"""Searching events by their words."""

from django.contrib.postgres.search import SearchQuery
from django.db.models import QuerySet

from ingest.models import Event


def search_events(queryset: QuerySet[Event], text: str) -> QuerySet[Event]:
    """The events that hold the words: `refund -order "not working" or broken`, as web searches are written.

    An empty text leaves the queryset as it is. Events are found once the pipeline has indexed them.
    """
    words = text.replace("\x00", " ").strip()
    if not words:
        return queryset
    query = SearchQuery(words, config="simple", search_type="websearch")
    return queryset.filter(search_text__document=query)
