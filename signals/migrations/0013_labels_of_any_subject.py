"""What people said of signals lies in the label table (labeling)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("signals", "0012_agent_tones"),
        ("labeling", "0007_fill_one_label_table"),  # it has read the table
    ]

    operations = [
        migrations.DeleteModel(
            name="SignalFeedback",
        ),
    ]
