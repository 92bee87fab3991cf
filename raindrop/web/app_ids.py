"""What an app named, in an address. raindrop/urls.py registers `app_id` for pages, and `text` for APIs: a program sends an id as it is,
percent-encoded, a leading "~" included."""

import base64
import binascii


class TextConverter:
    """Any text, slashes and line ends included. Django's `path` takes no line end."""

    regex = r"[\s\S]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return str(value)


class AppIdConverter(TextConverter):
    """An id or a name that the app chose: any text, slashes and line ends included.

    One that a browser would change on its way ("." and ".." between slashes), and one that begins with "~", travels
    as "~" and base64.
    """

    def to_python(self, value: str) -> str:
        if value.startswith("~"):
            try:
                value = base64.b64decode(value[1:], altchars=b"-_", validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise ValueError("not an id of ours") from error
        if "\x00" in value:
            raise ValueError("PostgreSQL has no such text")
        return value

    def to_url(self, value: str) -> str:
        value = str(value)
        if value.startswith("~") or {".", ".."} & set(value.replace("\\", "/").split("/")):
            return "~" + base64.urlsafe_b64encode(value.encode()).decode()
        return value
