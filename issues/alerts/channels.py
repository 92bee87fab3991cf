"""Channels: apprise URLs, read, refused and masked.

`json://`, `jsons://`, `http://` and `https://` are webhooks that this project sends and signs by itself (issues/alerts/webhooks.py); an https address
that apprise knows as a service's own (Slack, Discord, Teams...) is that service. All others are apprise's.
"""

import re
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from apprise import Apprise, NotifyBase

WEBHOOKS = {"json": "http", "jsons": "https", "http": "http", "https": "https"}
# They reach the machine that this runs on, and nobody else.
LOCAL = frozenset(
    ["dbus", "qt", "kde", "glib", "gio", "gnome", "growl", "macosx", "windows", "syslog", "blink1"]
)
# Parameters of apprise's by which a URL reads a file of the server's.
READS_FILES = frozenset(
    {"template", "pgpkey", "pgp", "keyfile", "subfile", "prvkey", "attach", "config", "cert"}
)
MASK = "****"
MAX_LENGTH = 2000
# What a URL says beside its secrets, and may be shown.
HARMLESS = frozenset(
    {"to", "from", "name", "cc", "bcc", "smtp", "method", "mode", "format", "verify", "priority", "channel"}
)
# Whose path is an address, and not a token.
PLAIN_PATH = frozenset({*WEBHOOKS, "mailto", "mailtos", "xml", "xmls", "form", "forms"})


class BadChannel(ValueError):
    """The text is no channel. The message is meant for people, and holds no part of the text that could be secret."""


def check_channel(url: str) -> str:
    """The URL as it is kept. Raises BadChannel."""
    url = url.strip()
    if not url or len(url) > MAX_LENGTH or not url.isprintable():
        raise BadChannel(f"A channel is a URL of at most {MAX_LENGTH} printable characters.")
    scheme = scheme_of(url)
    if scheme in LOCAL:
        raise BadChannel(f"{scheme}:// reaches only the machine that the server runs on.")
    if MASK in url:
        raise BadChannel("This URL is masked: write it in full, or leave the channel as it was.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadChannel("This URL cannot be read.") from error
    names = {name.lower().lstrip("+-:") for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if bad := sorted(names & READS_FILES):
        raise BadChannel(f"The parameter {bad[0]!r} would read a file of the server's.")
    if is_webhook(url):
        if not parts.hostname or port == 0:
            raise BadChannel("A webhook's URL needs a host.")
    elif plugin_of(url) is None:
        raise BadChannel(
            "apprise does not know such a URL. Webhooks are https://host/path or json://host:port/path, e-mail is "
            "mailto://user:password@host?to=..., and others stand at https://appriseit.com/services/."
        )
    return url


def scheme_of(url: str) -> str:
    return url.partition(":")[0].strip().lower()


def is_webhook(url: str) -> bool:
    """Whether we send it ourselves."""
    scheme = scheme_of(url)
    return scheme in {"json", "jsons", "http"} or (scheme == "https" and plugin_of(url) is None)


def plugin_of(url: str) -> NotifyBase | None:
    """apprise's object that sends there; None where it knows no such URL."""
    try:
        found: Any = Apprise.instantiate(url, suppress_exceptions=True)
    except Exception:  # apprise raises what its plugins raise, for URLs that are none of theirs
        return None
    return found if isinstance(found, NotifyBase) else None


def mask(url: str) -> str:
    """The URL without its secrets: user, password, tokens, and parameters that may be one."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        host += f":{parts.port}" if parts.port else ""
    except ValueError:
        return f"{scheme_of(url)}://{MASK}"
    if parts.scheme not in PLAIN_PATH:  # tokens may stand anywhere, the host's place too
        return f"{parts.scheme}://{MASK}"
    user = ""
    if parts.username is not None:
        user = (parts.username if parts.scheme.startswith("mailto") else MASK) + (
            f":{MASK}" if parts.password is not None else ""
        )
        user += "@"
    path = "/".join(MASK if _is_token(unquote(piece)) else piece for piece in parts.path.split("/"))
    query = "&".join(
        f"{quote(name, safe='+-:')}={quote(value, safe='@:,./') if name.lower() in HARMLESS else MASK}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return urlunsplit((parts.scheme, user + host, path, query, ""))


def _is_token(piece: str) -> bool:
    """Long, or letters and digits mixed as no name is."""
    return len(piece) >= 20 or (
        len(piece) >= 8 and bool(re.search(r"\d", piece)) and bool(re.search(r"[A-Za-z]", piece))
    )


def secrets_of(url: str) -> list[str]:
    """What must not stand in an error's text: the pieces of the URL that `mask` hides, as they stand and unquoted."""
    shown, found = mask(url), set()
    for piece in re.split(r"[/?&=@:#,]", url):
        for text in (piece, unquote(piece)):
            if len(text) >= 4 and text not in shown:
                found.add(text)
    return sorted(found, key=len, reverse=True)


def scrub(text: str, url: str) -> str:
    """The text, with the URL's secrets masked."""
    text = text.replace(url, mask(url))
    for secret in secrets_of(url):
        text = text.replace(secret, MASK)
    return text
