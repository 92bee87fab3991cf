"""Sentences of our own by the thousand: each line of written/templates_NAME.txt is filled several times with choices of written/slots.txt.

They say what the public sets do not hold: ordinary requests of other kinds than a bank's, other attacks, other ways to abuse or to decline.
"""

import random
import re
from functools import cache

from signals.evaluation.builtin.corpora import Sample, agent_says, user_says, written

SLOT = re.compile(r"\{([a-z_]+)\}")


@cache
def slots() -> dict[str, list[str]]:
    lines = (line.split(": ", 1) for line in written("slots"))
    return {name: choices.split(" | ") for name, choices in lines}


def filled(name: str, count: int, *, seed: int = 0) -> list[tuple[str, str]]:
    """(text, the template it was made of): each template with slots up to `count` times, always alike."""
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    found: dict[str, str] = {}
    for template in written(f"templates_{name}"):
        for _ in range(count if SLOT.search(template) else 1):
            found.setdefault(_fill(template, draw), template)
    return list(found.items())


def requests(name: str, answer: bool, count: int) -> list[Sample]:
    """What users say. A template is one group."""
    return [_grouped(user_says(text, answer), template) for text, template in filled(name, count)]


def answers(name: str, answer: bool, count: int) -> list[Sample]:
    """What agents say; "question | answer", or the answer alone."""
    found = []
    for text, template in filled(name, count):
        given, _, reply = text.rpartition(" | ")
        found.append(_grouped(agent_says(reply, answer, given=given), template))
    return found


def _grouped(sample: Sample, group: str) -> Sample:
    return Sample(sample.turn, sample.answer, group, sample.weight, sample.tags)


def _fill(template: str, draw: random.Random) -> str:
    """Slots within slots too; braces that name no slot stay (code)."""
    known = slots()
    for _ in range(3):
        template = SLOT.sub(lambda m: draw.choice(known[m[1]]) if m[1] in known else m[0], template)
    return template
