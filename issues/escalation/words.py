"""Why an issue escalates, and why it no longer does, in a sentence or two for people."""

from issues.escalation.limits import USUAL_BY_NOW, Ending, Verdict
from raindrop.web.plurals import counted

AT = {
    "hour of the week": "at this time of the week",
    "hour of the day": "at this time of the day",
    "all hours": "in such a time",
}


def why_it_escalates(verdict: Verdict) -> str:
    when = {1: "this hour", 2: "this hour and the one before", 24: "the last 24 hours"}[verdict.hours]
    share = (
        f"{verdict.events / verdict.everything:.1%} of {verdict.everything:,}"
        if verdict.everything
        else "all"
    )
    usual = f"{verdict.usual:.0f}" if verdict.usual >= 1 else "less than one"
    return f"{counted(verdict.events, 'event')} in {when} ({share}). About {usual} would be usual {AT[verdict.by]}; the limit is {verdict.limit}."


def why_it_ends(ending: Ending, *, events: int, of: int) -> str:
    now = f"{counted(events, 'event')} in the last 24 hours" + (
        f" ({events / of:.1%} of {of:,})." if of else "."
    )
    if ending is Ending.USUAL:
        return f"It has gone on for {USUAL_BY_NOW // 24} days: that is usual by now. {now}"
    return f"It happens about as often as usual again: {now}"
