"""The gate in front of the rules lets through every text that a rule hits."""

from hypothesis import given, settings
from hypothesis import strategies as st

from signals.detectors import DETECTORS, phrases, user_frustration, win
from signals.detectors.phrases import Rule
from signals.detectors.text import Text
from tests.examples import examples

RULES = [
    value for module in (user_frustration, win) for value in vars(module).values() if isinstance(value, Rule)
]
SPACES = st.sampled_from([" ", "  ", "\t", "\n", "\u00a0", "\x1f", "\u2028", ", ", ". ", "! ", "\x01"])
WORDS = st.sampled_from(
    [
        "this",
        "is",
        "ridiculous",
        "not",
        "what",
        "i",
        "asked",
        "for",
        "you're",
        "useless",
        "youre",
        "u",
        "rule",
        "that",
        "works",
        "now",
        "perfect",
        "exactly",
        "needed",
        "thanks",
        "thank",
        "you",
        "so",
        "very",
        "much",
        "really",
        "appreciate",
        "it",
        "waste",
        "of",
        "time",
        "many",
        "times",
        "do",
        "have",
        "to",
        "repeat",
        "wtf",
        "5",
        "stars",
        "don’t",
        "didn't",
        "👍",
        "I",
    ]
)


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(st.tuples(WORDS, SPACES), max_size=12))
def test_no_hit_is_lost_at_the_gate(pieces: list[tuple[str, str]]) -> None:
    text = Text("".join(word + space for word, space in pieces))
    for rule in RULES:
        assert rule.hits(text) == rule._find(text.normal)


def test_a_gap_reaches_over_odd_white_space() -> None:
    rule = Rule(strong=["not ... good", "lost (my )?things", "give up ..."])
    for words in (
        "not\u00a0so,\tvery\x1fgood", "it is not\u2003good", "lost\x1cmy\u2028things", "i give up", "i give up on you"
    ):  # fmt: skip
        text = Text(words)
        assert rule._find(text.normal) and rule.hits(text) == rule._find(text.normal), words


def test_one_pass_serves_every_rule() -> None:
    text = Text("You’re useless, thanks for nothing")
    opened = phrases._gate.open_for(text)
    assert opened and len(opened) < len(phrases._gate._patterns) and len(DETECTORS) > len(opened)
