"""Sums that are told in words, checked against the amounts beside them. Pure.

"€190.00, and with the train ticket of €48.50 your total comes to €248.50", "€65.15. After the fee of €10 you received €57.15", "€74.10, €79.65
and €91.30. That makes €235.05 in total", "€44.90 per adult ... For three adults that makes €139.70", and what the user wants summed: "two
adults at 59.90 and a child 29.95".

As in totals.py: near the sum and not it, under each decimal mark; and no other way to put the amounts together gives what is stated. Durations
between two clock times are not checked: places may be in two time zones, and nothing in the text says so.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import product

from signals.detectors.numbers import MARKS, NUMBER, Amount, amounts, read_number
from signals.detectors.text import Text
from signals.detectors.totals import NOT_PLAIN, Wrong, joined, near, shown_number

_WORDS = {
    2: "two|both|zwei|beide|deux|dos|dois|duas",
    3: "three|drei|trois|tres|três",
    4: "four|vier|quatre|cuatro|quatro",
    5: "five|fünf|cinq|cinco",
    6: "six|sechs|seis",
    7: "seven|sieben|sept|siete|sete",
    8: "eight|acht|huit|ocho|oito",
    9: "nine|neun|neuf|nueve|nove",
    10: "ten|zehn|dix|diez|dez",
}
COUNTS = {word: count for count, words in _WORDS.items() for word in words.split("|")}
_ONE = "a|an|one|ein|eine|einen|un|une|una|um|uma"
_COUNT = rf"(?:\d{{1,2}}|{'|'.join(COUNTS)})"
_TOTAL = (
    r"(?:total|altogether|in all|together|zusammen|insgesamt|gesamt\w*|en tout|au total|en total|no total)"
)
PLUS = re.compile(
    r"[.,;]? (?:and |so |dazu |und )?(?:together )?(?:with|plus|mit|zuzüglich|avec|con|com)(?: [^\W\d_][\w'-]*){0,5} ?"
)
MINUS = re.compile(
    r"[.,;]? (?:and )?(?:after|less|minus|nach abzug|abzüglich|moins|après|menos|tras)(?: [^\W\d_][\w'-]*){0,6} ?"
)
MAKES_TOTAL = re.compile(rf"[^.!?\d]{{0,40}}\b{_TOTAL}\b[^.!?\d]{{0,30}}")
LEAVES = re.compile(
    r"[^.!?\d,]{0,20},? (?:you (?:received?|get|got|pay|owe|have)|that leaves|leaves|balance|the balance is|remains?|sie (?:erhalten|zahlen|bekommen)|bleiben|il reste|quedan|restam)[^.!?\d]{0,20}"
)
SUM = re.compile(
    rf"[^.!?\d]{{0,20}}(?: (?:on|am|le|el|em) \d{{1,2}}\.?(?: [^\W\d_]+)?)?[.!] (?:(?:that|this|it|das|ça|eso|isso)(?:'s| is| makes| macht| sind| fait| son| dá)? )?[^.!?\d]{{0,12}}?(?:\b{_TOTAL}\b[^.!?\d]{{0,20}})?"
)
ADDS_UP = re.compile(r" (?:adds? up to|comes? to|sums? (?:up )?to|ergeben|ergibt)(?: a total of| together)? ")
# Others pay another price, or a part of it.
OTHERS = re.compile(
    r"\b(?:child|kid|senior|student|reduc|group|discount|first|second|free|save|spar|kind|gruppe|ermäß|rabatt|erste|enfant|réduc|niñ|descuento|crian|desconto|each way|one way|return|deposit|tax|vat|fee|mwst)"
)
REDUCED = re.compile(
    r"\b(?:discount|reduc|rabatt|ermäß|réduc|remise|descuento|desconto|free|half|off|return|each way|tax|vat|mwst|less|minus|abzüglich)"
)
FOR = re.compile(
    rf"\b(?:for|für|pour|para) (?:all |alle |the |les |los |las |os |as )?(?P<n>{_COUNT})(?: of (?:you|us)| (?:people|persons|adults|travell?ers|passengers|guests|tickets|personen|erwachsene|tickets|personnes|adultes|personas|adultos|pessoas))\b"
)
EACH = re.compile(r"\b(?:per|each|pro|je|par|chacun|por|cada)\b")
# "two adults at 59.90", "a child 29.95".
PRICED = re.compile(
    rf"(?<![\w.,])(?P<n>{_COUNT}|{_ONE}) (?:[^\W\d_]+ ){{1,3}}?(?:(?:at|for|of|je|zu|à|a|de|cada|mal) )?(?:[€$£] ?)?(?P<p>{NUMBER})(?: ?(?:[€$£]|eur|euros?|dollars?|pounds?)\b)?(?: each| per \w+)?"
)
ASKS_SUM = re.compile(
    r"\b(?:total|sum|altogether|in all|zusammen|insgesamt|summe|en tout|au total|en total|no total)\b|\bwhat does (?:that|it) (?:make|come to)\b"
)
ANSWERS_SUM = re.compile(
    rf"^(?:[^\d.!?]{{0,40}}\b)?{_TOTAL}\b[^\d.!?]{{0,30}}?(?:[€$£] ?)?(?P<t>{NUMBER})(?!\d|[.,]\d| ?%)"
)
MOST = 5  # amounts
MOST_PEOPLE = 20


def wrong_told_sums(text: Text) -> Iterator[Wrong]:
    normal = text.normal
    money = amounts(text)
    if not 2 <= len(money) <= 12 or any(one.minus for one in money):
        return
    if len({one.currency for one in money}) > 1:
        return
    for first, second, stated in zip(money, money[1:], money[2:], strict=False):
        before, behind = normal[first.end : second.start], normal[second.end : stated.start]
        if PLUS.fullmatch(before) and MAKES_TOTAL.fullmatch(behind):
            yield from _claim([first, second], stated, [(1, 1)])
        elif MINUS.fullmatch(before) and LEAVES.fullmatch(behind):
            yield from _claim([first, second], stated, [(1, -1)])
    yield from _of_lists(normal, money)
    yield from _for_several(normal, money)


def _of_lists(normal: str, money: list[Amount]) -> Iterator[Wrong]:
    """ "A, B and C. That makes T in total", "A and B add up to T"."""
    for place in range(2, len(money)):
        stated = money[place]
        behind = normal[money[place - 1].end : stated.start]
        adds = ADDS_UP.fullmatch(behind) is not None
        if not adds and not (
            SUM.fullmatch(behind) and MAKES_TOTAL.search(behind + normal[stated.end :][:20])
        ):
            continue
        first = place - 1
        while first > 0 and _in_list(normal, money[first - 1], money[first]):
            first -= 1
        items = money[first:place]
        begin = normal.rfind(". ", 0, items[0].start) + 1
        if len(items) < (2 if adds else 3) or NOT_PLAIN.search(normal[begin : money[place - 1].end]):
            continue
        yield from _claim(items, stated, [(1,) * len(items)])


def _in_list(normal: str, one: Amount, other: Amount) -> bool:
    between = normal[one.end : other.start]
    return (
        joined(between)
        and ("," in between or " and " in between or " und " in between)
        and not re.search(r"[.!?\n;] ", between)
    )


def _for_several(normal: str, money: list[Amount]) -> Iterator[Wrong]:
    """ "€44.90 per adult and €5.20 each. For three adults that makes €139.70 in total"."""
    for match in FOR.finditer(normal):
        count = _count(match["n"])
        stated = next((one for one in money if 0 <= one.start - match.end() <= 50), None)
        if (
            stated is None
            or not 2 <= count <= MOST_PEOPLE
            or not MAKES_TOTAL.search(normal[match.start() : stated.end + 12])
        ):
            continue
        if "." in normal[match.end() : stated.start] or OTHERS.search(normal[: stated.end]):
            continue
        prices = [one for one in money if one.end <= match.start()]
        if not 1 <= len(prices) <= 3:
            continue
        each = all(EACH.search(normal[max(0, one.start - 6) : one.end + 16]) for one in prices)
        plain = (count,) * len(prices) if each else (0,) * (len(prices) - 1) + (count,)
        # Some may pay one price and some another.
        shared = [way for way in product(range(count + 1), repeat=len(prices)) if sum(way) == count]
        yield from _claim(prices, stated, [plain, *product((0, 1, count), repeat=len(prices)), *shared])


def wrong_priced_sums(text: Text, user: Text) -> Iterator[Wrong]:
    """What the user gives with its count, and wants summed; nothing else in the message is a number."""
    question = user.normal
    answer = ANSWERS_SUM.match(text.normal)
    if answer is None or not ASKS_SUM.search(question) or REDUCED.search(question):
        return
    items = list(PRICED.finditer(question))
    if not 2 <= len(items) <= MOST or re.search(r"\d", PRICED.sub("", question)):
        return
    counts = tuple(_count(one["n"]) for one in items)
    figures = [Amount(one.start("p"), one.end("p"), one["p"], "") for one in items]
    stated = Amount(answer.start("t"), answer.end("t"), answer["t"], "")
    yield from _claim(figures, stated, [counts, *product(*[(0, 1, count) for count in counts])])


def _count(word: str) -> int:
    return int(word) if word.isdigit() else COUNTS.get(word, 1)


def _claim(parts: list[Amount], stated: Amount, ways: list[tuple[int, ...]]) -> Iterator[Wrong]:
    """Wrong where no way to put the parts together gives what is stated. The first way is the one that is meant."""
    meant: Decimal | None = None
    for mark in MARKS:
        total = read_number(stated.words, mark)
        values = [value for one in parts if (value := read_number(one.words, mark)) is not None]
        if total is None or len(values) < len(parts):
            continue
        results = [sum((n * value for n, value in zip(way, values, strict=True)), Decimal(0)) for way in ways]
        if any(abs(result - total) < 1 and _rounded(total, result) for result in results):
            return
        if not near(total, results[0]):
            return
        meant = results[0]
    if meant is not None:
        yield Wrong(stated.start, stated.end, f"The amounts make {shown_number(meant)}.")


def _rounded(total: Decimal, result: Decimal) -> bool:
    """The same, or rounded to whole units."""
    return total == result or total == total.to_integral_value()
