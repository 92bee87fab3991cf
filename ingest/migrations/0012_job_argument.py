from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ingest", "0011_plain_spans"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="argument",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What the kind is told besides, such as a number of days.",
                max_length=40,
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                help_text="The name that ingest/jobs/kinds.py knows it by.", max_length=40
            ),
        ),
        migrations.RemoveConstraint(model_name="job", name="one_queued_job"),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "queued")),
                fields=("project", "kind", "subject", "argument"),
                name="one_queued_job",
            ),
        ),
    ]
