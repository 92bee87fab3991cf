#!/usr/bin/env python
"""Django's command line. Starts the embedded database first when no DATABASE_URL is set."""

import gc
import io
import os
import sys

# Commands that read no data: they must work where no database can be started.
WITHOUT_DATABASE = {"help", "version", "--help", "--version", "collectstatic", "spectacular", "findstatic"}


def main() -> None:
    # What is said while a server runs shows at once in a log too, where Python would hold it back.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raindrop.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if not os.environ.get("DATABASE_URL") and command not in WITHOUT_DATABASE:
        from raindrop.server import embedded_postgres

        os.environ["DATABASE_URL"] = embedded_postgres.start()
        os.environ["RAINDROP_EMBEDDED"] = "1"  # `up` watches over it
    # Half a million objects are made that stay: to look through them for garbage again and again takes a tenth of the start. Frozen, they
    # are left alone in the workers too, who then share their memory with the process that forked them.
    gc.disable()
    import django
    from django.core.management import execute_from_command_line

    django.setup()
    gc.freeze()
    gc.enable()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
