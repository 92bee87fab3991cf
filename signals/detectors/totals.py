"""Totals, percentages and unit prices that a text states without an equation, checked against the figures beside them. Pure.

"- Bus 18 EUR / - Flight 29 EUR / Total: 57 EUR", "CHF 34.20, CHF 34.20 and CHF 17.10: CHF 95.50 in total", "15 % of 80 is 14",
"203, which is 24 % of 1,450", "3 tickets at $45 each come to $145", "£66.00 including £13.20 VAT (20 %)".

A total is held wrong only where it is near the sum and not it: one that is far off is a total of something else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from signals.detectors.dates import DATE
from signals.detectors.numbers import MARKS, NUMBER, Amount, Mark, amounts_in, places, read_number
from signals.detectors.text import Text

TOTAL = re.compile(
    r"\b(?:(?:grand |overall |order |new |combined )?total(?: (?:price|cost|amount|sum|is|of|for|comes|due|payable|to))*|(?:gesamt(?:summe|betrag|preis|kosten)?|summe|zusammen|insgesamt)|au total|total général|montant total|"
    r"en total|suma total|no total|soma|altogether|in all|all in|sum)\b"
)
LIST_LINE = re.compile(r"^\s{0,6}(?:[-*•+|]|\d{1,2}[.)])\s|:\s|\t|\s-\s")
NOT_PLAIN = re.compile(
    r"\b(?:per|each|nightly|/night|daily|hourly|monthly|discount|off|rabatt|remise|descuento|desconto|or|oder|ou|either|saves?|instead|minus|less|deposit|paid|refund|credit|from|ab|between|up to|max|tax|vat|mwst|tva|iva|fees?|tip|shipping|average|subtotal)\b|%|×|\*\d|\bx ?\d|\d ?x\b"
)
NEAR_LOW, NEAR_HIGH = Decimal("0.7"), Decimal("1.45")
OF = r"(?:of|von|vom|de|do|da|del|des|du|on|auf)(?: the| la| le| los?| die| der| den| dem| os?)?(?: (?:total|sum|gesamt))?"
IS = r"(?:is|are|=|equals|comes to|makes|gives|would be|sind|ist|ergibt|ergeben|macht|est|font|fait|es|son|da|é|são|dá)"
CUR = r"(?:us\$|r\$|[€$£¥]|(?:eur|usd|gbp|chf) )?"
PERCENT_OF = re.compile(
    rf"(?<![\d.,])(?P<p>\d+(?:[.,]\d+)?) ?(?:%|percent|per cent|prozent|pour cent|por ciento|por cento) {OF} \**{CUR}(?P<base>{NUMBER})(?P<unit> ?[€$£]| [a-z]+)?\**,? {IS} \**(?P<about>(?:about|roughly|around|etwa|rund|environ|~|≈|approximately|unos|cerca de) ?)?{CUR}(?P<r>{NUMBER})(?!\d|[.,]\d| ?(?:%|[*+×÷/^x-] ?\d|percent|million|thousand))"
)
WHICH_IS = re.compile(
    rf"(?<![\d.,-]){CUR}(?P<r>{NUMBER})(?: [a-z]+){{0,2}},? (?:which is|is|are|or|i\.e\.|das sind|soit|es decir|ou seja|that's)? ?\(?(?P<about>(?:about|roughly|around|etwa|rund|environ|~|≈|just over|just under|nearly|almost|over|more than|less than|under|up to) ?)?(?P<p>\d+(?:[.,]\d+)?) ?% {OF} {CUR}(?P<base>{NUMBER})(?!\d|[.,]\d| ?(?:million|thousand|[a-z]{{0,3}}\)? ?[=*+×÷/^]))"
)
EACH = re.compile(
    rf"(?<![\w.,$€£/-])(?P<n>\d{{1,4}}) (?:[a-z'-]+ ){{1,3}}?(?:at|à|zu je|je|zu|for|a|de|x|×|@) (?P<sign>[€$£])(?P<price>{NUMBER}) ?(?:each|per [a-z]+|apiece|pro [a-z]+|chacun|cada una?|/ ?[a-z]+|a piece)?[,:;]? ?(?:=|is|comes to|come to|makes|for a total of|that's|that makes|totall?ing|ergibt|macht|soit|total:?) \**(?P<sign2>[€$£])(?P<r>{NUMBER})(?!\d|[.,]\d)"
)
TAX = re.compile(r"\b(?:vat|mwst\.?|ust\.?|umsatzsteuer|mehrwertsteuer|tva|iva|gst|sales tax|tax)\b")
_RATE = r"(?<![\d.,])(\d{1,2}(?:[.,]\d)?) ?%"
_TAX = TAX.pattern
RATE = re.compile(rf"{_RATE} {_TAX}|{_TAX}[^.!?\n\d]{{0,20}}{_RATE}")
CENT = Decimal("0.01")
LOOKED_LINES = 40


@dataclass(frozen=True, slots=True)
class Wrong:
    """A claim at [start:end] of the normal form, and a sentence that says what its own figures make."""

    start: int
    end: int
    sentence: str


def wrong_totals(text: Text) -> Iterator[Wrong]:
    """Sums of what a list, or the sentence, names."""
    normal = text.normal
    if not TOTAL.search(normal):
        return
    yield from _of_lists(normal)
    yield from _of_sentences(normal)


def wrong_sums_of_user(text: Text, user: Text) -> Iterator[Wrong]:
    """ "What is the total of 3,250, 1,875 and 1,400?" "Total: 6,425." The user's figures, all of one kind, are what is summed."""
    question, normal = user.normal, text.normal
    if not TOTAL.search(question) or not (total := TOTAL.search(normal)):
        return
    figures = amounts_in(question)
    if not figures:
        days = [one.span() for one in DATE.finditer(question)]
        figures = [
            Amount(one.start("n"), one.end("n"), one["n"], "")
            for one in PLAIN.finditer(question)
            if not any(start <= one.start("n") < end for start, end in days)
        ]
    stated = re.compile(rf"[^\n.;?!\d]{{0,30}}?\**({CUR})({NUMBER})(?!\d|[.,]\d| ?%)").match(
        normal, total.end()
    )
    if (
        stated is None
        or not 2 <= len(figures) <= 10
        or NOT_PLAIN.search(re.sub(r"\d+(?:[.,]\d+)? ?% ?(?:vat|tax)?", "", question))
    ):
        return
    claim = Amount(stated.start(2), stated.end(2), stated[2], figures[0].currency)
    wrong = _compare([[one] for one in figures], claim)
    if wrong is not None:
        yield Wrong(total.start(), stated.end(), f"The figures given add up to {shown_number(wrong)}.")


def wrong_percentages(text: Text) -> Iterator[Wrong]:
    normal = text.normal
    if "%" not in normal and "percent" not in normal and "prozent" not in normal and "cent" not in normal:
        return
    for pattern in (PERCENT_OF, WHICH_IS):
        for match in pattern.finditer(normal):
            if (result := _percentage(match)) is not None and not _doubted(normal, match.start()):
                yield Wrong(
                    match.start(),
                    match.end(),
                    f"{match['p']} % of {match['base']} is {shown_number(result)}.",
                )


def wrong_unit_totals(text: Text) -> Iterator[Wrong]:
    normal = text.normal
    for match in EACH.finditer(normal) if any(sign in normal for sign in "€$£") else ():
        results = []
        for mark in MARKS:
            price, total = read_number(match["price"], mark), read_number(match["r"], mark)
            if price is not None and total is not None:
                results.append((int(match["n"]) * price, total))
        if match["sign"] == match["sign2"] and results and all(a != b and near(b, a) for a, b in results):
            yield Wrong(
                match.start(),
                match.end(),
                f"{match['n']} × {match['price']} is {shown_number(results[0][0])}.",
            )


def wrong_taxes(text: Text, said_before: str) -> Iterator[Wrong]:
    """A tax that is said to be inside a price and was taken from the price itself: gross = net + tax, and tax = rate × gross.

    The rate stands in the text or in `said_before` (the conversation so far, in normal form)."""
    normal = text.normal
    if not TAX.search(normal):
        return
    money = [amount for amount in amounts_in(normal) if not amount.minus]
    stated = RATE.findall(normal + "\n" + said_before)
    rates = {Decimal(rate.replace(",", ".")) for pair in stated for rate in pair if rate} - {0}
    if len(money) < 3 or not rates or len(money) > 12:
        return
    for mark in MARKS:
        known = [(value, one) for one in money if (value := read_number(one.words, mark)) is not None]
        if len(known) != len(money):
            continue
        for gross, shown in known:
            for tax, at in known:
                net = gross - tax
                if tax * 2 >= gross or not _is_tax(normal, at) or not any(value == net for value, _ in known):
                    continue
                if any(abs(net * rate / 100 - tax) <= CENT for rate in rates):
                    continue
                for rate in rates:
                    if rate >= 4 and abs(gross * rate / 100 - tax) <= CENT / 2:
                        inside = gross * rate / (100 + rate)
                        yield Wrong(
                            at.start, at.end, f"{shown_number(rate)} % inside {shown.words} is {inside:.2f}."
                        )
                        return
        return


def _is_tax(normal: str, amount: Amount) -> bool:
    return TAX.search(normal, amount.end, amount.end + 8) is not None or (
        TAX.search(normal, max(0, amount.start - 16), amount.start) is not None
    )


def _of_lists(normal: str) -> Iterator[Wrong]:
    """ "Total: X" under lines of which each holds figures of one kind."""
    lines: list[tuple[int, str]] = []
    start = 0
    for line in normal.split("\n"):
        lines.append((start, line))
        start += len(line) + 1
    for place, (start, line) in enumerate(lines):
        total = TOTAL.search(line)
        if total is None or total.start() > 40 or NOT_PLAIN.search(line) or place < 2:
            continue
        stated = _figures(line[total.end() :])
        if len(stated) != 1 or line[: total.start()].strip(" -*|•#") not in ("", "so", "="):
            continue
        items = _items(lines[max(0, place - LOOKED_LINES) : place])
        wrong = _compare(items, stated[0])
        if wrong is not None:
            begin = start + total.start()
            yield Wrong(
                begin, start + len(line.rstrip()), f"The figures above add up to {shown_number(wrong)}."
            )


def _items(above: list[tuple[int, str]]) -> list[list[Amount]]:
    """The figures of the list that ends right above, line by line; empty where it is no plain list."""
    items: list[list[Amount]] = []
    for _, line in reversed(above):
        if not line.strip(" |-:*=_"):
            if items and line.strip() == "":
                break
            continue
        figures = _figures(line)
        if not LIST_LINE.search(line) or not figures:
            break
        if NOT_PLAIN.search(line) or TOTAL.search(line) or len(figures) > 2:
            return []
        items.append(figures)
    return items[::-1]


PLAIN = re.compile(rf"(?<![\w.,/:-])(?P<n>{NUMBER})(?![\w:/%]|[.,]\d|-\d| ?(?:%|am\b|pm\b|h\b|°))")


def _figures(line: str) -> list[Amount]:
    """Money, and where there is none the line's last plain number."""
    money = amounts_in(line)
    if money:
        return money
    plain = list(PLAIN.finditer(re.sub(r"^\s*\d{1,2}[.)]\s", lambda match: " " * len(match[0]), line)))
    if len(plain) != 1 or line[plain[0].end() :].strip(" |*.`"):
        return []
    return [Amount(plain[0].start("n"), plain[0].end("n"), plain[0]["n"], "")]


def _compare(items: list[list[Amount]], stated: Amount) -> Decimal | None:
    """The sum, where the total is near it and no reading of the figures gives the total."""
    currencies = {one.currency for line in items for one in line} | {stated.currency}
    if len(items) < 2 or len(currencies) != 1 or any(one.minus for line in items for one in line):
        return None
    sums: list[tuple[Decimal, Decimal]] = []
    for mark in MARKS:
        total = read_number(stated.words, mark)
        rows = [[read_number(one.words, mark) for one in line] for line in items]
        if total is None or any(value is None for row in rows for value in row):
            continue
        read = [[value for value in row if value is not None] for row in rows]
        whole = sum((value for row in read for value in row), Decimal(0))
        ways = [whole, sum((row[-1] for row in read), Decimal(0)), sum((row[0] for row in read), Decimal(0))]
        slack = _slack([one.words for line in items for one in line], stated.words, mark)
        parts = [value for row in read for value in row]
        if any(abs(way - total) <= slack for way in ways) or any(
            abs(whole - part - total) <= slack for part in parts
        ):
            return None
        sums.append((whole, total))
    if not sums or not all(near(total, whole) for whole, total in sums):
        return None
    return sums[0][0]


def _of_sentences(normal: str) -> Iterator[Wrong]:
    """ "A for x, B for y and C for z: T in total": the amounts of one sentence, of which the total is the last."""
    for match in re.finditer(r"[^\n.!?;]*(?:[.](?=\d)[^\n.!?;]*)*", normal):
        sentence = match[0]
        total = TOTAL.search(sentence)
        if total is None or NOT_PLAIN.search(sentence):
            continue
        money = amounts_in(sentence)
        if not 3 <= len(money) <= 10:
            continue
        last = money[-1]
        gap = min(abs(total.start() - last.end), abs(last.start - total.end()))
        if gap > 8 or not all(joined(sentence[a.end : b.start]) for a, b in pairwise(money)):
            continue
        wrong = _compare([[one] for one in money[:-1]], last)
        if wrong is not None:
            start, end = sorted([(total.start(), total.end()), (last.start, last.end)])
            yield Wrong(
                match.start() + start[0],
                match.start() + end[1],
                f"The figures add up to {shown_number(wrong)}.",
            )


def joined(between: str) -> bool:
    """Parts of one list: nothing between them that would make one figure part of another."""
    return len(between) <= 60 and not re.search(r"\b(?:of|von|de which|including|davon|dont|but|instead|or|was|were|now|then)\b|\(", between)  # fmt: skip


def _slack(words: list[str], total: str, mark: Mark) -> Decimal:
    """Rounded figures may miss their sum by half of their last place each; sums of money in cents may not."""
    least = min([places(one, mark) for one in words] + [places(total, mark)])
    most = max(places(one, mark) for one in words)
    if most == 0 and least == 0:
        return Decimal(0)
    if least == most == 2:
        return Decimal(0)
    return Decimal("0.5").scaleb(-places(total, mark)) + Decimal("0.5").scaleb(-most) * len(words) * (
        most == 1
    )


def near(total: Decimal, whole: Decimal) -> bool:
    return whole > 0 and NEAR_LOW <= total / whole <= NEAR_HIGH


def _percentage(match: re.Match[str]) -> Decimal | None:
    """What it is, where the stated one is wrong under each decimal mark under which all can be read."""
    answer: Decimal | None = None
    for mark in MARKS:
        rate, base, result = (read_number(match[name], mark) for name in ("p", "base", "r"))
        if rate is None or base is None or result is None:
            continue
        true = base * rate / 100
        unit = Decimal(1).scaleb(-places(match["r"], mark))
        slack = (
            base * Decimal("0.5").scaleb(-places(match["p"], mark)) / 100
            if match.re is WHICH_IS
            else Decimal(0)
        )
        if match["about"]:
            slack += abs(true) * Decimal("0.1")
        if abs(true - result) <= slack + unit or true == 0:
            return None
        answer = true
    return answer


DOUBT = re.compile(
    r"\b(?:not|isn't|instead of|wrong|incorrect|mistake|you (?:wrote|said|had|put)|if|suppose|nicht|falsch|faux|incorrecto|errado)\b[^.!?\n]*$"
)


def _doubted(normal: str, start: int) -> bool:
    return DOUBT.search(normal, max(0, start - 60), start) is not None


def shown_number(value: Decimal) -> str:
    """Without zeros at the end of its decimals, and with thousands told apart."""
    rounded = (
        value.quantize(Decimal("0.01")) if value != value.to_integral_value() else value.quantize(Decimal(1))
    )
    return f"{rounded:,}"
