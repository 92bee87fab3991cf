"""The index of recent conversations also tells whether they have events, so that they are counted without reading them. It is built, and the old one
dropped, while others read and write."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("ingest", "0017_recent_tool_calls")]

    operations = [
        AddIndexConcurrently(
            model_name="conversation",
            index=models.Index(
                fields=["project", "-last_message_at"], include=("events_count",), name="conversation_counted"
            ),
        ),
        RemoveIndexConcurrently(model_name="conversation", name="conversation_recent"),
    ]
