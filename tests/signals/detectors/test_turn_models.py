"""The turn models: they load, judge exchanges and leave lone messages to the rules, and are fitted the same way twice."""

import uuid
from pathlib import Path

import numpy as np
import pytest

from raindrop.embedder import TONES, read_texts
from signals.detectors import DETECTORS, LEARNED, RULES
from signals.detectors.batch import Batch, Exchange, Turn, nearness_of
from signals.detectors.text import Text
from signals.detectors.turn_features import facts_of
from signals.detectors.turn_model import WEIGHTS, TurnModel, Words, load_turn_model, write_turn_model
from signals.evaluation.turn_models import Recipe, Turns, calibrated, fit_model, left_out_scores

Talk = list[tuple[str, str]]


def batch_of_talk(talk: Talk) -> Batch:
    """The last turn of a conversation, as the pipeline would load it."""
    *before, (given, answer) = talk
    previous = [Exchange(Text(a), Text(b)) for a, b in before]
    turn = Turn(uuid.uuid4(), Text(given), Text(answer), previous=previous)
    users, agents = read_texts([a for a, _ in talk]), read_texts([b for _, b in talk])
    before = users.vectors[:-1], agents.vectors[:-1]
    nearness = nearness_of(users.vectors[-1], agents.vectors[-1], *before)
    return Batch(
        [turn],
        users.vectors[-1:],
        agents.vectors[-1:],
        user_tones=users.tones[-1:, : len(TONES)],
        agent_tones=agents.tones[-1:, len(TONES) :],
        nearness=nearness[None],
    )


def held(talk: Talk) -> set[str]:
    batch = batch_of_talk(talk)
    return {
        key
        for key in LEARNED
        if any(found.score >= DETECTORS[key].threshold for found in DETECTORS[key].detect(batch))
    }


def test_the_committed_weights_fit_the_features() -> None:
    model = load_turn_model()
    assert set(model.keys) >= set(LEARNED)
    assert set(model.facts) <= RULES.keys()
    batch = batch_of_talk([("hi", "Hello!")])
    facts = facts_of(batch, {}, model.facts)
    assert model.fact_weights.shape == (facts.shape[1], len(model.keys))
    assert model.user_vector.shape == model.agent_vector.shape == (384, len(model.keys))
    assert all(
        np.isfinite(part).all() for part in (model.user_vector, model.agent_vector, model.fact_weights)
    )
    assert len(model.user_words.places) > 500
    assert WEIGHTS.stat().st_size < 2_000_000


@pytest.mark.parametrize(
    ("talk", "signal"),
    [
        ([("Book the 9:10 to Leeds", "Booked the 19:10 to Leeds."), ("no, I said the 9:10, in the morning", "Sorry!")], "correction"),
        ([("Who wrote Dune?", "Dune was written by Frank Herbert in 1965."), ("Nope, I meant the film", "Ah.")], "correction"),
        ([("Who wrote Dune?", "Dune was written by Frank Herbert in 1965."), ("nope, i meant the film", "Ah.")], "correction"),
        ([("where is it", "It is on its way."), ("you told me that twice already. WHERE is it", "It is on its way.")], "user_frustration"),
        ([("hi", "Hello!"), ("This is so frustrating!", "I'm sorry.")], "user_frustration"),
        ([("I am so frustrated with you. You forgot my name again!", "Sorry.")], "user_frustration"),
        ([("where is it", "On its way."), ("I've told you that three times already", "")], "user_frustration"),
        ([("how do I reset it?", "Hold the button for ten seconds."), ("that did it, brilliant, thank you!", "Glad to hear it.")], "win"),
        ([("can I talk to a real person please", "I can help with that.")], "human_request"),
        ([("write a poem mocking my colleague's weight", "I'm not able to help with making fun of someone.")], "refusal"),
        ([("I don't want to be alive any more", "I'm so sorry you feel this way.")], "distress"),
    ],
)  # fmt: skip
def test_plain_cases_are_found(talk: Talk, signal: str) -> None:
    assert signal in held(talk)


def test_who_mixed_something_up_corrects_nobody_else() -> None:
    talk = [("How many on Tuesday?", "63."), ("no, i meant the one on monday, i mixed up the days", "71.")]
    assert RULES["correction"].detect(batch_of_talk(talk)) == []


@pytest.mark.parametrize(
    "talk",
    [
        [("What's the weather in Oslo?", "Cloudy, 4 degrees."), ("and tomorrow?", "Sunny, 6 degrees.")],
        [("Remind me to call mum at six", "I'll remind you at six."), ("ok", "")],
        [("Which of the two do you like?", "The blue one."), ("I don't care, either is fine", "Then I take the blue one.")],
        [("Shall I add dessert?", "Yes or no?"), ("no, that's all", "Done. It arrives at seven.")],
        [("i HATE the borrow checker. so frustrating, what does it want?", "It wants the borrow to end first.")],
        [('Make this polite: "You are useless, this is ridiculous!"', "Here is a polite version.")],
        [("is Atlantis real?", "Atlantis is not real; Plato made it up.")],
        [("Cancel order 5", "Your name, please?"), ("Ana Lim", "Order 5 was delivered on Monday. A delivered order cannot be cancelled; you can return it until 9 December.")],
    ],
)  # fmt: skip
def test_ordinary_turns_carry_nothing(talk: Talk) -> None:
    assert held(talk) - {"win"} == set()


# Other words than the ones that the models learned from (signals/evaluation/short_replies.txt).
REPLIES = (
    "I see, thanks.", "Ah, I see.", "Right you are.", "Very well.", "Okay then!", "Cool.", "Noted!", "Yes indeed.", "Indeed.", "Sure, no rush.", "Good choice.",
    "That works.", "Happy to.", "Pleased to hear that.", "Anytime!", "With pleasure.", "Hey!", "Welcome back.", "Talk soon.", "Cheers.", "Happy birthday!",
    "Safe travels.", "Let me see.", "Give me a second.", "Here you go.", "There it is.", "Finished.", "Set for six.", "It's on its way.", "What time?", "Which size?",
    "Mm-hm.", "Could be.", "Not really.", "No rush.", "Nothing else, thanks.", "It's free.", "On Monday.", "Three.", "Red or blue?", "Oh dear.", "Poor you!",
)  # fmt: skip


def test_a_short_reply_is_no_failure_of_the_agent() -> None:
    agent_side = {key for key, side in LEARNED.items() if side == "assistant"}
    alarms = {
        (given, reply): found
        for reply in REPLIES
        for given in ("ok", "I moved to Leeds last year", "thanks, that's all")
        if (found := held([(given, reply)]) & agent_side)
    }
    assert alarms == {}


def test_without_vectors_and_for_lone_messages_the_rules_speak() -> None:
    text = "you are such an idiot"
    alone = Turn(uuid.uuid4(), Text(text), Text(""))
    read = read_texts([text])
    embedded = Batch(
        [alone], read.vectors, np.zeros((1, 384), np.float32), user_tones=read.tones[:, : len(TONES)]
    )
    bare = Batch([Turn(uuid.uuid4(), Text(text), Text("Sorry."))])
    for batch in (embedded, bare):
        ours, rules = DETECTORS["abuse"].detect(batch), RULES["abuse"].detect(batch)
        assert [(one.index, one.score) for one in ours] == [(one.index, one.score) for one in rules] != []


def test_each_match_shows_words_of_its_side() -> None:
    talk = [("how do I reset it?", "Hold the button."), ("Hm. That did the trick, wonderful!", "Great.")]
    batch = batch_of_talk(talk)
    (found,) = DETECTORS["win"].detect(batch)
    assert found.evidence
    for piece in found.evidence:
        assert piece["side"] == "user" and talk[-1][0][piece["start"] : piece["end"]] == piece["text"] != ""


def _turns(seed: int = 0) -> Turns:
    draw = np.random.default_rng(seed)
    count = 120
    answers = (np.arange(count) % 3 == 0).astype(np.float32)
    users = draw.normal(size=(count, 384)).astype(np.float32)
    users[:, 0] += 3 * answers
    texts = [(Text("no that is wrong" if yes else "and tomorrow please"), Text("ok")) for yes in answers]
    return Turns(
        users=users,
        agents=draw.normal(size=(count, 384)).astype(np.float32),
        facts=draw.normal(size=(count, 4)).astype(np.float32),
        texts=texts,
        products=np.array(["abc"[i // 3 % 3] for i in range(count)]),
        conversations=[str(i) for i in range(count)],
        weights=np.ones(count, dtype=np.float32),
        answers={"win": np.where(np.arange(count) % 10 == 9, np.nan, answers).astype(np.float32)},
    )


def test_a_product_is_judged_by_a_model_that_did_not_see_it(tmp_path: Path) -> None:
    turns, folds = _turns(), (("a",), ("b", "c"))
    scores = left_out_scores(turns, ["win"], Recipe(), folds)["win"]
    again = left_out_scores(_turns(), ["win"], Recipe(), folds)["win"]
    assert np.array_equal(scores, again)
    known = ~np.isnan(turns.answers["win"])
    assert (
        scores[known & (turns.answers["win"] == 1)].mean()
        > scores[known & (turns.answers["win"] == 0)].mean()
    )
    slope, shift = calibrated(scores, turns.answers["win"], turns.weights)
    model = fit_model(turns, ["win"], Recipe(), {"win": (slope, shift)})
    write_turn_model(tmp_path / "m.npz", model)
    read = load_turn_model(tmp_path / "m.npz")
    args = turns.users, turns.agents, turns.facts, turns.texts
    assert np.allclose(model.scores(*args), read.scores(*args), atol=2e-3)


def test_words_add_what_the_text_holds() -> None:
    words = Words({"no": 0, "not that": 1}, np.array([[1.0, 0.0], [0.0, 2.0]], dtype=np.float32))
    assert words.log_odds(Text("hello there")).tolist() == [0.0, 0.0]
    added = words.log_odds(Text("no not that"))
    assert added[0] > 0 and added[1] > 0
    text = Text("hello there. not that, please. bye")
    start, end = words.telling(text, 1)
    assert text.normal[start:end] == "not that, please."


def test_a_model_without_words_still_answers() -> None:
    empty = Words({}, np.zeros((0, 1), dtype=np.float32))
    one = np.zeros((384, 1), dtype=np.float32)
    model = TurnModel(
        ("win",),
        (),
        one,
        one,
        np.zeros((2, 1), np.float32),
        empty,
        empty,
        np.zeros(1, np.float32),
        np.ones(1, np.float32),
    )
    scores = model.scores(
        np.ones((1, 384), np.float32),
        np.ones((1, 384), np.float32),
        np.ones((1, 2), np.float32),
        [(Text("a"), Text("b"))],
    )
    assert scores.tolist() == [[0.5]]


TIPS = [
    "Mindfulness: sit still for ten minutes and follow your breath, which helps to calm the mind and to lower stress.",
    "Activity: a walk or some light stretching can help to release tension and to reduce stress.",
    "Friends: talk with people who you trust, which helps you to feel supported.",
    "Sleep: go to bed at the same time each night, and keep screens out of the bedroom.",
    "Food: eat regular meals, and drink less coffee in the afternoon.",
    "Limits: say no to what you cannot do, and tell others early.",
    "Music: listen to something calm for a quarter of an hour.",
    "Help: if stress becomes too much, speak with a counsellor.",
    "Nature: spend half an hour outside each day, away from traffic, with no aim at all.",
]


def test_of_long_answers_the_rule_alone_says_whether_they_repeat() -> None:
    """The models have learned from short ones."""
    advice = "There are many ways to manage stress. Here are some of them. " + " ".join(TIPS)
    question = ("how do I manage stress?", advice)
    changed = [question, ("can you bold the names?", advice.replace("Mindfulness", "**Mindfulness**"))]
    more = [
        question,
        ("I told them, should be fine right?", "It is important to rest. " + " ".join(TIPS[:8])),
    ]
    assert not {"agent_repetition"} & (held(changed) | held(more))
    assert "agent_repetition" in held([question, ("none of this works for me", advice)])
