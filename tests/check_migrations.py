"""`makemigrations --check` without a database server: the check compares models with migration files only."""

import os
import sys
from pathlib import Path

# In place of this folder, whose html.py would hide the standard library's.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raindrop.settings")

import django
from django.core.management import call_command

if __name__ == "__main__":
    django.setup()
    call_command("makemigrations", "--check", "--dry-run", "--skip-checks", verbosity=1)
