"""The turn model's verdict on top of a signal's rules.

An exchange (a message with an answer, or with turns before it) is judged by the turn model, which counts the rules among its facts. A
message that stands alone, and a turn that is not embedded, is judged by the rules: the model has learned from conversations. What the
rules read is the evidence; where they read nothing, or little, the sentence whose words say most for the signal is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from signals.detectors.batch import Batch, Detector, Evidence, Finding, Side, Turn
from signals.detectors.judging import LONGEST_EVIDENCE, WORTH_SHOWING
from signals.detectors.passages import passages_of
from signals.detectors.phrases import piece
from signals.detectors.turn_features import Floats, facts_of, other_language
from signals.detectors.turn_model import TurnModel, load_turn_model

Rules = Mapping[str, Detector]
NEVER = 2.0
# From this score on a passage of a long text speaks for the turn: out of its context it is less certain.
PASSAGE = 0.7
# A rule of this score would be a match alone, so what it read is shown as evidence. What a weaker rule read ("instead") tells nothing.
TELLS = 0.5
NEAR_MISS = 0.6
FOUND, SCORES = "what the rules found", "what the turn model says"


def learned(
    rule: Detector,
    rules: Rules,
    *,
    side: Side,
    believed: float = NEVER,
    longest: int | None = None,
    elsewhere: float = 0.0,
) -> Detector:
    """`side`: where the signal is read. `rules` are those of all signals: the model was trained on what they find. From the score `believed`
    on the rule's word stands, whatever the model says. `longest`: of a text of more words the rule alone speaks, and passages are not
    read. `elsewhere`: of a text in another language than English a lower score of the model's is a near miss."""
    learnt = LearnedRule(rule, rules, side, believed, longest, elsewhere)
    return Detector(rule.key, rule.version + MODEL_VERSION, partial(_detect, learnt=learnt))


@dataclass(frozen=True, slots=True)
class LearnedRule:
    """As `learned` takes them."""

    rule: Detector
    rules: Rules
    side: Side
    believed: float
    longest: int | None
    elsewhere: float

    def may_judge(self, turn: Turn) -> bool:
        """Whether the model has learned from texts of this length."""
        return self.longest is None or turn.text(self.side).words <= self.longest


# Added to a rule's own version, so that a match says which model found it.
MODEL_VERSION = 900


def findings(batch: Batch, rules: Rules) -> dict[str, dict[int, Finding]]:
    """What each rule found, by signal and place in the batch; worked out once a batch."""
    found: dict[str, dict[int, Finding]] | None = batch.notes.get(FOUND)
    if found is None:
        found = batch.notes[FOUND] = {
            key: {one.index: one for one in rule.detect(batch)} for key, rule in rules.items()
        }
    return found


def is_exchange(turn: Turn) -> bool:
    return bool(turn.previous) or not (turn.input.is_blank or turn.output.is_blank)


def _detect(batch: Batch, *, learnt: LearnedRule) -> list[Finding]:
    """On the turns, and on the passages of long texts. A passage stands when it is surer than its whole turn, and sure enough."""
    found = _judge(batch, learnt)
    if learnt.longest is not None or len(batch.user_vectors) != len(batch.turns):
        return found
    passages = passages_of(batch)
    if passages is None:
        return found
    best = {one.index: one for one in found}
    for one in _judge(passages.batch, learnt):
        turn = passages.on_turn(one)
        if passages.sides[one.index] == learnt.side and one.score >= max(
            PASSAGE, _score_of(best.get(turn.index))
        ):
            best[turn.index] = turn
    return [best[index] for index in sorted(best)]


def _score_of(found: Finding | None) -> float:
    return 0.0 if found is None else found.score


def _judge(batch: Batch, learnt: LearnedRule) -> list[Finding]:
    rule = learnt.rule
    by_rule = (
        {one.index: one for one in rule.detect(batch)}
        if FOUND not in batch.notes
        else batch.notes[FOUND][rule.key]
    )
    if len(batch.user_vectors) != len(batch.turns):
        return list(by_rule.values())
    scores = _scores(batch, learnt.rules)
    if scores is None:
        return list(by_rule.values())
    column = load_turn_model().keys.index(rule.key)
    found = []
    for index, turn in enumerate(batch.turns):
        score = float(scores[index, column]) if learnt.may_judge(turn) else np.nan
        if score < learnt.elsewhere and other_language(turn.text(learnt.side)):
            score *= NEAR_MISS
        if index in by_rule and (np.isnan(score) or by_rule[index].score >= max(score, learnt.believed)):
            found.append(by_rule[index])
        elif score >= WORTH_SHOWING:
            pieces = by_rule[index].evidence if index in by_rule and by_rule[index].score >= TELLS else []
            found.append(Finding(index, score, pieces or _telling(turn, column, learnt.side)))
    return found


def _scores(batch: Batch, rules: Rules) -> Floats | None:
    """(n, signals), nan for the turns that the rules judge alone; None when they judge them all."""
    if SCORES not in batch.notes:
        batch.notes[SCORES] = _score(batch, rules, load_turn_model())
    scores: Floats | None = batch.notes[SCORES]
    return scores


def _score(batch: Batch, rules: Rules, model: TurnModel) -> Floats | None:
    embedded = batch.user_vectors.any(axis=1) | batch.agent_vectors.any(axis=1)
    judged = np.array([is_exchange(turn) for turn in batch.turns], dtype=bool) & embedded
    if not judged.any():
        return None
    facts = facts_of(batch, findings(batch, rules), model.facts)
    texts = [(turn.input, turn.output) for turn in batch.turns]
    scores = model.scores(batch.user_vectors, batch.agent_vectors, facts, texts)
    scores[~judged] = np.nan
    return scores


def _telling(turn: Turn, column: int, side: Side) -> list[Evidence]:
    text = turn.text(side)
    if text.is_blank:
        return []
    model = load_turn_model()
    words = model.user_words if side == "user" else model.agent_words
    start, end = words.telling(text, column)
    return [piece(side, text, start, min(end, start + LONGEST_EVIDENCE))]
