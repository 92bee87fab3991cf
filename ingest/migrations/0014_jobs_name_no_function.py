from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ingest", "0013_jobs_by_kind")]

    operations = [
        migrations.RemoveField(model_name="job", name="task"),
        migrations.RemoveField(model_name="job", name="cluster"),
    ]
