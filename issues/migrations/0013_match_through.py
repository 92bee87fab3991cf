"""Matches that come from merged issues, by the issue that has them. It is built while others read and write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("issues", "0012_merging")]

    operations = [
        AddIndexConcurrently(
            model_name="issuematch",
            index=models.Index(
                condition=models.Q(("through__isnull", False)),
                fields=["issue", "-id"],
                name="issue_match_through",
            ),
        ),
    ]
