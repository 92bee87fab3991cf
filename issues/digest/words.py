"""A digest in plain words, and as what a webhook gets."""

from dataclasses import asdict
from typing import Any

from issues.alerts.webhooks import address_of
from issues.causes.moving import Share
from issues.digest.reading import Digest, Line
from raindrop.web.plurals import counted

NOTHING_MOVED = "No rate moved by more than chance."
TOO_FEW = "Too few events to tell whether a rate moved."


def title_of(digest: Digest, *, every: str) -> str:
    return f"[{digest.project.name}] {every} digest, {digest.stretch.name}"


def text_of(digest: Digest) -> str:
    before = digest.stretch.before_name
    read = counted(digest.events, "event")
    compared = f"{read}; {digest.before:,} {before}."
    parts = [
        f"{read}, not compared with {before}: {digest.not_compared}." if digest.not_compared else compared
    ]
    moved = [_moved(line, before) for line in digest.moved] or [
        NOTHING_MOVED if digest.can_be_told else TOO_FEW
    ]
    back = [*(_told(line) for line in digest.back), *_others(digest, "back")]
    parts.append(_section("What moved", [*back, *moved, *_others(digest, "moved")]))
    new = [*(_told(line) for line in digest.new), *_others(digest, "new_issues", "new_problems")]
    parts.append(_section("What is new", new or ["Nothing."]))
    parts.append(_section("Still open", _still_open(digest)))
    parts.append("Rates are shares of all events, with their 95 % intervals.")
    return "\n\n".join(parts)


def data_of(digest: Digest) -> dict[str, Any]:
    """As plain values: what `text_of` says."""
    return {
        "digest": {
            "start": digest.stretch.start.isoformat(),
            "end": digest.stretch.end.isoformat(),
            "events": digest.events,
            "events_before": digest.before,
            "not_compared": digest.not_compared,
            "came_back": [_item(line) for line in digest.back],
            "moved": [_item(line) for line in digest.moved],
            "new": [_item(line) for line in digest.new],
            "open_issues": digest.open_issues,
            "still_open": [_item(line) for line in digest.still_open],
            "others": {
                section: {"number": some.number, "names": some.names, "url": address_of(some.path)}
                for section, some in digest.others.items()
            },
        }
    }


def _item(line: Line) -> dict[str, Any]:
    found = asdict(line)
    return {**found, "url": address_of(line.path), "example_url": address_of(line.example_path)}


def _section(title: str, lines: list[str]) -> str:
    return "\n".join([title, *(f"- {line}" for line in lines)])


def _still_open(digest: Digest) -> list[str]:
    if not digest.open_issues:
        return ["No issue."]
    return [*(_told(line) for line in digest.still_open), *_others(digest, "still_open")]


def _others(digest: Digest, *sections: str) -> list[str]:
    """What has no line of its own, by its names."""
    found = []
    for some in (digest.others[section] for section in sections if section in digest.others):
        unnamed = (
            f", and {some.number - len(some.names):,} that are not named here"
            if some.number > len(some.names)
            else ""
        )
        found.append(f"And {some.number:,} more: {', '.join(some.names)}{unnamed}. {address_of(some.path)}")
    return found


def _moved(line: Line, before: str) -> str:
    assert line.share is not None
    assert line.before is not None
    rose = (line.share.value or 0) > (line.before.value or 0)
    change = f"{'rose' if rose else 'fell'} to {rate(line.share)}, from {rate(line.before)} {before}."
    return _pointed(line, f"{line.title} {change}")


def _told(line: Line) -> str:
    text = f"{line.title}: {line.text}" if line.text else f"{line.title}:"
    if line.share is not None:
        users = f" of {counted(line.users, 'user')}" if line.users is not None else ""
        text += f" {counted(line.share.events, 'event')}{users}, {rate(line.share)}."
    return _pointed(line, text)


def _pointed(line: Line, text: str) -> str:
    text += f" {address_of(line.path)}"
    return (
        f"{text}\n  Such as “{line.example}” {address_of(line.example_path)}" if line.example_path else text
    )


def rate(share: Share) -> str:
    """ "4.1 % (3.2 to 5.1 %)"."""
    if share.value is None or share.low is None or share.high is None:
        return "no rate (no event)"
    return f"{_percent(share.value)} % ({_percent(share.low)} to {_percent(share.high)} %)"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}" if share >= 0.001 or share == 0 else f"{100 * share:.2g}"
