"""The parsers of hostile values, over values that hypothesis makes up."""

import base64
import datetime as dt
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.decoding.json_bodies import decode_events, decode_partials, decode_signals, decode_users
from ingest.incoming.cleaning import (
    clean_json,
    clean_text,
    count_keys,
    depth_of,
    parse_timestamp,
    parse_trace_id,
)
from raindrop.errors import ApiError

EXPECTED = dt.datetime(2026, 11, 23, 9, 56, 38, tzinfo=dt.UTC)
any_text = st.text(st.characters())  # lone surrogates and NUL among them
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-23T09:56:38Z",
        "2026-11-23T09:56:38",
        " 2026-11-23 09:56:38+00:00 ",
        "2026-11-23T10:56:38+01:00",
        "20261123T095638Z",
        1795427798,
        1795427798.0,
        1795427798000,
        1795427798000000,
        1795427798000000000,
        "1795427798",
        "1795427798000",
        EXPECTED,
    ],
)
def test_times_in_all_their_forms(value: object) -> None:
    assert parse_timestamp(value) == EXPECTED


def test_fractions_of_a_second() -> None:
    assert parse_timestamp("2026-11-23T09:57:55.102Z").microsecond == 102000
    assert parse_timestamp("2026-11-23T09:57:55.123456789Z").microsecond == 123456
    assert parse_timestamp(1795427875102).microsecond == 102000


@pytest.mark.parametrize(
    "value", ["", "now", True, None, [], {}, math.nan, math.inf, -1e30, "1969-12-31", "9999-01-01", -5]
)
def test_what_is_no_time(value: object) -> None:
    with pytest.raises(ValueError, match="Expected a time"):
        parse_timestamp(value)


@given(any_json)
def test_a_time_or_a_value_error(value: Any) -> None:
    try:
        moment = parse_timestamp(value)
    except ValueError:
        return
    assert moment.utcoffset() == dt.timedelta(0) and 1970 <= moment.year < 2100


years = st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(2099, 12, 30), timezones=st.timezones())  # noqa: DTZ001


@given(years)
def test_iso_times_survive(moment: dt.datetime) -> None:
    utc = moment.astimezone(dt.UTC)
    assert parse_timestamp(utc.isoformat()) == utc
    assert parse_timestamp(utc.replace(tzinfo=None).isoformat()) == utc
    assert (
        parse_timestamp(moment.isoformat()) == utc
        or moment.utcoffset() != utc.astimezone(moment.tzinfo).utcoffset()
    )


@given(any_text)
def test_clean_text_is_what_postgresql_takes(text: str) -> None:
    clean = clean_text(text)
    assert "\x00" not in clean
    assert clean.encode().decode() == clean
    assert clean_text(clean) == clean


@given(any_json)
def test_clean_json_is_json(value: Any) -> None:
    encoded = json.dumps(clean_json(value), allow_nan=False, ensure_ascii=False).encode()
    assert b"\\u0000" not in encoded.replace(b"\\\\", b"")


@given(any_json)
def test_depth_and_keys(value: Any) -> None:
    assert 0 <= depth_of(value, limit=100) <= 20
    assert (count_keys(value) > 0) <= ("{" in json.dumps(value))
    assert depth_of(value, limit=2) <= 4


@given(st.binary(min_size=16, max_size=16))
def test_trace_ids_in_hex_and_base64(raw: bytes) -> None:
    wanted = raw.hex()
    assert parse_trace_id(wanted.upper()) == wanted
    assert parse_trace_id(base64.b64encode(raw).decode()) == wanted


@given(any_json)
def test_a_trace_id_or_nothing(value: Any) -> None:
    found = parse_trace_id(value)
    assert found == "" or (len(found) == 32 and int(found, 16) >= 0)


KEYS = [
    "event_id", "event", "user_id", "timestamp", "properties", "attachments", "ai_data", "feature_flags", "is_pending",
    "signal_name", "sentiment", "signal_type", "attachment_id", "traits", "input", "output", "model", "convo_id", "value",
]  # fmt: skip
wire_json = st.recursive(
    any_json,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(KEYS), wire_json) | st.lists(wire_json, max_size=3))
def test_a_body_is_taken_or_refused_with_a_reason(value: Any) -> None:
    body = json.dumps(value).encode()
    for decode in (decode_events, decode_partials, decode_signals, decode_users):
        try:
            assert decode(body)
        except ApiError as error:
            assert error.status == 400 and error.message


@given(st.binary(max_size=60))
def test_bytes_are_refused_with_a_reason(body: bytes) -> None:
    with pytest.raises(ApiError) as refusal:
        decode_signals(body)
    assert refusal.value.status == 400
