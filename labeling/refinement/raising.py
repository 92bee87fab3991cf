"""Raising a question about an issue's definition, once labels are stored: one open at a time, none about an event that was asked about before."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import Count, QuerySet

from ingest.counts.rollups import totals
from ingest.jobs.queueing import queue_job
from issues.classifier.sampling import draw_events
from issues.classifier.scoring import found_in
from issues.models import Classifier, Issue, IssueMatch
from labeling.labels.authors import definition_version
from labeling.models import TEACHER, Answer, ClarifyingQuestion, Label, QuestionState, Rationale
from labeling.refinement import wording
from labeling.refinement.answering import changes_something
from labeling.refinement.events import texts_of, together, users_alone
from labeling.refinement.llm_wording import WORD_QUESTION
from labeling.refinement.picking import (
    Candidate,
    Kind,
    Known,
    Overlap,
    Vote,
    candidates,
    contradicted,
    disputed,
    overlaps_enough,
    region,
    settled_rows,
)
from raindrop import live, llm
from raindrop.locks import hold_lock
from signals.discovery.keywords import telling_words
from signals.models import EventText
from signals.vectors.reading import vectors_of

SAMPLE = 1000  # events drawn at random that a region is counted among
MATCHES = 500  # of the newest, among which other issues' are looked for
OF_OVERLAP = 50  # events of each part of an overlap
ALIKE = 12  # events around each of a pair, in whose words the pair is told apart
ENGLISH = "en"
USUAL = 200  # of the sample, of which those in the pair's language show its common words


@dataclass(frozen=True, slots=True)
class World:
    """The events that are looked at: row i of `known` is event ids[i]."""

    ids: list[uuid.UUID]
    known: Known
    votes: list[Vote]
    taught: list[Vote]
    overlaps: list[Overlap]
    others: list[Issue]


@transaction.atomic
def raise_question(issue: Issue) -> ClarifyingQuestion | None:
    """Asks what people disagree on, else what would settle most events. None while such a question is open, where there is nothing to ask, and for an
    issue that follows something: its text decides nothing.

    An open question is put aside once the labels, or the classifier, leave nothing of it open. Any but a disagreement is withdrawn, to be asked
    again, once people disagree."""
    hold_lock(f"questions:{issue.pk}")
    questions = ClarifyingQuestion.objects.filter(issue=issue)
    standing = questions.filter(state=QuestionState.OPEN).first()
    if issue.follows:
        return None
    world = _look(issue)
    if world is None:
        if standing is not None and standing.kind == Kind.CONFLICT:
            _put_aside(standing)
        return None
    fresh = _fresh(world, questions.exclude(pk=standing.pk) if standing else questions)
    if standing is not None:
        if not _leaves_open(world, standing):
            _put_aside(standing)
        elif standing.kind != Kind.DISAGREEMENT and any(one.first in disputed(world.votes) for one in fresh):
            standing.delete()
        else:
            return None
        live.changed([issue.project_id])
        fresh = _fresh(world, questions)
    for one in fresh:
        other = None if one.other is None else world.others[one.other]
        if (made := _store(issue, world, one, other)) is not None:
            return made
    return None


def _fresh(world: World, earlier: QuerySet[ClarifyingQuestion]) -> list[Candidate]:
    """What could be asked, without what was (`earlier`)."""
    rows = list(earlier.values_list("first_id", "second_id", "kind", "other_issue_id"))
    about = {first for first, *_ in rows}
    merges = {other for *_, other in rows if other is not None}
    place = {event: row for row, event in enumerate(world.ids)}
    parted = [
        (place[first], place[second])
        for first, second, kind, _ in rows
        if kind == Kind.SPLIT and first in place and second in place
    ]
    found = candidates(world.known, world.votes, taught=world.taught, overlaps=world.overlaps, parted=parted)
    return [
        one
        for one in found
        if (
            world.ids[one.first] not in about
            if one.other is None
            else world.others[one.other].pk not in merges
        )
    ]


def _leaves_open(world: World, question: ClarifyingQuestion) -> bool:
    """Is what the question asks still open? Of an event that is not looked at: yes."""
    if question.first_id not in world.ids:
        return True
    row = world.ids.index(question.first_id)
    settled = settled_rows(world.votes)
    match question.kind:
        case Kind.DISAGREEMENT:
            return row in disputed([*world.votes, *world.taught])
        case Kind.CONFLICT:
            return row in contradicted(world.known, settled)
        case Kind.UNCLEAR | Kind.MERGE:
            return row not in settled
        case Kind.SPLIT:
            return any(one.kind == Kind.SPLIT for one in candidates(world.known, world.votes))
    return True


def _put_aside(question: ClarifyingQuestion) -> None:
    question.state = QuestionState.DISMISSED
    question.save(update_fields=["state"])


def _look(issue: Issue) -> World | None:
    """None where no answer and no overlap gives any reason to ask."""
    rows = Label.objects.filter(subject_id=issue.pk).live().order_by("created_at", "id")
    given = list(rows.values_list("event_id", "author", "answer", "definition_version", "rationale", "note"))
    shared = _shared(issue)
    if not given and not shared:
        return None
    sample, number = draw_events(project=issue.project, count=SAMPLE, seed=issue.pk.int)
    wanted = dict.fromkeys([*(event for event, *_ in given), *sample])
    for _, both, only in shared:
        wanted.update(dict.fromkeys([*both, *only]))
    chunk = vectors_of(project=issue.project, event_ids=list(wanted))
    has_text = np.any(chunk.user, axis=1) | np.any(chunk.agent, axis=1)
    place = {event: row for row, event in enumerate(chunk.ids) if has_text[row]}
    drawn = [place[event] for event in sample if event in place]
    weights = np.zeros(len(chunk.ids))
    weights[drawn] = number / max(1, len(drawn))
    classifier = issue.classifiers.current().first()
    known = Known(
        together(chunk),
        users_alone(chunk),
        weights,
        found_in(chunk, [classifier])[:, 0] if classifier else None,
        classifier.threshold if classifier else None,
        _contradictions(classifier, place),
    )
    votes = [
        Vote(
            place[event],
            author,
            answer,
            version,
            answer == Answer.UNSURE and (rationale == Rationale.UNCLEAR or says_unclear(note)),
        )
        for event, author, answer, version, rationale, note in given
        if event in place
    ]
    overlaps = [
        Overlap(index, [place[e] for e in both if e in place], [place[e] for e in only if e in place])
        for index, (_, both, only) in enumerate(shared)
    ]
    return World(
        list(chunk.ids),
        known,
        [vote for vote in votes if vote.author != TEACHER],
        [vote for vote in votes if vote.author == TEACHER],
        overlaps,
        [other for other, _, _ in shared],
    )


def _contradictions(classifier: Classifier | None, place: Mapping[uuid.UUID, int]) -> dict[int, bool]:
    """Known.contradictions."""
    if classifier is None:
        return {}
    found = {uuid.UUID(event): answer for event, answer in classifier.contradicted.items()}
    return {place[event]: answer for event, answer in found.items() if event in place}


def says_unclear(note: str) -> bool:
    """Does the note of an "unsure" say that the definition is unclear? A program's labels may say so, and so do those of earlier versions of the
    queue, which kept no rationale."""
    return "unclear" in note.casefold() and "definition" in note.casefold()


def _shared(issue: Issue) -> list[tuple[Issue, list[uuid.UUID], list[uuid.UUID]]]:
    """The issues that hold on many of the same events, each with events of both and of this issue alone."""
    newest = list(
        IssueMatch.objects.filter(issue=issue)
        .order_by("-timestamp")
        .values_list("event_id", flat=True)[:MATCHES]
    )
    theirs = IssueMatch.objects.filter(project_id=issue.project_id, event_id__in=newest).exclude(issue=issue)
    counts = dict(theirs.values_list("issue").annotate(n=Count("id")).values_list("issue", "n"))
    if not counts:
        return []
    sizes = {key: total.events for key, total in totals(list(counts)).items()}
    found = []
    for other in Issue.objects.unmerged().filter(pk__in=counts).order_by("number"):
        if not overlaps_enough(both=counts[other.pk], mine=len(newest), others=sizes[other.pk]):
            continue
        both = set(theirs.filter(issue=other).values_list("event_id", flat=True))
        found.append(
            (
                other,
                [event for event in newest if event in both][:OF_OVERLAP],
                [event for event in newest if event not in both][:OF_OVERLAP],
            )
        )
    return found


def _store(issue: Issue, world: World, one: Candidate, other: Issue | None) -> ClarifyingQuestion | None:
    """None where one of the pair is gone, and for a SPLIT of which an answer would change nothing (once there is a classifier to try it out on)."""
    first, second = world.ids[one.first], world.ids[one.second]
    around = [
        _around(world, row, against) for row, against in ((one.first, one.second), (one.second, one.first))
    ]
    texts = texts_of({event for group in around for event in group} | {first, second})
    if first not in texts or second not in texts:
        return None
    words = _contrast_words(world, around, texts)[: wording.WORDS]
    settled = settled_rows(world.votes)
    verdicts = {True: "that it counts", False: "that it does not count"}
    first_quote, second_quote = wording.quote(*texts[first]), wording.quote(*texts[second])
    made = ClarifyingQuestion(
        project_id=issue.project_id,
        issue=issue,
        kind=one.kind,
        first_id=first,
        second_id=second,
        other_issue=other,
        first_quote=first_quote,
        second_quote=second_quote,
        words=words,
        text=wording.question(
            kind=one.kind, title=issue.title, first=first_quote, second=second_quote,
            second_counts=settled.get(one.second, True), words=words,
            answer=verdicts[settled[one.first]] if one.kind == Kind.CONFLICT else "", other=other.title if other else "",
        ),
        settles=one.settles,
        asked_version=definition_version(issue) or 1,
    )  # fmt: skip
    if one.kind == Kind.SPLIT and world.known.scores is not None and not changes_something(made):
        return None
    made.save()
    live.changed([issue.project_id])
    if not llm.why_not():
        queue_job(project=issue.project, kind=WORD_QUESTION, subject=made.pk)
    return made


def _contrast_words(
    world: World, around: list[list[uuid.UUID]], texts: Mapping[uuid.UUID, tuple[str, str]]
) -> list[str]:
    """What tells the first group from the second, in one language: "und" and "the" would tell the language. None where the second has no event of the
    first's language. Usual events of it beside them show which words are common in it. What is in doubt counts as English, as in discovery."""
    sample = [world.ids[row] for row in np.flatnonzero(world.known.weights)[:USUAL]]
    rows = EventText.objects.filter(event__in={event for group in around for event in group} | set(sample))
    languages = {event: code for event, code in rows.values_list("event_id", "language") if code}
    own = next((languages[event] for event in around[0] if event in languages), ENGLISH)
    usual = [event for event in sample if event not in texts]
    groups = [
        [event for event in group if languages.get(event, ENGLISH) == own] for group in (*around, usual)
    ]
    if not groups[0] or not groups[1]:
        return []
    texts = {**texts, **texts_of(groups[2])}
    return telling_words([[" ".join(texts[event]) for event in group if event in texts] for group in groups])[
        0
    ]


def _around(world: World, row: int, against: int) -> list[uuid.UUID]:
    """The event and those most like it that are nearer to it than to the other."""
    vectors = world.known.vectors
    inside = np.flatnonzero(region(vectors, row, against))
    nearest = inside[np.argsort(-(vectors[inside] @ vectors[row]), kind="stable")][:ALIKE]
    return [world.ids[int(index)] for index in nearest]
