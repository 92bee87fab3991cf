"""Facets that come with data: what a careful reader said of its conversations, taken in as if the LLM had read them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.models import Conversation, Project
from ingest.store.people import conversation_id
from signals.llm.structured import Void
from signals.models import Facet
from signals.models.facets import FacetSource, Sampled
from signals.reader.facets import save_facet
from signals.reader.prompt import check_finding
from signals.reader.transcript import load_transcript, tell

PROMPT_VERSION = "shipped"


@dataclass(slots=True)
class Imported:
    """How many were taken in; of these `unquoted` say what went wrong, and their quote is not in the conversation. `missing`: conversations
    that the project has not; `read`: those that the LLM has read itself. `bad`: (line, what is wrong)."""

    taken: int = 0
    unquoted: int = 0
    missing: int = 0
    read: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)


def import_facets(*, project: Project, lines: Iterable[str]) -> Imported:
    """Takes in JSON lines: {"id": the conversation's own id, "intent", "went_wrong", "quote", "where", "severity", "user_noticed",
    "resolved"}. All conversations of such a file were read, so each counts as drawn with probability 1. Safe to repeat."""
    done = Imported()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            _take(project, json.loads(line), done)
        except (ValueError, RecursionError) as error:  # Void is one
            done.bad.append((number, str(error)[:300]))
    return done


def _take(project: Project, row: object, done: Imported) -> None:
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise Void("It is no object with the id of a conversation.")
    found = Conversation.objects.filter(pk=conversation_id(project, row["id"]), project=project).first()
    last = found.events.filter(is_pending=False).order_by("-timestamp", "-id").values_list("id", flat=True).first() if found else None  # fmt: skip
    if found is None or last is None:
        done.missing += 1
        return
    transcript = load_transcript(project_id=project.id, conversation_id=found.id, event_id=last)
    finding = check_finding(row, tell(transcript))
    if Facet.objects.filter(conversation=found.id).exclude(source=FacetSource.SHIPPED).exists():
        done.read += 1
        return
    save_facet(
        transcript=transcript,
        finding=finding,
        sampled=Sampled.RANDOM,
        probability=1.0,
        source=FacetSource.SHIPPED,
        prompt_version=PROMPT_VERSION,
    )
    done.taken += 1
    done.unquoted += bool(finding.went_wrong and not finding.quote)
