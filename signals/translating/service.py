"""Translating a sentence for a project: by the LLM where there is a key and budget, checked by the real parser; else by rules."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from django.utils import timezone

from ingest.models import Project
from raindrop import llm
from raindrop.embedder import embed_texts
from signals.llm.one_call import BudgetSpent, call_once
from signals.llm.structured import Void
from signals.search.finding import find_events
from signals.search.language.errors import QueryError
from signals.search.language.nodes import Node
from signals.search.language.parsing import parse
from signals.search.scope import Scope
from signals.translating.prompt import build_request, read_reply
from signals.translating.rules import translate_by_rules
from signals.translating.vocabulary import Vocabulary, read_vocabulary

if TYPE_CHECKING:
    from anthropic.types import Message

MAX_WORDS = 1000  # characters of a sentence
ROUNDS = 2  # a query that the parser refuses is repaired once
TIMEOUT = 20.0  # seconds; a person waits
NOTHING_NAMED = "Nothing in these words says which events are meant."


@dataclass(frozen=True, slots=True)
class Translation:
    """`query` is one that the search takes; empty where the words name nothing. `by`: llm or rules. `notes`: for people."""

    query: str
    by: str
    notes: list[str] = field(default_factory=list)


def translate(text: str, *, project: Project) -> Translation:
    """What the sentence asks for, as a query of the project. It changes nothing but what the budget has spent."""
    scope = Scope(project)
    vocabulary, today = read_vocabulary(scope), timezone.now().astimezone(dt.UTC).date()
    notes: list[str] = []
    if not llm.why_not():
        try:
            return ask(
                text, vocabulary, today=today,
                call=lambda request: call_once(request, project=project, timeout=TIMEOUT, retries=0), check=lambda node: find_events(node, scope),
            )  # fmt: skip
        except (Void, BudgetSpent, llm.Unavailable) as error:
            notes.append(f"Translated by rules: {error}")
    reading = translate_by_rules(text, vocabulary, today=today, near=nearness)
    notes += reading.notes
    notes += [f"No rule knows “{words}”: looked for by its meaning." for words in reading.by_meaning]
    if reading.left_out:
        notes.append(
            f"Left out, as it says nothing more here: {', '.join(f'“{one}”' for one in reading.left_out)}."
        )
    query = str(reading.query)
    return Translation(query, "rules", notes + ([] if query else [NOTHING_NAMED]))


def nearness(text: str, others: Sequence[str]) -> Sequence[float]:
    """The cosine of each of the others to the text."""
    vectors = embed_texts([text, *others])
    cosines: list[float] = np.asarray(vectors[1:] @ vectors[0]).tolist()
    return cosines


def ask(
    text: str,
    vocabulary: Vocabulary,
    *,
    today: dt.date,
    call: Callable[[dict[str, Any]], "Message"],
    check: Callable[[Node], object],
) -> Translation:
    """What the model makes of it. `check` raises QueryError for a query that the project cannot be asked. Raises Void, and
    llm.Unavailable where `call` does."""
    refused: list[tuple[str, str]] = []
    for _ in range(ROUNDS):
        request = build_request(text, vocabulary, today=today, model=settings.LLM_MODEL, refused=refused)
        query, left_out = read_reply(call(request))
        try:
            node = parse(query)
            check(node)
        except QueryError as error:
            refused.append((query, f"{error.message} (at character {error.start + 1})"))
            continue
        return Translation(str(node), "llm", left_out or ([] if query else [NOTHING_NAMED]))
    raise Void(f"The model's query was refused: {refused[-1][1]}")
