"""The app's own code in this process, for benchmarks that measure functions and views without a server."""

import contextlib
import os
import tempfile
from collections.abc import Iterator


def use_app() -> None:
    """Starts the database of RAINDROP_DATA_DIR where no DATABASE_URL is given, and loads Django. To be called before anything of the app is imported."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raindrop.settings")
    if not os.environ.get("DATABASE_URL"):
        from raindrop.server import embedded_postgres

        os.environ["DATABASE_URL"] = embedded_postgres.start()
        os.environ["RAINDROP_EMBEDDED"] = "1"
    import django

    django.setup()


@contextlib.contextmanager
def scratch_app() -> Iterator[None]:
    """The app's code on a database that is made for it, in a folder that is deleted at the end. As `use_app`."""
    with tempfile.TemporaryDirectory(prefix="raindrop-bench-", ignore_cleanup_errors=True) as folder:
        os.environ["RAINDROP_DATA_DIR"] = folder
        os.environ.pop("DATABASE_URL", None)
        use_app()
        from django.core.management import call_command
        from django.test import override_settings

        from raindrop.server import embedded_postgres

        try:
            call_command("migrate", interactive=False, verbosity=0)
            with override_settings(ALLOWED_HOSTS=["testserver"]):
                yield
        finally:
            embedded_postgres.stop()
