"""E-mail addresses, phone numbers (phonenumbers) and IP addresses."""

import functools
import ipaddress
import re
from collections.abc import Iterator

import phonenumbers

from ingest.redaction.rules import (
    MAX_CANDIDATES,
    CrowdedText,
    FastPattern,
    Kind,
    Rule,
    Span,
    after,
    before,
    bounded,
    hiding,
)

_LOCAL = re.compile(r"[\w.+%'*=~&-]{1,64}$")
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w-])")
# `logo@2x.png`, `pkg@1.js`: not addresses.
_FILE_ENDINGS = {
    "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "js", "mjs", "ts", "tsx", "jsx", "css", "html", "json", "py", "md",
}  # fmt: skip


def _emails(text: str) -> Iterator[Span]:
    position = 0
    seen = 0
    while (at := text.find("@", position)) >= 0:
        position, seen = at + 1, seen + 1
        if seen > MAX_CANDIDATES:
            raise CrowdedText(max(0, at - 64))
        local = _LOCAL.search(text, max(0, at - 64), at)
        domain = _DOMAIN.match(text, at + 1) if local else None
        if local is None or domain is None:
            continue
        start = local.start() + len(local.group()) - len(local.group().lstrip(".'*=&~%"))
        if start == at or domain.group().rpartition(".")[2].lower() in _FILE_ENDINGS:
            continue
        if local.group() == "git" and after(text, domain.end(), 1) == ":":
            continue  # git@github.com:owner/repository
        if before(text, start, 3) == "://" or before(text, start, 1) == "/":
            continue  # the user of an address such as ssh://deploy@host.example
        position = domain.end()
        yield start, position


# Each step takes one digit, so that a text of digits costs no backtracking; the shape is judged afterwards.
_PHONE = re.compile(
    r"(?<![\w#$€£@/.+-])(?<![0-9][ ,:])"
    r"\+?\(?[0-9](?:[ .()\u00a0\u2011-]{0,3}[0-9]){6,15}"
    r"(?:[ ,]{0,2}(?:x|ext\.?|extension|#)[ ]?[0-9]{1,6})?"
    r"(?![A-Za-z0-9@_%/]|[.:,-][0-9])"
)
_SHAPE = re.compile(r"\+?(?:\([0-9]{1,5}\)|[0-9]+)(?:[ .\u00a0\u2011-]{0,2}(?:\([0-9]{1,5}\)|[0-9]+))*")
_EXTENSION = re.compile(r"[ ,]*(?:x|ext\.?|extension|#) ?[0-9]+$")
_PHONE_WORDS = (
    r"(?:tele)?(?:phones?|phoned|phoning|tel|mobile|cell|cellphone|fax|desk|landline|hotline|call|calls|calling|called|"
    r"dial|dialed|ring|text|texted|texting|sms|whatsapp|messages?|reach|contact|answer|answering|callback|voicemail|"
    r"telefon|tel[eé]fono|t[ée]l[ée]phone|handy|m[oó]vil|celular|office|home|work)"
)
_PHONE_WORD_BYTES = "(?i)(?:^|[^a-z])" + re.sub(r"\[[^]]*\]|é", ".{1,2}", _PHONE_WORDS)
_PHONE_WORD = re.compile(rf"(?i)(?<![^\W_])(?!office|home|work|desk[^:]){_PHONE_WORDS}(?![^\W_])")
_ANY_PHONE_WORD = FastPattern(_PHONE_WORD_BYTES)
# The nearest word decides: "call me about order 12345678" is not a phone number.
_OTHER_NUMBER = re.compile(
    r"(?i)(?<![^\W_])(?:orders?|items?|products?|ids?|tracking|invoices?|tickets?|reservations?|confirmation|zip|cards?|account|"
    r"references?|sku|amount|prices?|flights?|certificates?|gift|balance|total|cost|year|version|date|code|iban|ssn|"
    r"seconds?|tokens?|bytes|usd|eur|isbn|pin|policy|case|serial|model|error|line|port|row|page)(?![^\W_])"
)
_LABEL_AFTER = re.compile(r"(?i)[ \t(:-]{0,3}(?:tele)?(?:phone|fax|mobile|cell|office|home|work)\b")
_DATE = re.compile(
    r"(?:(?:19|20)[0-9]{2}[ .-][0-9]{1,2}[ .-][0-9]{1,2}|[0-9]{1,2}[ .-][0-9]{1,2}[ .-](?:19|20)[0-9]{2})(?![0-9])"
)


_JSON_VALUE = re.compile(r':\s?\\?"$')


def _says_phone(text: str, start: int, end: int) -> bool:
    # finditer's bounds, not a slice, so that the cut "phones" of "headphones" is no word.
    phone = max((match.end() for match in _PHONE_WORD.finditer(text, max(0, start - 40), start)), default=-1)
    other = max(
        (match.end() for match in _OTHER_NUMBER.finditer(text, max(0, start - 40), start)), default=-1
    )
    return phone > other or (other < 0 and _LABEL_AFTER.match(text, end) is not None)


@functools.lru_cache(maxsize=10_000)
@hiding
def _is_number_of(candidate: str, region: str | None) -> bool:
    """Valid by the region's numbering plan; with no region the candidate carries its country code."""
    try:
        number = phonenumbers.parse(candidate, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number) if region else phonenumbers.is_possible_number(number)


def phone_rule(regions: tuple[str, ...]) -> Rule:
    """International numbers; national ones of `regions` when they are written in groups; others beside a word such as "call"."""

    def find(text: str) -> Iterator[Span]:
        with_words = _ANY_PHONE_WORD.is_in(text)
        for match in bounded(_PHONE.finditer(text)):
            if match.group().isdigit() and (
                not with_words or _JSON_VALUE.search(text, max(0, match.start() - 4), match.start())
            ):
                continue  # in JSON the key decides (Redactor._pairs)
            candidate = _EXTENSION.sub("", match.group())
            digits = sum(char.isdigit() for char in candidate)
            if not 7 <= digits <= 16 or _DATE.match(candidate) or _IPV4.fullmatch(candidate):
                continue
            start, end = match.span()
            if not _SHAPE.fullmatch(candidate):
                continue
            if candidate.startswith("+"):
                accepted = _is_number_of(candidate, None)
            elif (
                candidate.startswith(("00", "011"))
                and _is_number_of(re.sub(r"^(?:00|011)[ -]?", "+", candidate), None)
                or not candidate.isdigit()
                and any(_is_number_of(candidate, region) for region in regions)
            ):
                accepted = True
            else:
                accepted = _says_phone(text, start, end)
            if accepted:
                yield start, end

    return Rule(rb"[0-9](?:[ .()\xc2\xa0\xe2\x80\x91-]{0,8}[0-9]){6}", find)


_IPV4 = re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w]|\.[0-9])")
_IPV6 = re.compile(
    r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3})?(?![\w:])"
)
_VERSION = re.compile(r"(?i)(?:version|release|build|v)[ :=]*$")


def _ips(text: str) -> Iterator[Span]:
    """Addresses of machines, but not this one (127.0.0.1), none (0.0.0.0) or a mask."""
    for match in bounded(_IPV4.finditer(text)):
        if _VERSION.search(before(text, match.start(), 12)):
            continue
        try:
            address = ipaddress.IPv4Address(match.group())
        except ValueError:
            continue
        if not (address.is_loopback or address.is_unspecified or match.group().startswith("255.")):
            yield match.span()
    for match in bounded(_IPV6.finditer(text)):
        found = match.group()
        # `a::b` is also how C++ and Rust write names.
        if found.count(":") < 3 and not (any(char.isdigit() for char in found) and len(found) >= 7):
            continue
        try:
            address6 = ipaddress.IPv6Address(found)
        except ValueError:
            continue
        if not (address6.is_loopback or address6.is_unspecified):
            yield match.span()


KINDS = (
    Kind(
        name="email",
        label="E-mail addresses",
        description="name@host.example",
        token="<REDACTED_EMAIL>",  # noqa: S106
        default=False,
        rules=(Rule(rb"@[^\s@]{1,80}\.", _emails),),
    ),
    Kind(
        name="ip",
        label="IP addresses",
        description="IPv4 and IPv6, except loopback and masks.",
        token="<REDACTED_IP>",  # noqa: S106
        default=False,
        rules=(
            Rule(
                rb"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]", _ips
            ),
        ),
    ),
    Kind(
        name="phone",
        label="Phone numbers",
        description="International numbers, numbers of your regions, and others beside words such as “call” or “mobile”.",
        token="<REDACTED_PHONE>",  # noqa: S106
        default=False,
        rules=(phone_rule(("US",)),),
    ),
)
