"""What an app named, in an address. raindrop/urls.py registers it as `app_id`."""

import base64
import binascii


class AppIdConverter:
    """An id or a name that the app chose: any text, slashes and line ends included.

    One that a browser would change on its way ("." and ".." between slashes), and one that begins with "~", travels
    as "~" and base64.
    """

    regex = r"[\s\S]+"

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
