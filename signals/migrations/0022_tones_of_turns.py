import pgvector.django.halfvec
from django.db import migrations

# What was embedded before has 0 for the new tones, as any text has. It rewrites the table: about 2 GB a million events.
WIDER = """ALTER TABLE signals_eventembedding ALTER COLUMN user_tones TYPE halfvec(8)
           USING user_tones || '[0,0,0,0]'::halfvec(4)"""
NARROWER = "ALTER TABLE signals_eventembedding ALTER COLUMN user_tones TYPE halfvec(4) USING subvector(user_tones, 1, 4)::halfvec(4)"


class Migration(migrations.Migration):
    dependencies = [
        ("signals", "0021_reading_batches"),
    ]

    operations = [
        migrations.RunSQL(
            WIDER,
            NARROWER,
            state_operations=[
                migrations.AlterField(
                    model_name="eventembedding",
                    name="user_tones",
                    field=pgvector.django.halfvec.HalfVectorField(dimensions=8, null=True),
                )
            ],
        ),
    ]
