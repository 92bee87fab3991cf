from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0015_search_start"),
    ]

    operations = [
        migrations.AddField(
            model_name="queueplan",
            name="disputes_reviewed_at",
            field=models.DateTimeField(
                help_text="When somebody took what people disagree on out of the inbox.", null=True
            ),
        ),
    ]
