"""What a key says about its value: `{"password": ...}` is a secret, `{"max_tokens": ...}` is not.

Keys are split into words at punctuation and at camelCase, and whole words are compared, never substrings: `accessToken`
and `x-access-token` are secrets, `token_count` and `keyboard` are not.
"""

import enum
import functools
import re
import unicodedata

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class KeyClass(enum.Enum):
    NORMAL = "normal"
    SECRET = "secret"  # the value goes, whatever it is  # noqa: S105
    PASSWORD = "password"  # the same, with the token for credentials  # noqa: S105
    MAYBE_SECRET = "maybe"  # the value goes when it looks random  # noqa: S105
    IDENTIFIER = "identifier"  # ids, times, counts, prices: only credentials of a known shape go
    CARD = "card"
    SSN = "ssn"
    NATIONAL_ID = "national_id"
    PHONE = "phone"
    NAME = "name"
    ADDRESS = "address"


_PASSWORD_WORDS = {
    "password", "passwd", "pwd", "passphrase", "passcode", "credential", "credentials",
    # German, Spanish, French, Portuguese, Dutch, Swedish, Danish, Finnish, Polish, Czech, Turkish; without their accents
    "passwort", "kennwort", "contrasena", "motdepasse", "senha", "wachtwoord", "losenord", "adgangskode",
    "salasana", "haslo", "heslo", "sifre",
}  # fmt: skip
_PASSWORD_ELSEWHERE = {"пароль", "密码", "密碼", "パスワード", "비밀번호"}
_SECRET_WORDS = {
    "secret",
    "secrets",
    "authorization",
    "cookie",
    "cookies",
    "apikey",
    "jwt",
    "cvv",
    "cvv2",
    "cvc",
}
_KEY_OF = {
    "api", "secret", "access", "private", "signing", "encryption", "auth", "account", "storage", "master",
    "license", "ssh", "deploy", "subscription", "write", "admin",
}  # fmt: skip
_TOKEN_OF = {
    "access", "refresh", "auth", "id", "bearer", "session", "csrf", "xsrf", "bot", "api", "oauth", "security",
    "secret", "personal", "github", "slack", "reset", "verification", "login", "jwt", "user",
}  # fmt: skip
# `password_hash`, `new_password_2`, `cookie_header`: still the secret.
_TAIL = {
    "value",
    "header",
    "raw",
    "plain",
    "hash",
    "encrypted",
    "base64",
    "confirm",
    "confirmation",
    "new",
    "old",
}
_IDENTIFIER_WORDS = {
    "id", "ids", "uuid", "guid", "tokens", "count", "counts", "usage", "timestamp", "timestamps", "time", "at", "date",
    "ms", "ns", "seconds", "duration", "latency", "model", "price", "prices", "cost", "amount", "total", "hash", "sha",
    "sha1", "sha256", "md5", "digest", "checksum", "etag", "version", "sku", "index", "size", "length", "limit",
    "offset", "created", "updated", "temperature", "seed", "isbn", "ean", "upc", "fingerprint", "traceparent",
}  # fmt: skip
_PERSONAL: dict[tuple[str, ...], KeyClass] = {
    ("ssn",): KeyClass.SSN,
    ("social", "security"): KeyClass.SSN,
    ("social", "security", "number"): KeyClass.SSN,
    ("card", "number"): KeyClass.CARD,
    ("cc", "number"): KeyClass.CARD,
    ("credit", "card"): KeyClass.CARD,
    ("passport",): KeyClass.NATIONAL_ID,
    ("passport", "number"): KeyClass.NATIONAL_ID,
    ("license", "number"): KeyClass.NATIONAL_ID,
    ("national", "insurance", "number"): KeyClass.NATIONAL_ID,
    ("tax", "number"): KeyClass.NATIONAL_ID,
    ("phone",): KeyClass.PHONE,
    ("telephone",): KeyClass.PHONE,
    ("mobile",): KeyClass.PHONE,
    ("cell",): KeyClass.PHONE,
    ("fax",): KeyClass.PHONE,
    ("phone", "number"): KeyClass.PHONE,
    ("mobile", "number"): KeyClass.PHONE,
    ("first", "name"): KeyClass.NAME,
    ("last", "name"): KeyClass.NAME,
    ("full", "name"): KeyClass.NAME,
    ("middle", "name"): KeyClass.NAME,
    ("given", "name"): KeyClass.NAME,
    ("family", "name"): KeyClass.NAME,
    ("customer", "name"): KeyClass.NAME,
    ("surname",): KeyClass.NAME,
    ("firstname",): KeyClass.NAME,
    ("lastname",): KeyClass.NAME,
    ("address",): KeyClass.ADDRESS,
    ("street",): KeyClass.ADDRESS,
    ("address", "line"): KeyClass.ADDRESS,
    ("zip",): KeyClass.ADDRESS,
    ("zip", "code"): KeyClass.ADDRESS,
    ("zipcode",): KeyClass.ADDRESS,
    ("postcode",): KeyClass.ADDRESS,
    ("postal", "code"): KeyClass.ADDRESS,
}
# Of these an "address" is not where someone lives.
_NOT_A_PLACE = {
    "email",
    "mail",
    "ip",
    "mac",
    "web",
    "memory",
    "wallet",
    "contract",
    "server",
    "host",
    "remote",
    "peer",
}


def key_class(key: str) -> KeyClass:
    return _class_of(key[:200])  # the sender's keys are remembered, not megabytes of them


@functools.lru_cache(maxsize=20_000)
def _class_of(key: str) -> KeyClass:
    if not key.isascii():
        if key.lower() in _PASSWORD_ELSEWHERE:
            return KeyClass.PASSWORD
        plain = unicodedata.normalize("NFKD", key.replace("ł", "l"))
        key = "".join(char for char in plain if not unicodedata.combining(char))
    words = tuple(word.lower() for word in _WORDS.findall(key))
    if not words:
        return KeyClass.NORMAL
    core = words
    while len(core) > 1 and (core[-1] in _TAIL or core[-1].isdigit()):
        core = core[:-1]
    last, qualifier = core[-1], core[-2] if len(core) > 1 else ""
    if last in _PASSWORD_WORDS or core[-3:] == ("mot", "de", "passe"):
        return KeyClass.PASSWORD
    if last in _SECRET_WORDS or (last == "key" and qualifier in _KEY_OF):
        return KeyClass.SECRET
    if last == "token":
        return KeyClass.SECRET if qualifier in _TOKEN_OF else KeyClass.MAYBE_SECRET
    if words[-1] in _IDENTIFIER_WORDS or "usage" in words:
        return KeyClass.IDENTIFIER
    if last == "auth" or core[-2:] == ("authorization", "code"):
        return KeyClass.MAYBE_SECRET
    for length in (3, 2, 1):
        personal = _PERSONAL.get(core[-length:])
        if personal is not None:
            if personal is KeyClass.ADDRESS and _NOT_A_PLACE.intersection(core):
                return KeyClass.NORMAL
            return personal
    return KeyClass.NORMAL
