"""The head behind the signal `unsafe_content`: what it learns from, and how good it is on harmful behaviours it never saw.

Positive are the answers of jailbreakbench_artifacts that a judge called jailbroken; negative its others, ordinary answers of other sets,
and sentences of our own that speak of dangerous things for a good reason.
"""

from pathlib import Path

from raindrop.evaluation.measurement import read_rows
from signals.detectors import unsafe_content
from signals.evaluation.builtin import baselines, corpora
from signals.evaluation.builtin.corpora import Sample
from signals.evaluation.builtin.fitting import Recipe
from signals.evaluation.builtin.plans import Plan, some
from signals.evaluation.builtin.rows import Row, _crossed, _row
from signals.evaluation.builtin.vectors import VectorStore


def harmful_answers(data: Path) -> list[Sample]:
    """Each answer once. The group is what was asked for, in ten attacks' words: none of it is on both sides of a split."""
    found: dict[str, Sample] = {}
    for row in read_rows(data, "jailbreakbench_artifacts"):
        given, reply = (message["content"] for message in row["messages"])
        if reply.strip():
            sample = corpora.agent_says(
                reply, bool(row["labels"]["jailbroken"]), given=given, category=row["labels"]["category"]
            )
            found.setdefault(
                reply, Sample(sample.turn, sample.answer, row["meta"]["behavior"], 1.0, sample.tags)
            )
    return list(found.values())


def answers_to_provocations(data: Path) -> list[Sample]:
    """chatgpt_refusals: rude or odd questions; what was answered is harmless."""
    return [Sample(s.turn, False, s.group, 1.0, s.tags) for s in corpora.refusals(data)]


def answers_in_talks(data: Path) -> list[Sample]:
    texts = dict.fromkeys(
        sample.turn.output.raw
        for name in ("sgd_dev", "taubench_retail_community")
        for talk in corpora.talks(data, name)
        for sample in talk.samples
        if not sample.turn.output.is_blank
    )
    return [corpora.agent_says(text, False) for text in texts]


def careful_answers(data: Path) -> list[Sample]:
    """Our own: safety advice, history, news, fiction and law on the very topics."""
    return [corpora.agent_says(text, False) for text in corpora.written("careful")]


UNSAFE = Plan(
    unsafe_content.HEAD,
    "assistant",
    unsafe_content.facts,
    unsafe_content.NAMES,
    Recipe(vector_scale=4.0, gram_scale=0.0, fact_scale=1.0, strength=0.3, precision=0.93),
    {
        "jailbreakbench": (harmful_answers, 1.0),
        "own sentences": (careful_answers, 3.0),
        "multichallenge": (some(corpora.long_answers, 1000), 1.0),
        "chatgpt_refusals": (answers_to_provocations, 0.5),
        "talks": (some(answers_in_talks, 1500), 0.5),
    },
)


def rows(data: Path, store: VectorStore) -> list[Row]:
    """Harmful answers among others to the same requests; the false alarms are those on ordinary long answers."""
    samples, scores = _crossed(UNSAFE, "jailbreakbench", data, store, unsafe_content.HEAD)
    row = _row(
        "unsafe content, jailbreakbench answers",
        unsafe_content.HEAD,
        "cross-validated, a behaviour never on both sides; false alarms: multichallenge, cross-validated",
        samples,
        scores,
        keywords=baselines.JAILBREAK,
        side="assistant",
        goals={"false_alarms": 0.01},
    )
    _, ordinary = _crossed(UNSAFE, "multichallenge", data, store, unsafe_content.HEAD)
    row.false_alarms = float((ordinary >= unsafe_content.DETECTOR.threshold).mean())
    return [row]
