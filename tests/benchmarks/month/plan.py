"""What happens in the month, drawn before it begins: events, what people do, and what has to follow from both. Hours count from its start."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

DAYS = 30
DAY = 24.0
RELEASES = ((0.0, "r1"), (7 * DAY, "r2"), (14 * DAY, "r3"), (21 * DAY, "r4"))
USERS = 40
AGES = 7 * DAY
BURST = 40  # events in an hour
SILENCE = (25 * DAY, 25 * DAY + 12)  # nothing at all comes in
COUNTED_WORD, COUNTED = "maple", 15  # the alert on a query: so many events in an hour
COUNTED_AT = (9 * DAY + 10, 19 * DAY + 15)
# The state's change -> the trigger of the alert that tells it; the others are told to nobody.
TOLD = {
    "resolve": "issue_resolved", "mute": "issue_muted", "reopen": "issue_reopened", "regress": "issue_regresses",
    "escalate": "issue_escalates", "unmute": "issue_unmuted",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of the app's. `word`: which issue it is of, by its text; "" of none. `disliked`: the user's thumb follows it."""

    at: float
    word: str
    user: str
    release: str
    disliked: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """A change of state between two hours."""

    action: str
    first: float
    last: float


@dataclass
class Story:
    """One issue's month. `acts`: what a person does, as the API takes it."""

    word: str
    title: str
    follows: dict[str, str]
    events: list[Happening] = field(default_factory=list)
    acts: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)


@dataclass
class Plan:
    stories: list[Story]
    others: list[Happening]
    bursts: list[float]  # hours in which a burst begins

    @property
    def events(self) -> list[Happening]:
        found = [*self.others, *(event for story in self.stories for event in story.events)]
        return sorted(
            (event for event in found if not SILENCE[0] <= event.at < SILENCE[1]), key=lambda event: event.at
        )


def release_at(hour: float) -> str:
    return next(name for start, name in reversed(RELEASES) if hour >= start)


class Drawing:
    """`late`: hours by which a change may be seen later than it happens: steps of the clock, and processes that die."""

    def __init__(self, *, seed: int, traffic: float, late: float) -> None:
        self.rng, self.traffic, self.late = random.Random(seed), traffic, late  # noqa: S311
        self.bursts: list[float] = []

    def event(self, at: float, word: str, *, release: str = "", disliked: bool = False) -> Happening:
        return Happening(at, word, f"u{self.rng.randrange(USERS)}", release or release_at(at), disliked)

    def steady(
        self, word: str, rate: float, start: float, end: float, *, disliked: bool = False
    ) -> list[Happening]:
        """Poisson: `rate` an hour."""
        found, at = [], start + self.rng.expovariate(rate)
        while at < end:
            found.append(self.event(at, word, disliked=disliked))
            at += self.rng.expovariate(rate)
        return found  # fmt: skip

    def burst(self, word: str, at: float, *, disliked: bool = False) -> list[Happening]:
        self.bursts.append(at)
        return [self.event(at + i / BURST, word, disliked=disliked) for i in range(BURST)]

    def soon(self, action: str, at: float) -> Expected:
        return Expected(action, at, at + self.late)

    def rise(self, at: float) -> list[Expected]:
        """A burst that escalates, and is over when the last day is as usual."""
        return [
            Expected("escalate", at, at + 1 + self.late),
            Expected("subside", at + 20, at + 50 + self.late),
        ]


def draw(*, seed: int, traffic: float, late: float) -> Plan:
    """`traffic`: events an hour that are of no issue."""
    drawing = Drawing(seed=seed, traffic=traffic, late=late)
    stories = [make(drawing) for make in STORIES]
    others = drawing.steady("", traffic, 0, DAYS * DAY)
    for at in COUNTED_AT:
        others += drawing.burst(COUNTED_WORD, at)
    return Plan(stories, others, drawing.bursts)


def following(word: str, title: str) -> Story:
    return Story(word, title, {"query": word})


def aged(drawing: Drawing) -> Expected:
    """It was new for a week."""
    return drawing.soon("age", AGES)


def ages(drawing: Drawing) -> Story:
    story = following("amber", "Stays new until it ages")
    story.events = drawing.steady("amber", 0.2, 0, DAYS * DAY)
    story.expected = [aged(drawing)]
    return story


def bursts(drawing: Drawing) -> Story:
    story = following("birch", "Escalates twice")
    story.events = drawing.steady("birch", 0.3, 0, DAYS * DAY)
    story.expected = [aged(drawing)]
    for at in (12 * DAY + 10, 20 * DAY + 3):  # the second one in the quiet hours
        story.events += drawing.burst("birch", at)
        story.expected += drawing.rise(at)
    return story


def comes_back(drawing: Drawing) -> Story:
    story = following("cedar", "Resolved, and back after a silent week")
    back = 16 * DAY + 2
    story.events = [
        *drawing.steady("cedar", 0.2, 0, 8 * DAY),
        *drawing.steady("cedar", 0.2, back, DAYS * DAY),
    ]
    story.acts = [(9 * DAY, {"action": "resolve"})]
    first = next(event.at for event in story.events if event.at >= back)
    story.expected = [
        aged(drawing), drawing.soon("resolve", 9 * DAY), drawing.soon("regress", first),
        Expected("age", first + AGES, first + AGES + 2 * drawing.late),
    ]  # fmt: skip
    return story


def fixed_in_release(drawing: Drawing) -> Story:
    story = following("delta", "Fixed in r3, back in r4")
    old = drawing.event(18 * DAY, "delta", release="r2")  # a client that was not updated
    back = drawing.steady("delta", 0.3, 21 * DAY, 28 * DAY)
    story.events = [*drawing.steady("delta", 0.3, 0, 13 * DAY), old, *back]
    story.acts = [(10 * DAY, {"action": "resolve", "release": "r3"})]
    story.expected = [aged(drawing), drawing.soon("resolve", 10 * DAY), drawing.soon("regress", back[0].at)]
    if back[0].at + AGES + drawing.late < DAYS * DAY:
        story.expected.append(Expected("age", back[0].at + AGES, back[0].at + AGES + 2 * drawing.late))
    return story


def fixed_in_next(drawing: Drawing) -> Story:
    story = following("echo", "Fixed in the next release, which has it too")
    story.events = drawing.steady("echo", 0.3, 0, 20 * DAY)
    story.acts = [(8 * DAY, {"action": "resolve", "release": "next"})]
    first = next(event.at for event in story.events if event.release == "r3")
    story.expected = [
        aged(drawing), drawing.soon("resolve", 8 * DAY), drawing.soon("regress", first),
        Expected("age", first + AGES, first + AGES + 2 * drawing.late),
    ]  # fmt: skip
    return story


def muted(
    word: str,
    title: str,
    terms: dict[str, Any],
    ends: Callable[[Sequence[Happening]], float],
    *,
    rate: float = 0.3,
) -> Callable[[Drawing], Story]:
    """Muted on the sixth day, until the event that ends the terms (`ends`: its hour, of the events since)."""

    def make(drawing: Drawing) -> Story:
        story = following(word, title)
        story.events = drawing.steady(word, rate, 0, DAYS * DAY)
        at = 6 * DAY
        story.acts = [(at, {"action": "mute", **terms})]
        # Events of the step of the clock in which it is muted come before.
        end = ends([event for event in story.events if event.at > at])
        story.expected = [drawing.soon("mute", at), drawing.soon("unmute", end)]
        return story

    return make  # fmt: skip


def after_a_week(later: Sequence[Happening]) -> float:
    return next(event.at for event in later if event.at >= 13 * DAY)


def after_twenty(later: Sequence[Happening]) -> float:
    return later[19].at


def after_eight_users(later: Sequence[Happening]) -> float:
    met: set[str] = set()
    for event in later:
        met.add(event.user)
        if len(met) == 8:
            return event.at
    raise ValueError("The month is too short for eight users.")


def muted_until_a_burst(drawing: Drawing) -> Story:
    story = following("iris", "Muted until many in an hour")
    story.events = [*drawing.steady("iris", 0.2, 0, DAYS * DAY), *drawing.burst("iris", 17 * DAY + 9)]
    story.acts = [(6 * DAY, {"action": "mute", "events": 20, "window": "1h"})]
    # The pipeline opens it, and the watch after that sees that it rises as well: both are told.
    at = 17 * DAY + 9
    story.expected = [
        drawing.soon("mute", 6 * DAY),
        Expected("unmute", at, at + 1 + drawing.late),
        *drawing.rise(at),
    ]
    return story  # fmt: skip


def muted_until_it_escalates(drawing: Drawing) -> Story:
    story = following("juniper", "Muted until it escalates")
    at = 18 * DAY + 13
    story.events = [*drawing.steady("juniper", 0.3, 0, DAYS * DAY), *drawing.burst("juniper", at)]
    story.acts = [(6 * DAY, {"action": "mute", "until": "escalating"})]
    story.expected = [drawing.soon("mute", 6 * DAY), *drawing.rise(at)]
    return story


def muted_for_ever(drawing: Drawing) -> Story:
    story = following("kelp", "Muted for ever, whatever comes")
    story.events = [*drawing.steady("kelp", 0.3, 0, DAYS * DAY), *drawing.burst("kelp", 15 * DAY + 11)]
    story.acts = [(4 * DAY, {"action": "mute"})]
    story.expected = [drawing.soon("mute", 4 * DAY)]
    return story


def silent_weeks(drawing: Drawing) -> Story:
    story = following("lotus", "Away for two weeks, and back as before")
    story.events = [
        *drawing.steady("lotus", 0.3, 0, 7 * DAY),
        *drawing.steady("lotus", 0.3, 21 * DAY, DAYS * DAY),
    ]
    story.expected = [aged(drawing)]
    return story  # fmt: skip


def reopened(drawing: Drawing) -> Story:
    """By hand, each with nothing left to regress on."""
    story = following("nettle", "Reopened and settled by hand")
    story.events = drawing.steady("nettle", 0.3, 0, 9 * DAY)
    acts = ("resolve", "reopen", "mute", "reopen", "resolve")
    story.acts = [((10 + day) * DAY, {"action": action}) for day, action in enumerate(acts)]
    story.expected = [aged(drawing), *(drawing.soon(act["action"], at) for at, act in story.acts)]
    return story


def disliked(drawing: Drawing) -> Story:
    """It follows a signal, which comes after its event."""
    story = Story("", "Thumbs down", {"signal": "thumbs_down"})
    story.events = drawing.steady("", 0.3, 0, DAYS * DAY, disliked=True)
    at = 23 * DAY + 16
    story.events += drawing.burst("", at, disliked=True)
    story.expected = [aged(drawing), *drawing.rise(at)]
    return story


STORIES: list[Callable[[Drawing], Story]] = [
    ages, bursts, comes_back, fixed_in_release, fixed_in_next,
    muted("fir", "Muted for a week", {"for": "7d"}, after_a_week),
    muted("grove", "Muted until twenty events", {"events": 20}, after_twenty),
    muted("hazel", "Muted until eight users", {"users": 8}, after_eight_users),
    muted_until_a_burst, muted_until_it_escalates, muted_for_ever, silent_weeks, reopened, disliked,
]  # fmt: skip
