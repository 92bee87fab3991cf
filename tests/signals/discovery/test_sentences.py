"""Where sentences end: not behind abbreviations, initials, ordinals and numbers, in the languages that we know."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.discovery.evidence import LONGEST, sentence_around, sentence_of, sentences_of
from signals.discovery.sentences import ends_of
from signals.discovery.wishes import wish_of
from tests.examples import examples
from tests.growth import ten_times_takes_tens_at_most

# Each is one sentence.
WHOLE = [
    "The parcel weighs 4.5 kg, not 45.",
    "You arrive in St. Pölten at 10:54, for €19.40.",
    "Dr. Meier and Mrs. J. Smith of Acme Inc. are at 5 Main St. today.",
    "I meant e.g. the blue one, i.e. No. 5, vs. the red one, approx. 3 p.m. or so.",
    "The U.S. office, the U.K. office etc. are closed at 9 a.m. on Mondays.",
    "George R. R. Martin wrote it.",
    "See p. 12, fig. 3 and vol. 2 of it.",
    "Der Zug fährt am 24. November von Wien Hbf. nach St. Pölten, z. B. um 9 Uhr.",
    "Ich komme vom 24.11. bis zum 26. Dezember, d. h. ca. drei Tage, ggf. auch länger.",
    "Hr. Huber wohnt in der Hauptstr. 5, Nr. 3, bzw. in der Mariahilfer Str. 12.",
    "Das kostet 1,5 Mio. Euro inkl. MwSt. für den 3. Versuch.",
    "Das ist u.a. in Graz usw. so.",
    "Mme. Durand et M. Martin habitent au bd. Voltaire, p. ex. au n° 4.",
    "La Sra. Pérez y el Dr. Gil viven en la Avda. Mayor, p. ej. en el núm. 4, aprox. a 2 km.",
    "O Sr. Silva e a Dra. Costa pedem, p. ex. na pág. 4, um reembolso.",
    "Il sig. Rossi e la dott. Bianchi arrivano, ecc. ecc. alle 9.",
    "Dhr. de Vries komt bijv. om 9 uur.",
    "Det koster bl.a. 4.5 kr. per stk.",
    "Это стоит 5 тыс. рублей, т.е. дорого.",
    "1. Open the page",
]
# Each is several: where they are cut.
SEVERAL = [
    ("It costs 45. Then I paid.", 2),
    ("I ate 3. Thanks!", 2),
    ("So do I. What now?", 2),
    ("See v1.2. Fine.", 2),
    ("We open at 9 a.m. You may come then.", 2),
    ("Bring pens, paper etc. Then come in.", 2),
    ("Is it no. I think so.", 2),
    ("Mail me at a.b@example.com. Thanks.", 2),
    ("Wait... what? No! Yes?!", 4),
    ("1. Open the page\n2. Press it.", 2),
    ("Ich habe 45. Danke.", 2),
    ("それはできません。 すみません。", 2),
]


@pytest.mark.parametrize("text", WHOLE)
def test_one_sentence_is_not_cut(text: str) -> None:
    assert sentences_of(text) == [text]


@pytest.mark.parametrize(("text", "number"), SEVERAL)
def test_what_ends_is_cut(text: str, number: int) -> None:
    assert len(sentences_of(text)) == number


PIECES = st.sampled_from(
    ["St.", "Dr.", "z. B.", "Nr. 4", "4.5 kg", "€19.40", "v1.2", "ok", "Wien", "am 3.", "p. ej.", "Hbf", "e.g.", "ça", "x@y.example"]
)  # fmt: skip


@settings(max_examples=examples(200))
@given(st.lists(PIECES, min_size=1, max_size=12), st.data())
def test_whatever_is_quoted_stands_in_one_sentence_with_whole_words(
    pieces: list[str], data: st.DataObject
) -> None:
    sentence = " ".join(["It", *pieces, "then"]) + "."
    text = f"Hello there! {sentence} Anything else?"
    start = data.draw(st.integers(13, 13 + len(sentence) - 2))
    end = data.draw(st.integers(start + 1, 13 + len(sentence) - 1))
    piece = {"side": "user", "start": start, "end": end, "text": text[start:end]}
    assert sentence_of(piece, user=text, assistant="") == sentence


@settings(max_examples=examples(200))
@given(st.text(alphabet="aB1 .!?\n4,SZ…。", max_size=80), st.data())
def test_no_text_is_lost(text: str, data: st.DataObject) -> None:
    ends = [end for _, end in ends_of(text)]
    assert ends == sorted(set(ends)) and all(0 < end <= len(text) for end in ends)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = sentence_around(text, start, end)
    assert 0 <= first <= start <= end <= last <= len(text)


def test_a_sentence_that_is_too_long_gives_the_whole_words_of_its_piece() -> None:
    long = "word " * 80
    text = f"{long}it weighs 4.5 kg in St. Pölten, {long}"
    at = text.index("weighs 4")
    piece = {"side": "user", "start": at, "end": at + 8, "text": "weighs 4"}  # as a detector cuts at a dot
    assert sentence_of(piece, user=text, assistant="") == "weighs 4.5"
    assert all(len(one) <= LONGEST and not one.endswith("wor…") for one in sentences_of(text))
    first, last = sentence_around(text, at, at + 8, longest=52)
    assert text[first:last].split()[0] == "word" and text[first:last].split()[-1] in {"word", "Pölten,"}


def test_a_wish_is_named_whole() -> None:
    assert wish_of("Hi! I need a ticket to St. Pölten. Thanks.") == "A ticket to St. Pölten"
    assert (
        wish_of("Wann fährt der Zug z. B. nach St. Pölten? Österreich")
        == "Wann fährt der Zug z. B. nach St. Pölten?"
    )


@pytest.mark.parametrize("work", [lambda text: list(ends_of(text)), wish_of], ids=["ends_of", "wish_of"])
def test_many_dots_in_a_row_take_no_square_of_the_time(work: Callable[[str], object]) -> None:
    assert ten_times_takes_tens_at_most(lambda size: work("." * size + "x"), size=1_500)
