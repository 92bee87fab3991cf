"""The app's own code in this process, for benchmarks that measure functions and views without a server."""

import os


def use_app() -> None:
    """Starts the database of RAINDROP_DATA_DIR where no DATABASE_URL is given, and loads Django. To be called before anything of the app is imported."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raindrop.settings")
    if not os.environ.get("DATABASE_URL"):
        from raindrop.server import embedded_postgres

        os.environ["DATABASE_URL"] = embedded_postgres.start()
        os.environ["RAINDROP_EMBEDDED"] = "1"
    import django

    django.setup()
