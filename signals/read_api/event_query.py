"""The read path's event filters as a query: each parameter is a condition of the query language, and `q` is a query itself."""

from ingest.models import Project
from raindrop.errors import ApiError
from signals.models import SignalDefinition, SignalGroup
from signals.read_api.filters import Filter, Query, bad
from signals.search.finding import NOTHING
from signals.search.language.errors import QueryError
from signals.search.language.nodes import And, Comparison, Glob, Node, Not, Text, Value, all_of
from signals.search.language.parsing import parse

# Parameter -> field.
STRINGS = {
    "user_id": "user",
    "convo_id": "conversation",
    "event_name": "event",
    "model": "model",
    "release": "release",
    "tool": "tool",
    "tool_failed": "tool.failed",
}
MAPS = {"properties": "prop", "traits": "trait"}
_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def read_event_query(query: Query, project: Project) -> Node:
    """All that the parameters ask for. Raises ApiError 400."""
    parts = [_node(item, project) for item in query.filters]
    if group := query.plain.get("signal_group"):
        known = SignalGroup.objects.filter(project=project)
        named = [one.name for one in known if group == one.name or group.lower() == str(one.id)]
        parts.append(_equals("signal.group", named[0]) if named else NOTHING)
    return all_of([*parts, read_q(query)])


def read_q(query: Query) -> Node:
    """What `q` says; And() without it. Raises ApiError 400."""
    try:
        return parse(query.plain.get("q", ""))
    except QueryError as error:
        raise error.as_api_error(field="q") from error


def refused(error: QueryError, query: Query) -> ApiError:
    """For what a field does not take: in `q`, or in one of the parameters."""
    if query.plain.get("q", "").strip():
        return error.as_api_error(field="q")
    return bad(next((item.parameter for item in query.filters), "q"), error.message)


def _node(item: Filter, project: Project) -> Node:
    if item.name == "timestamp":
        return _equals("time", item.moment.isoformat(), _COMPARE[item.op])
    if field := MAPS.get(item.name):
        operator = _COMPARE.get(item.op, "")
        node = _equals(f"{field}.{item.key}", item.value, operator)
        return Not(node) if item.op == "neq" else node
    if field := STRINGS.get(item.name):
        return _string(field, item)
    return _signal(item, project)


def _string(field: str, item: Filter) -> Node:
    """Case counts. `neq` also holds where there is no value; an empty value means that there is none."""
    if item.op in ("eq", "neq"):
        node = _equals(field, item.value) if item.value else Not(_equals("has", field))
        return Not(node) if item.op == "neq" else node
    if not item.value:
        return And()
    parts = {"startsWith": (item.value, ""), "endsWith": ("", item.value), "contains": ("", item.value, "")}
    return _compared(field, Glob(parts[item.op]))


def _signal(item: Filter, project: Project) -> Node:
    """A signal that there is not holds on no event; but `?eq=x` where x is no signal is not the client's mistake that we know."""
    known = SignalDefinition.objects.filter(project=project).values_list("key", "id")
    named = [key for key, signal in known if item.value == key or item.value.lower() == str(signal)]
    if not named and item.name == "astray":
        return And()
    node = _equals("signal", named[0]) if named else NOTHING
    return Not(node) if item.op == "neq" else node


def _equals(field: str, text: str, operator: str = "") -> Node:
    return _compared(field, Text(text), operator)


def _compared(field: str, value: Value, operator: str = "") -> Node:
    return Comparison(field, operator, (value,))
