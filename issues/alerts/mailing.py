"""The way to a person's own mailbox: by the server's mail server."""

from urllib.parse import quote

from django.conf import settings

from ingest.models import User


def mail_url(user: User | None) -> str:
    """The channel to this person's mailbox. Raises LookupError, with a message for people, where there is none."""
    if not settings.MAIL_URL:
        raise LookupError("This server sends no e-mail: its operator has not set RAINDROP_MAIL_URL.")
    if user is None or not user.email:
        raise LookupError("This person has no e-mail address.")
    separator = "&" if "?" in settings.MAIL_URL else "?"
    return f"{settings.MAIL_URL}{separator}to={quote(user.email)}"
