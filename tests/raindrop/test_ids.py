import datetime as dt
import multiprocessing
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


def test_ids_of_one_moment_sort_as_they_were_made() -> None:
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = [id_at(moment) for _ in range(2000)]
    assert made == sorted(made) and len(set(made)) == 2000


def test_a_derived_id_keeps_its_parts_apart() -> None:
    space = new_id()
    assert derived_id(space, "a", "b") == derived_id(space, "a", "b")
    assert derived_id(space, "a", "b") != derived_id(space, "ab")


@given(st.uuids(), st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3))
def test_a_derived_id_is_a_uuid5(space: uuid.UUID, parts: list[str]) -> None:
    assert derived_id(space, *parts) == uuid.uuid5(space, "\x1f".join(parts))


def test_forked_processes_make_different_ids() -> None:
    def random_part(made: uuid.UUID) -> int:
        return made.int & (1 << 62) - 1

    fork = multiprocessing.get_context("fork")
    made = []
    for _ in range(3):
        with fork.Pool(1) as pool:
            made.append(random_part(pool.apply(new_id)))
    assert len({*made, random_part(new_id())}) == 4
