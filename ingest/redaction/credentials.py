"""API keys, tokens, passwords, private keys, and credentials in URLs."""

import math
import re
from collections import Counter
from collections.abc import Iterator

from ingest.redaction.keys import KeyClass, key_class
from ingest.redaction.rules import MAX_CANDIDATES, CrowdedText, Kind, Rule, Span, before, bounded

_EDGE = r"(?<![A-Za-z0-9_-])"
# (what every such key holds, its whole shape). The shapes follow the vendors' own documentation of their secret scanning.
_VENDORS: list[tuple[str, str]] = [
    ("sk-", r"sk-[A-Za-z0-9_-]{16,400}"),  # OpenAI, Anthropic (sk-ant-), OpenRouter, Langfuse
    ("pk-lf-", r"pk-lf-[A-Za-z0-9-]{16,100}"),
    ("gh", r"gh[pousr]_[A-Za-z0-9]{20,255}"),
    ("github_pat_", r"github_pat_[A-Za-z0-9_]{20,255}"),
    ("xox", r"xox[abeoprs]-[A-Za-z0-9-]{10,255}"),
    ("xapp-", r"xapp-[0-9]-[A-Za-z0-9-]{10,255}"),
    ("hooks.slack.com", r"(?:https://)?hooks\.slack\.com/services/[A-Za-z0-9/]{20,100}"),
    ("AKIA", r"AKIA[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("ASIA", r"ASIA[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("AIza", r"AIza[A-Za-z0-9_-]{30,45}"),
    ("ya29.", r"ya29\.[A-Za-z0-9_-]{20,400}"),
    ("GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{20,60}"),
    ("gl", r"gl(?:pat|ptt|dt|rt|cbt|soat)-[A-Za-z0-9_-]{16,100}"),
    ("hf_", r"hf_[A-Za-z0-9]{20,100}"),
    ("npm_", r"npm_[A-Za-z0-9]{20,100}"),
    ("pypi-", r"pypi-[A-Za-z0-9_-]{50,400}"),
    ("_live_", r"[rsp]k_live_[A-Za-z0-9]{10,200}"),
    ("_test_", r"[rsp]k_test_[A-Za-z0-9]{10,200}"),
    ("rd_", r"rd_(?:write|query|admin)_[A-Za-z0-9]{16,64}"),  # this server's own keys
    ("whsec_", r"whsec_[A-Za-z0-9+/=]{16,100}"),
    ("SG.", r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,100}"),
    ("SK", r"SK[0-9a-f]{32}(?![A-Za-z0-9])"),  # Twilio
    ("shp", r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}"),
    ("dop_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
    ("gsk_", r"gsk_[A-Za-z0-9]{30,100}"),
    ("xai-", r"xai-[A-Za-z0-9]{30,100}"),
    ("AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{50,64}"),
    ("eyJ", r"eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{8,65536}\.[A-Za-z0-9_-]{0,2048}"),  # a JSON Web Token
]
_SHAPES = [(needle, re.compile(_EDGE + shape)) for needle, shape in _VENDORS]
_VENDOR_TRIGGER = (
    rb"(?:sk|pk-lf)-[A-Za-z0-9_-]{8}|gh[pousr]_|github_pat_|xox[a-z]-|xapp-|hooks\.slack|A[KS]IA[A-Z0-9]{4}|AIza|ya29\."
    rb"|GOCSPX-|gl[a-z]{2,4}-|hf_|npm_|pypi-|[rsp]k_(?:live|test)_|whsec_|rd_(?:write|query|admin)_|SG\.|SK[0-9a-f]{8}|shp[a-z]{2}_|do[opr]_v1_"
    rb"|gsk_|xai-|AGE-SECRET|eyJ"
)


def _vendor_keys(text: str) -> Iterator[Span]:
    for needle, shape in _SHAPES:
        if needle in text:
            for match in bounded(shape.finditer(text)):
                # `sk-learn-and-other-kebab-words` is no key.
                if needle != "sk-" or looks_random(match.group()[3:]):
                    yield match.span()


def entropy(text: str) -> float:
    """Shannon entropy in bits per character."""
    length = len(text)
    return -sum(n / length * math.log2(n / length) for n in Counter(text).values())


def looks_random(text: str) -> bool:
    """Whether a string is more likely generated than written: digits among letters, and varied."""
    if len(text) < 12 or not any(char.isdigit() for char in text):
        return False
    return any(char.isalpha() for char in text) and entropy(text) >= 3.0


_SCHEME = re.compile(r"(?ai)(?<![A-Za-z0-9])(?:bearer|basic)[ \t]{1,3}([A-Za-z0-9._~+/-]{12,8192}={0,2})")


def _authorization_values(text: str) -> Iterator[Span]:
    for match in bounded(_SCHEME.finditer(text)):
        if looks_random(match[1]) or (len(match[1]) >= 20 and entropy(match[1]) >= 4.0):
            yield match.span(1)


# "Password" in other languages (keys.py knows them too), for `re` and, in UTF-8, for the triggers: so no classes. Cases beyond
# ASCII's are spelt out, because only ASCII is folded.
_ELSEWHERE = (
    "passwort|kennwort|contrase(?:n|ñ|Ñ|n\u0303)a|mot[ _-]?de[ _-]?passe|senha|wachtwoord|l(?:o|ö|Ö)senord|adgangskode|salasana"
    "|has(?:l|ł|Ł)o|heslo|(?:s|ş|Ş)ifre|(?:п|П)ароль|ПАРОЛЬ|密码|密碼|パスワード|비밀번호"
)
_ELSEWHERE_BYTES = _ELSEWHERE.encode()
# An assignment: the key's last words, a separator (JSON's quotes may be escaped once or twice), the value.
_ASSIGNMENT = re.compile(
    r"(?ai)(?:key|secrets?|token|passw(?:or)?d|pwd|passphrase|passcode|authorization|cookies?|jwt|auth|credentials?|cvv2?|cvc"
    rf"|{_ELSEWHERE})"
    r"(?:[_.-]?(?:value|header|hash|[0-9]{1,2}|new|old))?"
    r"(?P<quote>[\"'`\\]{0,6})[ \t\r\n]{0,3}(?P<sep>=>|:=|=|:|：)[ \t\r\n]{0,3}(?P<open>[\"'`\\]{0,6})"
    r"(?:(?:bearer|basic|token)[ \t]{1,3})?(?P<value>[^\s\"'`\\,;&)}\]<>(]{3,4096})"
)
_ASSIGNMENT_TRIGGER = (
    rb"(?i)(?:key|secrets?|token|passw(?:or)?d|pwd|passphrase|passcode|authorization|cookies?|jwt|auth|credentials?|cvv2?|cvc|"
    + _ELSEWHERE_BYTES
    + rb")[a-z0-9_.-]{0,8}[\"'`\\]*[ \t\r\n]*(?:[:=]|\xef\xbc\x9a)"
)
_KEY_HEAD = re.compile(r"[A-Za-z0-9_.-]*$")
_COOKIE_LINE = re.compile(r"(?aim)^[ \t>*-]{0,8}(?:set-)?cookie:[ \t]{0,3}(\S[^\r\n]{3,8192})")
# What stands in a place of a secret in schemas, manuals and forms.
_PLACEHOLDERS = {
    "string", "null", "none", "true", "false", "required", "optional", "undefined", "str", "text", "value", "password",
    "secret", "token", "empty", "missing", "invalid", "expired", "bearer", "basic", "redacted", "hidden", "object",
}  # fmt: skip


def _assignments(text: str, classes: frozenset[KeyClass]) -> Iterator[Span]:
    for match in bounded(_ASSIGNMENT.finditer(text)):
        head = _KEY_HEAD.search(before(text, match.start(), 60))
        key = (head.group() if head else "") + text[match.start() : match.start("quote")]
        kind = key_class(key)
        if kind not in classes:
            continue
        quoted, equals = bool(match["open"].strip("\\")), match["sep"] in {"=", ":=", "=>"}
        value = match["value"] if quoted else match["value"].rstrip(".:?")
        if (
            value.lower().strip("*_-.x") in _PLACEHOLDERS
            or value.startswith(("$", "{", "%"))
            or not value.strip("*.x-")
        ):
            continue  # ${API_KEY}, {{token}}, ****
        if _is_secret_value(value, kind=kind, certain=quoted or equals):
            yield match.start("value"), match.start("value") + len(value)


def _is_secret_value(value: str, *, kind: KeyClass, certain: bool) -> bool:
    """`certain`: quoted or after an equals sign, so not the next word of a sentence."""
    has_digit = any(char.isdigit() for char in value)
    if kind is KeyClass.MAYBE_SECRET:
        return looks_random(value)
    if kind is KeyClass.PASSWORD:
        mixed = has_digit or any(not char.isalnum() for char in value.strip("-_'"))
        return len(value) >= 4 and (
            certain or (mixed and not value.isdigit()) or (value.isdigit() and len(value) >= 4)
        )
    return (
        looks_random(value)
        or (certain and has_digit)
        or (certain and len(value) >= 16 and entropy(value) >= 3.5)
    )


_SECRET_KEYS = frozenset({KeyClass.SECRET, KeyClass.MAYBE_SECRET})
_PASSWORD_KEYS = frozenset({KeyClass.PASSWORD})


def _secret_assignments(text: str) -> Iterator[Span]:
    yield from _assignments(text, _SECRET_KEYS)
    for match in bounded(_COOKIE_LINE.finditer(text)):
        if "=" in match[1]:
            yield match.span(1)


_SPOKEN = re.compile(
    r"(?ai)(?<![a-z0-9_])(?P<noun>password|passcode|passphrase|pwd|(?P<secret>api[ _-]?key|access[ _-]?token|secret[ _-]?key)"
    rf"|{_ELSEWHERE})"
    r"(?:[ \t]{1,3}(?:for|to|of|für|para|pour|per|voor)[ \t]{1,3}[\w.@-]{1,40}(?:[ \t]{1,3}[\w.@-]{1,40})?)?"
    r"[ \t]{0,3}(?:(?<=[ \t])(?:is|was|ist|war|lautet|es|era|est|é|è|jest|är|er)(?=[ \t:])|是|为|は|는|은)[ \t]{0,3}:?[ \t]{0,3}"
    r"[\"'`]{0,2}(?P<value>[^\s\"'`<>]{4,400})"
)
_SPOKEN_PASSWORD_TRIGGER = rb"(?i)pass(?:word|code|phrase)|pwd|" + _ELSEWHERE_BYTES


def _spoken(text: str, *, passwords: bool) -> Iterator[Span]:
    for match in bounded(_SPOKEN.finditer(text)):
        value = match["value"].rstrip(".,;:!?)")
        if (match["secret"] is None) is not passwords:
            continue
        has_digit = any(char.isdigit() for char in value)
        if (has_digit and len(value) >= 4) if passwords else looks_random(value):
            yield match.start("value"), match.start("value") + len(value)


def _spoken_secrets(text: str) -> Iterator[Span]:
    return _spoken(text, passwords=False)


def _spoken_passwords(text: str) -> Iterator[Span]:
    return _spoken(text, passwords=True)


def _password_assignments(text: str) -> Iterator[Span]:
    return _assignments(text, _PASSWORD_KEYS)


_SIGNATURE = re.compile(r"(?ai)[?&](?:x-amz-)?(?:signature|sig|security-token)=([A-Za-z0-9%+/=_-]{16,4096})")


def _signatures(text: str) -> Iterator[Span]:
    for match in bounded(_SIGNATURE.finditer(text)):
        yield match.span(1)


_PEM = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,80}-----")
_PEM_BODY = re.compile(r"[A-Za-z0-9+/=\s\\:,-]*")


def _pem_blocks(text: str) -> Iterator[Span]:
    """The whole block; of one that was cut off, all that still looks like its body."""
    last_end = text.rfind("-----END")
    position = seen = 0
    while match := _PEM.search(text, position):
        seen += 1
        if seen > MAX_CANDIDATES:
            raise CrowdedText(match.start())
        end = _PEM_END.search(text, match.end()) if match.end() <= last_end else None
        if end is None:
            body = _PEM_BODY.match(text, match.end())
            position = body.end() if body else match.end()
        else:
            position = end.end()
        yield match.start(), position


_USERINFO = re.compile(r"://([^\s/?#@:\"'<>]{0,256}:[^\s/?#@\"'<>]{1,256})@")


def _url_credentials(text: str) -> Iterator[Span]:
    for match in bounded(_USERINFO.finditer(text)):
        scheme_end = match.start()
        if (
            scheme_end
            and text[scheme_end - 1].isalnum()
            and match[1].partition(":")[2] not in {"*", "***", "xxx"}
        ):
            yield match.span(1)


KINDS = (
    Kind(
        name="private_key",
        label="Private keys",
        description="PEM blocks: RSA, EC, OpenSSH, PGP.",
        token="<REDACTED_SECRET>",  # noqa: S106
        default=True,
        rules=(Rule(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY", _pem_blocks),),
        is_credential=True,
    ),
    Kind(
        name="url_credentials",
        label="Credentials in URLs",
        description="user:password@ in an address such as postgresql://…",
        token="<REDACTED_CREDENTIALS>",  # noqa: S106
        default=True,
        rules=(Rule(rb"://[^\s/?#@:\"'<>]*:[^\s/?#@\"'<>]+@", _url_credentials),),
        is_credential=True,
    ),
    Kind(
        name="api_key",
        label="API keys and tokens",
        description="Keys of known vendors, JWTs, Bearer tokens, cookies, and random values after words such as api_key=.",
        token="<REDACTED_SECRET>",  # noqa: S106
        default=True,
        rules=(
            Rule(_VENDOR_TRIGGER, _vendor_keys),
            Rule(rb"(?i)(?:bearer|basic)[ \t]+[a-z0-9._~+/-]{12}", _authorization_values),
            Rule(_ASSIGNMENT_TRIGGER, _secret_assignments),
            Rule(rb"(?i)(?:api|access|secret)[ _-]?(?:key|token)[^\n]* (?:is|was)", _spoken_secrets),
            Rule(rb"(?i)[?&](?:x-amz-)?(?:sig|security-token)", _signatures),
        ),
        is_credential=True,
    ),
    Kind(
        name="password",
        label="Passwords",
        description="What follows password=, “my password is”, Passwort: and the like, in fifteen languages.",
        token="<REDACTED_CREDENTIALS>",  # noqa: S106
        default=True,
        rules=(
            Rule(_ASSIGNMENT_TRIGGER, _password_assignments),
            Rule(_SPOKEN_PASSWORD_TRIGGER, _spoken_passwords),
        ),
        is_credential=True,
    ),
)
