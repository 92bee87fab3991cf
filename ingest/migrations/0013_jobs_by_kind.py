"""A job's row names its kind and no function: the kind says which function and whose workers.

Rows written before keep running. Their kind follows from the function that they name (`evidence 14` becomes the kind `evidence` with the
argument `14`), and the tasks that wait in the queue in PostgreSQL are told to call the one runner. A queue in Redis is left alone: a
task there that names an old function fails, and the next `every_minute` hands its job out again.
"""

import datetime as dt

from django.conf import settings
from django.db import migrations
from django.utils import timezone
from django_q.signing import BadSignature, SignedPackage

RUN_JOB = "ingest.jobs.runner.run_job"
# kind -> (function, cluster), as rows and tasks had them.
OLD = {
    "rescore": ("issues.rescoring.rescore", "slow"),
    "train": ("labeling.teaching.run_training", ""),
    "backfill": ("signals.backfill.backfill", "slow"),
    "tune": ("signals.tuning.run_tuning", "slow"),
    "evidence": ("signals.evidence_report.run_clusters", ""),
    "question_history": ("signals.questions.history.run", "llm"),
}
UNFINISHED = ["queued", "running"]
LONG_AGO = dt.timedelta(days=1)  # longer than a job may be silent, however often it was before


def name_kinds(apps, schema_editor):
    Job = apps.get_model("ingest", "Job")
    for kind, (task, _) in OLD.items():
        Job.objects.filter(task=task).exclude(kind__startswith="evidence ").update(kind=kind)
    for job in Job.objects.filter(kind__startswith="evidence ").iterator():
        Job.objects.filter(pk=job.pk).update(kind="evidence", argument=job.kind.removeprefix("evidence "))
    rename_tasks(apps, {task: RUN_JOB for task, _ in OLD.values()})


def name_functions(apps, schema_editor):
    Job = apps.get_model("ingest", "Job")
    for kind, (task, cluster) in OLD.items():
        Job.objects.filter(kind=kind).update(task=task, cluster=cluster)
    for job in Job.objects.filter(kind="evidence").iterator():
        Job.objects.filter(pk=job.pk).update(kind=f"evidence {job.argument}", argument="")
    kinds = {
        str(pk): kind.partition(" ")[0]
        for pk, kind in Job.objects.filter(state__in=UNFINISHED).values_list("pk", "kind")
    }
    rename_tasks(apps, {RUN_JOB: None}, {pk: OLD[kind][0] for pk, kind in kinds.items() if kind in OLD})


def rename_tasks(apps, names, by_job=None):
    """Puts names[function] in the place of the function in each waiting task; where that is None, by_job[the job that the task is given]."""
    for row in apps.get_model("django_q", "OrmQ").objects.all():
        try:
            task = SignedPackage.loads(row.payload)
        except BadSignature:
            continue  # of another SECRET_KEY: no worker can read it either
        if task["func"] not in names:
            continue
        name = names[task["func"]] or (by_job or {}).get(task["args"][0])
        if name:
            row.payload = SignedPackage.dumps({**task, "func": name})
            row.save(update_fields=["payload"])
    if settings.REDIS_URL:
        waiting = apps.get_model("ingest", "Job").objects.filter(state__in=UNFINISHED)
        waiting.update(updated_at=timezone.now() - LONG_AGO)


class Migration(migrations.Migration):
    # Alone: PostgreSQL alters no table in the transaction that has updated its rows.
    dependencies = [
        ("ingest", "0012_job_argument"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]

    operations = [migrations.RunPython(name_kinds, name_functions)]
