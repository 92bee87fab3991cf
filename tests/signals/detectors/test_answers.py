"""What a user's "no" answers: turning an offer down is no correction and no annoyance."""

import uuid

import pytest

from signals.detectors import DETECTORS, correction
from signals.detectors.answers import says_no, turns_down
from signals.detectors.batch import Batch, Exchange, Turn
from signals.detectors.other_value import gives_another
from signals.detectors.text import Text


def turn(agent: str, user: str) -> Turn:
    return Turn(uuid.uuid4(), Text(user), Text(""), previous=[Exchange(Text("hello"), Text(agent))])


DECLINED = [
    ("Would you like to book a table there?", "Not now."),
    ("Shall I add travel insurance?", "No, I don’t need that."),
    ("Is there anything else I can do for you?", "Nope, that was all. You've been great!"),
    ("Do you want me to buy the tickets?", "Not at this time, what's the weather like in Oslo?"),
    ("Can I help you with anything else today?", "Nothing, I'm good."),
    ("Should I hold the room for you?", "No, I don't want to hold it yet. What is the weather like there?"),
    ("Shall I go ahead and order?", "no, I'm not going to order right away"),
    (
        "Would you like me to add a reminder?",
        "No, I don't want any new reminders. Just wanted to see the old ones.",
    ),
    ("Would you care for a reminder?", "I don't need it right now. Please find me a bus to Turin."),
]


@pytest.mark.parametrize(("agent", "user"), DECLINED)
def test_an_offer_turned_down(agent: str, user: str) -> None:
    declined = turn(agent, user)
    assert turns_down(declined)
    for key in ("correction", "user_frustration"):
        detector = DETECTORS[key]
        assert not [f for f in detector.detect(Batch([declined])) if f.score >= detector.threshold]


@pytest.mark.parametrize(
    ("agent", "user"),
    [
        ("Would you like to listen to it in the kitchen?", "No, play it in the living room."),
        ("You want a table for two at noon, right?", "No. Make it for three."),
        ("Would you like to share it with Amanda?", "No, I want to share it with Sandra."),
        ("Shall I send it on Monday?", "No, I said Friday."),
        ("I booked it for Monday.", "No, not Monday."),
        ("Shall I send it to Amanda?", "That's wrong, send it to Sandra."),
        ("Your refund goes to the gift card. Anything else?", "No, I said the credit card!"),
    ],
)
def test_a_correction_is_none(agent: str, user: str) -> None:
    assert not turns_down(turn(agent, user))


@pytest.mark.parametrize(
    ("agent", "user", "words"),
    [
        ("Please confirm: a table for 2 at Otto's on March 8th at 1 pm.", "No, I'd like it on March 9th.", ["march 9th"]),
        ("You check in on Monday, is that right?", "that's not right, it's Tuesday", ["tuesday"]),
        ("So two tickets for the evening show?", "Nope, please make it for three people", ["for three"]),
        ("Playing it in the kitchen. Is this right?", "No, play it in the living room.", ["no, play it in"]),
        ("Shall I book 8 p.m. for you?", "No, 9 a.m.", ["9 a.m."]),
    ],
)  # fmt: skip
def test_another_value_than_the_agents_corrects(agent: str, user: str, words: list[str]) -> None:
    batch = Batch([turn(agent, user)])
    detector = DETECTORS["correction"]
    (finding,) = (one for one in detector.detect(batch) if one.score >= detector.threshold)
    assert [piece["text"].lower() for piece in finding.evidence] == words


@pytest.mark.parametrize(
    ("agent", "user"),
    [
        ("Shall I book Friday at noon?", "Yes, and another one on Saturday."),  # no no
        ("Do you take anything on Mondays?", "No diabetes, and Friday suits me."),  # a no to something else
        ("So two tickets, right?", "no wait, changed my mind, three people"),  # oneself
        (
            "So two tickets on Friday at 1 p.m.?",
            "No wait, 2 tickets, Friday, 1pm, yes.",
        ),  # the agent's own values
        ("I like Fridays.", "No, Saturday."),  # nothing to be checked
        ("Booked for Friday at 1 pm. Anything else?", "No, see you in the afternoon"),
        ("Booked for Friday. Anything else?", "No. When will it come? In 2 days? Saturday?"),
        ("A table for 2 at 1 pm, right?", "No, that's right, but call on Saturday at 2 pm"),
        ("So a table for ten?", "No, marketing 10 and decide 2 are projects"),
    ],
)
def test_no_value_is_put_in_place_of_the_agents(agent: str, user: str) -> None:
    assert not gives_another(turn(agent, user))


def test_the_first_message_answers_nothing() -> None:
    assert not says_no(Turn(uuid.uuid4(), Text("No."), Text("")))
    assert says_no(turn("Ready?", "Um, no."))


@pytest.mark.parametrize(
    ("agent", "user"),
    [
        ("There is one at nine and one at noon. Which do you want?", "I don't care, whichever is cheaper."),
        ("Aisle or window?", "either is fine, thanks"),
        ("Monday or Friday. Which?", "don't care, either. it's only compost"),
        ("Do you have a fever, or did you fall?", "No, none. Just tired."),
        ("I could not save it. What shall I do?", "oh just leave it"),
        ("May I have your date of birth?", "I'd rather not"),
        (
            "Please give me your e-mail address.",
            "Ugh, I don’t remember which email I used. Take my name: Ada Byron.",
        ),
        ("The printer did not answer.", "ok, please try again"),
        ("Is the light on the router green?", "nope"),
        ("You're booked at 1 pm.", "no wait, could you make it 1.30? I misread my calendar"),
        ("412 orders in May.", "argh, my mistake, I typed May but need June"),
    ],
)
def test_a_matter_let_go_and_a_slip_of_ones_own(agent: str, user: str) -> None:
    assert correction.closes(turn(agent, user))


@pytest.mark.parametrize(
    ("agent", "user"),
    [
        ("I sent it to Amanda.", "no"),
        ("Here are three thrillers.", "I don't care about your thrillers, I asked for comedies"),
        ("Booked for Monday.", "no, leave Monday out, I said Tuesday"),
        ("That makes 40.", "your mistake, it makes 42"),
        ("Booked for Monday.", "no no no, I said Tuesday"),
        ("Here is the report.", "wait, that's not what I asked for"),
    ],
)
def test_what_lets_nothing_go(agent: str, user: str) -> None:
    assert not correction.closes(turn(agent, user))
