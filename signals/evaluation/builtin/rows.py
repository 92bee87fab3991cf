"""The rows of the table: each a signal on a set that its head did not see, beside a keyword list and VADER."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from raindrop.embedder.tone import Reader, load_readers
from signals.detectors import DETECTORS, correction
from signals.detectors.heads import Floats, using
from signals.detectors.tool_failure import failure
from signals.detectors.win import is_no_win_by_definition
from signals.evaluation.builtin import baselines, corpora, dissatisfaction
from signals.evaluation.builtin.baselines import Baseline
from signals.evaluation.builtin.corpora import Sample
from signals.evaluation.builtin.fitting import FOLDS, fit, folds_of, together
from signals.evaluation.builtin.judged import Quality, answers_of, detector_scores, quality, tones_by
from signals.evaluation.builtin.plans import ABUSE, FRUSTRATION, GRATITUDE, JAILBREAK, REFUSAL, Plan
from signals.evaluation.builtin.readers import read
from signals.evaluation.builtin.vectors import VectorStore
from signals.evaluation.conversation_risk import risk

# Inside a cross-validation thresholds come from as many held-out folds as for the weights that ship.
INNER_FOLDS = 5


@dataclass
class Row:
    name: str
    signal: str
    protocol: str
    ours: Quality
    keywords: Quality | None = None
    vader: Quality | None = None
    goals: dict[str, float] = field(default_factory=dict)  # a field of Quality, or "false_alarms": at most
    false_alarms: float | None = None

    def value(self, goal: str) -> float:
        return (self.false_alarms or 0.0) if goal == "false_alarms" else float(getattr(self.ours, goal))

    def passes(self, goal: str) -> bool:
        return (
            self.value(goal) < self.goals[goal]
            if goal == "false_alarms"
            else self.value(goal) >= self.goals[goal]
        )


def _row(
    name: str,
    signal: str,
    protocol: str,
    samples: list[Sample],
    scores: Floats,
    *,
    keywords: Baseline | None = None,
    side: str = "user",
    feeling: str = "",
    goals: dict[str, float] | None = None,
    threshold: float = 0.5,
) -> Row:
    answers = answers_of(samples)
    texts = [(s.turn.input if side == "user" else s.turn.output).raw for s in samples]
    by_words = quality(answers, baselines.score(keywords, texts), 1.0) if keywords else None
    compound = baselines.vader(texts, negative=feeling == "negative") if feeling else None
    by_vader = None if compound is None else quality(answers, compound, 0.05)
    return Row(name, signal, protocol, quality(answers, scores, threshold), by_words, by_vader, goals or {})


def _without(
    plan: Plan, left_out: str, data: Path, store: VectorStore, measured: list[Sample], key: str
) -> Floats:
    """Scores of a detector whose head was trained on every source but one."""
    names = [name for name in plan.sources if name != left_out]
    examples, readers = plan.readied(plan.examples(data, store, names))
    with using(plan.name, fit(examples, plan.recipe)):
        return detector_scores(key, measured, store, _tones(readers, measured, store))


def _tones(readers: dict[str, Reader], samples: list[Sample], store: VectorStore) -> Floats | None:
    """By these readers, of the user's side."""
    if not readers:
        return None
    states = store.states_of([sample.turn.input.raw for sample in samples])
    return tones_by({name: read(reader, states) for name, reader in readers.items()})


def _crossed(
    plan: Plan, source: str, data: Path, store: VectorStore, key: str
) -> tuple[list[Sample], Floats]:
    """Scores on a source, each fifth of its groups by a head that was trained on the rest of it and on the other sources."""
    read, weight = plan.sources[source]
    samples = read(data)
    other_names = [name for name in plan.sources if name != source]
    others = plan.examples(data, store, other_names) if other_names else None
    own = plan.prepared(samples, store, name=source, weight=weight)
    fold = folds_of(own.groups)
    scores = np.zeros(len(samples), dtype=np.float32)
    for k in range(FOLDS):
        held = np.flatnonzero(fold == k)
        if not len(held):
            continue
        # The others' rows of the same fold too: a text may stand in two sets.
        known = own.take(fold != k)
        if others is not None:
            known = together([known, others.take(folds_of(others.groups) != k)])
        ready, readers = plan.readied(known)
        chosen = [samples[i] for i in held]
        with using(plan.name, fit(ready, plan.recipe, folds=INNER_FOLDS)):
            scores[held] = detector_scores(key, chosen, store, _tones(readers, chosen, store))
    return samples, scores


def refusal(data: Path, store: VectorStore) -> list[Row]:
    samples = corpora.refusals(data)
    scores = _without(REFUSAL, "chatgpt_refusals", data, store, samples, "refusal")
    others = corpora.jailbreak_answers(data)
    other_scores = _without(REFUSAL, "jailbreakbench", data, store, others, "refusal")
    return [
        _row(
            "refusal, chatgpt_refusals",
            "refusal",
            "trained without it",
            samples,
            scores,
            keywords=baselines.REFUSAL,
            side="assistant",
            goals={"f1": 0.88},
        ),
        _row(
            "refusal, jailbreakbench answers",
            "refusal",
            "trained without it; its label is «not jailbroken», which is not quite «refused»",
            others,
            other_scores,
            keywords=baselines.REFUSAL,
            side="assistant",
        ),
    ]


def frustration_rated(data: Path, store: VectorStore) -> list[Row]:
    sets = {name: corpora.satisfaction(data, name) for name in ("uss_sgd", "uss_redial")}
    acts = dissatisfaction.fit_acts(data, store)
    rows = []
    for measured, learned in (("uss_sgd", "uss_redial"), ("uss_redial", "uss_sgd")):
        head, reader = dissatisfaction.fit(sets[learned], acts, store)
        tones = _tones({**load_readers(), correction.TONE: reader}, sets[measured], store)
        with using(correction.HEAD, head):
            alone = detector_scores("user_frustration", sets[measured], store, tones)
            both = np.maximum(alone, detector_scores("correction", sets[measured], store, tones))
        for signal, scores, goals in (
            ("user_frustration or correction", both, {"f1": 0.45, "average_precision": 0.35}),
            ("user_frustration", alone, {}),
        ):
            rows.append(
                _row(
                    f"frustration, {measured}",
                    signal,
                    f"ratings of {learned}, acts of sgd_dev",
                    sets[measured],
                    scores,
                    keywords=baselines.FRUSTRATION,
                    feeling="negative",
                    goals=goals,
                )
            )
    return rows


def frustration_felt(data: Path, store: VectorStore) -> list[Row]:
    samples, scores = _crossed(FRUSTRATION, "goemotions_dev", data, store, "user_frustration")
    return [
        _row(
            "frustration, goemotions_dev",
            "user_frustration",
            "cross-validated",
            samples,
            scores,
            keywords=baselines.FRUSTRATION,
            feeling="negative",
            goals={"f1": 0.55},
        )
    ]


def win(data: Path, store: VectorStore) -> list[Row]:
    """Of all comments, and of those in which thanks and label can agree: GoEmotions calls a thank-you that closes a request and an
    answer to thanks "gratitude", and for us neither is a win. Which are left out is told by their words, whatever their label."""
    samples, scores = _crossed(GRATITUDE, "goemotions_dev", data, store, "win")
    kept = np.array([not is_no_win_by_definition(sample.turn.input.normal) for sample in samples])
    parts = [
        ("win (gratitude), goemotions_dev", samples, scores),
        (
            "win (gratitude), without requests, welcomes and wishes",
            [sample for sample, keep in zip(samples, kept, strict=True) if keep],
            scores[kept],
        ),
    ]
    return [
        _row(
            name,
            "win",
            "cross-validated",
            part,
            part_scores,
            keywords=baselines.WIN,
            feeling="positive",
            goals={"f1": 0.93},
        )
        for name, part, part_scores in parts
    ]


def failure_of_talks(data: Path, store: VectorStore) -> list[Row]:
    rows = []
    for name, goal in (("taubench_airline_gpt4o", 0.72), ("taubench_retail_community", None)):
        talks = list(corpora.talks(data, name))
        failed = np.array([not talk.labels["success"] for talk in talks])
        risks = np.array([risk([s.turn for s in talk.samples]) for talk in talks], dtype=np.float32)
        messages = np.array([len(talk.samples) for talk in talks], dtype=np.float32)
        replies = [" ".join(s.turn.output.raw for s in talk.samples) for talk in talks]
        keyword_scores = baselines.score(baselines.TASK_FAILURE, replies)
        rows.append(
            Row(
                f"task failure per conversation, {name}",
                "conversation risk",
                f"no training; the number of messages alone: AUC {quality(failed, messages, 1.0).auc:.3f}",
                quality(failed, risks, float(np.median(risks))),
                quality(failed, keyword_scores, 1.0),
                goals={"auc": goal} if goal else {},
            )
        )
    return [*rows, *_notified(data, store)]


def _notified(data: Path, store: VectorStore) -> list[Row]:
    """sgd: the conversation fails when an action was reported as failed. Any event of it that matches counts."""
    talks = list(corpora.talks(data, "sgd_dev"))
    samples = [sample for talk in talks for sample in talk.samples]
    by_event = detector_scores("task_failure", samples, store)
    scores, start = [], 0
    for talk in talks:
        scores.append(float(by_event[start : start + len(talk.samples)].max(initial=0)))
        start += len(talk.samples)
    failed = np.array([bool(talk.labels.get("notify_failure")) for talk in talks])
    replies = [" ".join(s.turn.output.raw for s in talk.samples) for talk in talks]
    return [
        Row(
            "task failure per conversation, sgd_dev",
            "task_failure",
            "rules",
            quality(failed, np.array(scores, dtype=np.float32), DETECTORS["task_failure"].threshold),
            quality(failed, baselines.score(baselines.TASK_FAILURE, replies), 1.0),
            goals={"f1": 0.93},
        )
    ]


def abuse(data: Path, store: VectorStore) -> list[Row]:
    rows = []
    for source, goal in (("tweeteval_offensive", 0.72), ("surge_toxicity", 0.88)):
        samples, crossed = _crossed(ABUSE, source, data, store, "abuse")
        apart = _without(ABUSE, source, data, store, samples, "abuse")
        for protocol, scores, goals in (
            ("cross-validated", crossed, {"f1": goal}),
            ("trained without it", apart, {}),
        ):
            rows.append(
                _row(
                    f"abuse, {source}",
                    "abuse",
                    protocol,
                    samples,
                    scores,
                    keywords=baselines.ABUSE,
                    goals=goals,
                )
            )
    return rows


def jailbreak(data: Path, store: VectorStore) -> list[Row]:
    attempts, attempt_scores = _crossed(JAILBREAK, "jailbreakbench", data, store, "jailbreak")
    requests, request_scores = _crossed(JAILBREAK, "ordinary requests", data, store, "jailbreak")
    row = _row(
        "jailbreak, jailbreakbench against banking77 + hwu64",
        "jailbreak",
        "cross-validated, each attack unseen",
        attempts + requests,
        np.concatenate([attempt_scores, request_scores]),
        keywords=baselines.JAILBREAK,
        goals={"f1": 0.95, "false_alarms": 0.002},
    )
    row.false_alarms = float((request_scores >= DETECTORS["jailbreak"].threshold).mean())
    return [row]


def tool_failure(data: Path, store: VectorStore) -> list[Row]:
    """Spans, not events; they carry no status here. tau-bench's tools begin a result with «Error» when they fail, or with an object
    whose first key is "error"."""
    spans = [
        span
        for name in ("taubench_airline_gpt4o", "taubench_retail_community")
        for talk in corpora.talks(data, name)
        for sample in talk.samples
        for span in sample.turn.spans
    ]
    failed = np.array(
        [span.output.startswith(("Error", "Unknown action", '{\n  "error": "')) for span in spans]
    )
    scores = np.array([failure(span) for span in spans], dtype=np.float32)
    by_words = baselines.score(baselines.TOOL_FAILURE, [span.output for span in spans])
    return [
        Row(
            "tool failure, tau-bench (both)",
            "tool_failure",
            "rules, read from the results alone",
            quality(failed, scores, 0.5),
            quality(failed, by_words, 1.0),
            goals={"f1": 0.98},
        )
    ]


MEASURED: dict[str, Callable[[Path, VectorStore], list[Row]]] = {
    "refusal": refusal,
    "frustration_rated": frustration_rated,
    "frustration_felt": frustration_felt,
    "win": win,
    "task_failure": failure_of_talks,
    "abuse": abuse,
    "jailbreak": jailbreak,
    "tool_failure": tool_failure,
}
