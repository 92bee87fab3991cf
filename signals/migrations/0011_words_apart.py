"""Once made the text-search documents anew, which takes hours on a large table. Those that an older version made have no language, and a job makes
them anew (signals/vectors/reindexing.py)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("signals", "0010_plural_names")]
    operations = []
