"""Times in URLs."""

import datetime as dt

from rest_framework.request import Request

from raindrop.errors import ApiError


def parse_moment(text: str) -> dt.datetime:
    """A time or a day in ISO 8601, in UTC when it names no zone. Raises ValueError."""
    try:
        # An unescaped "+" arrives as a space.
        moment = dt.datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from error
    if not 1 < moment.year < 9999:
        raise ValueError("no room to count days from here")
    return moment


def read_moment(request: Request, name: str) -> dt.datetime | None:
    """The parameter of that name, None when it is not given. Raises ApiError."""
    raw = request.GET.get(name)
    if not raw:
        return None
    try:
        return parse_moment(raw)
    except ValueError as error:
        raise ApiError(
            400, f"{name} must be a time such as 2026-01-31T12:00:00Z.", details={"field": name}
        ) from error
