"""Why a state changed, and on what terms, in sentences for people. Pure: all is in an activity's data."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from issues.states.terms import MuteTerms
from issues.states.transitions import Action
from raindrop.web.plurals import counted

_UNITS = ((604800, "week"), (86400, "day"), (3600, "hour"), (60, "minute"))


def span(seconds: int) -> str:
    """ "1 week", "3 hours", "90 seconds"."""
    for length, unit in _UNITS:
        if seconds and seconds % length == 0:
            return counted(seconds // length, unit)
    return counted(seconds, "second")


def moment(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%-d %b %Y %H:%M} UTC"


def words_for(data: Mapping[str, Any]) -> str:
    """Why the state changed, in a sentence."""
    if data.get("why"):
        return str(data["why"])
    action = data["action"]
    if action == Action.REGRESS:
        return _regressed(data)
    if action == Action.UNMUTE:
        return _unmuted(data)
    if action == Action.MERGE:
        return f"It was merged into #{data['into']}."
    if action == Action.AGE:
        return f"It has been {data.get('was') or 'new'} for {counted(data.get('days', 7), 'day')}."
    terms = data.get("terms") or {}
    if action == Action.RESOLVE:
        return f"It was resolved {fixed_words(terms)}".strip() + "."
    if action == Action.MUTE:
        return f"It was muted {until_words(MuteTerms.from_json(terms))}."
    if action == Action.REOPEN:
        return f"It was reopened as {data['substate']}."
    if action in (Action.ESCALATE, Action.SETTLE):
        return f"It was marked as {data['substate']}."
    return f"It is {data['to']}{' (' + data['substate'] + ')' if data['substate'] else ''} again."


def _regressed(data: Mapping[str, Any]) -> str:
    happened = f"It happened again after it was resolved: {counted(data.get('events', 1), 'event')}"
    if not data.get("release"):
        return happened + "."
    fixed = data.get("in_release") or data.get("after_release")
    mended = f"{'fixed in' if data.get('in_release') else 'fixed after'} {fixed}" if fixed else "fixed"
    return f"{happened} in release {data['release']}, and it was said to be {mended}."


def _unmuted(data: Mapping[str, Any]) -> str:
    terms = MuteTerms.from_json(data.get("terms_were") or {})
    if terms.until:
        return f"It was muted until {moment(terms.until)}, and happened again after that: {counted(data.get('events', 1), 'event')}."
    found = counted(data["events"], "event") if "events" in data else counted(data.get("users", 1), "user")
    within = f" within {span(terms.window)}" if terms.window else ""
    limit = terms.events if "events" in data else terms.users
    return f"It met {found}{within} since it was muted. The limit is {limit}."


def until_words(terms: MuteTerms) -> str:
    """ "for ever", "until 3 Dec 2026 10:00 UTC", "until 100 events within 1 hour", "until it escalates"."""
    if terms.until:
        return f"until {moment(terms.until)}"
    if terms.escalating:
        return "until it escalates"
    if not terms.is_counted:
        return "for ever"
    counts = [counted(terms.events, "event")] if terms.events else []
    counts += [counted(terms.users, "user")] if terms.users else []
    return f"until {' or '.join(counts)}" + (f" within {span(terms.window)}" if terms.window else "")


def fixed_words(data: Mapping[str, Any]) -> str:
    """ "in 1.4.2", "in the release after 1.4.2"; "" when it is fixed now, everywhere. `data`: ResolveTerms as JSON."""
    if data.get("in_release"):
        return f"in {data['in_release']}"
    return f"in the release after {data['after_release']}" if data.get("after_release") else ""
