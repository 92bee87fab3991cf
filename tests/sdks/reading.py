"""Small readers of what `inside.dump` told, shared by the tests."""

from typing import Any

Row = dict[str, Any]


def facts(event: Row, *fields: str) -> tuple[Any, ...]:
    return tuple(event[field] for field in fields)


def without(values: Row, *names: str) -> Row:
    return {key: value for key, value in values.items() if key not in names}


def attachment(
    type: str, value: str, role: str = "", name: str = "", language: str = "", attachment_id: str = ""
) -> Row:
    return {
        "type": type,
        "value": value,
        "role": role,
        "name": name,
        "language": language,
        "attachment_id": attachment_id,
    }


def spans(event: Row, kind: str) -> dict[str, Row]:
    """The event's spans of one kind by name; no name may come twice."""
    found = [span for span in event["spans"] if span["kind"] == kind]
    assert len({span["name"] for span in found}) == len(found), [span["name"] for span in found]
    return {span["name"]: span for span in found}


def signal(event: Row, name: str) -> Row:
    [found] = [signal for signal in event["signals"] if signal["name"] == name]
    assert found["app_event_id"] == event["event_id"]
    row: Row = found
    return row
