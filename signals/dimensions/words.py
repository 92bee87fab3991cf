"""Causes in words: "Most of it comes from mobile with import_receipt failing, since r3"; and as the API answers them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from signals.dimensions.finding import OBSERVED, Cause, rank_of
from signals.dimensions.names import CALLED, FAILED, INTENT, SIGNAL, Value, query_of

Item = Mapping[str, Any]  # as the API answers
HALF = 0.5
PARTS = {"property": "", "trait": "user's ", "flag": "flag "}


def values_of(item: Item) -> list[tuple[str, str]]:
    if "dimension" in item:
        return [(item["dimension"], item["value"])]
    return list(zip(item["dimensions"], item["values"], strict=True))


def in_words(found: Sequence[Item]) -> str:
    """One sentence about the best of what was found; empty where nothing was. A pair says more than the first of its values alone."""
    clear = [one for one in found if one["explained_by"] is None and rank_of(values_of(one)[0][0]) < OBSERVED]
    if not clear:
        return ""
    first = next((one for one in clear if len(values_of(one)) > 1), clear[0])
    values = values_of(first)
    release = next((value for dimension, value in values if dimension == "release"), "")
    others = [phrase(dimension, value) for dimension, value in values if dimension != "release"]
    share = (
        "Nearly all" if first["rate"] >= 0.9 else "Most" if first["rate"] > HALF else f"{first['rate']:.0%}"
    )
    if not others:
        return f"{share} of it comes in release {release}."
    sentence = f"{share} of it comes from {others[0]}" + "".join(f" with {other}" for other in others[1:])
    return sentence + (f", in release {release}." if release else ".")


def phrase(dimension: str, value: str) -> str:
    """A value as it stands in a sentence."""
    if dimension == FAILED:
        return f"{value} failing"
    if dimension == CALLED:
        return f"calls of {value}"
    if dimension == "hour":
        return f"{int(value):02}:00 to {(int(value) + 1) % 24:02}:00 UTC"
    if dimension.startswith(SIGNAL):
        return f"the signal {dimension.removeprefix(SIGNAL)}"
    if dimension == INTENT:
        return f"\u201c{value}\u201d"
    if dimension in ("model", "event", "language", "release"):
        return f"{dimension} {value}"
    part, _, name = dimension.partition(".")
    return f"{PARTS.get(part, '')}{name} {value}"


def shown(item: Item, *, among: str) -> dict[str, Any]:
    """A row of the panel, with the query of the events that have it among those that the query `among` finds."""
    explained = item["explained_by"]
    return {
        **item,
        "named": " with ".join(phrase(*one) for one in values_of(item)),
        "explained": " with ".join(phrase(*one) for one in values_of(explained)) if explained else "",
        "link": f"{among} {item['query']}".strip(),
    }


def as_item(cause: Cause) -> dict[str, Any]:
    return {
        **named(cause.values),
        "events": cause.events,
        "conversations": cause.conversations,
        "users": cause.users,
        "rate": round(cause.rate, 4),
        "lift": round(cause.lift, 4),
        "low": round(cause.low, 4),
        "high": round(cause.high, 4),
        "since": cause.since.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if cause.since else None,
        "p": cause.p,
        "explained_by": named(cause.explained_by.values) if cause.explained_by else None,
        "query": query_of(cause.values),
    }


def named(values: tuple[Value, ...]) -> dict[str, Any]:
    if len(values) == 1:
        return {"dimension": values[0][0], "value": values[0][1]}
    return {"dimensions": [one for one, _ in values], "values": [value for _, value in values]}
