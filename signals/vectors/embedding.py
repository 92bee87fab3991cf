"""The pipeline's stage that makes an event's two vectors, the tones of what the user said, its text-search document and its language."""

import hashlib
import uuid

import numpy as np
import numpy.typing as npt
import psycopg
from django.db import connection, transaction

from ingest.models import Event
from ingest.store.event_locks import hold_events
from raindrop.embedder import MODEL, TONES, read_texts
from signals.detectors.language_mismatch import CODES, READ, language_of
from signals.detectors.text import Text
from signals.vectors.half_vectors import HalfVectors, HalfVectorsDumper
from signals.vectors.text_search import SPACED_SQL

# The document holds at most 1 MiB, and may say a text twice (a hyphenated word, a URL, is indexed whole and in parts),
# at up to four bytes a character: so many characters fit whatever they are, and so many when most are ASCII.
DOCUMENT_CHARACTERS = 200_000
DOCUMENT_CHARACTERS_WIDE = 100_000


def embed(events: list[Event]) -> None:
    """Stores one vector for each side of each event, of its first 256 tokens, the tones of both, and the words to search it by.

    Idempotent; an event whose text did not change since it was embedded costs one row read. An event that was revised after it
    was loaded here is left to the run that its revision queued.
    """
    hashes = {event.id: text_hash(event.input, event.output) for event in events}
    known = _known_hashes(list(hashes))
    changed = sorted(
        (event for event in events if known.get(event.id) != hashes[event.id]), key=lambda e: e.id
    )
    if not changed:
        return
    read = read_texts([event.input for event in changed] + [event.output for event in changed])
    with transaction.atomic():
        current = {event.id for event in hold_events(changed)}
        rows = [row for row, event in enumerate(changed) if event.id in current]
        index_texts({event.id: read_language(event) for event in changed if event.id in current})
        _store(
            [changed[row] for row in rows],
            read.vectors[rows],
            read.vectors[len(changed) :][rows],
            read.tones[rows][:, : len(TONES)],
            read.tones[len(changed) :][rows][:, len(TONES) :],
            hashes,
        )


def text_hash(input: str, output: str) -> bytes:
    """16 bytes that change with the texts, with the model and with what is stored."""
    digest = hashlib.blake2b(f"{MODEL} and tones of both sides, of turns too".encode(), digest_size=16)
    for text in (input, output):
        digest.update(b"\x00" + text.encode("utf-8", "surrogatepass"))
    return digest.digest()


def _known_hashes(event_ids: list[uuid.UUID]) -> dict[uuid.UUID, bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_id, text_hash FROM signals_eventembedding WHERE event_id = ANY(%s)", [event_ids]
        )
        return {event_id: bytes(digest) for event_id, digest in cursor.fetchall()}


def _store(
    events: list[Event],
    user: npt.NDArray[np.float32],
    agent: npt.NDArray[np.float32],
    user_tones: npt.NDArray[np.float32],
    agent_tones: npt.NDArray[np.float32],
    hashes: dict[uuid.UUID, bytes],
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'halfvec'::regtype::oid")
        [kind] = cursor.fetchone()
    # psycopg's own cursor, which sends parameters apart from the statement (Django's writes them into it, as text).
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.adapters.register_dumper(HalfVectors, HalfVectorsDumper)
        cursor.execute(
            """INSERT INTO signals_eventembedding AS t (event_id, project_id, user_vector, agent_vector, user_tones, agent_tones, text_hash)
               SELECT id, project, u, a, u_tones, a_tones, hash
               FROM unnest(%s::uuid[], %s::uuid[], %s::halfvec[], %s::halfvec[], %s::halfvec[], %s::halfvec[], %s::bytea[])
                 AS g(id, project, u, a, u_tones, a_tones, hash)
               ON CONFLICT (event_id) DO UPDATE SET user_vector = EXCLUDED.user_vector,
                 agent_vector = EXCLUDED.agent_vector, user_tones = EXCLUDED.user_tones,
                 agent_tones = EXCLUDED.agent_tones, text_hash = EXCLUDED.text_hash
               WHERE t.text_hash <> EXCLUDED.text_hash""",
            [
                [event.id for event in events],
                [event.project_id for event in events],
                *(HalfVectors(kind, vectors) for vectors in (user, agent, user_tones, agent_tones)),
                [hashes[event.id] for event in events],
            ],
        )


def read_language(event: Event) -> str:
    """The code of the language that the user writes, such as "de"; where that cannot be told, the agent's; else ""."""
    for side in (event.input, event.output):
        if side and (name := language_of(Text(side[:READ]))):
            return CODES[name]
    return ""


def index_texts(languages: dict[uuid.UUID, str]) -> None:
    """Makes the documents of these events, and keeps the language of each. Reads the texts where they are stored, so that they do not
    travel."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO signals_eventtext (event_id, project_id, document, language)
               SELECT id, project_id, to_tsvector('simple', {SPACED_SQL.format("words")}), language
               FROM (
                 SELECT id, project_id, language, CASE
                   WHEN octet_length(left(words, %s)) > 2 * %s THEN left(words, %s) ELSE left(words, %s) END AS words
                 FROM (SELECT id, project_id, language, input || ' ' || output AS words
                       FROM unnest(%s::uuid[], %s::text[]) AS g(id, language) JOIN ingest_event USING (id) ORDER BY id) whole
               ) e
               ON CONFLICT (event_id) DO UPDATE SET document = EXCLUDED.document, language = EXCLUDED.language""",
            [
                DOCUMENT_CHARACTERS,
                DOCUMENT_CHARACTERS,
                DOCUMENT_CHARACTERS_WIDE,
                DOCUMENT_CHARACTERS,
                list(languages),
                list(languages.values()),
            ],
        )
