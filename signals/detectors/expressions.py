"""Expressions of plain numbers, read by precedence: "3 × (4 + 5)", "32 h × $150.00", "2.5 m²". Pure."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext

from signals.detectors.numbers import CURRENCY_OF, NUMBER, Mark, places, read_number

# Operators, as one character each.
OPERATORS = {
    "+": "+", "-": "-", "*": "*", "×": "*", "·": "*", "⋅": "*", "∙": "*", "/": "/", "÷": "/", "^": "^", "x": "*",
    "\\times": "*", "\\cdot": "*", "\\div": "/",
    "times": "*", "multiplied by": "*", "mal": "*", "fois": "*", "vezes": "*", "multiplicado por": "*", "por": "*",
    "plus": "+", "más": "+", "mais": "+", "minus": "-", "moins": "-", "menos": "-",
    "divided by": "/", "geteilt durch": "/", "divisé par": "/", "dividido por": "/", "dividido entre": "/",
}  # fmt: skip
_WORDS = "|".join(
    sorted(
        (re.escape(w) for w in OPERATORS if w[-1].isalpha() and len(w) > 1 and w[0] != "\\"),
        key=len,
        reverse=True,
    )
)
TOKEN = re.compile(
    rf" *(?:(?P<number>{NUMBER})|(?P<currency>us\$|r\$|[€$£¥₹]|(?:eur|usd|gbp|chf)\b)|(?P<operator>\*\*|[+*×·⋅∙/÷^-]|x(?= ?[\d$€£])|\\times\b|\\cdot\b|\\div\b|(?:{_WORDS})(?![a-z]))|(?P<power>[²³])|(?P<percent>%)|(?P<open>\()|(?P<close>\))|"
    r"(?P<unit>(?:[°µ]?[^\W\d_]{1,12}(?:/[a-z]{1,4})?)[²³]?(?![\w(^]))|(?P<skip>\*\*|\\,|\\\$))"
)
# Single letters that may be units; others are variables.
UNITS = frozenset(["m", "g", "s", "h", "l", "w", "v", "a", "j", "n", "k", "c", "f", "p"])
FUNCTION = frozenset(
    [
        "sin",
        "cos",
        "tan",
        "log",
        "ln",
        "exp",
        "sqrt",
        "root",
        "mod",
        "cot",
        "sec",
        "arcsin",
        "arccos",
        "arctan",
        "lim",
        "max",
        "min",
        "det",
        "gcd",
        "lcm",
        "ggt",
        "kgv",
        "square",
        "cube",
        "squared",
        "cubed",
        "sum",
    ]
)


@dataclass(frozen=True, slots=True)
class Value:
    """Of an expression. `slack`: how far rounded inputs may have moved it, as a share. `terms`: how many numbers it is made of."""

    value: Decimal
    slack: Decimal = Decimal(0)
    units: frozenset[str] = frozenset()
    terms: int = 1
    decimals: int = 0
    percent: bool = False
    divided: bool = False


class NotPlain(Exception):
    """The text is no plain expression."""


class Reader:
    """Reads one expression by precedence: sums of products of powers. The unit after a number belongs to it."""

    def __init__(self, text: str, start: int, end: int, mark: Mark) -> None:
        self.text, self.at, self.end, self.mark = text, start, end, mark
        self.stop = start  # after the last token that was taken

    def read(self) -> tuple[Value, int]:
        """Raises NotPlain."""
        with localcontext() as context:
            context.prec = 40
            try:
                value = self._sum()
            except (DivisionByZero, InvalidOperation, Overflow) as error:
                raise NotPlain from error
        return value, self.stop

    def _peek(self) -> tuple[str, str, int]:
        match = TOKEN.match(self.text, self.at, self.end)
        if match is None or match.lastgroup is None:
            return "", "", self.at
        return match.lastgroup, match[match.lastgroup], match.end()

    def _take(self, end: int) -> None:
        self.at = self.stop = end

    def _operator(self, symbols: str) -> str | None:
        kind, word, end = self._peek()
        if kind != "operator":
            return None
        symbol = "^" if word == "**" else OPERATORS[word]
        if symbol not in symbols:
            return None
        following = TOKEN.match(self.text, end, self.end)
        # A dash before a word is no minus; nor is the end of the text.
        if following is None or following.lastgroup not in ("number", "currency", "open", "operator"):
            return None
        self.at = end
        return symbol

    def _sum(self) -> Value:
        value = self._product()
        while symbol := self._operator("+-"):
            value = self._added(value, self._product(), symbol)
        return value

    def _added(self, a: Value, b: Value, symbol: str) -> Value:
        if a.units != b.units and not _same_money(a, b) or a.percent != b.percent:
            raise NotPlain
        total = a.value + b.value if symbol == "+" else a.value - b.value
        wide = abs(a.value) * a.slack + abs(b.value) * b.slack
        if total == 0 and wide:
            raise NotPlain
        return Value(
            total, wide / abs(total) if wide else Decimal(0), a.units | b.units, a.terms + b.terms,
            max(a.decimals, b.decimals), a.percent, a.divided or b.divided,
        )  # fmt: skip

    def _product(self) -> Value:
        value = self._power()
        while symbol := self._operator("*/"):
            other = self._power()
            if symbol == "/" and other.value == 0:
                raise NotPlain
            result = value.value * other.value if symbol == "*" else value.value / other.value
            slack = _rounded(value) + _rounded(other)
            percent = (value.percent or other.percent) and symbol == "/"
            value = Value(
                result, slack, value.units | other.units, value.terms + other.terms,
                max(value.decimals, other.decimals), percent, value.divided or other.divided or symbol == "/",
            )  # fmt: skip
        return value

    def _power(self) -> Value:
        value = self._signed()
        kind, word, end = self._peek()
        exponent = None
        if kind == "power":
            self._take(end)
            exponent = Decimal(2 if word == "²" else 3)
        elif self._operator("^"):
            exponent = self._signed().value
        if exponent is None:
            return value
        if exponent != exponent.to_integral_value() or abs(exponent) > 12 or value.units:
            raise NotPlain
        return replace(
            value, value=value.value**exponent, slack=_rounded(value) * abs(exponent), terms=value.terms + 1
        )

    def _signed(self) -> Value:
        kind, word, end = self._peek()
        if kind == "operator" and word in "+-":
            self._take(end)
            value = self._atom()
            return replace(value, value=-value.value) if word == "-" else value
        return self._atom()

    def _atom(self) -> Value:
        kind, word, end = self._peek()
        currency = ""
        while kind in ("currency", "skip"):
            currency = word if kind == "currency" else currency
            self._take(end)
            kind, word, end = self._peek()
        if kind == "open":
            self._take(end)
            value = self._sum()
            kind, word, end = self._peek()
            if kind != "close":
                raise NotPlain
            self._take(end)
            return value
        if kind != "number":
            raise NotPlain
        number = read_number(word, self.mark)
        if number is None:
            raise NotPlain
        self._take(end)
        return self._with_unit(Value(number, decimals=places(word, self.mark)), currency)

    def _with_unit(self, value: Value, currency: str) -> Value:
        kind, word, end = self._peek()
        if kind == "percent":
            self._take(end)
            return replace(value, value=value.value / 100, percent=True, slack=_rounded(value))
        if currency:
            return replace(value, units=frozenset([CURRENCY_OF.get(currency, currency)]))
        if kind == "currency" and word in CURRENCY_OF and not self.text[end : end + 1].isdigit():
            self._take(end)
            return replace(value, units=frozenset([CURRENCY_OF[word]]))
        if kind == "unit" and self._is_unit(word, end):
            self._take(end)
            return replace(value, units=frozenset([CURRENCY_OF.get(word, word.rstrip("²³"))]))
        if kind == "unit" and len(word) == 1:
            raise NotPlain
        return value

    def _is_unit(self, word: str, end: int) -> bool:
        """A word that an operator, a bracket or the end of the expression follows."""
        if len(word) == 1 and word not in UNITS:
            return False
        if word in FUNCTION or word in (
            "and",
            "und",
            "et",
            "y",
            "e",
            "or",
            "so",
            "then",
            "which",
            "that",
            "is",
            "of",
            "per",
        ):
            return False
        rest = self.text[end : end + 12].lstrip(" ")
        return end >= self.end or not rest or rest[0] in "+-*×·/÷)=≈" or self.text[end : end + 1] in ",.;\n"


def _rounded(value: Value) -> Decimal:
    """A decimal may itself be rounded: half of its last place, as a share. Whole numbers are exact."""
    if (
        value.slack
        or value.decimals == 0
        or value.value == 0
        or value.terms > 1
        or (value.units & CURRENCY_OF_CODES)
    ):
        return value.slack
    return Decimal("0.5").scaleb(-value.decimals) / abs(value.value)


def _same_money(a: Value, b: Value) -> bool:
    """ "£20 + 5": the sign stands once."""
    units = a.units | b.units
    return len(units) == 1 and units <= CURRENCY_OF_CODES


CURRENCY_OF_CODES = frozenset(CURRENCY_OF.values())
