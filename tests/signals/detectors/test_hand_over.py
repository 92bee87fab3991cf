"""A hand-over to a person, a failure, and a true answer that something is not to be had: three things that sound alike."""

import uuid

import pytest

from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Exchange, SpanFacts, Turn
from signals.detectors.text import Text


def holds(key: str, question: str, answer: str, *, before: str = "", tools: str = "") -> bool:
    turn = Turn(
        uuid.uuid4(),
        Text(question),
        Text(answer),
        spans=[
            SpanFacts("a" * 16, "tool", name.rstrip("!"), "error" if "!" in name else "ok", "", "")
            for name in tools.split()
        ],
        previous=[Exchange(Text("hi"), Text(before))] if before else [],
    )
    detector = DETECTORS[key]
    return any(found.score >= detector.threshold for found in detector.detect(Batch([turn])))


@pytest.mark.parametrize(
    "answer",
    [
        "I'm transferring you to an agent.",
        "I’m connecting you with a human agent now, please hold.",
        "I'll transfer you to our billing team.",
        "Let me pass you over to a colleague who can look at your contract.",
        "I have escalated this to our support team.",
        "I've forwarded your case to a specialist.",
        "You have been transferred to a live representative.",
        "Transferring you to a supervisor...",
        "ok, handing you over to a person rn",
        "We'll connect you with a nurse right away.",
        "I am escalating your ticket to the engineering team.",
        "I have escalated this. You will hear from us within a day.",
        "I will go ahead and connect you to the claims department.",
        "Please hold, I'm putting you through to an operator.",
        "Thanks for the details. I've handed this over to our technicians.",
        "I was unable to find the booking, so I am transferring you to a human agent.",
        "I’ll loop in a manager.",
        "Your request is being forwarded to the medical team.",
        "I now connect you to a human adviser.",
        "I've passed your question on to a licensed pharmacist.",
        "Putting you through to the Norwich depot now.",
        "Of course. I'm handing you to Ms Okafor with all that you've written.",
        "I've put you through to Jonas, he can see the order.",
        "My colleague Tess is taking over now.",
        "I've passed your case to our claims desk, they decide today.",
    ],
)
def test_handed_over(answer: str) -> None:
    assert holds("hand_over", "I want a human.", answer)


@pytest.mark.parametrize(
    "question",
    [
        "put me through to somebody who can read",
        "get me someone with a pulse",
        "is there nobody I can talk to at your place",
        "I'd like to speak to someone in billing, please",
        "can a person just tell me",
        "I'd rather settle this with a member of staff",
        "No. A person.",
        "get a human on the phone",
    ],
)
def test_a_person_is_asked_for(question: str) -> None:
    assert holds("human_request", question, "One moment.", before="It is on its way.")


@pytest.mark.parametrize(
    "question",
    [
        "Only 1 person.",
        "how do I connect with people who share my hobby",
        "give me some real examples",
        "can someone explain photosynthesis",
        "the agent at the desk said it would be fine",
    ],
)
def test_no_person_is_asked_for(question: str) -> None:
    assert not holds("human_request", question, "One moment.", before="It is on its way.")


@pytest.mark.parametrize(
    "tools",
    [
        "transfer_to_human_agents",
        "transfer_to_live_agent",
        "transfer_to_agent",
        "handoff",
        "escalateToSupport",
        "search hand_off",
    ],
)
def test_handed_over_by_a_tool(tools: str) -> None:
    assert holds("hand_over", "I want a human.", "", tools=tools)


@pytest.mark.parametrize(
    ("answer", "tools"),
    [
        ("Would you like me to transfer you to a human agent?", ""),
        ("If that doesn't help, I can connect you with a specialist.", ""),
        ("I'm unable to transfer you to a manager, but I can take your complaint.", ""),
        ("I can't connect you to a person.", ""),
        ("I'm passing you to the settings page now.", ""),
        ("I've put you on the list for Thursday.", ""),
        (
            "I'm connecting you with our energy team.\n\nHello, this is the energy assistant. What is it about?",
            "",
        ),
        ("The returns agent is taking over now.", ""),
        ("", "transfer_to_billing_agent"),
        ("I'm passing you to our returns agent.\n\nHello! Which order is it?", ""),
        ("I'm connecting your speaker to the living room.", ""),
        ("I've transferred 200 EUR to Ana.", "transfer_money"),
        ("I've passed the test data to the function.", ""),
        ("Connect the red wire to the battery.", "connect_database"),
        ("I've forwarded the mail to your team's inbox? No, it is still a draft.", ""),
        ("You can call our support team from 9 to 18.", ""),
        ("I recommend transferring you to a human agent. Shall I?", ""),
        ("The agent transferred your call to the wrong department last week.", ""),
        ("Once I connect you to the printer, you can print.", ""),
        ("I will transfer the files to the new server.", "transfer_files"),
        ("Should I escalate this to our support team?", ""),
        ("Could you hand this letter to your manager?", ""),
        ("We never transfer callers to another team.", ""),
        ("Before I transfer you to an agent, which plan do you have?", ""),
        ("Escalating commitment is a bias.", ""),
        ("I'm here to help.", "transfer_to_human_agents!"),
        ("", ""),
    ],
)
def test_not_handed_over(answer: str, tools: str) -> None:
    assert not holds("hand_over", "I want a human.", answer, tools=tools)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Book a table at Luigi's for 8", "Sorry, they are fully booked at 8."),
        ("yes, that's right", "I'm sorry, no tables were available for that time."),
        ("Find me a room in Porto", "There are no rooms available in Porto that night."),
        ("buy the blue one", "The blue one is sold out."),
        ("Where is my parcel?", "I was unable to find your parcel."),
        ("What's my balance?", "The banking system is not responding. Please try again later."),
        ("and in L?", "I couldn't check that, the stock service returned an error."),
        ("Is it in stock?", "Something went wrong while I looked."),
        ("can u check my grades", "i couldn't open the file, it failed to load"),
        ("Is the clinic open?", "Sorry, I could not reach the calendar of the clinic."),
        ("pls cancel my gym", "Unfortunately the cancellation did not go through."),
        ("I want to see a dermatologist this week", "No appointments are available this week."),
        ("run the tests", "I tried to run them, but the command failed."),
        ("Deploy it", "I was not able to deploy: permission denied."),
        ("I need the flight at 9", "That flight is no longer available."),
        ("Try again", "It still does not work, I encountered an error."),
        ("give me the lyrics", "I couldn't find any results for that song."),
        ("Reserve seats for us four", "I'm sorry, the seats are already taken."),
        ("Play it", "I'm having trouble playing that song."),
        ("sounds good, do it", "I'm afraid the booking was not successful."),
    ],
)
def test_a_task_that_failed(question: str, answer: str) -> None:
    assert holds("task_failure", question, answer)


@pytest.mark.parametrize(
    ("question", "answer", "before"),
    [
        ("and in L", "Sorry, L is sold out. I can notify you when it is back.", "Yes, 4 pieces."),
        ("Is the M in stock?", "No, the M is out of stock until Friday.", ""),
        ("Any rooms left on the 12th?", "There are no rooms available on the 12th, the 13th is free.", ""),
        ("Do you have this in green?", "The green one is no longer available.", ""),
        ("are there tickets for tonight", "Tonight is sold out, tomorrow there are 12 left.", ""),
        ("which flights are full?", "The 7:30 is fully booked.", ""),
        ("How about 9 pm?", "They are fully booked at 9 pm; 9:30 is free.", "At 8 there is a table."),
        ("I want a human.", "I'm transferring you to an agent.", ""),
        ("This does not help", "I'll connect you with a specialist.", ""),
        ("Dr. Yu on Monday?", "She is booked on Monday. Tuesday at 9 is open.", ""),
        ("What does 404 mean?", "It means that the page was not there.", ""),
        ("Cancel it", "Done, it is cancelled.", ""),
        ("Is swallowing exceptions fine?", "It hides failures, so log them or let them raise.", ""),
        ("how do i retry", "If the upload fails, press Retry.", ""),
        ("Is the pool open?", "The pool is currently not available to guests under 16.", ""),
        ("what sizes", "S and M; L is sold out.", "It comes in blue."),
        ("Do you still sell the old model?", "No, it is discontinued.", ""),
        ("When can I come?", "Mornings are all taken; from 14:00 on there is room.", ""),
        ("is 4B taken?", "Yes, 4B is taken.", ""),
        ("hello", "Hello! How can I help?", ""),
    ],
)
def test_a_true_answer_is_no_failure(question: str, answer: str, before: str) -> None:
    assert not holds("task_failure", question, answer, before=before)
