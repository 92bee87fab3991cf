"""Small tags and filters for the pages (built in: no `{% load %}` needed)."""

import datetime as dt
import functools
import json
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from django import template
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from raindrop.data_dir import BASE_DIR
from raindrop.web.names import CODE, plain_name

register = template.Library()


@functools.cache
def _icon(name: str) -> str:
    svg = (BASE_DIR / "static" / "vendor" / "tabler-icons" / f"{name}.svg").read_text()
    return svg[svg.index("<path") : svg.rindex("</svg>")]


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """`{% icon "inbox" %}`: a vendored Tabler icon, inline. Raises FileNotFoundError for one that is not vendored."""
    return format_html(
        '<svg class="icon {}" width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{}</svg>',
        classes,
        mark_safe(_icon(name)),  # noqa: S308  (our own file)
    )


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """`<a href="{% query cursor=None state="open" %}">`: the page's own query string with changes; None removes."""
    request: HttpRequest = context["request"]
    params = request.GET.copy()
    for key, value in changes.items():
        params.pop(key, None)
        if value not in (None, ""):
            params[key] = str(value)
    return "?" + params.urlencode()


@register.simple_tag
def parameters(*groups: dict[str, str], **more: Any) -> str:
    """`{% parameters where q="tool:x" range="all" %}`: a query string of all of them; of two of one name the last."""
    return "?" + urlencode({name: value for group in (*groups, more) for name, value in group.items()})


@register.filter
def also(query: str, condition: str) -> str:
    """What finds the events that both find. Neither has an OR that is not in parentheses."""
    return f"{query} {condition}".strip()


@register.simple_tag
def only_with(dimension: str, value: str, **more: Any) -> str:
    """A query string of the events list: those of a model, or with a property of the name `dimension`, that pass `more` too."""
    chosen = {"model": value} if dimension == "model" else {"property": f"{dimension}={value}"}
    return parameters(more, chosen)


@register.simple_tag(takes_context=True)
def replace_filter(context: dict[str, Any], name: str, value: str) -> str:
    """The page's own query string with another value of the parameter `name` (none where it is empty), and from its first page."""
    return query(context, **{name: value, "cursor": None, "newer": None})


@register.filter
def ago(moment: dt.datetime | None) -> SafeString | str:
    """A <time> that says "3 h ago" and shows the full UTC time on hover."""
    if moment is None:
        return "never"
    seconds = (timezone.now() - moment).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if abs(seconds) >= size:
            text = f"{int(abs(seconds) // size)} {unit}"
            break
    else:
        text = "now"
    if text != "now":
        text = f"{text} ago" if seconds > 0 else f"in {text}"
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        moment.isoformat(),
        f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}",
        text,
    )


@register.filter
def percent(share: float | str | None) -> str:
    """0.0312 -> 3.1%. A share above 0 is never shown as 0. None is "–", and so is "", which a template gives for a missing value."""
    if share is None or isinstance(share, str):
        return "–"
    if 0 < share < 0.0005:
        return "<0.1%"
    return f"{share * 100:.1f}%" if share < 0.1 else f"{share * 100:.0f}%"


@register.filter
def points(difference: float) -> str:
    """A difference of two shares: 0.031 -> +3.1 pts, -0.2 -> −20 pts."""
    sign = "+" if difference > 0 else "\u2212" if difference < 0 else "±"
    return f"{sign}{percent(abs(difference)).removesuffix('%')} pts"


@register.filter
def compact(number: float | str | None) -> str:
    """12345 -> 12.3k. None is "–", and so is "", which a template gives for a missing value."""
    if number is None or isinstance(number, str):
        return "–"
    for size, unit in ((1_000_000, "M"), (10_000, "k")):
        if abs(number) >= size:
            return f"{number / (1_000 if unit == 'k' else size):.1f}{unit}".replace(".0", "")
    return f"{number:,.0f}"


@register.filter
def duration(milliseconds: float | None) -> str:
    """840 -> 840 ms, 1250 -> 1.3 s, 90000 -> 1.5 min."""
    if milliseconds is None:
        return "–"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"


@register.filter
def pretty_json(value: Any) -> str:
    """JSON, as text or as the value itself, indented; text that is not JSON as it is. (Autoescape does the rest.)"""
    if isinstance(value, str):
        if value.lstrip()[:1] not in {"{", "["}:
            return value
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return str(value)
    return json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def pairs(mapping: dict[str, Any]) -> list[tuple[str, Any]]:
    """A mapping's items. Not `mapping.items` in the template: that finds a key called "items" first."""
    return list(mapping.items())


@register.filter
def plain(value: Any) -> str:
    """One property's value in a table: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@register.filter
def with_code(name: str) -> SafeString:
    """The name of a cluster or an issue, escaped: what stands between backticks (the name of a tool) becomes <code>."""
    parts = CODE.split(name)
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if i % 2 else part,) for i, part in enumerate(parts))
    )


@register.filter
def without_code(name: str) -> str:
    """As `with_code`, where no element may stand: in a title or an attribute."""
    return plain_name(name)


@register.filter
def http_url(text: str) -> str:
    """The text when it is an http or https address that may become a link, else "" (javascript:, data:, ...)."""
    if len(text) > 2000 or re.search(r"[\s\x00-\x1f\\]", text):
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme.lower() in {"http", "https"} and parts.netloc else ""


@register.simple_tag
def bar(value: float, most: float, label: str, size: str = "sm", warn: bool = False) -> SafeString:
    """`value` of `most` as a bar; one that moves where `most` is 0, since nobody knows yet. `label` is its name for those who do not
    see it. `warn`: yellow from 80 % on, red when it is full. It is a <progress>, because a width in a style attribute is against the
    content security policy."""
    share = value / most if most else None
    tone = "" if not warn or share is None or share < 0.8 else " is-full" if share >= 1 else " is-nearly-full"
    place = (
        format_html(' value="{}" max="1"', f"{min(max(share, 0.0), 1.0):.4f}") if share is not None else ""
    )
    return format_html(
        '<progress class="progress progress-{}{}" aria-label="{}"{}></progress>', size, tone, label, place
    )


@register.simple_tag
def sparkline(rates: list[float], label: str = "") -> SafeString:
    """A bar sparkline of shares (0 to 1), drawn on the server, so that a list of 50 issues needs no script. The last bar is of the
    hour or day that is not over, and paler; of a few events yet, so it does not set the scale."""
    if not rates:
        return mark_safe("")
    top = max(rates[:-1], default=0.0) or max(rates) or 1.0
    drawn = [*rates[:-1], min(rates[-1], top)]
    width = 100 / len(rates)
    last = len(rates) - 1
    bars = "".join(
        f'<rect x="{i * width:.2f}" y="{24 - max(1.0, 24 * v / top) if v else 23.5:.2f}" width="{width * 0.8:.2f}" '
        f'height="{max(1.0, 24 * v / top) if v else 0.5:.2f}"'
        + (' class="unfinished"/>' if i == last else "/>")
        for i, v in enumerate(drawn)
    )
    return format_html(
        '<svg class="sparkline" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        label or f"Share of all events, oldest first: {', '.join(percent(v) for v in rates)} so far",
        mark_safe(bars),  # noqa: S308  (numbers only)
    )


@register.simple_tag
def chart(kind: str, data: Any, height: int, label: str) -> SafeString:
    """A chart that static/charts.js draws with ECharts: `data` is {"labels": [...], "series": [{"name", "values", "color"?, "type"?}],
    "fraction"?, "unfinished"?}. With "unfinished", the last bucket is not over and drawn as such. `label` is its name for those who do
    not see it; the numbers follow in a table that only they are read."""
    return render_to_string(
        "_chart.html",
        {
            "kind": kind,
            "data": data,
            "values": json.dumps(data),
            "height": height,
            "label": label,
            "rows": _chart_rows(data),
        },
    )


def _chart_rows(data: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """The table behind a chart: (label, one number per series)."""
    shown = percent if data.get("fraction") else compact
    columns = [[shown(value) for value in series["values"]] for series in data["series"]]
    return list(zip(data["labels"], [list(row) for row in zip(*columns, strict=True)], strict=True))
