"""Users who complain that what they said was lost, in many registers; and users who merely speak of having said something."""

import uuid

import pytest

from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Exchange, Turn
from signals.detectors.text import Text


def holds(
    key: str, question: str, answer: str = "", before: str = "Sure. What is your order number?"
) -> bool:
    previous = [Exchange(Text("hi"), Text(before))] if before else []
    turn = Turn(uuid.uuid4(), Text(question), Text(answer), previous=previous)
    detector = DETECTORS[key]
    return any(found.score >= detector.threshold for found in detector.detect(Batch([turn])))


LOST = [
    "I already told you my order number",
    "as I said above, it's the blue one",
    "you just asked me that",
    "scroll up",
    "pls scroll up, its all there",
    "we literally talked about this five minutes ago...",
    "cashews are nuts, I told you I'm allergic",
    "bro i told u like 3 messages ago",
    "I've given you my address twice now.",
    "didn't i just tell you my name?",
    "you asked this already",
    "Why do I have to repeat everything?",
    "I said this in my first message.",
    "Like I mentioned, the patient is 4 years old.",
    "It's in my previous message!!",
    "I have wrote it before, please read it",
    "again?? i gave u my email a minute ago",
    "You are asking the same question again",
    "did u forget already lol",
    "I told you at the beginning to use tabs.",
    "have you forgotten that I'm vegetarian?",
    "I literally just sent you the log",
    "how many times do I have to type my birthday",
    "We've been over this already.",
    "You have my number already, I typed it above.",
    "I explained this earlier: the export is empty.",
    "Ya te dije mi número de cliente",
    "Die habe ich Ihnen doch gerade gesagt!",
    "Je vous l'ai déjà dit.",
]
KEPT = [
    "My doctor told me I'm allergic to nuts.",
    "I told my landlord about the heating and he did nothing",
    "Can you scroll the page up with JavaScript?",
    "As the manual said above the table, torque is 20 Nm",
    "What did you just say about visas?",
    "She asked me that at the interview, what should I answer?",
    "I forgot my password",
    "I've already tried restarting it",
    "I just sent an email to the hotel",
    "You already have a great plan, thanks!",
    "I told you it would work! Thanks a lot",
    "How do I read the previous line in vim?",
    "Repeat everything in French, please",
    "You asked for my order number: 55120",
    "As you said, I restarted it and it works",
    "I gave my boss two weeks notice",
    "what was mentioned in the first message of the thread you translated?",
    "he keeps asking me for money",
    "I have sent the form, what's next?",
    "My name is Omar and my order number is 55120.",
    "the file I sent you is the new version",
    "Remember to book the window seat.",
    "Here it is again: 55120",
    "No, I never told anyone.",
    "Where do I find my order number?",
]


@pytest.mark.parametrize("key", ["lost_information", "forgetting"])
@pytest.mark.parametrize("text", LOST)
def test_lost(key: str, text: str) -> None:
    assert holds(key, text)


@pytest.mark.parametrize("key", ["lost_information", "forgetting"])
@pytest.mark.parametrize("text", KEPT)
def test_kept(key: str, text: str) -> None:
    assert not holds(key, text)


@pytest.mark.parametrize("text", ["I told you to use tabs", "scroll up", "you just asked me that"])
def test_before_the_first_answer_nothing_was_lost(text: str) -> None:
    assert not holds("lost_information", text, before="")
