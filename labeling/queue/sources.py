"""Where an issue's candidates come from, beside the meaning of whole events: the words of its text, and what a reader (an LLM, where there is a key)
said went wrong."""

import uuid
from collections import defaultdict

from django.db import connection

from ingest.counts.rollups import totals
from issues.classifier.definition_text import what_counts
from issues.classifier.definition_vectors import definition_vector
from issues.models import Issue
from labeling.queue.fusing import most_of, rank_by_words
from signals.reader.near_phrases import facets_near
from signals.search.tokens import words_of

MOST_WORDS = 24  # of a text, its first
MOST_EVENTS = 2000  # of a word that tells something, however many events there are: each is read


def found_by_words(issue: Issue, limit: int) -> list[uuid.UUID]:
    """The events that hold the rarest words of the title and of what counts, best first."""
    words = list(dict.fromkeys(words_of(f"{issue.title}. {what_counts(issue.description)}")))[:MOST_WORDS]
    number = totals([issue.project_id])[issue.project_id].events
    most = min(MOST_EVENTS, most_of(number))
    holders: dict[str, list[uuid.UUID]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT w.word, t.event_id FROM unnest(%s::text[]) AS w(word) CROSS JOIN LATERAL (
                 SELECT event_id FROM signals_eventtext WHERE project_id = %s AND document @@ plainto_tsquery('simple', w.word) LIMIT %s
               ) t ORDER BY t.event_id DESC""",
            [words, issue.project_id, most + 1],
        )
        for word, event in cursor.fetchall():
            holders[word].append(event)
    telling = {word: events for word, events in holders.items() if len(events) <= most}
    return rank_by_words(telling, max(1, number))[:limit]


def found_by_reader(issue: Issue, limit: int) -> list[uuid.UUID]:
    """The events of the readings that say something like the issue's text, best first. Empty where nothing was read."""
    near = facets_near(project=issue.project, vector=definition_vector(issue), limit=limit)
    return [event for event, _ in near]
