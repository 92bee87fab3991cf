"""A person who answers card after card, and what the issue's classifier makes of it: the product's own choice of cards and training over
arrays, and beside it a plain logistic regression with uncertainty sampling."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from issues.classifier.audit import DrawnLabel
from issues.classifier.contradictions import contradicted_answers
from issues.classifier.model import Bools, Floats, fit, scores
from issues.classifier.training import BACKGROUND, trust_of_teacher
from labeling.evaluation.worlds import World
from labeling.models import Reason
from labeling.queue.fusing import MEANING_WEIGHT, READER_WEIGHT, SIGNAL_WEIGHT, WORDS_WEIGHT, fuse
from labeling.queue.leads import has_turn
from labeling.queue.of_issues import SAMPLE
from labeling.queue.picking import (
    AUDIT,
    SHORTLIST,
    Pool,
    cycle_of,
    draw_in_strata,
    order_by_doubt,
    order_by_region,
    order_by_score,
    pick,
    reasons_in_turn,
)
from signals.vectors.reading import both_sides

BATCH = 5  # cards a request
NEAR = 3  # of a plain regression's first batches, the likest
ROUND = 20  # calls of the teacher, after which the classifier learns
Labeller = Callable[[World, int], bool]


@dataclass(slots=True)
class Run:
    """F1 and how many matches were met, by number of labels. At the end: the rows of the audit (issues/classifier/audit.py, DrawnLabel), empty
    where it says nothing, and what counts as a match."""

    f1: dict[int, float] = field(default_factory=dict)
    met: dict[int, int] = field(default_factory=dict)
    audit: list[DrawnLabel] = field(default_factory=list)
    cards: list[int] = field(default_factory=list)
    predicted: Bools | None = field(default=None, compare=False)


def true_answer(world: World, event: int) -> bool:
    return bool(world.truth[event])


class Review:
    """One world under review: the cards that were answered, and the classifier that learnt from them. Deterministic for a seed.

    `answers`: event -> the person's standing answer, in the order of the cards. `taught`: the same of a teacher. `known`, `threshold`: the
    classifier's scores (n,) of all events and where it parts them; None and .5 before the first match. `contradictions`: as Classifier.contradicted.
    """

    def __init__(self, world: World, *, seed: int) -> None:
        self.world = world
        self.draw = np.random.default_rng(seed)
        self.vectors = both_sides(world.sides.user, world.sides.agent)
        self.background = self.draw.permutation(world.pool)
        self.answers: dict[int, bool] = {}
        self.taught: dict[int, bool] = {}
        self.chances: dict[int, float] = {}  # of the cards that were drawn at random
        self.known: NDArray[np.float64] | None = None
        self.threshold = 0.5
        self.predicted: Bools = np.zeros(len(world.truth), bool)
        self.contradictions: dict[int, bool] = {}
        self.audit: list[DrawnLabel] = []

    def next_cards(self, limit: int, *, who: str = "program") -> list[int]:
        """At most so many events, which have no answer yet. `who`: as `cycle_of` takes it, or "audit" for random cards alone."""
        of_teacher = who == "teacher"
        answered = self.taught if of_teacher else self.answers
        taught = {} if of_teacher else self.taught
        chosen = _cards(
            self.world, self.vectors, answered, self.known, self.threshold, limit, self.draw, taught, who
        )
        if not of_teacher:
            self.chances |= {event: chance for event, chance in chosen.items() if chance is not None}
        return list(chosen)

    def learn(self) -> None:
        """Trains on all answers, as the product does. Without a match among them there is nothing to learn."""
        known = {**self.taught, **self.answers}
        if not any(known.values()):
            return
        trust = trust_of_teacher(self.taught, self.answers)
        others = self.background[~np.isin(self.background, list(known))][:BACKGROUND]
        sides = self.world.sides
        answers = np.array(list(known.values()))
        of_people = np.array([event in self.answers for event in known])
        fitted = fit(
            definition=self.world.definition,
            labelled=sides.take(np.array(list(known))),
            answers=answers,
            background=sides.take(others),
            weights=np.array([1 / self.chances[event] if event in self.chances else 0.0 for event in known]),
            trust=np.array([1.0 if event in self.answers else trust[verdict] for event, verdict in known.items()]),
        )  # fmt: skip
        self.contradictions = contradicted_answers(
            fitted, events=list(known), answers=answers, of_people=of_people
        )
        self.audit = list(fitted.quality["audit"] or [])
        self.known, self.threshold = scores(sides.user, sides.agent, fitted.weights), fitted.threshold
        self.predicted = self.known >= self.threshold


def ours(
    world: World,
    budgets: Sequence[int],
    *,
    seed: int,
    answer: Labeller = true_answer,
    teacher: Labeller | None = None,
    calls: int = 0,
    audit: int = 0,
) -> Run:
    """The queue's cards, answered, and the classifier trained after each batch. Deterministic for a seed. With a `teacher`, it is asked about so many
    events before the person begins, ROUND a time. After the budgets so many cards of an audit follow, drawn at random."""
    review, run = Review(world, seed=seed), Run()
    while teacher is not None and len(review.taught) < calls:
        chosen = review.next_cards(ROUND, who="teacher")
        if not chosen:
            break
        review.taught |= {event: teacher(world, event) for event in chosen}
        review.learn()
    while len(review.answers) < max(budgets) + audit:
        number = len(review.answers)
        stops = [*budgets, max(budgets) + audit]
        limit = min(BATCH, min(stop for stop in stops if stop > number) - number)
        chosen = review.next_cards(limit, who="program" if number < max(budgets) else "audit")
        if not chosen:
            break
        review.answers |= {event: answer(world, event) for event in chosen}
        review.learn()
        _note(run, world, review.predicted, list(review.answers), list(review.answers.values()), budgets)
    run.cards, run.audit = list(review.answers), review.audit
    run.predicted = review.predicted if review.known is not None else None
    return run


def plain(world: World, budgets: Sequence[int], *, seed: int = 0, answer: Labeller = true_answer) -> Run:
    """Logistic regression on both sides' vectors, balanced, threshold a half. Until it has both answers, of each batch NEAR are the likest to the
    definition and the others random; from then on it asks about the most uncertain."""
    from sklearn.linear_model import LogisticRegression

    run = Run()
    cards: list[int] = []
    answers: list[bool] = []
    rows = np.hstack([world.sides.user, world.sides.agent])
    likeness = np.maximum(world.sides.user @ world.definition, world.sides.agent @ world.definition)
    near = world.pool[np.argsort(-likeness[world.pool], kind="stable")].tolist()
    drawn = np.random.default_rng(seed).permutation(world.pool).tolist()
    uncertain: list[int] = []
    predicted: Bools = np.zeros(len(world.truth), bool)
    while len(cards) < max(budgets):
        limit = min(BATCH, min(stop for stop in budgets if stop > len(cards)) - len(cards))
        chosen = uncertain or [*_without(near, cards)[:NEAR], *drawn]
        chosen = _without(dict.fromkeys(chosen), cards)[:limit]
        if not chosen:
            break
        cards += chosen
        answers += [answer(world, event) for event in chosen]
        if any(answers) and not all(answers):
            model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=500)
            model.fit(rows[cards], answers)
            found = model.predict_proba(rows)[:, 1]
            predicted = found >= 0.5
            uncertain = world.pool[np.argsort(np.abs(found[world.pool] - 0.5), kind="stable")].tolist()
        _note(run, world, predicted, cards, answers, budgets)
    return run


def first_cards(world: World) -> list[int]:
    """The events in the fused order of all sources, best first, before anything is labelled."""
    likeness = np.maximum(world.sides.user @ world.definition, world.sides.agent @ world.definition)
    fused = _fused(world, likeness)
    order: list[int] = world.pool[np.argsort(-fused[world.pool], kind="stable")].tolist()
    return order


# -- inside


def _cards(
    world: World,
    vectors: Floats,
    known_answers: Mapping[int, bool],
    found: NDArray[np.float64] | None,
    threshold: float,
    limit: int,
    draw: np.random.Generator,
    taught: Mapping[int, bool],
    who: str = "program",
) -> dict[int, float | None]:
    """Events, and of those drawn at random the probability of that."""
    cards, matches = list(known_answers), sum(known_answers.values())
    unlabelled = np.setdiff1d(world.pool, cards)
    likeness = np.maximum(world.sides.user @ world.definition, world.sides.agent @ world.definition)
    known = likeness if found is None else found
    newest_first = dict(reversed(list(known_answers.items())))
    led = [
        (weight, events)
        for weight, events in world.by_leads
        if weight != SIGNAL_WEIGHT or has_turn(events, newest_first)
    ]
    fused = _fused(replace(world, by_leads=led), likeness)
    beside = fused if world.by_reader else likeness.astype(np.float64)
    if found is None:
        best = unlabelled[np.argsort(-fused[unlabelled], kind="stable")][:SHORTLIST]
    else:
        best = unlabelled[np.argsort(-known[unlabelled], kind="stable")][:SHORTLIST]
    sample = draw.permutation(unlabelled)[:SAMPLE]
    order, chances = draw_in_strata(
        known[sample].astype(np.float64),
        threshold=None if found is None else threshold,
        number=len(unlabelled),
        start=float(draw.random()),
    )
    drawn = sample[order]
    alike = unlabelled[np.argsort(-fused[unlabelled], kind="stable")][: SHORTLIST // 2]
    matches_of_teacher = [event for event, is_match in taught.items() if is_match and event not in cards]
    ids = np.array(
        list(dict.fromkeys([*best.tolist(), *alike.tolist(), *matches_of_teacher, *drawn.tolist()])), np.intp
    )
    place = {event: index for index, event in enumerate(ids.tolist())}
    random = [place[event] for event in drawn.tolist()]
    pool = Pool([], vectors[ids], known[ids].astype(np.float64), {}, dict(zip(random, chances, strict=True)))
    pool.orders[Reason.RANDOM] = random
    if found is None:
        pool.orders[Reason.SIMILAR] = list(range(len(best)))
    else:
        known_of = np.array([_said(taught.get(event)) for event in ids.tolist()])
        order_by_score(pool, beside[ids], threshold=threshold, matches=matches, taught=known_of)
        answers = np.array(list(known_answers.values()), bool)
        order_by_doubt(pool, vectors[cards], answers, threshold=threshold, taught=known_of)
        order_by_region(pool, vectors[cards], reason=Reason.FAR, among=random)
    in_turn = AUDIT if who == "audit" else None
    cycle = in_turn or cycle_of(labels=len(cards), matches=matches, trained=found is not None, who=who)
    pool.orders = {reason: order for reason, order in pool.orders.items() if reason in cycle}
    picked = pick(pool, vectors[cards], reasons_in_turn(cycle, start=len(cards)), limit)
    return {
        int(ids[index]): pool.chances[index] if reason == Reason.RANDOM else None for index, reason in picked
    }


def _fused(world: World, likeness: Floats) -> NDArray[np.float64]:
    """(n,): as the queue fuses its sources."""
    near = world.pool[np.argsort(-likeness[world.pool], kind="stable")]
    sources = [
        (MEANING_WEIGHT, near[:SHORTLIST].tolist()),
        (WORDS_WEIGHT, list(world.by_words[:SHORTLIST])),
        (READER_WEIGHT, list(world.by_reader[:SHORTLIST])),
        *((weight, list(found[:SHORTLIST])) for weight, found in world.by_leads),
    ]
    found = np.zeros(len(world.truth))
    for event, worth in fuse(sources).items():
        found[event] = worth
    return found


def _without(events: Iterable[int], known: Iterable[int]) -> list[int]:
    taken = set(known)
    return [event for event in events if event not in taken]


def _said(is_match: bool | None) -> float:
    return 0.0 if is_match is None else 1.0 if is_match else -1.0


def _note(
    run: Run,
    world: World,
    predicted: Bools,
    cards: Sequence[int],
    answers: Sequence[bool],
    budgets: Sequence[int],
) -> None:
    if len(cards) in budgets:
        verdicts = predicted.copy()
        if world.units is not None:  # what was answered counts as it was answered
            verdicts[list(cards)] = answers
        run.f1[len(cards)] = world.f1(verdicts)
        run.met[len(cards)] = sum(bool(world.truth[event]) for event in cards)
