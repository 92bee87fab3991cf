"""The schema of an earlier version, with rows as it wrote them, and the way to today's. Once for all tests of a module: there and back takes half a minute."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate(*target: tuple[str, str]) -> Any:
    """Goes to these migrations (app, name), forwards or back. Returns the models of then, as migrations see them."""
    MigrationExecutor(connection).migrate(list(target))
    return MigrationExecutor(connection).loader.project_state(list(target)).apps


def migrate_to_newest() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@contextmanager
def database_of_a_module(blocker: Any) -> Iterator[None]:
    """The database is open to a fixture of a module, whatever its schema; at the end it is as empty and as new as it was."""
    with blocker.unblock():
        try:
            yield
        finally:
            migrate_to_newest()
            call_command("flush", verbosity=0, interactive=False)
