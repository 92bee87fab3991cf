import datetime as dt
import uuid

from hypothesis import given
from hypothesis import strategies as st

from raindrop.ids import derived_id, id_at, new_id

# hypothesis makes naive datetimes; the test gives them their zone
EARLIEST, LATEST = dt.datetime(1970, 1, 1), dt.datetime(2500, 1, 1)  # noqa: DTZ001


@given(st.datetimes(min_value=EARLIEST, max_value=LATEST))
def test_an_id_holds_its_moment_and_is_a_version_7_uuid(moment: dt.datetime) -> None:
    moment = moment.replace(tzinfo=dt.UTC)
    made = id_at(moment)
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == int(moment.timestamp() * 1000)


def test_ids_differ_and_sort_by_time() -> None:
    early, late = id_at(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)), id_at(dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
    assert early < late
    assert len({new_id() for _ in range(1000)}) == 1000


def test_a_derived_id_keeps_its_parts_apart() -> None:
    space = new_id()
    assert derived_id(space, "a", "b") == derived_id(space, "a", "b")
    assert derived_id(space, "a", "b") != derived_id(space, "ab")
