"""The people and keys that most tests need. The database comes from tests/database_plugin.py."""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

from tests.database_plugin import migrated_template
from tests.examples import examples

# A busy machine is no failure of a property.
hypothesis.settings.register_profile("raindrop", deadline=None, max_examples=examples(100))
hypothesis.settings.load_profile("raindrop")

SHARED_SERVER = ("tests/browser", "tests/sdks")
# Its two tests take minutes each, and share nothing. They begin first: at the end one core would work on them alone.
LONGEST = "tests/test_fuzz_api.py"


class _ByServer(LoadFileScheduling):
    """A file at a time, but the files of a folder that shares one live server (and one installation of the SDKs) together, and the
    tests of the longest file each by itself."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(LONGEST):
            return nodeid
        folder = next((folder for folder in SHARED_SERVER if nodeid.startswith(f"{folder}/")), None)
        return folder or super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByServer:
    return _ByServer(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What the imports and the collected tests leave lives until the end: 600,000 objects that no collection of garbage walks
    again (0.4 s each time)."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any
) -> None:
    """The databases of xdist's workers begin as copies of one in which the migrations are done."""
    from django.db import connection

    if "PYTEST_XDIST_WORKER" in os.environ and not urlsplit(os.environ["DATABASE_URL"]).port:
        with django_db_blocker.unblock():
            connection.settings_dict["TEST"].update(TEMPLATE=migrated_template(), MIGRATE=False)


@pytest.fixture(autouse=True, scope="session")
def _quick_passwords() -> Iterator[None]:
    """One password hash of the real kind takes 0.3 s, and more than a thousand tests make a user."""
    from django.test import override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True, scope="session")
def _tables_emptied_quickly() -> Iterator[None]:
    """After a test with transactions of its own Django truncates all 80 tables, which makes each a new file, and stores the
    permissions again: 130 ms of CPU. Deleting what few rows there are takes 10 ms."""
    from django.test import TransactionTestCase

    truncate = TransactionTestCase._fixture_teardown

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            TransactionTestCase, "_fixture_teardown", lambda test: _empty_tables() or truncate(test)
        )
        yield


def _empty_tables() -> bool:
    """Waits, as TRUNCATE does, until nobody else writes. Content types and permissions stay: no test changes them. Returns False
    where the role of an external server may not do it."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() != (True,):
            return False
        names = connection.introspection.django_table_names(only_existing=True, include_views=False)
        tables = [f'"{name}"' for name in names if name not in ("django_content_type", "auth_permission")]
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables)
        )
        filled = [table for (table,) in cursor.fetchall()]
        # In any order: no foreign key is checked.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in filled:
            cursor.execute(f"DELETE FROM {table}")
    return True


@pytest.fixture(autouse=True, scope="session")
def _static_files_listed_once() -> Iterator[None]:
    """Each test client makes the middleware again, which looks at all 350 static files: 20 ms, most of what a quick test takes."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    listed: dict[tuple[Any, ...], dict[str, Any]] = {}
    add_files = WhiteNoiseMiddleware.add_files_from_finders

    def add_listed_files(middleware: Any) -> None:
        key = middleware.static_prefix, middleware.max_age, middleware.static_root
        if key not in listed:
            add_files(middleware)
            listed[key] = middleware.files
        middleware.files = dict(listed[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add_listed_files)
        yield


@pytest.fixture(autouse=True)
def _forget_cached_keys() -> None:
    from ingest.health import counts as health_counts
    from ingest.limits import flushing, usage
    from ingest.limits import quotas as limits
    from ingest.projects import keys

    keys._cache.clear()
    flushing.automatic = False  # no thread: its connection does not see a test's transaction
    for module in (health_counts, limits, usage):
        module.reset()


@pytest.fixture
def project(db: None) -> Any:
    from ingest.projects.projects import create_project

    return create_project(slug="acme", name="Acme")


@pytest.fixture
def other_project(db: None) -> Any:
    from ingest.projects.projects import create_project

    return create_project(slug="umbrella", name="Umbrella")


def _user(name: str) -> Any:
    from ingest.models import User

    return User.objects.create_user(username=name, password="correct horse battery")


@pytest.fixture
def member(project: Any) -> Any:
    """alice, a member of `project`."""
    from ingest.models import Membership

    user = _user("alice")
    Membership.objects.create(project=project, user=user, role="admin")
    return user


@pytest.fixture
def viewer(project: Any) -> Any:
    """bob, who may only look at `project`."""
    from ingest.models import Membership

    user = _user("bob")
    Membership.objects.create(project=project, user=user, role="viewer")
    return user


@pytest.fixture
def stranger(other_project: Any) -> Any:
    """mallory, a member of another project only."""
    from ingest.models import Membership

    user = _user("mallory")
    Membership.objects.create(project=other_project, user=user, role="admin")
    return user


def _key(project: Any, kind: str) -> str:
    from ingest.models.projects import KeyKind
    from ingest.projects.keys import create_key

    return create_key(project=project, kind=KeyKind(kind))[1]


@pytest.fixture
def write_key(project: Any) -> str:
    return _key(project, "write")


@pytest.fixture
def query_key(project: Any) -> str:
    return _key(project, "query")


@pytest.fixture
def admin_key(project: Any) -> str:
    return _key(project, "admin")


@pytest.fixture
def make_event(project: Any) -> Callable[..., Any]:
    """make_event(input="hi", output="hello", user_id="u1", convo_id="c1", ...) -> Event, stored as the write path stores it."""
    import itertools

    from ingest.models import Event
    from ingest.store.events import IncomingEvent, store_events

    numbers = itertools.count(1)

    def make(*, of: Any = None, **fields: Any) -> Event:
        owner = of or project
        fields.setdefault("event_id", f"evt-{next(numbers)}")
        fields.setdefault("name", "chat")
        fields.setdefault("user_id", "user-1")
        [event_id] = store_events(project=owner, events=[IncomingEvent(**fields)])
        return Event.objects.get(project=owner, event_id=event_id)

    return make


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`audit(refusal=0.9)`: the audit found that precision, of these signals and no others."""

    def publish(**precisions: float) -> None:
        from signals.catalogue.audit_results import HEADLINE, AuditResult

        found = {
            key: AuditResult(
                value, value - 0.1, min(1.0, value + 0.05), ("bazaarly", "townhall"), 40, value < HEADLINE
            )
            for key, value in precisions.items()
        }
        monkeypatch.setattr("signals.learning.standing.audit_results", lambda: found)

    return publish


FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
