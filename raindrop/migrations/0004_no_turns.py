from django.db import migrations


class Migration(migrations.Migration):
    """Traces have a process of their own: no task of theirs is handed out."""

    dependencies = [("raindrop", "0003_turn")]
    operations = [migrations.DeleteModel(name="Turn")]
