"""What corrections correct: "it was always kg before" says what the user wants, and the answer before it what went wrong."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from django.db import connection

from raindrop.embedder import embed_texts
from signals.discovery.evidence import sentences_of
from signals.discovery.naming import LONGEST, central_first, cut
from signals.discovery.observations import Floats, Observation
from signals.discovery.problems import Group, unit
from signals.discovery.templates import mask

CORRECTION = "correction"
LOOKED_AT = 40  # corrections of a group, the most typical first
SENTENCES = 20  # of an answer, its last ones
KNOWN = 0.5  # of those looked at: so many must follow an answer


def name_corrections(
    groups: Sequence[Group], *, observations: Sequence[Observation], vectors: Floats
) -> list[Group]:
    """Names each group of corrections by the sentence that most of them correct: of the answer before it that nearest to the user's words in
    meaning. The description keeps the user's words."""
    return [
        replace(group, label=label)
        if group.key == CORRECTION and (label := _name(group, observations, vectors))
        else group
        for group in groups
    ]


def _name(group: Group, observations: Sequence[Observation], vectors: Floats) -> str:
    """ "" where too few follow an answer."""
    order = np.argsort(-(vectors[list(group.members)] @ group.centroid), kind="stable")[:LOOKED_AT]
    members = [group.members[int(place)] for place in order]
    answers = answers_before({observations[i].event for i in members})
    told: list[str] = []
    for i in members:
        sentences = sentences_of(answers.get(observations[i].event, ""))[-SENTENCES:]
        if sentences:
            near = embed_texts(sentences) @ vectors[i]
            told.append(mask(sentences[int(np.argmax(near))]))
    told = [text for text in told if any(map(str.isalpha, text))]
    if not told or len(told) < KNOWN * len(members):
        return ""
    rows = embed_texts(told)
    phrase = central_first(told, rows, unit(rows.mean(axis=0)))[0]
    return cut(f"Correction of “{phrase}”", LONGEST)


def answers_before(events: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """By event, what the agent said in the event before it in its conversation."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT e.id, b.output FROM ingest_event e, LATERAL (
                 SELECT output FROM ingest_event WHERE conversation_id = e.conversation_id AND NOT is_pending
                   AND (timestamp, id) < (e.timestamp, e.id) ORDER BY timestamp DESC, id DESC LIMIT 1) b
               WHERE e.id = ANY(%s) AND e.conversation_id IS NOT NULL AND b.output <> ''""",
            [list(events)],
        )
        return dict(cursor.fetchall())
