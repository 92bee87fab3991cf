"""A long text is read by its passages too.

The turn model looks at a text as a whole: one vector of its first 256 tokens, its first 220 words. What a long answer declines in its last
paragraph, or a complaint under a pasted log, is lost in it. So sentences that hold a word of the keyword lists are cut out, short ones
with the one that follows, embedded, and judged as if the turn said nothing else. Passages without such a word are not read: that would embed every long
text a second time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from raindrop.embedder import TONES, read_texts
from signals.detectors import keywords
from signals.detectors.batch import Batch, Evidence, Finding, Side, Turn
from signals.detectors.text import SENTENCE, Text

# Characters from which a text is long: about 200 words, the most that the model sees of it.
LONG = 1200
# Of a passage; of one side of a turn. The last ones are taken: an answer ends with what it leaves undone.
CHARACTERS, PASSAGES = 400, 3
# Words from which a sentence is read alone: what follows would blur it. A shorter one is read with the next.
ALONE = 6
# Users paste; their own words stand before and after what they pasted.
OWN = 500
CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
LISTS: dict[Side, tuple[str, ...]] = {"user": keywords.USER, "assistant": keywords.AGENT}
# What else makes a sentence worth a look, beside the words of the lists.
CUES: dict[Side, re.Pattern[str]] = {
    "user": re.compile(r"\b(?:(?:second|third|fourth|\d(?:nd|rd|th)) time|how (?:often|many times)|(?:you|i) (?:already |just |never |still )*(?:said|told|asked|ignored|forgot)|human|real person|"
                       r"listen|useless|perfect|works? now|solved)\b"),
    "assistant": re.compile(r"\b(?:rather not|declin\w+|refus\w+|(?:not|n't) (?:going to|comfortable|able|allowed|permitted|something i)|no (?:access|way for me)|don't have|without access)\b"),
}  # fmt: skip
NOTE = "passages"


@dataclass(frozen=True, slots=True)
class Passages:
    """`batch.turns[i]` is the turn `owners[i]` of the batch that they were cut from, with the text of one side replaced by a passage of
    it that begins at `starts[i]` (characters)."""

    batch: Batch
    owners: list[int]
    sides: list[Side]
    starts: list[int]

    def on_turn(self, found: Finding) -> Finding:
        """What was found on a passage, as of its turn."""
        side, start = self.sides[found.index], self.starts[found.index]
        return replace(
            found,
            index=self.owners[found.index],
            evidence=[_moved(piece, start) if piece["side"] == side else piece for piece in found.evidence],
        )


def passages_of(batch: Batch) -> Passages | None:
    """None where no text is long; worked out once a batch."""
    if NOTE not in batch.notes:
        batch.notes[NOTE] = _passages(batch)
    passages: Passages | None = batch.notes[NOTE]
    return passages


def _passages(batch: Batch) -> Passages | None:
    cut = [
        (index, side, start, end)
        for index, turn in enumerate(batch.turns)
        for side in LISTS
        for start, end in _telling(turn.text(side), side)
    ]
    if not cut:
        return None
    texts = [Text(batch.turns[i].text(side).raw[start:end]) for i, side, start, end in cut]
    read = read_texts([text.raw for text in texts])
    owners = [index for index, *_ in cut]
    users, agents = batch.user_vectors[owners], batch.agent_vectors[owners]
    user_tones, agent_tones = (
        tones[owners] if len(tones) else tones for tones in (batch.user_tones, batch.agent_tones)
    )
    turns: list[Turn] = []
    for row, ((index, side, _, _), text) in enumerate(zip(cut, texts, strict=True)):
        turn = batch.turns[index]
        turns.append(replace(turn, input=text) if side == "user" else replace(turn, output=text))
        vectors, tones = (users, user_tones) if side == "user" else (agents, agent_tones)
        vectors[row] = read.vectors[row]
        if len(tones):
            own = read.tones[row][: len(TONES)] if side == "user" else read.tones[row][len(TONES) :]
            tones[row] = own
    nearness = batch.nearness[owners] if len(batch.nearness) else batch.nearness
    return Passages(
        Batch(turns, users, agents, user_tones=user_tones, agent_tones=agent_tones, nearness=nearness),
        owners,
        [side for _, side, _, _ in cut],
        [start for *_, start, _ in cut],
    )


def _telling(text: Text, side: Side) -> list[tuple[int, int]]:
    """The places [start:end] in the raw text of the last passages that hold a word of the side's lists."""
    if len(text.normal) <= LONG:
        return []
    found: list[tuple[int, int]] = []
    sentences = list(_sentences(text, side))
    reached = 0
    for place, (start, end) in enumerate(sentences):
        if start < reached or not _hints(text.normal[start:end], side):
            continue
        short = text.normal.count(" ", start, end) < ALONE - 1
        if short and place + 1 < len(sentences) and "\n" not in text.normal[end : sentences[place + 1][0]]:
            end = max(end, min(sentences[place + 1][1], start + CHARACTERS))
        reached = end
        found.append(text.span(start, end))
    return found[-PASSAGES:]


def _hints(words: str, side: Side) -> bool:
    return CUES[side].search(words) is not None or any(keywords.finds(name, words) for name in LISTS[side])


def _sentences(text: Text, side: Side) -> Iterator[tuple[int, int]]:
    """Places in the normal form; of a user only what stands at the beginning and at the end."""
    normal = CODE.sub(lambda code: "\n" * len(code[0]), text.normal)
    for match in SENTENCE.finditer(normal):
        start, end = match.start(), match.start() + min(len(match[0].rstrip()), CHARACTERS)
        if side == "assistant" or end <= OWN or start >= len(normal) - OWN:
            yield start, end


def _moved(piece: Evidence, by: int) -> Evidence:
    return {**piece, "start": piece["start"] + by, "end": piece["end"] + by}
